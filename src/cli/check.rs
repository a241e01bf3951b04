//! `datebin check`: the catalog against the live database.

mod advice;
mod plan;
mod report;
mod rollups;

use std::collections::{HashMap, HashSet};
use std::process::ExitCode;

use futures_util::{StreamExt as _, stream};
use serde_json::json;

use super::{Failure, print, say};
use crate::catalog::facts::{Facts, RelationFacts, RelationKind};
use crate::catalog::file::CatalogFile;
use crate::catalog::{AnnotationSource, Relation, Snapshot, Source};
use crate::config::Environment;
use crate::db::{Database, Health, Survey, survey};
use crate::engine::{Engine, Scope};
use crate::error::Error;
use crate::intake::{self, Question};
use crate::refresh::{self, Catalog};
use crate::time::{Clock, TimeRange};
use crate::wire::request::Query;
use plan::Plan;
use report::{Checked, Finding, Level, Report};

/// Sources whose plan is looked at, the largest first: there may be thousands.
const EXPLAINED: usize = 500;
/// Plans that are asked for at once.
const AT_ONCE: usize = 4;
const HOUR_MS: i64 = 3_600_000;

/// How `datebin check` ends: 0, every question works; 1, something is broken; 2, nothing could be checked (a setting, the
/// file's syntax, the database is away); 3, with --strict, something is slow.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes:
  0  every question works (what is slow is said)
  1  something is broken: a relation or column does not exist or may not be read, a question fails
  2  nothing could be checked: a setting, the file's syntax, the database is away
  3  with --strict: all works, but something is slow")]
pub(super) struct Arguments {
    /// The file to check instead of DATEBIN_CONFIG; - reads it from standard input.
    #[arg(long, value_name = "FILE")]
    config: Option<String>,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    /// Fail when something is slow, too.
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Checks, reports, and says by the exit code how it went.
pub(super) async fn run(environment: &Environment<'_>, arguments: &Arguments) -> ExitCode {
    match checked(environment, arguments).await {
        Ok(report) if report.broken > 0 => ExitCode::from(1),
        Ok(report) if report.slow > 0 && arguments.strict => ExitCode::from(3),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("datebin: {error}"));
            ExitCode::from(2)
        }
    }
}

async fn checked(environment: &Environment<'_>, arguments: &Arguments) -> Result<Report, Failure> {
    let database = environment.database()?;
    let config = environment.catalog()?;
    let file = match arguments.config.as_deref() {
        // Nothing else runs yet that a wait could hold up.
        Some("-") => CatalogFile::parse(&std::io::read_to_string(std::io::stdin())?)?,
        Some(path) => refresh::file(&refresh::CatalogConfig { file: Some(path.into()), ..config.clone() }).await?,
        None => refresh::file(&config).await?,
    };
    let mut found = survey(&database, &file, config.zone).await?;
    let mut report = Report::default();
    let problems = found.problems.iter().map(|problem| Finding::new(Level::Broken, problem.to_string()));
    report.findings.extend(problems);
    if let Some(snapshot) = found.snapshot.take() {
        let engine = Engine {
            database: Database::new(database, Health::default())?,
            catalog: Catalog::fixed(snapshot),
            limits: environment.limits()?,
            clock: Clock::System,
            request_timeout: environment.http()?.request_timeout,
            show_sql: false,
            resources: environment.resources()?,
        };
        examine(&engine, &*engine.snapshot()?, &found, &mut report).await;
    }
    report.close();
    print(&match arguments.format {
        Form::Text => report.text(),
        Form::Json => serde_json::to_string_pretty(&report)?,
    })?;
    Ok(report)
}

/// Looks at every source and every relation of annotations.
async fn examine(engine: &Engine, snapshot: &Snapshot, found: &Survey, report: &mut Report) {
    let facts: HashMap<&Relation, &RelationFacts> = found.facts.relations.iter().map(|f| (&f.relation, f)).collect();
    let role = engine.database.config().role();
    report.findings.extend(snapshot.notes().iter().map(|note| Finding::new(Level::Note, note)));
    report.metrics = snapshot.names().count();
    report.findings.extend(unread(&found.facts, snapshot, role));
    report.unexplained = snapshot.sources().len().saturating_sub(EXPLAINED);
    // Views have no size of their own, and may read anything.
    let mut order: Vec<&Source> = snapshot.sources().iter().collect();
    let size = |source: &&Source| facts.get(&source.relation).map_or(0, |f| weight(f));
    order.sort_by_key(|source| std::cmp::Reverse(size(source)));
    let asked: HashSet<&Relation> = order.into_iter().take(EXPLAINED).map(|s| &s.relation).collect();
    let one = |source| source_report(engine, source, &facts, found.facts.lockable, asked.contains(&source.relation));
    let running: Vec<_> = snapshot.sources().iter().map(one).collect();
    report.sources = stream::iter(running).buffered(AT_ONCE).collect().await;
    for source in snapshot.annotations() {
        report.annotations.extend(annotations_report(engine, source, &facts).await);
    }
}

