//! Reads that are long enough to be cut into slices of time.

use std::collections::BTreeMap;

use datebin::engine::PromQuestion;
use datebin::frame::PromValue;
use datebin::time::Steps;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Server, sql};

/// 2025-01-01T12:00:00Z.
const T0: i64 = 1_735_732_800;

/// Ten counters that fall now and then, a sample a second for about two hours, written in no order; every third row of
/// the first has no host, and the others of its series an empty one. Four samples share each instant there. Of one
/// series come more samples at one instant than a slice may have.
const ROWS: &str = "
    CREATE TABLE many (ts timestamptz NOT NULL, host text, total float8);
    CREATE INDEX ON many (ts);
    INSERT INTO many
        SELECT to_timestamp(1735732800 + i), CASE WHEN h > 0 THEN 'host-' || h WHEN i % 3 > 0 THEN '' END,
            CASE WHEN i % 1000 <> h THEN (i * (h + 7)) % 5003 END
        FROM generate_series(0, 6999) AS i, generate_series(0, 9) AS h ORDER BY md5(i || 'x' || h);
    INSERT INTO many SELECT to_timestamp(1735732800 + i), '', k * 1000 % 7 FROM generate_series(1, 6999, 500) AS i, generate_series(1, 3) AS k;
    INSERT INTO many SELECT '2025-01-01 13:30:00Z', 'burst', i % 10 FROM generate_series(1, 140000) AS i;
    INSERT INTO many VALUES ('2025-01-01 13:30:01Z', 'burst', 3);
    ANALYZE many;";

const FILE: &str = "[[source]]\nrelation = \"public.many\"\ntime = \"ts\"\nlabels = [\"host\"]\n\
    [source.metric.many_total]\ncolumn = \"total\"\nkind = \"counter\"\n";

/// How much each counter grew and how often it fell, of the rows that `rows` selects.
async fn expected(pool: &PgPool, rows: &'static str) -> BTreeMap<String, (f64, i64)> {
    let all: Vec<(String, f64, i64)> = sqlx::query_as(rows).fetch_all(pool).await.unwrap();
    all.into_iter().map(|(host, growth, falls)| (host, (growth, falls))).collect()
}

#[sqlx::test(migrations = false)]
async fn a_long_read_is_what_its_rows_come_to(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::declared(&pool, FILE).await;
    let rows = expected(
        &pool,
        "SELECT h, sum(CASE WHEN total < b THEN total ELSE total - b END), count(*) FILTER (WHERE total < b) FROM (
            SELECT coalesce(host, '') AS h, total, lag(total) OVER (PARTITION BY coalesce(host, '') ORDER BY ts, total) AS b
            FROM many WHERE total IS NOT NULL) AS s GROUP BY h",
    )
    .await;
    for (target, wanted) in [("increase(many_total[2h])", 0), ("resets(many_total[2h])", 1)] {
        let body = json!({
            "range": {"from": "2025-01-01T12:00:00Z", "to": "2025-01-01T14:00:00Z"}, "intervalMs": 7_200_000,
            "maxDataPoints": 100, "targets": [{"target": target, "refId": "A"}],
        });
        let answer = server.post("/query", body).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        let drawn = answer.drawn();
        assert_eq!(drawn.len(), rows.len(), "{target}");
        for element in drawn {
            let (growth, falls) = rows[element["tags"]["host"].as_str().unwrap_or_default()];
            let expected = [growth, falls as f64][wanted];
            assert_eq!(element["datapoints"][0][0].as_f64(), Some(expected), "{target}: {}", element["tags"]);
        }
    }
    // Of the samples of one millisecond the last one counts.
    let rows = expected(
        &pool,
        "SELECT h, count(*)::float8, count(*) FILTER (WHERE total < b) FROM (
            SELECT h, total, lag(total) OVER (PARTITION BY h ORDER BY ts) AS b FROM (
                SELECT DISTINCT ON (coalesce(host, ''), ts) coalesce(host, '') AS h, ts, total FROM many
                ORDER BY coalesce(host, ''), ts, total DESC NULLS FIRST) AS d WHERE total IS NOT NULL) AS s GROUP BY h",
    )
    .await;
    for (text, wanted) in [("count_over_time(many_total[3h])", 0), ("resets(many_total[3h])", 1)] {
        let steps = Steps::instant((T0 + 7200) * 1000);
        let question = PromQuestion { text: text.to_owned(), steps, lookback_ms: None, range_end_ms: None };
        let engine = server.engine.clone();
        let asking = async move { engine.scope().unwrap().without_pushing().promql(&question).await.unwrap() };
        let answer = server.run(asking).await;
        let PromValue::Vector(series) = answer.value else { panic!("{text}: {:?}", answer.value) };
        assert_eq!(series.len(), rows.len(), "{text}");
        for one in series {
            let (samples, falls) = rows[one.labels.get("host")];
            assert_eq!(one.points[0].value, [samples, falls as f64][wanted], "{text}: {:?}", one.labels);
        }
    }
}
