//! Fill over the grid, against values computed here from the rows.

use chrono::{DateTime, Duration, TimeZone as _};
use chrono_tz::Europe::Berlin;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use sqlx::PgPool;

use super::{asked, notices, values};
use crate::support::{Server, Setup, sql};

const MINUTE: i64 = 60_000;
const FROM: i64 = 1_735_689_600_000; // 2025-01-01T00:00:00Z

async fn empty_table(pool: &PgPool) {
    sql(pool, "CREATE TABLE load (ts timestamptz NOT NULL, host text, value float8);").await;
}

async fn insert(pool: &PgPool, rows: &[(i64, &str, f64)]) {
    for (ms, host, value) in rows {
        let at = DateTime::from_timestamp_millis(*ms).unwrap();
        let statement = sqlx::query("INSERT INTO load VALUES ($1, $2, $3)").bind(at).bind(*host).bind(*value);
        statement.execute(pool).await.expect("a row");
    }
}

fn filled(fill: &str) -> serde_json::Value {
    json!({"target": "load", "payload": {"fill": fill, "legend": "{{host}}"}})
}

/// The mean of each minute in `[from, to)`, computed from the rows.
fn means(rows: &[(i64, &str, f64)], host: &str, from: i64, to: i64) -> Vec<Option<f64>> {
    let mean = |start: i64| {
        let inside = rows.iter().filter(|(at, name, _)| *name == host && (start..start + MINUTE).contains(at));
        let values: Vec<f64> = inside.map(|row| row.2).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    (from..to).step_by(MINUTE as usize).map(mean).collect()
}

fn previous(before: &[Option<f64>], own: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut last = before.iter().rev().find_map(|value| *value);
    own.iter()
        .map(|value| {
            last = value.or(last);
            last
        })
        .collect()
}

fn linear(own: &[Option<f64>]) -> Vec<Option<f64>> {
    let between = |at: usize| {
        let left = (0..=at).rev().find_map(|i| own[i].map(|value| (i, value)))?;
        let right = (at..own.len()).find_map(|i| own[i].map(|value| (i, value)))?;
        let share = if left.0 == right.0 { 0.0 } else { (at - left.0) as f64 / (right.0 - left.0) as f64 };
        Some(left.1 + (right.1 - left.1) * share)
    };
    (0..own.len()).map(between).collect()
}

fn close(got: &[Option<f64>], wanted: &[Option<f64>]) -> bool {
    let same = |pair: (&Option<f64>, &Option<f64>)| match pair {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0),
        (a, b) => a.is_none() == b.is_none(),
    };
    got.len() == wanted.len() && got.iter().zip(wanted).all(same)
}

#[sqlx::test(migrations = false)]
async fn every_fill_equals_its_definition(pool: PgPool) {
    empty_table(&pool).await;
    let mut dice = StdRng::seed_from_u64(7);
    let from = FROM + 24 * 60 * MINUTE;
    let to = from + 40 * MINUTE;
    // `a` is everywhere, `b` begins within the range, `c` ends hours before it, `d` ends more than a day before it.
    let parts = [
        ("a", FROM, to),
        ("b", from + 9 * MINUTE, to),
        ("c", FROM, from - 300 * MINUTE),
        ("d", FROM - 90 * MINUTE, FROM - MINUTE),
    ];
    let mut rows = Vec::new();
    for (host, start, end) in parts {
        for _ in 0..12 {
            rows.push((dice.random_range(start..end), host, f64::from(dice.random_range(-100..100))));
        }
    }
    rows.push((from - MINUTE / 2, "a", 42.0));
    rows.push((to - MINUTE / 2, "a", 43.0));
    insert(&pool, &rows).await;
    let server = Server::start(&pool).await;
    let range = [from, to].map(|ms| DateTime::from_timestamp_millis(ms).unwrap().to_rfc3339());
    let range = (range[0].as_str(), range[1].as_str());
    let own = |host: &str| means(&rows, host, from, to);
    let earlier = |host: &str| means(&rows, host, from - 86_400_000, from);
    for (fill, hosts) in [
        ("none", vec!["a", "b"]),
        ("null", vec!["a", "b"]),
        ("zero", vec!["a", "b"]),
        ("previous", vec!["a", "b", "c"]),
        ("linear", vec!["a", "b"]),
    ] {
        let answer = asked(&server, range, filled(fill)).await;
        let got = values(&answer);
        assert_eq!(got.iter().map(|series| series.0.as_str()).collect::<Vec<_>>(), hosts, "{fill}");
        for (host, points) in got {
            let own = own(&host);
            let wanted: Vec<Option<f64>> = match fill {
                "none" => own.into_iter().filter(Option::is_some).collect(),
                "null" => own,
                "zero" => own.into_iter().map(|value| value.or(Some(0.0))).collect(),
                "previous" => previous(&earlier(&host), &own),
                _ => linear(&own),
            };
            assert!(close(&points, &wanted), "{fill} {host}: {points:?} is not {wanted:?}");
        }
        assert_eq!(notices(&answer), Vec::<&str>::new(), "{fill}");
    }
}