fn weight(facts: &RelationFacts) -> u64 {
    if facts.kind == RelationKind::View { u64::MAX } else { facts.bytes }
}

/// What the role may not read of relations that are no sources, or no longer.
fn unread(facts: &Facts, snapshot: &Snapshot, role: &str) -> Vec<Finding> {
    let sources: HashSet<&Relation> = snapshot.sources().iter().map(|source| &source.relation).collect();
    let hidden = facts.relations.iter().filter(|f| f.discoverable && f.columns.iter().any(|column| !column.readable));
    hidden.filter(|f| !sources.contains(&f.relation)).filter_map(|f| advice::rights(f, role)).collect()
}

async fn source_report(
    engine: &Engine,
    source: &Source,
    facts: &HashMap<&Relation, &RelationFacts>,
    lockable: u64,
    explain: bool,
) -> Checked {
    let mut checked = Checked {
        relation: source.relation.to_string(),
        metrics: source.metrics.len(),
        time: advice::time(&source.time),
        bytes: source.bytes,
        ..Checked::default()
    };
    if let Some(own) = facts.get(&source.relation) {
        checked.kind = advice::word(own);
        checked.parts = advice::parts(own);
        checked.rows = own.rows;
        checked.findings.extend(advice::times(source, own, facts));
        checked.findings.extend(advice::end_index(source, own));
        checked.findings.extend(advice::locks(own, lockable));
        checked.findings.extend(advice::rights(own, engine.database.config().role()));
        let (labels, findings) = advice::labels(source, own);
        checked.labels = labels;
        checked.rollups = rollups::rollups(source);
        checked.findings.extend(rollups::findings(source, facts));
        checked.findings.extend(findings);
    }
    match source.metrics.first() {
        None => checked.findings.push(Finding::new(Level::Note, "it carries no metric: no names are stored yet")),
        Some(metric) if explain => match explained(engine, &metric.name).await {
            Ok(plan) => {
                if plan.slow {
                    let message = format!("a question reads large relations whole: {}", plan.whole.join(", "));
                    checked.findings.push(Finding::new(Level::Slow, message));
                }
                checked.plan = Some(plan);
            }
            Err(error) => checked.findings.push(failed(&metric.name, &error)),
        },
        Some(_) => {}
    }
    checked
}

fn failed(what: &str, error: &Error) -> Finding {
    Finding::new(Level::Broken, format!("the last hour of {what} cannot be read: {}", error.message))
}

/// The plan of the last hour of a metric.
async fn explained(engine: &Engine, metric: &str) -> Result<Plan, Error> {
    let scope = engine.scope()?;
    let plans = scope.explained(&last_hour(&scope, metric)?).await?;
    Ok(plan::read(&plans))
}

fn last_hour(scope: &Scope, metric: &str) -> Result<Question, Error> {
    let query = Query {
        targets: json!([{"target": metric}]),
        range: json!({"from": "now-1h", "to": "now"}),
        ..Query::default()
    };
    intake::question(&query, scope.moment(), scope.limits())
}

/// What there is to say of a relation of annotations; nothing of our own table before the migrations.
async fn annotations_report(
    engine: &Engine,
    source: &AnnotationSource,
    facts: &HashMap<&Relation, &RelationFacts>,
) -> Option<Checked> {
    let mut checked = Checked {
        relation: format!("annotations {}: {}", source.name, source.relation),
        kind: "table",
        time: advice::time(&source.time),
        ..Checked::default()
    };
    if let Some(facts) = facts.get(&source.relation) {
        (checked.kind, checked.rows, checked.bytes) = (advice::word(facts), facts.rows, facts.bytes);
        checked.findings.extend(advice::time_index(&source.time.column, &facts.indexes, facts));
    }
    let scope = engine.scope().ok()?;
    let now = scope.moment().now;
    let range = TimeRange::new(now - HOUR_MS, now).ok()?;
    match scope.explained_annotations(source, range).await {
        Ok(plan) => checked.plan = Some(plan::read(&[plan])),
        Err(_) if source.is_own() => return None,
        Err(error) => checked.findings.push(failed("these annotations", &error)),
    }
    Some(checked)
}
