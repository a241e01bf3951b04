//! Statements that are qualified out mean what they meant: PostgreSQL shows the same plan for both, with every operator in
//! brackets.

use datebin::sql::qualified;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sqlx::{AssertSqlSafe, PgPool, Row as _};

const TABLE: &str =
    "CREATE TABLE t (a int, b int, c int, s text, d jsonb, ts timestamptz, n numeric, v varchar(9), x int[])";

async fn plan(pool: &PgPool, text: &str) -> String {
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN (VERBOSE, COSTS OFF) {text}"))).fetch_all(pool).await;
    let rows = rows.unwrap_or_else(|error| panic!("{text}: {error}"));
    // It tells apart how conjunctions were written.
    let lines = rows.iter().map(|row| row.get::<String, _>(0)).filter(|line| !line.starts_with("Query Identifier"));
    lines.collect::<Vec<_>>().join("\n")
}

async fn assert_equal(pool: &PgPool, text: &str) {
    let qualified = qualified(text);
    assert_eq!(plan(pool, text).await, plan(pool, &qualified).await, "{text}\n{qualified}");
}

#[sqlx::test(migrations = false)]
async fn statements_keep_their_meaning(pool: PgPool) {
    sqlx::raw_sql(TABLE).execute(&pool).await.expect("a table");
    for text in [
        "SELECT a + b * c - -1, s || '=' || v, d #>> '{x,y}' = 'z' OR NOT a < b AND c IS NOT NULL FROM t",
        "SELECT t.* FROM t WHERE a BETWEEN -1 AND b + 2 AND s ~ '^a(b|c)$' AND x && ARRAY[1, 2 + 3] AND (a, b) > (1, 2)",
        "SELECT CASE WHEN a % 2 = 0 THEN b ELSE c END * 2, (d -> 'k') ->> 'm' <> ALL(ARRAY['p']::text[]) FROM t",
        "SELECT date_bin('1 min', ts, ts) AS b, max(n) FILTER (WHERE n <> 'NaN') / count(*) FROM t GROUP BY 1 ORDER BY 1 DESC LIMIT 5",
        "SELECT ts - lag(ts) OVER o > interval '1 day' FROM t WINDOW o AS (PARTITION BY s COLLATE \"C\" ORDER BY ts)",
        "WITH RECURSIVE v(k) AS (SELECT min(a) FROM t UNION ALL SELECT (SELECT t.a FROM t WHERE t.a > v.k ORDER BY 1 LIMIT 1) FROM v \
         WHERE v.k IS NOT NULL) SELECT k FROM v",
        "SELECT e.n * 2 FROM t CROSS JOIN LATERAL unnest(x, ARRAY[s]) WITH ORDINALITY AS e(n, m, o) WHERE e.n + 1 >= o",
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a + b) - 1, coalesce(nullif(s, ''), 'none') = v FROM t GROUP BY s, v",
        "SELECT substring(s, '^[^:=]*') || extract(epoch FROM ts AT TIME ZONE 'UTC') * 1000 / 2, ts::timestamp(3) < now()::timestamp FROM t",
        "SELECT EXISTS (SELECT FROM t AS u WHERE u.a = t.b AND u.s = t.s) AND a = ANY(x) FROM t",
    ] {
        assert_equal(&pool, text).await;
    }
}

#[sqlx::test(migrations = false)]
async fn chains_of_operators_keep_their_meaning(pool: PgPool) {
    sqlx::raw_sql(TABLE).execute(&pool).await.expect("a table");
    let mut random = StdRng::seed_from_u64(7);
    let mut pick = |from: &[&'static str]| from[random.random_range(0..from.len())];
    for _ in 0..200 {
        let mut text = String::from("SELECT ");
        for at in 0..6 {
            text.push_str(if at > 0 { pick(&[" + ", " - ", " * ", " / ", " % ", " # ", " & ", " << "]) } else { "" });
            text.push_str(pick(&[
                "a",
                "b",
                "-3",
                "t.c",
                "(a + b * c)",
                "abs(a - b - c)",
                "x[b + 1]",
                "(s || a || 'x')::int",
            ]));
        }
        text.push_str(pick(&[" = ", " <> ", " < ", " >= "]));
        text.push_str(pick(&["1", "a * b + c", "c & 3 + 1"]));
        text.push_str(pick(&["", " IS NOT TRUE", " AND NOT a = b", " OR a + 1 BETWEEN b - 1 AND c * 2"]));
        text.push_str(" FROM t");
        assert_equal(&pool, &text).await;
    }
}
