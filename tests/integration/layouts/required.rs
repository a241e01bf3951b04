//! Joins that must be there, and times that stand in a joined row.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use super::dimensions::serve;
use crate::support::Server;

const TABLES: &str = r#"
    CREATE TABLE shops (id int PRIMARY KEY, name text, active boolean);
    INSERT INTO shops VALUES (1, 'east', true), (2, 'west', false), (3, 'north', true);
    CREATE TABLE orders (id int PRIMARY KEY, placed_at timestamptz, closed_at timestamptz, shop_id int, state text);
    INSERT INTO orders SELECT n, '2025-06-01Z'::timestamptz + n * interval '11 min',
        CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN 'epoch' ELSE '2025-06-01Z'::timestamptz + n * interval '25 min' END,
        1 + n % 5, (ARRAY['paid', 'open', ''])[1 + n % 3] FROM generate_series(0, 400) AS n;
    INSERT INTO orders VALUES (1000, NULL, NULL, 1, 'paid'), (1001, 'infinity', NULL, 1, 'lost');
    CREATE TABLE lines (order_id int, kind text, qty int, price numeric);
    CREATE INDEX ON lines (order_id);
    CREATE INDEX ON lines (kind);
    CREATE INDEX ON orders (placed_at);
    INSERT INTO lines SELECT n / 3, (ARRAY['book', 'pen', NULL])[1 + n % 3], n % 4, n * 0.1 FROM generate_series(0, 1202) AS n;
    INSERT INTO lines VALUES (5000, 'ghost', 1, 1), (NULL, 'ghost', 1, 1), (1000, 'ghost', 1, 1), (1001, 'ghost', 1, 1);"#;

const FILE: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "lines"
    time = "placed_at"
    time_end = { column = "closed_at", join = "public.orders", open = "1970-01-01" }
    labels = ["kind"]
    [source.metric.revenue]
    product = ["qty", "price"]
    [source.metric.closed_minutes]
    lasts = "m"
    at = "end"
    [source.metric.open_hours]
    overlap = "h"
    weight = "qty"
    [[source.join]]
    relation = "orders"
    on = { order_id = "id" }
    labels = ["state"]
    [[source.join.join]]
    relation = "shops"
    on = { shop_id = "id" }
    where = 'active="true"'
    labels = [{ name = "shop", column = "name" }]
    required = true
    "#;

const FROM: &str =
    "FROM lines AS l JOIN orders AS o ON o.id = l.order_id JOIN shops AS s ON s.id = o.shop_id AND s.active";

async fn ask(server: &Server, target: &str) -> Vec<(String, i64, f64)> {
    let body = json!({
        "range": {"from": "2025-06-01T00:00:00Z", "to": "2025-06-05T00:00:00Z"}, "maxDataPoints": 1000,
        "targets": [{"target": target, "refId": "A", "payload": {"step": "6h"}}],
    });
    let answer = server.post("/query", body).await;
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    let mut all = Vec::new();
    for series in answer.body.as_array().unwrap() {
        let label = ["kind", "state", "shop"].iter().find_map(|name| series["tags"][name].as_str()).unwrap_or_default();
        for point in series["datapoints"].as_array().into_iter().flatten() {
            all.push((label.to_owned(), point[1].as_i64().unwrap(), point[0].as_f64().unwrap()));
        }
    }
    all.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    all
}

async fn computed(pool: &PgPool, label: &str, at: &str, aggregate: &str, rows: &str) -> Vec<(String, i64, f64)> {
    let text = format!(
        "SELECT coalesce({label}, ''), (extract(epoch FROM date_bin('6h', {at}, '2025-06-01Z')) * 1000)::int8, \
         ({aggregate})::float8 {FROM} WHERE {rows} AND {at} >= '2025-06-01Z' AND {at} < '2025-06-05Z' GROUP BY 1, 2"
    );
    let mut found: Vec<(String, i64, f64)> = sqlx::query_as(AssertSqlSafe(text)).fetch_all(pool).await.expect("SQL");
    found.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    found
}

fn is_same(a: &[(String, i64, f64)], b: &[(String, i64, f64)]) -> bool {
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
    !b.is_empty() && a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && a.1 == b.1 && close(a.2, b.2))
}

#[sqlx::test(migrations = false)]
async fn rows_without_a_row_that_is_required_do_not_exist(pool: PgPool) {
    let server = serve(&pool, TABLES, FILE).await;
    let closed = "o.closed_at <> '1970-01-01Z' AND o.closed_at >= o.placed_at";
    for (target, label, at, aggregate, rows) in [
        ("sum by (kind) (sum_over_time(revenue[6h]))", "kind", "placed_at", "sum((qty * price)::float8)", "true"),
        ("sum by (shop) (count_over_time(revenue[6h]))", "s.name", "placed_at", "count(*)", "true"),
        (
            "sum by (state) (count_over_time(revenue{shop=~\"e.*\"}[6h]))",
            "state",
            "placed_at",
            "count(*)",
            "s.name = 'east'",
        ),
        (
            "max by (kind) (max_over_time(closed_minutes[6h]))",
            "kind",
            "closed_at",
            "max(extract(epoch FROM closed_at - placed_at) / 60)",
            closed,
        ),
        ("sum by (shop) (count_over_time(closed_minutes[6h]))", "s.name", "closed_at", "count(*)", closed),
        (
            "sum by (kind) (increase(revenue{state=\"paid\",kind=\"pen\"}[6h])) * 0",
            "kind",
            "placed_at",
            "0",
            "state = 'paid' AND kind = 'pen'",
        ),
    ] {
        let (found, wanted) = (ask(&server, target).await, computed(&pool, label, at, aggregate, rows).await);
        assert!(is_same(&found, &wanted), "{target}:\n{found:?}\n{wanted:?}");
    }
    // Hours that each line is open within each six, times its quantity.
    let text = format!(
        "SELECT '', (extract(epoch FROM b) * 1000)::int8, sum(qty * extract(epoch FROM least(e, b + interval '6h') \
         - greatest(placed_at, b)) / 3600)::float8 FROM (SELECT qty, placed_at, coalesce(nullif(closed_at, '1970-01-01Z'), \
         now()) AS e {FROM}) AS r, generate_series('2025-06-01Z'::timestamptz, '2025-06-04 18:00Z', '6h') AS b \
         WHERE e > b AND placed_at < b + interval '6h' AND e > placed_at GROUP BY b ORDER BY b"
    );
    let wanted: Vec<(String, i64, f64)> = sqlx::query_as(AssertSqlSafe(text)).fetch_all(&pool).await.expect("SQL");
    let found = ask(&server, "sum(open_hours)").await;
    assert!(is_same(&found, &wanted), "{found:?}\n{wanted:?}");
    lists(&server).await;
    let written = datebin::catalog::toml_out::write(&server.catalog.current().unwrap(), &[]);
    let again = serve(&pool, "SELECT 1", &written).await;
    assert_eq!(again.catalog.current().unwrap().sources(), server.catalog.current().unwrap().sources(), "{written}");
}

