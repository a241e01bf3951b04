//! Rows that last in windows that are longer than a step: sums hold, and what would count a row once per step is refused.

use std::fmt::Write as _;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sqlx::{AssertSqlSafe, PgPool};

use super::dimensions::serve;
use super::events::{HOUR, MINUTE, START, ask, points};

/// Midnight.
const FROM: i64 = START + 2 * HOUR;

/// Start and end, never at a bucket's edge.
fn stays(dice: &mut StdRng) -> Vec<(i64, i64)> {
    let one = |dice: &mut StdRng| {
        let start = FROM + dice.random_range(-12..48) * HOUR + dice.random_range(1..30) * MINUTE;
        (start, start + dice.random_range(0..20) * HOUR + dice.random_range(1..30) * MINUTE)
    };
    (0..60).map(|_| one(dice)).collect()
}

/// The hours of each row that lie between two instants.
fn parts(stays: &[(i64, i64)], from: i64, to: i64) -> Vec<f64> {
    let part = |(start, end): &(i64, i64)| (*end.min(&to) - *start.max(&from)) as f64 / HOUR as f64;
    stays.iter().map(part).filter(|part| *part > 0.0).collect()
}

/// What parts of rows come to.
type Of = fn(&[f64]) -> f64;

const OF: [(&str, Of); 6] = [
    ("sum_over_time", |parts| parts.iter().sum()),
    ("present_over_time", |_| 1.0),
    ("count_over_time", |parts| parts.len() as f64),
    ("avg_over_time", |parts| parts.iter().sum::<f64>() / parts.len() as f64),
    ("min_over_time", |parts| parts.iter().copied().fold(f64::INFINITY, f64::min)),
    ("max_over_time", |parts| parts.iter().copied().fold(0.0, f64::max)),
];

#[sqlx::test(migrations = false)]
async fn rows_that_last_are_counted_once_or_not_at_all(pool: PgPool) {
    let stays = stays(&mut StdRng::seed_from_u64(31));
    let mut insert =
        "CREATE TABLE stays (begins timestamptz, ends timestamptz, room text); INSERT INTO stays VALUES ".to_owned();
    for (at, (start, end)) in stays.iter().enumerate() {
        let separator = if at == 0 { "" } else { ", " };
        write!(insert, "{separator}(to_timestamp({start} / 1000.0), to_timestamp({end} / 1000.0), 'a')").unwrap();
    }
    sqlx::raw_sql(AssertSqlSafe(insert)).execute(&pool).await.expect("the fixture");
    let toml = "[[source]]\nrelation = \"stays\"\ntime = \"begins\"\ntime_end = \"ends\"\nlabels = [\"room\"]\n\
                [source.metric.stay_hours]\noverlap = \"h\"\n";
    let server = serve(&pool, "SELECT 1", toml).await;
    for (word, of) in OF {
        for (step, step_ms, window_ms) in [("1h", HOUR, HOUR), ("6h", 6 * HOUR, 6 * HOUR), ("1h", HOUR, 6 * HOUR)] {
            let target = format!("{word}(stay_hours[{}h])", window_ms / HOUR);
            let (status, body) = ask(&server, "UTC", step, FROM, 48, &target).await;
            let adds_up = matches!(word, "sum_over_time" | "present_over_time");
            if window_ms > step_ms && !adds_up {
                let error = &body["error"];
                assert_eq!((status, error["code"].as_str()), (422, Some("not_supported")), "{target}: {body}");
                let message = error["message"].as_str().unwrap();
                assert!(
                    message.starts_with(&format!("`{word}` of stay_hours needs a window of one step")),
                    "{message}"
                );
                assert!(error["hint"].as_str().unwrap().contains("sum_over_time"), "{body}");
                continue;
            }
            assert_eq!(status, 200, "{target}, {step}: {body}");
            let ends = (1..=48 * HOUR / step_ms).map(|n| FROM + n * step_ms);
            let found = points(&body[0]);
            let expected: Vec<(i64, f64)> = ends
                .map(|end| (end - step_ms, parts(&stays, end - window_ms, end)))
                .filter(|(_, parts)| !parts.is_empty())
                .map(|(at, parts)| (at, of(&parts)))
                .collect();
            let close = |a: &(i64, f64), b: &(i64, f64)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-9;
            let same = found.len() == expected.len() && found.iter().zip(&expected).all(|(a, b)| close(a, b));
            assert!(same, "{target}, {step}:\n{found:?}\n{expected:?}");
        }
    }
    // A single window is of one piece, wherever it lies.
    let (status, body) = ask(&server, "UTC", "1h", FROM, 48, "count_over_time(stay_hours[6h] @ end())").await;
    let expected = parts(&stays, FROM + 42 * HOUR, FROM + 48 * HOUR).len() as f64;
    assert!(status == 200 && points(&body[0]).iter().all(|point| (point.1 - expected).abs() < 1e-9), "{body}");
}
