//! Answers that are too large are refused as what they are, and never cut.

use datebin::plan::Limits;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, Server, Setup, sql};

/// 3 hosts × 10 minutes, and one host whose label comes as NULL and as the empty text.
const ROWS: &str = "
    CREATE TABLE many (ts timestamptz NOT NULL, host text, value double precision);
    INSERT INTO many SELECT t, h, 1 FROM generate_series('2025-01-01Z'::timestamptz, '2025-01-01 00:09Z', '1 min') AS t,
        unnest(ARRAY['a', 'b', 'c']) AS h;
    CREATE TABLE twice (ts timestamptz NOT NULL, host text, value double precision);
    INSERT INTO twice SELECT t, h, 1 FROM generate_series('2025-01-01Z'::timestamptz, '2025-01-01 00:09Z', '1 min') AS t,
        unnest(ARRAY[NULL, '']) AS h;";

async fn asked(pool: &PgPool, series: u32, cells: u32, max_points: u32, targets: &[&str]) -> Answer {
    let limits = Limits { series, cells, ..Limits::default() };
    let server = Server::with(pool, Setup { limits, ..Setup::default() }).await;
    let targets: Vec<Value> = targets.iter().map(|target| json!({"target": target})).collect();
    let body = json!({
        "range": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-01T00:10:00Z"}, "intervalMs": 60_000,
        "maxDataPoints": max_points, "targets": targets,
    });
    server.post("/query", body).await
}

fn counts(answer: &Answer) -> Vec<usize> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let elements = answer.body.as_array().expect("elements");
    elements.iter().map(|element| element["datapoints"].as_array().expect("points").len()).collect()
}

#[sqlx::test(migrations = false)]
async fn what_fits_exactly_is_whole_and_one_more_is_refused(pool: PgPool) {
    sql(&pool, ROWS).await;
    for max_points in [1, 100] {
        let points = if max_points == 1 { 1 } else { 10 };
        assert_eq!(counts(&asked(&pool, 3, 30, max_points, &["many"]).await), [points; 3]);
        let refused = asked(&pool, 2, 1000, max_points, &["many"]).await;
        assert_eq!((refused.status, refused.body["error"]["code"].as_str()), (422, Some("too_many_series")));
        assert!(refused.body["message"].as_str().expect("a message").contains("more than 2 series"));
        let refused = asked(&pool, 3, points as u32 * 3 - 1, max_points, &["many"]).await;
        assert_eq!((refused.status, refused.body["error"]["code"].as_str()), (422, Some("answer_too_large")));
        // An aggregation is what the error advises.
        assert_eq!(counts(&asked(&pool, 1, points as u32, max_points, &["sum(many)"]).await), [points]);
        let refused = asked(&pool, 2, 1000, max_points, &["sum by (host) (many)"]).await;
        assert_eq!((refused.status, refused.body["error"]["code"].as_str()), (422, Some("too_many_series")));
    }
}

#[sqlx::test(migrations = false)]
async fn two_spellings_of_an_absent_label_are_one_series_to_the_limit_too(pool: PgPool) {
    sql(&pool, ROWS).await;
    assert_eq!(counts(&asked(&pool, 1, 100, 100, &["twice"]).await), [10]);
    assert_eq!(counts(&asked(&pool, 1, 100, 1, &["twice"]).await), [1]);
}

#[sqlx::test(migrations = false)]
async fn the_cells_of_an_answer_are_shared_by_its_targets(pool: PgPool) {
    sql(&pool, ROWS).await;
    assert_eq!(counts(&asked(&pool, 3, 60, 100, &["many", "many"]).await), [10; 6]);
    let partly = asked(&pool, 3, 59, 100, &["many", "many"]).await;
    assert_eq!(counts(&partly).len(), 3, "one whole target");
    assert!(partly.body[0]["meta"]["notices"][0]["text"].as_str().expect("a notice").contains("59 cells"));
    assert!(partly.headers.contains_key("warning"));
}

#[sqlx::test(migrations = false)]
async fn the_metrics_of_one_target_share_its_series(pool: PgPool) {
    sql(&pool, ROWS).await;
    assert_eq!(counts(&asked(&pool, 4, 1000, 100, &["(many|twice)"]).await), [10; 4]);
    let refused = asked(&pool, 3, 1000, 100, &["(many|twice)"]).await;
    assert_eq!((refused.status, refused.body["error"]["code"].as_str()), (422, Some("too_many_series")));
    // What is aggregated away does not count, whoever aggregates it.
    assert_eq!(counts(&asked(&pool, 1, 1000, 100, &["sum(many)"]).await), [10]);
    assert_eq!(counts(&asked(&pool, 1, 1000, 100, &["sum({__name__=~\"many|twice\"})"]).await), [10]);
}
