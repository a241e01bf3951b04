//! Random panels over rows that arrive: what the cache answers is what the database says.

mod world;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use datebin::cache::Cache;
use datebin::engine::Engine;
use datebin::frame::PromValue;
use datebin::time::Steps;
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::steps::fetched;
use super::{answered_as, at, cached};
use crate::support::Server;
use world::{BOTH, RAW, ROLLED, World};

/// How long the source is believed whose late rows appear by themselves.
const MAX_AGE: Duration = Duration::from_millis(50);
/// The panels of a dashboard.
const PANELS: usize = 3;

const TARGETS: &[&str] = &[
    "m",
    "sum(m)",
    "avg by (region) (m)",
    "max by (host) (max_over_time(m[5m]))",
    "min_over_time(m[90s])",
    "count_over_time(m[1m])",
    "first_over_time(m[3m])",
    "stddev_over_time(m[10m])",
    "last_over_time(m[1m])",
    "increase(m[5m])",
    "sum by (region) (rate(m[2m]))",
    "irate(m[5m])",
    "changes(m[1m]) + resets(m[1m])",
    "m offset 10m",
    "m{host=~\"h[12]|\"}",
    "count(m) + group(m)",
    "quantile_over_time(0.9, m[5m])",
];

/// Expressions of the Prometheus API.
const EXPRESSIONS: &[&str] = &[
    "m",
    "m offset 7m",
    "m{host=~\"h[13]\"} offset -30s",
    "sum by (region) (rate(m[5m]))",
    "increase(m[1h])",
    "irate(m[90s])",
    "delta(m[13m])",
    "changes(m[1m]) + resets(m[1m])",
    "avg_over_time(m[10m])",
    "min_over_time(m[30s])",
    "stddev_over_time(m[20m])",
    "quantile_over_time(0.3, m[2m])",
    "deriv(m[10m])",
    "predict_linear(m[15m], 600)",
    "last_over_time(m[1m]) / rate(m[1m])",
    "m - m offset 1h",
    "max_over_time(rate(m[2m])[20m:3m])",
    "sum(m @ 1743350000)",
    "rate(m[5m] @ start())",
    "absent(m{host=\"h4\"})",
    "topk(2, m)",
    "timestamp(m)",
];

/// The relative difference that two answers to a text may have: the sums of squares of deviations and of regressions lose digits.
fn tolerance(text: &str) -> f64 {
    if ["stddev", "deriv", "predict"].iter().any(|lossy| text.contains(lossy)) { 1e-9 } else { 1e-12 }
}

/// How a panel asks, again and again.
#[derive(Clone, Copy)]
enum Panel {
    Json { target: &'static str, step: &'static str, zone: &'static str },
    Range { text: &'static str, step_ms: i64 },
}

/// A panel's question for one range.
#[derive(Clone, Debug)]
enum Question {
    Json(&'static str, Value),
    Range(&'static str, Steps),
}

/// The series of an answer by their labels, and what is said beside them.
type Series = Vec<(String, Vec<(i64, f64)>)>;

/// Draws panels, and the ranges that they are asked for.
struct Draw(StdRng);

impl Draw {
    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.0.random_range(0..all.len())]
    }

    fn json(&mut self, target: &'static str) -> Panel {
        Panel::Json {
            target,
            step: self.of(&["1m", "1m", "5m", "7m", "1h", "1d", "90s"]),
            zone: self.of(&["UTC", "Europe/Prague", "Asia/Kolkata", "America/St_Johns"]),
        }
    }

    fn range(&mut self, text: &'static str) -> Panel {
        Panel::Range { text, step_ms: self.of(&[15_000, 60_000, 60_000, 300_000, 97_000]) }
    }

    /// A panel's question whose range ends near the instant, of two hours where it is to be a long one.
    fn question(&mut self, panel: Panel, now: i64, is_long: bool) -> Question {
        let end = now - self.of(&[0, 0, 0, 60_000, 600_000]);
        match panel {
            Panel::Json { target, step, zone } => {
                let minutes = if is_long { 120 } else { self.of(&[7, 30, 30, 95, 95, 240, 1500]) };
                let to = end + self.0.random_range(0..30_000);
                let query = json!({
                    "range": {"from": to - minutes * 60_000, "to": to}, "maxDataPoints": 2000, "timezone": zone,
                    "targets": [{"target": target, "refId": "A", "payload": {"step": step}}],
                });
                Question::Json(target, query)
            }
            Panel::Range { text, step_ms } => {
                let hours = u32::try_from(2 * 3_600_000 / step_ms).expect("steps");
                let len = if is_long { hours } else { self.of(&[1, 20, 90, 90, 400]) };
                // The steps of a dashboard are where they were; those of somebody else are not.
                let phase = if self.0.random_bool(0.9) { 0 } else { self.0.random_range(0..step_ms) };
                let end = end.div_euclid(step_ms) * step_ms + phase;
                Question::Range(text, Steps::even(end - i64::from(len - 1) * step_ms, step_ms, len))
            }
        }
    }
}

impl Question {
    const fn text(&self) -> &'static str {
        match self {
            Self::Json(text, _) | Self::Range(text, _) => text,
        }
    }
}

/// The answer of an engine, and where it came from in one word.
async fn ask(engine: Engine, question: Question, is_fresh: bool) -> (Series, &'static str) {
    match question {
        Question::Json(_, query) => {
            let (answer, word) = answered_as(engine, query, is_fresh).await;
            let frames = answer.answered.iter().flat_map(|target| &target.frames);
            (frames.map(|frame| (format!("{:?}", frame.labels), frame.points.clone())).collect(), word)
        }
        Question::Range(text, steps) => {
            let asked = fetched(engine, text.to_owned(), steps, is_fresh).await;
            let PromValue::Matrix(series) = asked.value else { panic!("{text} gives no series") };
            let points = |points: &[datebin::frame::PromPoint]| points.iter().map(|one| (one.ms, one.value)).collect();
            let mut all: Series = series.iter().map(|one| (format!("{:?}", one.labels), points(&one.points))).collect();
            all.push((format!("{:?}", asked.warnings), Vec::new()));
            (all, asked.word)
        }
    }
}

fn are_equal(a: &Series, b: &Series, by: f64) -> bool {
    let same = |x: f64, y: f64| x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= by * x.abs().max(y.abs());
    let points = |a: &[(i64, f64)], b: &[(i64, f64)]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && points(&a.1, &b.1))
}

