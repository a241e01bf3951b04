//! The limit: the statement that datebin makes of a question, without datebin.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use datebin::ast::{Matcher, MetricRef, Selector, Span, Test};
use datebin::catalog::Snapshot;
use datebin::db::{DatabaseConfig, watch};
use datebin::lower::FetchRequest;
use datebin::pattern::Patterns;
use datebin::plan::{self, Context, Limits};
use datebin::refresh::{Catalog, CatalogConfig};
use datebin::sql::{self, Param, Statement};
use datebin::time::{TimeRange, Zone};

use super::{FROM, Question, REQUESTS, median};

/// What makes the statements of a database.
pub(super) struct Limit {
    url: String,
    snapshot: Arc<Snapshot>,
}

impl Limit {
    pub(super) async fn of(url: &str) -> Self {
        let database = DatabaseConfig::new(url).expect("a URL");
        let health = watch(database.clone());
        let config = CatalogConfig { file: None, zone: None, every: Duration::from_secs(3600) };
        let catalog = Catalog::kept(database, config, health);
        catalog.until_loaded().await;
        Self { url: url.to_owned(), snapshot: catalog.current().expect("a catalog") }
    }

    /// The median of the milliseconds of the question's statement under pgbench, its rows read by libpq.
    pub(super) fn milliseconds(&self, question: &Question, clients: usize) -> f64 {
        let directory = std::env::temp_dir().join(format!("datebin-bench-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let file = directory.join("script.sql");
        std::fs::write(&file, script(&statement(&self.snapshot, question))).expect("a script");
        let program = std::env::var("PGBENCH").unwrap_or_else(|_| "pgbench".into());
        let out = Command::new(program)
            .env("PGOPTIONS", "-c plan_cache_mode=force_custom_plan -c jit=off -c search_path=pg_catalog")
            .args(["-n", "-M", "prepared", "-c", &clients.to_string(), "-t", &REQUESTS.to_string(), "-l"])
            .arg(format!("--log-prefix={}", directory.join("log").display()))
            .arg("-f")
            .args([file.as_os_str(), self.url.as_ref()])
            .output()
            .expect("pgbench, from PostgreSQL's client programs");
        assert!(out.status.success(), "pgbench: {}", String::from_utf8_lossy(&out.stderr));
        std::fs::remove_file(&file).expect("the script goes");
        let times = logged(&directory);
        let _gone = std::fs::remove_dir_all(&directory);
        median(times)
    }
}

/// The milliseconds of each execution in the logs of pgbench.
fn logged(directory: &Path) -> Vec<f64> {
    let mut times = Vec::new();
    for log in std::fs::read_dir(directory).expect("logs") {
        let text = std::fs::read_to_string(log.expect("a log").path()).expect("a log");
        // Client, number, microseconds, …
        times.extend(text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<f64>().ok()).map(|us| us / 1000.0));
    }
    times
}

/// The statement of the question.
fn statement(snapshot: &Snapshot, question: &Question) -> Statement {
    let context = Context {
        snapshot,
        range: TimeRange::new(FROM, question.end()).expect("a range"),
        interval_ms: Some(question.step_ms),
        max_points: 1500,
        step: None,
        zone: &Zone::UTC,
        limits: Limits::default(),
        now: question.end(),
        ad_hoc: &[],
        pushes: true,
        patterns: &Patterns::default(),
    };
    let metric = MetricRef::Names(vec!["bench".into()]);
    let only =
        |host: &str| Matcher { label: "host".into(), test: Test::In([host.to_owned()].into()), span: Span::default() };
    let selector = Selector { metric, matchers: question.host.into_iter().map(only).collect(), ..Selector::default() };
    let span = Span::default();
    let request = FetchRequest { selector, function: None, pushed: None, span, function_span: span, answers: true };
    let planned = plan::fetches(&context, &[request]).expect("a plan");
    sql::fetch(&planned.groups[0].fetches[0])
}

/// The statement with its parameters written out, as pgbench knows no types. PostgreSQL plans a statement without parameters once for
/// each connection, and datebin's anew at each execution: the limit is the execution alone.
fn script(statement: &Statement) -> String {
    let mut text = statement.text.clone();
    for (at, param) in statement.params.iter().enumerate().rev() {
        let literal = match param {
            Param::Int(value) => value.to_string(),
            Param::Interval(ms) => format!("interval '{ms} milliseconds'"),
            Param::Instant(ms) => format!("to_timestamp({ms} / 1000.0)"),
            Param::Text(text) => format!("'{text}'"),
            Param::Texts(texts) => format!("'{{{}}}'::text[]", texts.join(",")),
            other => format!("{other:?}"),
        };
        text = text.replace(&format!("${}", at + 1), &literal);
    }
    text.push_str(";\n");
    text
}
