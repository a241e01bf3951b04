//! Random expressions asked of datebin over PostgreSQL and of a real Prometheus over the same samples.
//!
//! `DATEBIN_TEST_PROMETHEUS` names the program (`scripts/with-prometheus`), `DATEBIN_PROMQL_EXPRESSIONS` how many are
//! asked, `DATEBIN_ORACLE_SEED` which.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests stop at the first thing that is wrong, and say what they skip"
)]
#![expect(dead_code, reason = "the server's start is shared with other tests")]

mod answer;
mod data;
mod expression;
mod matching;
mod node;
#[path = "../support/patience.rs"]
mod patience;
#[path = "../support/prometheus.rs"]
mod prometheus;
#[path = "../integration/support.rs"]
mod support;
mod tables;
mod writing;

use std::collections::BTreeMap;

use answer::{Asked, ask};
use node::Node;
use prometheus::Prometheus;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sqlx::PgPool;
use support::{Server, Setup};

/// Of so many different answers the smallest expressions are looked for.
const SHOWN: usize = 12;

/// So many smaller expressions are asked at most for each.
const TRIES: usize = 150;

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no whole number")))
}

/// Both servers.
struct Both {
    client: reqwest::Client,
    datebin: Server,
    prometheus: Prometheus,
}

impl Both {
    /// How the answers differ, and what class Prometheus' answer is of.
    async fn difference(&self, asked: &Asked, query: &str) -> (Option<String>, String) {
        // The rest of the range is joined with what is known of its middle.
        if let Some(middle) = asked.middle() {
            ask(&self.client, &self.datebin.base, &middle, query).await;
        }
        let ours = ask(&self.client, &self.datebin.base, asked, query).await;
        let theirs = ask(&self.client, &self.prometheus.url, asked, query).await;
        let class = if theirs.is_empty() { "empty" } else { theirs.class() };
        (ours.difference(&theirs, query), class.to_owned())
    }

    /// The smallest expression that is still answered differently, and the difference.
    async fn smallest(&self, asked: &Asked, node: Node, difference: String) -> (Node, String) {
        let (mut smallest, mut shown, mut tries) = (node, difference, 0);
        'smaller: loop {
            for node in smallest.smaller() {
                tries += 1;
                if tries > TRIES {
                    return (smallest, shown);
                }
                if let (Some(difference), _) = self.difference(asked, &node.to_string()).await {
                    (smallest, shown) = (node, difference);
                    continue 'smaller;
                }
            }
            return (smallest, shown);
        }
    }
}

/// An instant or a range, seldom beyond the samples.
fn asked(dice: &mut StdRng) -> Asked {
    let mut at = data::START_MS + dice.random_range(-60_000..data::LENGTH_MS - 300_000);
    if dice.random_bool(0.7) {
        at = at / 15_000 * 15_000;
    }
    if dice.random_bool(0.5) {
        return Asked { is_range: false, start_ms: at, end_ms: at, step_ms: 1 };
    }
    let step_ms = *[1_000, 15_000, 60_000, 60_000, 300_000, 7_301].choose(dice).unwrap();
    // Ranges seldom end at a step.
    let end_ms = at + step_ms * dice.random_range(0..40) + dice.random_range(0..step_ms);
    Asked { is_range: true, start_ms: at, end_ms, step_ms }
}

#[sqlx::test(migrations = false)]
async fn random_expressions_answer_as_prometheus_does(pool: PgPool) {
    let client = reqwest::Client::new();
    let Some(prometheus) = Prometheus::start_with("promql_oracle", "", &writing::ARGUMENTS) else { return };
    let (seed, count) = (number("DATEBIN_ORACLE_SEED", 0), number("DATEBIN_PROMQL_EXPRESSIONS", 200));
    eprintln!("DATEBIN_ORACLE_SEED={seed} DATEBIN_PROMQL_EXPRESSIONS={count}");
    let mut dice = StdRng::seed_from_u64(seed);
    let series = data::series(&mut dice);
    writing::write(&client, &prometheus.url, &series).await;
    tables::write(&pool, &series).await;
    let setup = Setup { cache: 64 << 20, ..Setup::default() };
    let both = Both { client, datebin: Server::declared_with(&pool, tables::FILE, setup).await, prometheus };
    let (mut classes, mut different) = (BTreeMap::<String, usize>::new(), Vec::new());
    for _ in 0..count {
        let asked = asked(&mut dice);
        let node = expression::question(&mut dice, !asked.is_range);
        let (difference, class) = both.difference(&asked, &node.to_string()).await;
        *classes.entry(class).or_default() += 1;
        if let Some(difference) = difference {
            different.push((asked, node, difference));
        }
    }
    eprintln!("Prometheus' answers: {classes:?}");
    let wrong = different.len();
    let mut shown = String::new();
    for (asked, node, difference) in different.into_iter().take(SHOWN) {
        let whole = node.to_string();
        let (smallest, difference) = both.smallest(&asked, node, difference).await;
        shown.push_str(&format!("{smallest}\n  {asked:?}\n  {difference}\n  from {whole}\n"));
    }
    assert_eq!(wrong, 0, "of {count} expressions {wrong} are answered differently:\n{shown}");
}
