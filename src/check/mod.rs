//! The catalog against the live database: what works, what is slow, what would help. `datebin check` prints it, and the
//! explorer shows it.

mod advice;
mod plan;
mod report;
mod rollups;
mod shards;
mod unordered;

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt as _, stream};
use serde_json::json;

use crate::catalog::facts::{Facts, RelationFacts, RelationKind};
use crate::catalog::file::CatalogFile;
use crate::catalog::{AnnotationSource, Relation, Snapshot, Source};
use crate::db::{DatabaseConfig, LoadError, Survey, survey, undeclared};
use crate::engine::{Engine, RequestScope};
use crate::error::Error;
use crate::intake::{self, Question};
use crate::refresh::Catalog;
use crate::time::{TimeRange, Zone};
use crate::wire::request::Query;
use plan::Plan;
pub use report::Report;
use report::{CheckedRelation, Finding, Severity};

/// Sources whose plan is looked at, the largest first: there may be thousands.
const EXPLAINED: usize = 500;
/// Plans that are asked for at once.
const AT_ONCE: usize = 4;
const HOUR_MS: i64 = 3_600_000;

/// Checks a file against a database. `engine` makes one that asks questions of a catalog.
///
/// # Errors
/// The database does not answer.
pub async fn check(
    database: &DatabaseConfig,
    zone: Option<Zone>,
    file: &CatalogFile,
    engine: impl FnOnce(Catalog) -> Engine,
) -> Result<Report, LoadError> {
    let mut found = survey(database, file, zone).await?;
    let mut report = Report::default();
    let problems = found.problems.iter().map(|problem| Finding::new(Severity::Broken, problem.to_string()));
    report.findings.extend(problems);
    for relation in undeclared(database, file, zone).await.unwrap_or_default() {
        report.findings.push(Finding::new(Severity::Note, undeclared_text(&relation)));
    }
    if let Some(snapshot) = found.snapshot.take() {
        let engine = engine(Catalog::fixed(snapshot));
        if let Ok(snapshot) = engine.snapshot() {
            examine(&engine, &snapshot, &found, &mut report).await;
        }
    }
    report.close();
    Ok(report)
}

/// What is said of a relation that a file without discovery does not name.
#[must_use]
pub fn undeclared_text(relation: &str) -> String {
    format!("{relation} is not in the file, and discovery is off: declare it, or set `enabled = true` in [discovery]")
}

/// Looks at every source and every relation of annotations.
async fn examine(engine: &Engine, snapshot: &Snapshot, found: &Survey, report: &mut Report) {
    let facts: HashMap<&Relation, &RelationFacts> = found.facts.relations.iter().map(|f| (&f.relation, f)).collect();
    let role = engine.database.config().role();
    report.findings.extend(snapshot.notes().iter().map(|note| Finding::new(Severity::Note, note)));
    report.findings.extend(
        snapshot
            .missing()
            .unread
            .iter()
            .map(|one| Finding::new(if one.is_slow { Severity::Note } else { Severity::Broken }, &one.text)),
    );
    report.metrics = snapshot.names().count();
    let beside = snapshot.searched().beside().filter(|_| report.metrics > 0);
    report.findings.extend(beside.map(|other| Finding::new(Severity::Note, other)));
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
) -> CheckedRelation {
    let mut checked = CheckedRelation {
        relation: source.relation.to_string(),
        metrics: source.metrics.len(),
        time: advice::time(&source.time),
        bytes: source.bytes,
        ..CheckedRelation::default()
    };
    if let Some(own) = facts.get(&source.relation) {
        checked.kind = advice::word(own);
        checked.parts = advice::parts(own);
        checked.rows = own.rows;
        checked.findings.extend(advice::times(source, own, facts));
        checked.findings.extend(advice::end_index(source, own));
        checked.findings.extend(shards::findings(source, own));
        checked.findings.extend(advice::locks(own, lockable));
        checked.findings.extend(advice::rights(own, engine.database.config().role()));
        let (labels, findings) = advice::labels(source, own);
        checked.labels = labels;
        checked.rollups = rollups::rollups(source);
        checked.findings.extend(rollups::findings(source, facts));
        checked.findings.extend(unordered::findings(source, facts));
        checked.findings.extend(findings);
    }
    match source.metrics.first() {
        None if engine.snapshot().is_ok_and(|snapshot| snapshot.missing().is_of(&source.relation)) => {}
        None => checked.findings.push(Finding::new(Severity::Note, "it carries no metric: no names are known")),
        Some(metric) if explain => match explained(engine, &metric.name).await {
            Ok(plan) => {
                if plan.slow {
                    let message = format!("a question reads large relations whole: {}", plan.whole.join(", "));
                    checked.findings.push(Finding::new(Severity::Slow, message));
                }
                checked.findings.extend(shards::fetched(&plan));
                checked.plan = Some(plan);
                // A plan asks no other server.
                if facts.get(&source.relation).is_some_and(|own| !own.shards.is_empty()) {
                    checked.findings.extend(tried(engine, &metric.name).await);
                }
            }
            Err(error) => checked.findings.push(failed("the last hour", &metric.name, &error)),
        },
        Some(_) => {}
    }
    checked
}

fn failed(when: &str, what: &str, error: &Error) -> Finding {
    Finding::new(Severity::Broken, format!("{when} of {what} cannot be read: {}", error.message))
}

/// The error of a question for the last minute of a metric, which asks all servers with rows of it; none if it is answered.
async fn tried(engine: &Engine, metric: &str) -> Option<Finding> {
    let scope = engine.scope().ok()?;
    let question = asked(&scope, metric, "now-1m").ok()?;
    let error = scope.tried(&question).await.err()?;
    Some(failed("the last minute", metric, &error))
}

/// The plan of the last hour of a metric.
async fn explained(engine: &Engine, metric: &str) -> Result<Plan, Error> {
    let scope = engine.scope()?;
    let plans = scope.explained(&asked(&scope, metric, "now-1h")?).await?;
    Ok(plan::read(&plans))
}

/// A question for a metric up to now.
fn asked(scope: &RequestScope, metric: &str, from: &str) -> Result<Question, Error> {
    let query =
        Query { targets: json!([{"target": metric}]), range: json!({"from": from, "to": "now"}), ..Query::default() };
    intake::question(&query, scope.moment(), scope.limits())
}

/// What there is to say of a relation of annotations; nothing of our own table before the migrations.
async fn annotations_report(
    engine: &Engine,
    source: &AnnotationSource,
    facts: &HashMap<&Relation, &RelationFacts>,
) -> Option<CheckedRelation> {
    let mut checked = CheckedRelation {
        relation: format!("annotations {}: {}", source.name, source.relation),
        kind: "table",
        time: advice::time(&source.time),
        ..CheckedRelation::default()
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
        Err(error) => checked.findings.push(failed("the last hour", "these annotations", &error)),
    }
    Some(checked)
}
