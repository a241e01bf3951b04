//! Rows that are events, and rows that last: how many there are, and how much of each bucket they cover.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool};

use crate::oracle::edges;
use crate::support::{Server, sql};

use super::dimensions::serve;

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;

#[sqlx::test(migrations = false)]
async fn rows_without_a_value_are_counted(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE logins (at timestamptz, outcome text, bytes int);
         INSERT INTO logins SELECT '2025-06-01Z'::timestamptz + n * interval '10 min',
             CASE WHEN n % 3 = 0 THEN 'refused' WHEN n % 7 = 0 THEN NULL ELSE 'ok' END, n FROM generate_series(0, 17) AS n",
    )
    .await;
    let text = "[[source]]\nrelation = \"logins\"\ntime = \"at\"\nlabels = [\"outcome\"]\n[source.metric.logins]\n\
                rows = true\n[source.metric.login_bytes]\ncolumn = \"bytes\"\nover_time = \"sum\"\n";
    let server = serve(&pool, "SELECT 1", text).await;
    let (from, to) = ("2025-06-01T00:00:00Z", "2025-06-01T03:00:00Z");
    let refused: Vec<i64> = (0..18).filter(|n| n % 3 == 0).collect();
    let per_hour = |rows: &[i64], value: &dyn Fn(i64) -> i64| {
        let mut hours: BTreeMap<i64, i64> = BTreeMap::new();
        rows.iter().for_each(|n| *hours.entry(n / 6).or_default() += value(*n));
        hours.into_values().collect::<Vec<_>>()
    };
    let all: Vec<i64> = (0..18).collect();
    for (target, expected) in [
        ("logins{outcome=\"refused\"}", per_hour(&refused, &|_| 1)),
        ("sum(logins)", per_hour(&all, &|_| 1)),
        ("sum(login_bytes)", per_hour(&all, &|n| n)),
        ("login_bytes{outcome=\"refused\"}", per_hour(&refused, &|n| n)),
        ("sum(sum_over_time(logins[1h]))", per_hour(&all, &|_| 1)),
        ("max(max_over_time(logins[1h]))", vec![1, 1, 1]),
    ] {
        let found = server.query(from, to, 4, target).await;
        let values: Vec<i64> = points(&found[0]).into_iter().map(|(_, value)| value.round() as i64).collect();
        assert_eq!(values, expected, "{target}");
    }
}

pub fn points(element: &Value) -> Vec<(i64, f64)> {
    let all = element["datapoints"].as_array().unwrap().iter();
    all.map(|point| (point[1].as_i64().unwrap(), point[0].as_f64().unwrap_or(f64::NAN))).collect()
}

/// A row: state, start, end in milliseconds.
type Row = (usize, i64, Option<i64>);

const STATES: [&str; 3] = ["driving", "asleep", "it's"];

/// Around the end of summer time in Berlin.
pub const START: i64 = 1_761_256_800_000;

fn rows(dice: &mut StdRng) -> Vec<Row> {
    let mut rows: Vec<Row> = (0..300)
        .map(|_| {
            let start = START + dice.random_range(0..96 * HOUR) / 1000 * 1000;
            let length = match dice.random_range(0..6) {
                0 => 0,
                1 => dice.random_range(0..30 * HOUR),
                2 => -dice.random_range(0..HOUR),
                _ => dice.random_range(0..3 * HOUR),
            };
            (dice.random_range(0..STATES.len()), start, Some(start + length / 1000 * 1000))
        })
        .collect();
    rows.push((0, START + 70 * HOUR, None));
    rows.push((1, START - 100 * HOUR, Some(START + 300 * HOUR)));
    rows
}

/// The seconds of each bucket that rows of a state cover, the number of rows that do, and the longest.
fn covered(rows: &[Row], state: usize, edges: &[i64]) -> Vec<(i64, f64, f64, f64)> {
    let of_bucket = |pair: &[i64]| {
        let parts = rows.iter().filter(|row| row.0 == state).filter_map(|(_, start, end)| {
            let part = end.unwrap_or(i64::MAX).min(pair[1]) - start.max(&pair[0]);
            (part > 0).then_some(part as f64 / 1000.0)
        });
        let parts: Vec<f64> = parts.collect();
        let longest = parts.iter().copied().fold(f64::MIN, f64::max);
        (!parts.is_empty()).then(|| (pair[0], parts.iter().sum(), parts.len() as f64, longest))
    };
    edges.windows(2).filter_map(of_bucket).collect()
}

/// How a time is stored, its declaration, and an end that is none.
const FORMS: [(&str, &str, &str, &str); 5] = [
    ("timestamptz", "to_timestamp({})", "", "'infinity'"),
    ("timestamp", "to_timestamp({}) AT TIME ZONE 'Europe/Berlin'", "zone = \"Europe/Berlin\"", "'infinity'"),
    ("timestamp", "to_timestamp({}) AT TIME ZONE 'UTC'", "zone = \"UTC\"", "NULL"),
    ("bigint", "{}", "type = \"epoch\", unit = \"s\"", "9223372036854775807"),
    ("float8", "{}", "type = \"epoch\", unit = \"s\"", "1e300"),
];