/// Servers over the same rows, and what is asked of them.
struct Play {
    servers: Vec<Server>,
    /// Which of them has a rollup.
    rolled: Option<usize>,
    /// Which of them have not heard of late rows.
    unaware: Vec<bool>,
    /// Its rows are believed for a short time.
    brief: Server,
    world: World,
    draw: Draw,
    /// How many answers came from where.
    words: BTreeMap<&'static str, usize>,
}

impl Play {
    async fn begin(pool: &PgPool, hours: i64, declared: &[&str]) -> Self {
        let mut draw = Draw(StdRng::seed_from_u64(seed()));
        let world = World::begin(pool, &mut draw.0, hours).await;
        let rolled = declared.iter().position(|toml| *toml == ROLLED);
        let servers = join_all(declared.iter().map(|toml| cached(pool, toml))).await;
        let believed = format!("interval = \"20s\"\nmax_age = \"{}ms\"", MAX_AGE.as_millis());
        let brief = cached(pool, &RAW.replace("interval = \"20s\"", &believed)).await;
        Self { rolled, unaware: vec![false; servers.len()], servers, brief, world, draw, words: BTreeMap::new() }
    }

    /// What a server answers now: from what it knows, from the database and kept, or past the cache.
    async fn ask(&self, server: &Server, question: &Question, how: How) -> (Series, &'static str) {
        let none = Cache::off();
        let cache = if matches!(how, How::Plain) { &none } else { &server.engine.cache };
        let engine = at(&server.engine, self.world.now, cache);
        server.run(ask(engine, question.clone(), matches!(how, How::Fresh))).await
    }

    /// Whether an answer is that of the database.
    async fn is_true(&self, server: &Server, question: &Question, known: &Series) -> bool {
        let (plain, _) = self.ask(server, question, How::Plain).await;
        are_equal(known, &plain, tolerance(question.text()))
    }

    /// Some clients ask one server, one after the other or all at once.
    async fn clients(&mut self, number: usize, questions: &[Question], at_once: bool) {
        let server = &self.servers[number];
        let mut answers = Vec::new();
        if at_once {
            answers = join_all(questions.iter().map(|question| self.ask(server, question, How::Known))).await;
        } else {
            for question in questions {
                answers.push(self.ask(server, question, How::Known).await);
            }
        }
        for (question, (known, word)) in questions.iter().zip(&answers) {
            let is_true = self.is_true(server, question, known).await;
            assert!(
                is_true,
                "seed {}, server {number}, {word}, at {}: {question:?}\n{known:?}",
                seed(),
                self.world.now
            );
            *self.words.entry(word).or_default() += 1;
        }
    }

    /// Late rows, and somebody who says so to the servers before they are asked again.
    async fn be_told(&mut self) {
        self.world.be_late(&mut self.draw.0).await;
        self.unaware.fill(true);
    }

