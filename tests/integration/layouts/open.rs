//! The rate of rows that last: how many are open on average, and how much they are worth.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sqlx::{AssertSqlSafe, PgPool};

use super::dimensions::serve;
use super::events::{HOUR, MINUTE, START, ask, points};
use crate::oracle::edges;

/// start, end, amount.
type Plan = (i64, Option<i64>, Option<i64>);

fn plans(dice: &mut StdRng) -> Vec<Plan> {
    let one = |n: i64, dice: &mut StdRng| {
        let start = START + dice.random_range(-50..90 * HOUR / HOUR) * HOUR + dice.random_range(0..HOUR);
        let end = (n % 5 != 0).then(|| start + dice.random_range(0..60 * HOUR));
        (start, end, (n % 7 != 0).then(|| dice.random_range(1..5000)))
    };
    (0..120).map(|n| one(n, dice)).collect()
}

/// How much is open on average from one instant to another: the number, or the amounts.
fn mean_open(plans: &[Plan], from: i64, to: i64, weight: &dyn Fn(&Plan) -> Option<f64>) -> Option<f64> {
    let part = |plan: &Plan| {
        let part = plan.1.unwrap_or(i64::MAX).min(to) - plan.0.max(from);
        (part > 0).then(|| Some(part as f64 * weight(plan)?)).flatten()
    };
    let parts: Vec<f64> = plans.iter().filter_map(part).collect();
    (!parts.is_empty()).then(|| parts.iter().sum::<f64>() / (to - from) as f64)
}

/// What a plan counts for.
type Worth = dyn Fn(&Plan) -> Option<f64>;

#[sqlx::test(migrations = false)]
async fn the_rate_of_rows_that_last_is_how_many_are_open(pool: PgPool) {
    let plans = plans(&mut StdRng::seed_from_u64(12));
    let mut insert =
        "CREATE TABLE plans (begins timestamptz, ends timestamptz, cents int, kind text); INSERT INTO plans VALUES "
            .to_owned();
    for (start, end, cents) in &plans {
        let time = |ms: i64| format!("to_timestamp({ms} / 1000.0)");
        let end = end.map_or_else(|| "NULL".to_owned(), time);
        let cents = cents.map_or_else(|| "NULL".to_owned(), |cents| cents.to_string());
        insert.push_str(&format!("({}, {end}, {cents}, 'a'), ", time(*start)));
    }
    insert.push_str(
        "(now() - interval '9 h', NULL, 100, 'now'), (now() - interval '9 h', now() + interval '9 h', 300, 'now')",
    );
    sqlx::raw_sql(AssertSqlSafe(insert)).execute(&pool).await.expect("the fixture");
    let toml = "[[source]]\nrelation = \"plans\"\ntime = \"begins\"\ntime_end = \"ends\"\nlabels = [\"kind\"]\n\
                [source.metric.open]\noverlap = \"h\"\n[source.metric.revenue]\noverlap = \"s\"\nweight = \"cents\"\nscale = 0.01\n";
    let server = serve(&pool, "SELECT 1", toml).await;
    let count = |_: &Plan| Some(1.0);
    let euros = |plan: &Plan| plan.2.map(|cents| cents as f64 / 100.0);
    let (number, amount): (&Worth, &Worth) = (&count, &euros);
    for (step, step_ms) in [("15m", 15 * MINUTE), ("1h", HOUR), ("1d", 24 * HOUR)] {
        let edges = edges(START, START + 48 * HOUR, step_ms, 1000, chrono_tz::UTC);
        for (target, window_ms, weight, per) in [
            (format!("rate(open{{kind=\"a\"}}[{step}])"), step_ms, number, 1.0),
            (format!("sum by (kind) (rate(open{{kind=\"a\"}}[{step}]))"), step_ms, number, 1.0),
            ("rate(open{kind=\"a\"}[2d])".to_owned(), 48 * HOUR, number, 1.0),
            (format!("rate(revenue{{kind=\"a\"}}[{step}])"), step_ms, amount, 1.0),
            (format!("sum(rate(revenue{{kind=\"a\"}}[{step}] offset 1d))"), step_ms, amount, 1.0),
            (format!("increase(open{{kind=\"a\"}}[{step}])"), step_ms, number, step_ms as f64 / HOUR as f64),
        ] {
            let back = if target.contains("offset") { 24 * HOUR } else { 0 };
            let expected: Vec<(i64, f64)> = edges
                .windows(2)
                .filter_map(|pair| {
                    let to = pair[1] - back;
                    Some((pair[0], mean_open(&plans, to - window_ms, to, weight)? * per))
                })
                .collect();
            let (status, body) = ask(&server, "UTC", step, START, 48, &target).await;
            assert_eq!(status, 200, "{target}: {body}");
            let found = points(&body[0]);
            let close = |a: &(i64, f64), b: &(i64, f64)| a.0 == b.0 && (a.1 - b.1).abs() < 1e-6 * b.1.abs().max(1.0);
            let same = found.len() == expected.len() && found.iter().zip(&expected).all(|(a, b)| close(a, b));
            assert!(same, "{target}, {step}:\n{found:?}\n{expected:?}");
        }
    }
    // Up to now two are open, and in the future the one whose end is known.
    let now = chrono::Utc::now().timestamp_millis();
    for step in ["1h", "6h"] {
        let (_, body) =
            ask(&server, "UTC", step, now - 3 * HOUR, 6, &format!("rate(open{{kind=\"now\"}}[{step}])")).await;
        let length = if step == "1h" { HOUR } else { 6 * HOUR };
        for (at, value) in points(&body[0]) {
            let expected = if at > now { 1.0 } else { 2.0 };
            let is_whole = at > now - 8 * HOUR && at + length < now + 8 * HOUR;
            assert!(!is_whole || (value - expected).abs() < 0.01, "{step}, {at}, {now}: {body}");
        }
    }
}
