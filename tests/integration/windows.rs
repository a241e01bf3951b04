//! Every function of a range over random rows, against the definitions: plain loops over the samples in memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono_tz::Tz;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use sqlx::PgPool;

use crate::oracle::edges;
use crate::support::{Server, sql};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Midnight in Berlin before the day of 23 hours.
const START: i64 = 1_743_202_800_000;
/// Samples connect over so much.
const LOOKBACK: i64 = 40 * MINUTE;

const FUNCTIONS: [&str; 18] = [
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "count_over_time",
    "first_over_time",
    "last_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "present_over_time",
    "quantile_over_time",
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "changes",
    "resets",
];

/// Microseconds and value.
type Samples = Vec<(i64, f64)>;
type Points = BTreeMap<i64, f64>;

/// Counters and gauges with gaps, resets, duplicates, NaN, infinities and NULL; some begin or end within the days.
fn rows(dice: &mut StdRng) -> (String, BTreeMap<&'static str, Samples>) {
    let mut insert = "INSERT INTO c (ts, host, v) VALUES ('infinity', 'a', 1)".to_owned();
    let mut series = BTreeMap::new();
    for (host, pace, odd) in [("a", MINUTE, 0.0), ("b", 5 * MINUTE, 0.03), ("", 13 * MINUTE, 0.01), ("d", HOUR, 0.0)] {
        let samples: &mut Samples = series.entry(host).or_default();
        let (mut at, mut value) = (START * 1000 + dice.random_range(0..DAY * 500), 0.0_f64);
        let end = (START + 2 * DAY) * 1000 + dice.random_range(0..DAY * 1000);
        while at < end {
            at += match dice.random_range(0..12) {
                0 => 0,
                1 => pace * 1000 - at % (pace * 1000),
                2 if dice.random_bool(0.1) => LOOKBACK * 1000,
                3 if dice.random_bool(0.1) => 3 * HOUR * 1000,
                _ => dice.random_range(1..2 * pace * 1000),
            };
            value = if dice.random_bool(0.1) {
                f64::from(dice.random_range(0..3))
            } else {
                value + dice.random_range(0.0..9.0)
            };
            let (text, number) = match dice.random_range(0.0..1.0) {
                x if x < odd => ("'NaN'".to_owned(), Some(f64::NAN)),
                x if x < 2.0 * odd => ("'Infinity'".to_owned(), Some(f64::INFINITY)),
                x if x < 3.0 * odd => ("NULL".to_owned(), None),
                _ => (format!("{value:?}"), Some(value)),
            };
            // An empty label and none are one series.
            let label = if host.is_empty() && dice.random() { "NULL".to_owned() } else { format!("'{host}'") };
            write!(insert, ", (to_timestamp({at} / 1e6), {label}, {text})").unwrap();
            samples.extend(number.map(|number| (at, number)));
        }
        samples.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.is_nan().cmp(&b.1.is_nan())).then(a.1.total_cmp(&b.1)));
    }
    (insert, series)
}

/// A sample and the one after it.
type Pair = ((i64, f64), (i64, f64));

/// The value of a function over the samples from `start` up to `end`, in milliseconds.
fn value(function: &str, all: &Samples, start: i64, end: i64) -> Option<f64> {
    let first = all.partition_point(|sample| sample.0 < start * 1000);
    let last = all.partition_point(|sample| sample.0 < end * 1000);
    let values: Vec<f64> = all[first..last].iter().map(|sample| sample.1).collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = || values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    let number = |values: &[f64], pick: fn(f64, f64) -> f64| values.iter().copied().reduce(pick);
    let pairs = (first..last).filter(|at| *at > 0 && all[*at].0 - all[*at - 1].0 <= LOOKBACK * 1000);
    let pairs: Vec<_> = pairs.map(|at| (all[at - 1], all[at])).collect();
    let grown = |(before, now): Pair| if now.1 < before.1 { now.1 } else { now.1 - before.1 };
    let total = |of: &dyn Fn(Pair) -> f64| (!pairs.is_empty()).then(|| pairs.iter().map(|pair| of(*pair)).sum::<f64>());
    let some = |value: f64| (!values.is_empty()).then_some(value);
    match function {
        "avg_over_time" => some(mean),
        "sum_over_time" => some(values.iter().sum()),
        "count_over_time" => some(count),
        "min_over_time" => number(&values, f64::min),
        "max_over_time" => number(&values, f64::max),
        "first_over_time" => values.first().copied(),
        "last_over_time" => values.last().copied(),
        "stdvar_over_time" => some(variance()),
        "stddev_over_time" => some(variance().sqrt()),
        "present_over_time" => some(1.0),
        "quantile_over_time" => some(quantile(values.clone())),
        "rate" => total(&grown).map(|sum| sum * 1000.0 / (end - start) as f64),
        "increase" => total(&grown),
        "delta" => total(&|(before, now)| now.1 - before.1),
        "idelta" => pairs.last().map(|(before, now)| now.1 - before.1),
        "irate" => {
            let last = pairs.iter().rfind(|(before, now)| now.0 > before.0)?;
            Some(grown(*last) * 1e6 / (last.1.0 - last.0.0) as f64)
        }
        "changes" => {
            total(&|(before, now)| f64::from(u8::from(before.1 != now.1 && !(before.1.is_nan() && now.1.is_nan()))))
        }
        "resets" => total(&|(before, now)| f64::from(u8::from(now.1 < before.1))),
        other => unreachable!("{other}"),
    }
}

