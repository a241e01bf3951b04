//! What becomes of stored values: factors, products, values that stand for nothing, and the rows that count.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use super::dimensions::serve;
use crate::support::Server;

/// Orders of three days: cents, quantities and prices of every type, a counter that begins anew, and values that stand
/// for nothing.
const TABLES: &str = r#"
    CREATE TABLE sales (at timestamptz, shop text, state text, cents bigint, qty smallint, price numeric, tax real,
        factor float8, paid boolean, due date, seen timestamp, ticks bigint, note text);
    INSERT INTO sales SELECT '2025-06-01Z'::timestamptz + n * interval '25 min', (ARRAY['a', 'b', NULL])[1 + n % 3],
        (ARRAY['paid', 'open', '', NULL])[1 + n % 4], CASE n % 7 WHEN 0 THEN -9999 WHEN 1 THEN NULL ELSE 1000 + n * 7 END,
        n % 5, CASE n % 11 WHEN 0 THEN 'NaN' WHEN 1 THEN NULL ELSE n * 1.1 END, CASE n % 4 WHEN 0 THEN 99.9 ELSE n END,
        CASE n % 9 WHEN 0 THEN 'NaN' WHEN 1 THEN 1e200 WHEN 2 THEN 0 WHEN 3 THEN 1e-200 WHEN 4 THEN -1e200 ELSE n / 3.0 END,
        n % 2 = 0, '2025-06-01'::date + n % 4, '2025-06-01'::timestamp + n * interval '1 h', (n % 50) * 1000003,
        CASE n % 3 WHEN 0 THEN '511' WHEN 1 THEN n::text ELSE 'none' END
        FROM generate_series(0, 170) AS n;
    CREATE TABLE sales_1h (at timestamptz, shop text, s numeric, n int, lo bigint, hi bigint);
    INSERT INTO sales_1h SELECT date_trunc('hour', at), shop, sum(cents), count(cents), min(cents), max(cents)
        FROM sales GROUP BY 1, 2;"#;

const FILE: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "sales"
    time = "at"
    labels = ["shop"]
    [source.metric.euros]
    column = "cents"
    scale = 0.01
    [source.metric.debt]
    column = "cents"
    scale = -0.5
    missing = [-9999]
    [source.metric.known_cents]
    column = "cents"
    missing = [-9999, 1700]
    [source.metric.revenue]
    product = ["qty", "price"]
    [source.metric.wild]
    product = ["factor", "factor", "qty"]
    [source.metric.paid_qty]
    product = ["qty", "paid"]
    scale = 3
    [source.metric.tax]
    column = "tax"
    missing = [99.9]
    [source.metric.note]
    column = "note"
    missing = [511]
    scale = 2
    [source.metric.ticks]
    column = "ticks"
    kind = "counter"
    scale = 0.001
    [source.metric.paid_cents]
    column = "cents"
    where = 'state="paid", cents>0'
    [source.metric.late]
    rows = true
    where = 'due >= "2025-06-03", seen < "2025-06-05 12:00", at>"2025-06-01 06:00:00+02", factor>=-1e300'
    [source.metric.odd]
    rows = true
    where = 'qty!=0, price!=2.20, tax <= 99.9, shop!=""'
    [[source.rollup]]
    relation = "sales_1h"
    step = "1h"
    columns = { euros = { sum = "s", count = "n", min = "lo", max = "hi" }, known_cents = { sum = "s", count = "n" } }
    "#;

async fn ask(server: &Server, target: &str, step: &str) -> Value {
    let body = json!({
        "range": {"from": "2025-06-01T00:00:00Z", "to": "2025-06-04T00:00:00Z"}, "maxDataPoints": 1000,
        "targets": [{"target": target, "refId": "A", "payload": {"step": step}}],
    });
    let answer = server.post("/query", body).await;
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    answer.body
}

/// The label `shop`, the instant and the value of every point, sorted.
fn points(body: &Value) -> Vec<(String, i64, f64)> {
    let mut all = Vec::new();
    for series in body.as_array().unwrap() {
        let shop = series["tags"]["shop"].as_str().unwrap_or_default();
        for point in series["datapoints"].as_array().into_iter().flatten() {
            let value = point[0].as_f64().unwrap_or(f64::NAN);
            all.push((shop.to_owned(), point[1].as_i64().unwrap(), value));
        }
    }
    all.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    all
}

/// The same from SQL that says what is meant: `value` of the rows that pass `rows`, by shop and bucket.
async fn computed(pool: &PgPool, aggregate: &str, rows: &str, step: &str) -> Vec<(String, i64, f64)> {
    let text = format!(
        "SELECT coalesce(shop, ''), (extract(epoch FROM date_bin('{step}', at, '2025-06-01Z')) * 1000)::int8, \
         ({aggregate})::float8 FROM sales WHERE {rows} AND at < '2025-06-04Z' GROUP BY 1, 2 ORDER BY 1, 2"
    );
    let mut found: Vec<(String, i64, f64)> = sqlx::query_as(AssertSqlSafe(text)).fetch_all(pool).await.expect("SQL");
    found.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    found
}

fn is_same(a: &[(String, i64, f64)], b: &[(String, i64, f64)], tolerance: f64) -> bool {
    let close = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * b.abs();
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && a.1 == b.1 && close(a.2, b.2))
}

