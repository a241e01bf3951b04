//! `POST /query` end to end.

mod expressions;
mod grids;
mod labels;
mod limits;
mod strings;
mod zones;

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, sql};

pub const SECONDS: &str = "
    CREATE TABLE seed (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    CREATE INDEX ON seed (host, ts);
    INSERT INTO seed SELECT t, 'a', extract(epoch FROM t)::int8 % 100
    FROM generate_series('2018-04-15 04:50Z'::timestamptz, '2018-04-15 05:50Z', '1 s') AS t;";

pub fn times(element: &Value) -> Vec<i64> {
    let points = element["datapoints"].as_array().expect("points");
    points.iter().map(|point| point[1].as_i64().expect("milliseconds")).collect()
}

#[sqlx::test(migrations = false)]
async fn the_seed_request_fits_the_panel_and_covers_the_range(pool: PgPool) {
    sql(&pool, SECONDS).await;
    let server = Server::start(&pool).await;
    let (from, to) = (1_523_768_268_126_i64, 1_523_770_952_733_i64);
    for (max, expected_step) in [(928, 5000), (302, 10_000), (10_000, 2000), (2, 3_600_000), (1, 7_200_000)] {
        let ask = async |slide: i64| {
            let body = json!({
                "timezone": "browser", "panelId": 1, "interval": "2s", "intervalMs": 2000, "maxDataPoints": max,
                "range": {"from": from + slide, "to": (to + slide).to_string(), "raw": {"from": "x", "to": "y"}},
                "targets": [{"target": "seed", "refId": "A", "hide": false, "type": "timeserie"}],
                "scopedVars": {"__interval": {"text": "2s", "value": "2s"}}, "adhocFilters": [],
            });
            let answer = server.post("/query", body).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            times(&answer.body[0])
        };
        let times = ask(0).await;
        assert!(times.len() <= max, "{} points for {max}", times.len());
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] == expected_step), "{max}: {times:?}");
        assert!(times[0] <= from && from < times[0] + expected_step, "{max}");
        let last = times[times.len() - 1];
        assert!(last < to && to <= last + expected_step, "{max}");
        for slid in ask(1000).await {
            assert_eq!(slid.rem_euclid(expected_step), times[0].rem_euclid(expected_step), "{max}: the grid moved");
        }
    }
}