#[sqlx::test(migrations = false)]
async fn days_of_23_and_25_hours_are_filled_by_time(pool: PgPool) {
    empty_table(&pool).await;
    let noon = |day: i64, month: u32| {
        let date = Berlin.with_ymd_and_hms(2025, month, 28, 12, 0, 0).unwrap() + Duration::days(day);
        date.timestamp_millis()
    };
    // The 28th of March and the 1st of April; the 30th has 23 hours.
    let spring = [(noon(0, 3), "a", 0.0), (noon(4, 3), "a", 95.0)];
    insert(&pool, &spring).await;
    let server = Server::start(&pool).await;
    let range = ("2025-03-27T23:00:00Z", "2025-04-01T22:00:00Z");
    for (fill, wanted) in [
        ("linear", [Some(0.0), Some(24.0), Some(48.0), Some(71.0), Some(95.0)]),
        ("previous", [Some(0.0), Some(0.0), Some(0.0), Some(0.0), Some(95.0)]),
        ("null", [Some(0.0), None, None, None, Some(95.0)]),
    ] {
        let payload = json!({"fill": fill, "step": "1d", "tz": "Europe/Berlin"});
        let answer = asked(&server, range, json!({"target": "load", "payload": payload})).await;
        let (points, starts): (Vec<Option<f64>>, Vec<i64>) = answer.body[0]["datapoints"]
            .as_array()
            .expect("points")
            .iter()
            .map(|point| (point[0].as_f64(), point[1].as_i64().unwrap()))
            .unzip();
        assert!(close(&points, &wanted), "{fill}: {points:?}");
        let midnights: Vec<i64> = (28..=31)
            .map(|day| Berlin.with_ymd_and_hms(2025, 3, day, 0, 0, 0).unwrap())
            .chain([Berlin.with_ymd_and_hms(2025, 4, 1, 0, 0, 0).unwrap()])
            .map(|at| at.timestamp_millis())
            .collect();
        assert_eq!(starts, midnights, "{fill}");
    }
    // A range after the change carries in the value of a bucket before it.
    let after = ("2025-03-30T22:00:00Z", "2025-03-31T22:00:00Z");
    insert(&pool, &[(noon(2, 3), "b", 5.0)]).await;
    let payload = json!({"fill": "previous", "step": "6h", "tz": "Europe/Berlin"});
    let answer = asked(&server, after, json!({"target": "load", "payload": payload})).await;
    assert_eq!(values(&answer), [("load".to_owned(), vec![Some(5.0); 4])]);
}

