//! What people write instead of datebin: two servers in Python that answer the same requests.

use std::process::Command;

use serde_json::Value;

use super::program::Server;
use super::{HOUR, Question, Rival, answer};

/// A server's title in the table, its file in this folder, where it listens.
const SERVERS: [(&str, &str, &str); 2] = [
    ("FastAPI with asyncpg", "fastapi_asyncpg.py", "127.0.0.1:18298"),
    ("raw rows in Python", "tutorial.py", "127.0.0.1:18398"),
];
/// The samples of a host are so far apart, in milliseconds.
const SAMPLE: i64 = 5_000;

/// Starts both servers with the Python of `scripts/with-patterns`, which may have none.
pub(super) fn start(url: &str) -> Vec<Rival> {
    let Some(python) = std::env::var_os("DATEBIN_BENCH_PYTHON") else { return Vec::new() };
    let start = |(name, file, address): (&'static str, &str, &'static str)| {
        let mut command = Command::new(&python);
        command.arg(format!("{}/benches/patterns/{file}", env!("CARGO_MANIFEST_DIR")));
        command.arg(address.rsplit(':').next().expect("a port")).env("DATABASE_URL", url);
        Rival { name, server: Server::begin(command, address, "/") }
    };
    SERVERS.into_iter().map(start).collect()
}

/// Compares the answers, and says how large that of datebin is, and that of the raw rows.
pub(super) async fn check(question: &Question, rivals: &[Rival]) -> String {
    let (client, body) = (reqwest::Client::new(), question.body());
    let mut answers = Vec::new();
    for rival in rivals {
        answers.push(answer(&client, &rival.server, Some(&body)).await);
    }
    let parsed: Vec<Value> = answers.iter().map(|answer| serde_json::from_slice(answer).expect("JSON")).collect();
    let count = |step_ms: i64| usize::try_from(question.hours * HOUR / step_ms).expect("a number of points");
    let (buckets, samples) = (count(question.step_ms), count(SAMPLE));
    assert_eq!(lengths(&parsed[0]), vec![buckets; question.series()], "the points of datebin");
    assert_eq!(parsed[0], parsed[1], "the answer of the cache");
    let kilobytes = |at: usize| answers[at].len().div_ceil(1000);
    let ours = format!("{} points, {} kB", buckets * question.series(), kilobytes(0));
    let [_, _, aggregated, raw] = &parsed[..] else { return ours };
    assert!(is_same(&parsed[0], aggregated), "datebin and {} differ", SERVERS[0].0);
    assert_eq!(lengths(raw), vec![samples; question.series()], "the raw rows");
    format!("{ours} (raw: {}, {} kB)", samples * question.series(), kilobytes(3))
}

/// The number of points of each series.
fn lengths(answer: &Value) -> Vec<usize> {
    let points = |series: &Value| series["datapoints"].as_array().map_or(0, Vec::len);
    answer.as_array().expect("series").iter().map(points).collect()
}

/// Whether two answers are equal, up to the last digits of an average.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let has = |(key, value)| other.get(key).is_some_and(|theirs| is_same(value, theirs));
            one.len() == other.len() && one.iter().all(has)
        }
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().expect("a number"), other.as_f64().expect("a number"));
            (one - other).abs() <= 1e-12 * one.abs()
        }
        _ => one == other,
    }
}