#[sqlx::test(migrations = false)]
async fn stored_values_become_what_the_file_says(pool: PgPool) {
    let server = serve(&pool, TABLES, FILE).await;
    let known = "cents IS NOT NULL";
    let late = "due >= '2025-06-03' AND seen < '2025-06-05 12:00' AND at > '2025-06-01 04:00Z' AND factor >= -1e300 \
                AND factor <> 'NaN'";
    let product = "qty IS NOT NULL AND price IS NOT NULL";
    let note = "note ~ '^[0-9]+$' AND note <> '511'";
    for (target, aggregate, rows, tolerance) in [
        // Cents are exact in euros: no tolerance.
        ("sum_over_time(euros[STEP])", "sum(cents) / 100", known, 0.0),
        ("last_over_time(euros[STEP])", "(array_agg(cents ORDER BY at DESC))[1] / 100.0", known, 0.0),
        ("avg_over_time(euros[STEP])", "avg(cents) / 100", known, 1e-15),
        ("min_over_time(euros[STEP])", "min(cents) / 100.0", known, 0.0),
        ("max_over_time(euros[STEP])", "max(cents) / 100.0", known, 0.0),
        ("count_over_time(euros[STEP])", "count(cents)", known, 0.0),
        ("stddev_over_time(euros[STEP])", "stddev_pop(cents / 100.0)", known, 1e-9),
        (
            "quantile_over_time(0.5, euros[STEP])",
            "percentile_cont(0.5) WITHIN GROUP (ORDER BY cents / 100.0)",
            known,
            1e-12,
        ),
        ("min_over_time(debt[STEP])", "max(cents) / -2.0", "cents <> -9999", 0.0),
        ("max_over_time(debt[STEP])", "min(cents) / -2.0", "cents <> -9999", 0.0),
        ("first_over_time(debt[STEP])", "(array_agg(cents ORDER BY at))[1] / -2.0", "cents <> -9999", 0.0),
        ("count_over_time(known_cents[STEP])", "count(*)", "cents NOT IN (-9999, 1700)", 0.0),
        ("known_cents", "avg(cents)", "cents NOT IN (-9999, 1700)", 1e-15),
        ("sum_over_time(revenue[STEP])", "sum((qty * price)::float8)", product, 1e-12),
        (
            "max_over_time(revenue[STEP])",
            "coalesce(max(qty * price) FILTER (WHERE price <> 'NaN'), 'NaN')",
            product,
            0.0,
        ),
        ("count_over_time(wild[STEP])", "count(*)", "factor IS NOT NULL AND qty IS NOT NULL", 0.0),
        ("sum_over_time(paid_qty[STEP])", "3 * sum(qty) FILTER (WHERE paid) + 0 * count(*)", "paid", 0.0),
        ("max_over_time(tax[STEP])", "max(tax)", "tax <> 99.9::real", 1e-15),
        ("sum_over_time(note[STEP])", "2 * sum(note::int)", note, 0.0),
        ("count_over_time(note[STEP])", "count(*)", note, 0.0),
        ("avg_over_time(paid_cents[STEP])", "avg(cents)", "state = 'paid' AND cents > 0", 1e-15),
        ("late", "count(*)", late, 0.0),
        ("odd", "count(*)", "qty <> 0 AND price <> 2.2 AND price <> 'NaN' AND tax <= 99.9::real AND shop <> ''", 0.0),
    ] {
        for step in ["1h", "5h"] {
            let target = target.replace("STEP", step);
            let found = points(&ask(&server, &target, step).await);
            let wanted = computed(&pool, aggregate, rows, step).await;
            let found: Vec<_> = if target.contains("paid_qty") {
                found.into_iter().filter(|point| point.2 != 0.0).collect()
            } else {
                found
            };
            let wanted: Vec<_> = if target.contains("paid_qty") {
                wanted.into_iter().filter(|point| point.2 != 0.0).collect()
            } else {
                wanted
            };
            assert!(!wanted.is_empty() && is_same(&found, &wanted, tolerance), "{target}:\n{found:?}\n{wanted:?}");
        }
    }
    counters(&server, &pool).await;
    let written = datebin::catalog::toml_out::write(&server.catalog.current().unwrap(), &[]);
    let again = serve(&pool, "SELECT 1", &written).await;
    assert_eq!(again.catalog.current().unwrap().sources(), server.catalog.current().unwrap().sources(), "{written}");
}

/// The increase of a scaled counter is the scaled increase of its ticks, resets as they are; a filter decides which
/// labels there are.
async fn counters(server: &Server, pool: &PgPool) {
    let text = "SELECT shop, sum(increment)::float8 FROM (SELECT coalesce(shop, '') AS shop, at, CASE WHEN ticks < lag(ticks) \
                OVER s THEN ticks ELSE ticks - lag(ticks) OVER s END / 1000.0 AS increment FROM sales \
                WINDOW s AS (PARTITION BY coalesce(shop, '') ORDER BY at)) AS i WHERE at < '2025-06-04Z' GROUP BY 1 ORDER BY 1";
    let wanted: Vec<(String, f64)> = sqlx::query_as(text).fetch_all(pool).await.expect("SQL");
    let found = points(&ask(server, "sum by (shop) (increase(ticks[1h]))", "1h").await);
    let mut sums: Vec<(String, f64)> = Vec::new();
    for (shop, _, value) in found {
        match sums.last_mut().filter(|last| last.0 == shop) {
            Some(last) => last.1 += value,
            None => sums.push((shop, value)),
        }
    }
    let same = sums.iter().zip(&wanted).all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-9 * b.1);
    assert!(sums.len() == 3 && same, "{sums:?}\n{wanted:?}");
    let body = json!({"payload": {"target": "label_values(paid_cents, shop)"},
        "range": {"from": "2025-06-01T00:00:00Z", "to": "2025-06-01T02:00:00Z"}});
    let listed = server.post("/variable", body).await;
    // Of the first two hours one row is paid and above 0: the fifth.
    assert_eq!(listed.body, json!([{"__text": "b", "__value": "b"}]), "{}", listed.body);
}
