//! How long rows took: quantiles, averages and extremes of it, placed at the start or at the end of each row.

use std::fmt::Write as _;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use super::dimensions::serve;
use crate::support::Server;

const HOUR: i64 = 3_600_000;
/// 2025-10-25T00:00Z: a day before the end of summer time in Berlin.
const START: i64 = 1_761_350_400_000;
const HOURS: i64 = 48;

struct Job {
    queue: &'static str,
    start: i64,
    /// None: it still runs.
    end: Option<i64>,
}

fn jobs(dice: &mut StdRng) -> Vec<Job> {
    let mut jobs: Vec<Job> = (0..600)
        .map(|n| {
            let start = START + dice.random_range(-20..HOURS) * HOUR + dice.random_range(0..HOUR);
            let took = match dice.random_range(0..8) {
                0 => 0,
                1 => dice.random_range(0..30 * HOUR),
                _ => dice.random_range(0..2 * HOUR),
            };
            let queue = ["mail", "it's", ""][n % 3];
            // The clocks of a stored time go to the second.
            Job { queue, start: start / 1000 * 1000, end: Some((start + took) / 1000 * 1000) }
        })
        .collect();
    jobs.push(Job { queue: "mail", start: START + HOUR, end: None });
    jobs.push(Job { queue: "slow", start: START + HOUR, end: None });
    jobs
}

/// Seconds of the jobs of a queue that have the wanted time in each hour.
fn lengths(jobs: &[Job], queue: &str, at_end: bool) -> Vec<(i64, Vec<f64>)> {
    let mut hours = Vec::new();
    for hour in 0..HOURS {
        let from = START + hour * HOUR;
        let placed = |job: &&Job| {
            let at = if at_end { job.end } else { Some(job.start) };
            job.queue == queue && at.is_some_and(|at| (from..from + HOUR).contains(&at))
        };
        let ended = jobs.iter().filter(placed).filter_map(|job| Some((job.end? - job.start) as f64 / 1000.0));
        let mut found: Vec<f64> = ended.collect();
        found.sort_by(f64::total_cmp);
        if !found.is_empty() {
            hours.push((from, found));
        }
    }
    hours
}

fn quantile(phi: f64, sorted: &[f64]) -> f64 {
    let rank = phi * (sorted.len() - 1) as f64;
    let below = rank.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (rank - rank.floor())
}

async fn ask(server: &Server, target: &str) -> (Value, Vec<(i64, f64)>) {
    let time = |ms: i64| chrono::DateTime::from_timestamp_millis(ms).unwrap().to_rfc3339();
    let body = json!({
        "range": {"from": time(START), "to": time(START + HOURS * HOUR)}, "maxDataPoints": 1000,
        "targets": [{"target": target, "refId": "A", "payload": {"step": "1h"}}],
    });
    let answer = server.post("/query", body).await;
    assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    let points = answer.body[0]["datapoints"].as_array().cloned().unwrap_or_default();
    let points = points.iter().map(|point| (point[1].as_i64().unwrap(), point[0].as_f64().unwrap()));
    (answer.body, points.collect())
}

fn is_close(found: &[(i64, f64)], expected: &[(i64, f64)]) -> bool {
    let close = |(a, b): (&(i64, f64), &(i64, f64))| a.0 == b.0 && (a.1 - b.1).abs() <= 1e-6 * b.1.abs().max(1.0);
    found.len() == expected.len() && found.iter().zip(expected).all(close)
}

/// How times are stored, what the file says of them, and how a job that still runs is written.
const FORMS: [(&str, &str, &str, &str, &str); 6] = [
    ("timestamptz", "to_timestamp({})", "", "", "NULL"),
    ("timestamp", "to_timestamp({}) AT TIME ZONE 'UTC'", "zone = \"UTC\"", "", "'infinity'"),
    ("timestamptz", "to_timestamp({})", "", "open = \"1970-01-01\"", "'epoch'"),
    ("int", "{}", "type = \"epoch\", unit = \"s\"", "open = 0", "0"),
    ("bigint", "{}000", "type = \"epoch\", unit = \"ms\"", "open = [\"-1\", \"0\"]", "-1"),
    ("float8", "{}", "type = \"epoch\", unit = \"s\"", "", "1e300"),
];