/// The 0.9-quantile.
fn quantile(mut values: Vec<f64>) -> f64 {
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    values.sort_by(f64::total_cmp);
    let rank = 0.9 * (values.len().max(1) - 1) as f64;
    let (Some(low), Some(high)) = (values.get(rank.floor() as usize), values.get(rank.ceil() as usize)) else {
        return f64::NAN;
    };
    if low == high || rank.fract() == 0.0 { *low } else { low + (high - low) * rank.fract() }
}

struct Question {
    function: &'static str,
    from: i64,
    to: i64,
    step: i64,
    window: i64,
    offset: i64,
}

fn question(dice: &mut StdRng) -> Question {
    let step = *[MINUTE, 5 * MINUTE, 20 * MINUTE, HOUR, 6 * HOUR, DAY].choose(dice).unwrap();
    let from = START + dice.random_range(0..2 * DAY);
    let length = dice.random_range(1..=(step * 60).min(3 * DAY));
    let window = match dice.random_range(0..4) {
        0 => step,
        1 => step * dice.random_range(2..9),
        2 => dice.random_range(MINUTE..4 * step),
        _ => *[5 * MINUTE, HOUR, DAY, 30 * DAY].choose(dice).unwrap(),
    };
    let offset = if dice.random_bool(0.3) { dice.random_range(-DAY..DAY) } else { 0 };
    Question { function: FUNCTIONS.choose(dice).unwrap(), from, to: from + length, step, window, offset }
}

fn expected(question: &Question, samples: &Samples, zone: Tz) -> Points {
    let edges = edges(question.from, question.to, question.step, 11_000, zone);
    let windows = edges.windows(2).map(|edge| {
        let reaches_back = question.window > question.step;
        (edge[0], if reaches_back { edge[1] - question.window } else { edge[0] }, edge[1])
    });
    let point = |(at, start, end): (i64, i64, i64)| {
        Some((at, value(question.function, samples, start - question.offset, end - question.offset)?))
    };
    windows.filter_map(point).collect()
}

fn text(question: &Question) -> String {
    let offset = match question.offset {
        0 => String::new(),
        ahead @ ..0 => format!(" offset -{}ms", -ahead),
        back => format!(" offset {back}ms"),
    };
    let argument = format!("c[{}ms]{offset}", question.window);
    match question.function {
        "quantile_over_time" => format!("quantile_over_time(0.9, {argument})"),
        function => format!("{function}({argument})"),
    }
}

async fn server(pool: &PgPool) -> Server {
    let toml = "[discovery]\nenabled = false\n[[source]]\nrelation = \"c\"\ntime = \"ts\"\nlabels = [\"host\"]\n\
                lookback = \"40m\"\n[source.metric.c]\ncolumn = \"v\"\nkind = \"counter\"\n";
    Server::declared(pool, toml).await
}

async fn ask(server: &Server, question: &Question, zone: Tz) -> BTreeMap<String, BTreeMap<i64, Option<f64>>> {
    let body = json!({
        "timezone": zone.name(), "intervalMs": question.step, "maxDataPoints": 11_000,
        "range": {"from": question.from, "to": question.to}, "targets": [{"target": text(question), "refId": "A"}],
    });
    let got = server.post("/query", body.clone()).await;
    assert_eq!(got.status, 200, "{body}: {}", got.body);
    let series = |element: &&serde_json::Value| {
        let points = element["datapoints"].as_array().unwrap().iter();
        let points = points.map(|point| (point[1].as_i64().unwrap(), point[0].as_f64())).collect();
        (element["tags"]["host"].as_str().unwrap_or_default().to_owned(), points)
    };
    got.drawn().iter().map(series).collect()
}

#[sqlx::test(migrations = false)]
async fn every_function_of_a_range_answers_as_defined(pool: PgPool) {
    let mut dice = StdRng::seed_from_u64(7);
    sql(&pool, "CREATE TABLE c (ts timestamptz, host text, v float8); CREATE INDEX ON c (host, ts)").await;
    let (insert, series) = rows(&mut dice);
    sqlx::raw_sql(sqlx::AssertSqlSafe(insert)).execute(&pool).await.unwrap();
    let server = server(&pool).await;
    let mut compared = 0;
    for _ in 0..1500 {
        let question = question(&mut dice);
        let zone = *[Tz::UTC, Tz::Europe__Berlin, Tz::Asia__Kathmandu].choose(&mut dice).unwrap();
        let got = ask(&server, &question, zone).await;
        for (host, samples) in &series {
            let expected = expected(&question, samples, zone);
            let got = got.get(*host).cloned().unwrap_or_default();
            let said = format!(
                "{} {}..{} by {} in {zone}, {host:?}",
                text(&question),
                question.from,
                question.to,
                question.step
            );
            assert_eq!(got.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{said}: other buckets");
            for (at, value) in got {
                let wanted = Some(expected[&at]).filter(|value| value.is_finite());
                let close = value.zip(wanted).is_some_and(|(a, b)| (a - b).abs() <= 1e-6 * b.abs().max(1.0));
                assert!(close || (value, wanted) == (None, None), "{said} at {at}: {value:?} is not {wanted:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 20_000, "only {compared} points were compared");
}