/// No list has a value of rows that do not exist, with a range or without.
async fn lists(server: &Server) {
    let values = server.post("/tag-values", json!({"key": "kind"})).await;
    assert_eq!(values.body, json!([{"text": "book"}, {"text": "pen"}]));
    for range in [json!(null), json!({"from": "2025-06-01T00:00:00Z", "to": "2025-06-05T00:00:00Z"})] {
        let body = json!({"payload": {"target": "label_values(revenue, kind)"}, "range": range});
        let listed = server.post("/variable", body).await;
        let texts: Vec<&Value> = listed.body.as_array().unwrap().iter().map(|one| &one["__text"]).collect();
        assert_eq!(texts, ["book", "pen"], "{range}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_time_in_a_joined_row_is_found_by_its_index(pool: PgPool) {
    let server = serve(&pool, TABLES, FILE).await;
    crate::support::sql(&pool, "ANALYZE").await;
    let body = json!({"range": {"from": "2025-06-01T00:00:00Z", "to": "2025-06-01T01:00:00Z"},
        "targets": [{"target": "revenue", "refId": "A"}]});
    let question = server.post("/query", body).await;
    assert_eq!(question.status, 200, "{}", question.body);
    let snapshot = server.catalog.current().unwrap();
    let source = &snapshot.sources()[0];
    assert_eq!(source.needed().len(), 2);
    let statement = datebin::sql::label_values(
        source,
        &source.label_value("kind").unwrap(),
        &[],
        Some(datebin::time::TimeRange { from: 1_748_736_000_000, to: 1_748_739_600_000 }),
        10,
    );
    assert!(statement.text.contains("JOIN \"public\".\"orders\" AS j0 ON"), "{}", statement.text);
}

/// Sensors of a site, of none and without readings, and a reading of no sensor.
const NESTED: &str = "
    CREATE TABLE site (id int PRIMARY KEY, name text);
    INSERT INTO site VALUES (1, 'north'), (2, 'south');
    CREATE TABLE sensor (id int PRIMARY KEY, name text, site_id int);
    INSERT INTO sensor VALUES (1, 's1', 1), (2, 's2', 2), (3, 's3', 9), (4, 's4', 1);
    CREATE TABLE rd (sensor_id int, ts timestamptz, val float8);
    INSERT INTO rd VALUES (1, '2025-01-01 00:10Z', 1), (3, '2025-01-01 00:20Z', 2), (5, '2025-01-01 00:20Z', 2),
        (4, '2025-01-02 00:20Z', 2);";

fn nested(sensor: &str, site: &str) -> String {
    format!(
        "[discovery]\nenabled = false\n[[source]]\nrelation = \"rd\"\nlabels = [{{ name = \"sid\", column = \"sensor_id\" }}]\n\
         [source.metric.a2]\ncolumn = \"val\"\n[[source.join]]\nrelation = \"sensor\"\non = {{ sensor_id = \"id\" }}\n\
         labels = [{{ name = \"sensor\", column = \"name\" }}]\n{sensor}\n[[source.join.join]]\nrelation = \"site\"\n\
         on = {{ site_id = \"id\" }}\nlabels = [{{ name = \"site\", column = \"name\" }}]\n{site}\n"
    )
}

#[sqlx::test(migrations = false)]
async fn no_list_has_values_of_rows_that_a_required_join_leaves_out(pool: PgPool) {
    crate::support::sql(&pool, NESTED).await;
    for (sensor, site) in [("", "required = true"), ("required = true", "required = true"), ("required = true", "")] {
        let server = Server::declared(&pool, &nested(sensor, site)).await;
        for matchers in ["", "{sid!=\"\"}", "{sensor=~\"s.*\"}"] {
            let mut lists = Vec::new();
            for label in ["sid", "sensor", "site"] {
                let body = json!({
                    "payload": {"target": format!("label_values(a2{matchers}, {label})")},
                    "range": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-01T01:00:00Z"},
                });
                let listed = server.post("/variable", body).await.body;
                lists.push(listed.as_array().unwrap().iter().map(|one| one["__text"].clone()).collect::<Value>());
            }
            // Where the site may be missing, so is the one of the third sensor.
            let (ids, sensors) =
                if site.is_empty() { (json!(["1", "3"]), json!(["s1", "s3"])) } else { (json!(["1"]), json!(["s1"])) };
            assert_eq!(lists, [ids, sensors, json!(["north"])], "{sensor} / {site} / {matchers}");
        }
    }
}