#[sqlx::test(migrations = false)]
async fn a_fill_works_on_the_answer(pool: PgPool) {
    empty_table(&pool).await;
    let rows = [
        (FROM - 2 * MINUTE, "a", 1.0),
        (FROM - 2 * MINUTE, "b", 2.0),
        (FROM + MINUTE, "a", 10.0),
        (FROM - 3 * MINUTE, "c", 9.0),
    ];
    insert(&pool, &rows).await;
    sql(&pool, "INSERT INTO load VALUES ('2025-01-01 00:00Z', 'n', NULL), ('2025-01-01 00:00:30Z', 'x', 'NaN');").await;
    let server = Server::start(&pool).await;
    let range = ("2025-01-01T00:00:00Z", "2025-01-01T00:03:00Z");
    for (target, fill, wanted) in [
        // The sum of the bucket before is carried, not the sum of carried values.
        ("sum(load{host=~\"[a-c]\"})", "previous", vec![vec![Some(3.0), Some(10.0), Some(10.0)]]),
        ("load{host=\"a\"} * 2", "previous", vec![vec![Some(2.0), Some(20.0), Some(20.0)]]),
        // The highest series of the range, with the value that it had before.
        ("topk(1, load{host=~\"[a-c]\"})", "previous", vec![vec![Some(1.0), Some(10.0), Some(10.0)]]),
        ("load{host=\"a\"} > 5", "zero", vec![vec![Some(0.0), Some(10.0), Some(0.0)]]),
        // NaN is a value that JSON cannot write; NULL is none.
        ("load{host=~\"n|x\"}", "zero", vec![vec![None, Some(0.0), Some(0.0)]]),
        ("load{host=\"n\"}", "previous", vec![]),
        ("7", "null", vec![vec![Some(7.0); 3]]),
    ] {
        let answer = asked(&server, range, json!({"target": target, "payload": {"fill": fill}})).await;
        let got: Vec<Vec<Option<f64>>> = values(&answer).into_iter().map(|series| series.1).collect();
        assert_eq!(got, wanted, "{target} {fill}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_computed_target_is_filled_whatever_it_would_reduce(pool: PgPool) {
    empty_table(&pool).await;
    insert(&pool, &[(FROM, "a", 1.0), (FROM + 2 * MINUTE, "a", 3.0)]).await;
    let server = Server::start(&pool).await;
    let range = ("2025-01-01T00:00:00Z", "2025-01-01T00:03:00Z");
    let payload = json!({"fill": "linear", "reduce": "m4"});
    let answer = asked(&server, range, json!({"target": "sum(load)", "payload": payload})).await;
    assert_eq!(values(&answer), [("sum(load)".to_owned(), vec![Some(1.0), Some(2.0), Some(3.0)])]);
    assert!(notices(&answer)[0].starts_with("`reduce` is ignored"), "{}", answer.body);
    let payload = json!({"format": "instant", "reduce": "m4"});
    let answer = asked(&server, range, json!({"target": "load", "payload": payload})).await;
    assert_eq!(answer.body[0]["rows"], json!([[FROM + 2 * MINUTE, "a", 3.0]]), "{}", answer.body);
    assert_eq!(notices(&answer), Vec::<&str>::new());
}

#[sqlx::test(migrations = false)]
async fn a_filled_answer_keeps_to_the_budget(pool: PgPool) {
    empty_table(&pool).await;
    insert(&pool, &[(FROM, "a", 1.0), (FROM, "b", 1.0), (FROM - MINUTE, "c", 3.0), (FROM - MINUTE, "d", 3.0)]).await;
    let mut setup = Setup::default();
    (setup.limits.cells, setup.limits.series) = (150, 3);
    let server = Server::with(&pool, setup).await;
    let range = ("2025-01-01T00:00:00Z", "2025-01-01T01:15:00Z");
    assert_eq!(values(&asked(&server, range, filled("null")).await).len(), 2);
    let wider = ("2025-01-01T00:00:00Z", "2025-01-01T01:16:00Z");
    let answer = asked(&server, wider, filled("null")).await;
    assert_eq!((answer.status, answer.body["error"]["code"].as_str()), (422, Some("answer_too_large")));
    let short = ("2025-01-01T00:00:00Z", "2025-01-01T00:02:00Z");
    let answer = asked(&server, short, filled("previous")).await;
    assert_eq!(
        (answer.status, answer.body["error"]["code"].as_str()),
        (422, Some("too_many_series")),
        "{}",
        answer.body
    );
}