    fn hear(&mut self, number: usize) {
        if std::mem::take(&mut self.unaware[number]) {
            self.servers[number].catalog.refresh();
        }
    }

    /// Late rows that a client sees who asks for the newest, and those after it.
    async fn be_fresh(&mut self, number: usize, question: &Question) {
        self.world.be_late(&mut self.draw.0).await;
        let server = &self.servers[number];
        for how in [How::Fresh, How::Known] {
            let (answer, word) = self.ask(server, question, how).await;
            let is_true = self.is_true(server, question, &answer).await;
            assert!(is_true, "seed {}, {how:?}, {word}, at {}: {question:?}\n{answer:?}", seed(), self.world.now);
        }
        self.be_told().await;
    }

    /// Late rows that nobody speaks of: an answer may be without them until what was read before is too old.
    async fn be_silent(&mut self, question: &Question) {
        self.ask(&self.brief, question, How::Known).await;
        self.world.be_late(&mut self.draw.0).await;
        let changed = Instant::now();
        loop {
            let asked = changed.elapsed();
            let (known, word) = self.ask(&self.brief, question, How::Known).await;
            if self.is_true(&self.brief, question, &known).await {
                break;
            }
            assert!(asked < MAX_AGE, "seed {}, {word} after {asked:?}: {question:?}\n{known:?}", seed());
        }
        self.be_told().await;
    }

    /// Each text is a panel of a dashboard, which is asked so many times as rows arrive. How many answers came from where.
    async fn run(
        mut self,
        texts: &[&'static str],
        panel: impl Fn(&mut Draw, &'static str) -> Panel,
        refreshes: usize,
    ) -> BTreeMap<&'static str, usize> {
        let dashboards: Vec<_> = texts.chunks(PANELS).collect();
        let rounds = rounds(dashboards.len() * refreshes);
        let mut panels = Vec::new();
        for round in 0..rounds {
            let dashboard = round / refreshes;
            let number = dashboard % self.servers.len();
            if round % refreshes == 0 {
                let texts = dashboards[dashboard % dashboards.len()];
                panels = texts.iter().map(|text| panel(&mut self.draw, text)).collect();
            }
            let later = self.draw.0.random_range(5_000..90_000);
            self.world.go_on(&mut self.draw.0, later).await;
            self.hear(number);
            if self.rolled == Some(number) && round % 2 == 1 {
                // Twice in a dashboard, which is longer than an hour.
                self.world.go_on(&mut self.draw.0, 2_000_000).await;
                self.world.roll_on(&self.servers[number]).await;
            }
            let any = self.draw.of(&panels);
            let long = self.draw.question(any, self.world.now, true);
            match round % 20 {
                2 => self.be_told().await,
                7 => self.be_fresh(number, &long).await,
                12 => self.be_silent(&long).await,
                _ => {}
            }
            self.hear(number);
            let mut asked = panels.clone();
            let at_once = self.draw.0.random_bool(0.4);
            asked.extend(at_once.then_some(any));
            let now = self.world.now;
            let questions: Vec<_> = asked.into_iter().map(|panel| self.draw.question(panel, now, false)).collect();
            self.clients(number, &questions, at_once).await;
        }
        self.words
    }
}

/// What a client wants.
#[derive(Clone, Copy, Debug)]
enum How {
    Known,
    Fresh,
    Plain,
}

/// How many times dashboards are asked; `DATEBIN_TEST_CACHE_ROUNDS` asks for more.
fn rounds(usual: usize) -> usize {
    std::env::var("DATEBIN_TEST_CACHE_ROUNDS").map_or(usual, |rounds| rounds.parse().expect("a number"))
}

fn seed() -> u64 {
    std::env::var("DATEBIN_ORACLE_SEED").map_or(11, |seed| seed.parse().expect("a number"))
}

#[sqlx::test(migrations = false)]
async fn random_questions_over_rows_that_arrive_are_answered_as_without_a_cache(pool: PgPool) {
    let words = Play::begin(&pool, 28, &[RAW, ROLLED, BOTH]).await.run(TARGETS, Draw::json, 5).await;
    assert!(
        words.get("partial").is_some_and(|partial| partial * 3 > words.values().sum()),
        "seed {}: {words:?}",
        seed()
    );
}

#[sqlx::test(migrations = false)]
async fn random_ranges_of_the_prometheus_api_are_answered_as_without_a_cache(pool: PgPool) {
    let words = Play::begin(&pool, 9, &[RAW, BOTH]).await.run(EXPRESSIONS, Draw::range, 4).await;
    let known = ["partial", "hit"].iter().filter_map(|word| words.get(word)).sum::<usize>();
    assert!(known * 3 > words.values().sum(), "seed {}: {words:?}", seed());
}