#[sqlx::test(migrations = false)]
async fn rows_that_last_cover_parts_of_buckets(pool: PgPool) {
    let mut dice = StdRng::seed_from_u64(800);
    let rows = rows(&mut dice);
    let mut toml = "[discovery]\nenabled = false\n".to_owned();
    for (at, (ty, stored, declared, never)) in FORMS.iter().enumerate() {
        let value = |ms: i64| stored.replace("{}", &format!("{}", ms / 1000));
        let mut insert =
            format!("CREATE TABLE s{at} (state text, started {ty}, ended {ty}); INSERT INTO s{at} VALUES ");
        for (state, start, end) in &rows {
            let end = end.map_or_else(|| (*never).to_owned(), value);
            insert.push_str(&format!("('{}', {}, {end}), ", STATES[*state].replace('\'', "''"), value(*start)));
        }
        insert.push_str("('driving', NULL, NULL), (NULL, NULL, NULL)");
        sqlx::raw_sql(AssertSqlSafe(insert)).execute(&pool).await.expect("the fixture");
        let time = |column: &str| format!("{{ column = \"{column}\", {declared} }}").replace(",  }", " }");
        toml.push_str(&format!(
            "[[source]]\nrelation = \"s{at}\"\ntime = {}\ntime_end = {}\nlabels = [\"state\"]\n\
             [source.metric.seconds_{at}]\noverlap = \"s\"\n[source.metric.hours_{at}]\noverlap = \"h\"\n",
            time("started"),
            time("ended")
        ));
    }
    let server = serve(&pool, "SELECT 1", &toml).await;
    for (at, form) in FORMS.iter().enumerate() {
        // Wall clocks read twice in a repeated hour mean its second pass: rows there are not what was written.
        let shifted = form.2.contains("Berlin");
        for (zone, step, from, hours) in [
            ("UTC", "1h", START + 10 * HOUR + 17 * MINUTE, 20),
            ("UTC", "15m", START + 3 * HOUR, 12),
            ("Europe/Berlin", "1d", START, 96),
            ("Asia/Kolkata", "6h", START + 30 * HOUR, 60),
        ] {
            if !shifted || hours < 20 {
                check(&server, at, &rows, (zone, step, from, hours)).await;
            }
        }
    }
    let refused = ask(&server, "UTC", "1h", START, 5, "changes(seconds_0[1h])").await;
    assert_eq!(refused.0, 422, "{}", refused.1);
    assert!(refused.1["message"].as_str().unwrap().contains("how long rows last"), "{}", refused.1);
}

pub async fn ask(server: &Server, zone: &str, step: &str, from: i64, hours: i64, target: &str) -> (u16, Value) {
    let time = |ms: i64| chrono::DateTime::from_timestamp_millis(ms).unwrap().to_rfc3339();
    let body = serde_json::json!({
        "range": {"from": time(from), "to": time(from + hours * HOUR)}, "maxDataPoints": 1000, "timezone": zone,
        "targets": [{"target": target, "refId": "A", "payload": {"step": step}}],
    });
    let answer = server.post("/query", body).await;
    (answer.status, answer.body)
}

async fn check(server: &Server, at: usize, rows: &[Row], (zone, step, from, hours): (&str, &str, i64, i64)) {
    let step_ms = match step {
        "15m" => 15 * MINUTE,
        "1h" => HOUR,
        "6h" => 6 * HOUR,
        _ => 24 * HOUR,
    };
    let edges = edges(from, from + hours * HOUR, step_ms, 1000, zone.parse().unwrap());
    for (state, name) in STATES.iter().enumerate() {
        let expected = covered(rows, state, &edges);
        let asked = [
            (format!("seconds_{at}{{state=\"{name}\"}}"), 0),
            (format!("hours_{at}{{state=\"{name}\"}} * 3600"), 0),
            (format!("sum(sum_over_time(seconds_{at}{{state=\"{name}\"}}[{step}]))"), 0),
            (format!("count_over_time(seconds_{at}{{state=\"{name}\"}}[{step}])"), 1),
            (format!("max_over_time(seconds_{at}{{state=\"{name}\"}}[{step}])"), 2),
        ];
        for (target, which) in asked {
            let (status, body) = ask(server, zone, step, from, hours, &target).await;
            assert_eq!(status, 200, "{target}: {body}");
            let found = points(&body[0]);
            let wanted: Vec<(i64, f64)> =
                expected.iter().map(|(at, sum, count, longest)| (*at, [*sum, *count, *longest][which])).collect();
            let same = found.len() == wanted.len()
                && found.iter().zip(&wanted).all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-6 * b.1.abs().max(1.0));
            assert!(same, "{target}, {zone}, {step}:\n{found:?}\n{wanted:?}");
        }
    }
}
