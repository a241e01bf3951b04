//! Partials that the database computes and samples that are folded here give the same answers.

use datebin::engine::PromQuestion;
use datebin::frame::PromValue;
use datebin::time::Steps;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sqlx::PgPool;

use super::T0;
use crate::support::{Server, sql};

/// A day of samples every 15 s of four hosts, with gaps, NaN, infinities, falls and NULLs; `fine` has some times between
/// two milliseconds, `sums` values that cancel.
const TABLES: &str = r#"
CREATE TABLE lane (ts timestamptz NOT NULL, host text NOT NULL, plain float8 NOT NULL, odd float8, sums float8 NOT NULL,
  PRIMARY KEY (host, ts));
INSERT INTO lane SELECT to_timestamp(1735732800 + 15 * i + CASE WHEN h = 3 THEN 0.25 ELSE 0 END), 'h' || h,
    (i * 7919 * h) % 1000 / 8.0,
    CASE (i * 31 + h) % 97 WHEN 1 THEN float8 'NaN' WHEN 2 THEN 'Infinity' WHEN 3 THEN '-Infinity' WHEN 4 THEN NULL ELSE i % 50 END,
    CASE i % 3 WHEN 0 THEN 1e16 WHEN 1 THEN 1 ELSE -1e16 END
  FROM generate_series(0, 1439) i, generate_series(1, 4) h WHERE (i / 40) % 9 <> h;
CREATE TABLE fine (ts timestamptz NOT NULL, host text NOT NULL, plain float8 NOT NULL, PRIMARY KEY (host, ts));
INSERT INTO fine SELECT ts + CASE WHEN plain > 120 THEN interval '300 microseconds' ELSE interval '0' END, host, plain FROM lane;
INSERT INTO fine SELECT ts + interval '700 microseconds', host, -1 FROM lane WHERE plain > 120;
"#;
const FILE: &str = "[[source]]\nrelation = \"public.lane\"\ntime = \"ts\"\nlabels = [\"host\"]\ninterval = \"15s\"\n\
    [[source]]\nrelation = \"public.fine\"\ntime = \"ts\"\nlabels = [\"host\"]\ninterval = \"15s\"\n";

const FUNCTIONS: &[&str] = &["min", "max", "count", "present", "first", "last", "sum", "avg", "stddev", "quantile"];

fn expression(dice: &mut StdRng) -> String {
    let metric = ["lane_plain", "lane_odd", "lane_sums", "fine"][dice.random_range(0..4)];
    let matcher = ["", "{host=\"h1\"}", "{host=~\"h[23]\"}"][dice.random_range(0..3)];
    let window = [60, 90, 120, 300, 600, 900][dice.random_range(0..6)];
    let modifier = ["", " offset 90s", " offset -45s", " @ 1735740000", " @ end()"][dice.random_range(0..5)];
    let function = FUNCTIONS[dice.random_range(0..FUNCTIONS.len())];
    let leaf = match dice.random_range(0..4) {
        0 => format!("{metric}{matcher}{modifier}"),
        _ if function == "quantile" => format!("quantile_over_time(0.9, {metric}{matcher}[{window}s]{modifier})"),
        _ => format!("{function}_over_time({metric}{matcher}[{window}s]{modifier})"),
    };
    match dice.random_range(0..4) {
        0 => format!("sum by (host) ({leaf})"),
        1 => format!("{leaf} > 10"),
        2 => format!("max_over_time({leaf}[10m:2m])"),
        _ => leaf,
    }
}

fn steps(dice: &mut StdRng) -> Steps {
    let step_ms = [30_000, 60_000, 120_000, 300_000, 600_000][dice.random_range(0..5)];
    let start_ms = T0 + dice.random_range(0..7_200) * 1000 + dice.random_range(0..3) * 250;
    Steps::even(start_ms, step_ms, dice.random_range(1..40))
}

fn close(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan() || a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

fn alike(a: &PromValue, b: &PromValue) -> bool {
    let (PromValue::Matrix(a), PromValue::Matrix(b)) = (a, b) else { return false };
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            let points = a.points.iter().zip(&b.points).all(|(a, b)| a.ms == b.ms && close(a.value, b.value));
            a.labels == b.labels && a.points.len() == b.points.len() && points
        })
}

#[sqlx::test(migrations = false)]
async fn partials_and_samples_agree(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::declared(&pool, FILE).await;
    let number = |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (seed, count) = (number("DATEBIN_ORACLE_SEED", 7), number("DATEBIN_LANES", 300));
    let mut dice = StdRng::seed_from_u64(seed);
    let mut pushed = 0;
    for at in 0..count {
        let (text, steps) = (expression(&mut dice), steps(&mut dice));
        let question =
            PromQuestion { text: text.clone(), steps, lookback_ms: None, range_end_ms: Some(steps.end_ms()) };
        let scope = server.engine.scope().unwrap();
        let one = scope.promql(&question).await;
        let other = scope.without_pushing().promql(&question).await;
        match (one, other) {
            (Ok(one), Ok(other)) => {
                pushed += one.from_partials;
                assert_eq!(other.from_partials, 0, "{text}");
                let (one, other) = (one.value, other.value);
                assert!(alike(&one, &other), "seed {seed}, {at}: {text} at {steps:?}\n{one:?}\n{other:?}");
            }
            (one, other) => assert_eq!(one.err(), other.err(), "seed {seed}, {at}: {text}"),
        }
    }
    assert!(pushed * 10 > usize::try_from(count).unwrap(), "only {pushed} of {count} came from partials");
}