#[sqlx::test(migrations = false)]
async fn how_long_rows_took_is_their_value(pool: PgPool) {
    let jobs = jobs(&mut StdRng::seed_from_u64(7));
    let mut toml = "[discovery]\nenabled = false\n".to_owned();
    for (at, (ty, stored, declared, open, running)) in FORMS.iter().enumerate() {
        let value = |ms: i64| stored.replace("{}", &format!("{}", ms / 1000));
        let mut insert =
            format!("CREATE TABLE j{at} (queue text, started {ty}, ended {ty}); INSERT INTO j{at} VALUES ");
        for Job { queue, start, end } in &jobs {
            let end = end.map_or_else(|| (*running).to_owned(), value);
            write!(insert, "('{}', {}, {end}), ", queue.replace('\'', "''"), value(*start)).unwrap();
        }
        insert.push_str("('mail', NULL, NULL), (NULL, NULL, NULL)");
        sqlx::raw_sql(AssertSqlSafe(insert)).execute(&pool).await.expect("the fixture");
        let time = |column: &str, more: &str| {
            let fields = [declared, more].into_iter().filter(|field| !field.is_empty());
            let fields: Vec<String> =
                [format!("column = \"{column}\"")].into_iter().chain(fields.map(str::to_owned)).collect();
            format!("{{ {} }}", fields.join(", "))
        };
        write!(
            toml,
            "[[source]]\nrelation = \"j{at}\"\ntime = {}\ntime_end = {}\nlabels = [\"queue\"]\n\
             [source.metric.took_{at}]\nlasts = \"s\"\n[source.metric.took_minutes_{at}]\nlasts = \"m\"\nat = \"end\"\n",
            time("started", ""),
            time("ended", open)
        )
        .unwrap();
    }
    let server = serve(&pool, "SELECT 1", &toml).await;
    for at in 0..FORMS.len() {
        for queue in ["mail", "it's"] {
            check(&server, at, queue, &jobs).await;
        }
        let (body, points) = ask(&server, &format!("took_{at}{{queue=\"slow\"}}")).await;
        let notice = format!("took_{at} has rows in this range, but no sample passes the matchers on \"queue\"");
        assert_eq!((points.len(), &body[0]["meta"]["notices"][0]["text"]), (0, &json!(notice)), "{at}: {body}");
    }
}

/// What the sorted lengths of an hour come to.
type Statistic<'a> = dyn Fn(&[f64]) -> f64 + 'a;

async fn check(server: &Server, at: usize, queue: &str, jobs: &[Job]) {
    for (at_end, metric, per) in [(false, format!("took_{at}"), 1.0), (true, format!("took_minutes_{at}"), 60.0)] {
        let hours = lengths(jobs, queue, at_end);
        let selector = format!("{metric}{{queue=\"{queue}\"}}");
        let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len() as f64;
        let last = |all: &[f64]| *all.last().unwrap();
        let asked: [(String, &Statistic<'_>); 6] = [
            (selector.clone(), &mean),
            (format!("quantile_over_time(0.95, {selector}[1h])"), &|all| quantile(0.95, all)),
            (format!("max_over_time({selector}[1h])"), &last),
            (format!("min by (queue) (min_over_time({selector}[1h]))"), &|all| all[0]),
            (format!("sum(sum_over_time({selector}[1h]))"), &|all| all.iter().sum()),
            (format!("count_over_time({selector}[1h]) * {per}"), &|all| all.len() as f64 * per * per),
        ];
        for (target, of) in asked {
            let expected: Vec<(i64, f64)> = hours.iter().map(|(hour, all)| (*hour, of(all) / per)).collect();
            let (_, found) = ask(server, &target).await;
            assert!(is_close(&found, &expected), "{target}:\n{found:?}\n{expected:?}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn rows_that_end_before_they_begin_are_counted(pool: PgPool) {
    let fixture = "
        CREATE TABLE issue (created_unix int, closed_unix int, repo text);
        INSERT INTO issue SELECT 1761350400 + n * 600, CASE WHEN n % 3 = 0 THEN 0 ELSE 1761350400 + n * 900 END, 'a'
            FROM generate_series(0, 11) AS n;";
    let source = |metrics: &str, open: &str| {
        format!(
            "[[source]]\nrelation = \"issue\"\ntime = {{ column = \"created_unix\", type = \"epoch\", unit = \"s\" }}\n\
             time_end = {{ column = \"closed_unix\", type = \"epoch\", unit = \"s\"{open} }}\nlabels = [\"repo\"]\n{metrics}"
        )
    };
    let metrics = |suffix: &str| {
        format!("[source.metric.open_h{suffix}]\noverlap = \"h\"\n[source.metric.took{suffix}]\nlasts = \"m\"\n")
    };
    let toml = format!("{}{}", source(&metrics("_wrong"), ""), source(&metrics(""), ", open = \"0\""));
    let server = serve(&pool, fixture, &toml).await;
    let notices = |body: &Value| body[0]["meta"]["notices"].to_string();
    for target in
        ["sum(open_h_wrong)", "open_h_wrong", "took_wrong", "max_over_time(took_wrong[1h])", "rate(took_wrong[1h])"]
    {
        let (body, _) = ask(&server, target).await;
        assert!(
            notices(&body).contains("4 rows end before they begin and were skipped; an end that means"),
            "{target}: {body}"
        );
    }
    let (body, points) = ask(&server, "sum(open_h)").await;
    assert!(!notices(&body).contains("before they begin"), "{body}");
    // Hours that each issue is open, up to the end of the range: those of 0 for ever.
    let covered = |hour: i64| -> f64 {
        let (from, to) = (hour * 60, hour * 60 + 60);
        let part = |n: i64| (if n % 3 == 0 { i64::MAX } else { n * 15 }).min(to) - (n * 10).max(from);
        (0..12).map(|n| part(n).max(0) as f64 / 60.0).sum()
    };
    let expected: Vec<(i64, f64)> = (0..HOURS).map(|hour| (START + hour * HOUR, covered(hour))).collect();
    assert!(is_close(&points, &expected), "{points:?}\n{expected:?}");
    let (_, points) = ask(&server, "took").await;
    let mean = |all: &[i64]| all.iter().map(|n| n * 5).sum::<i64>() as f64 / all.len() as f64;
    assert_eq!(points, [(START, mean(&[1, 2, 4, 5])), (START + HOUR, mean(&[7, 8, 10, 11]))]);
}
