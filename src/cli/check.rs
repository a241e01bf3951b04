//! `datebin check`: the catalog against the live database.

use std::process::ExitCode;
use std::time::Instant;

use serde_json::json;

use super::{Failure, print, query};
use crate::catalog::{Label, LabelValue, Source, TimeKind};
use crate::config::Environment;
use crate::engine::Engine;
use crate::intake::{self, Moment};
use crate::wire::request::Query;

/// Reports on every source; the exit code is 1 when one of them cannot be read or will be slow.
pub(super) async fn run(environment: &Environment<'_>) -> Result<ExitCode, Failure> {
    let engine = query::one_shot(environment).await?;
    let snapshot = engine.snapshot()?;
    let mut report = String::new();
    let mut troubles = 0;
    for source in snapshot.sources() {
        let (text, wrong) = examined(&engine, source).await;
        report.push_str(&text);
        troubles += wrong;
    }
    let metrics = snapshot.names().count();
    let sources = snapshot.sources().len();
    report.push_str(&format!("\n{sources} sources, {metrics} metrics, {troubles} troubles\n"));
    print(&report)?;
    Ok(if troubles == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What there is to say of a source, and how many troubles it has.
async fn examined(engine: &Engine, source: &Source) -> (String, usize) {
    let mut text = format!("\n{}: {} metrics, {} MB\n", source.relation, source.metrics.len(), source.bytes >> 20);
    let mut troubles = Vec::new();
    let time = &source.time.column;
    if !source.indexes.iter().any(|index| index.contains(time)) {
        troubles.push(format!(
            "no index holds the time column {time}: every question reads the whole relation\n      \
             CREATE INDEX CONCURRENTLY ON {} ({});",
            quoted(source),
            time.quoted()
        ));
    }
    if let TimeKind::Local(zone) | TimeKind::Date(zone) = &source.time.kind {
        text.push_str(&format!("    {time} has no zone and is read as {}\n", zone.name()));
    }
    for label in &source.labels {
        text.push_str(&format!("    {}\n", strategy(source, label)));
    }
    match asked(engine, source).await {
        Some(Ok(said)) => text.push_str(&format!("    {said}\n")),
        Some(Err(error)) => troubles.push(error),
        None => text.push_str("    carries no metric\n"),
    }
    for trouble in &troubles {
        text.push_str(&format!("  ! {trouble}\n"));
    }
    (text, troubles.len())
}

fn quoted(source: &Source) -> String {
    format!("{}.{}", source.relation.schema.quoted(), source.relation.name.quoted())
}

/// How the values of a label are found.
fn strategy(source: &Source, label: &Label) -> String {
    match label {
        Label::One { name, value: LabelValue::Column(column) } if source.has_index_leading_with(&column.name) => {
            format!("label {name}: values from an index")
        }
        Label::One { name, value: LabelValue::Column(column) } => format!(
            "label {name}: values from the newest rows; for all of them at once: \
             CREATE INDEX CONCURRENTLY ON {} ({}, {});",
            quoted(source),
            column.name.quoted(),
            source.time.column.quoted()
        ),
        Label::One { name, .. } => format!("label {name}: values from the newest rows"),
        Label::Members { document } => {
            format!("labels from the members of {}: {}", document.column().name, source.members.join(", "))
        }
    }
}

/// Asks for the last hour of the source's first metric.
async fn asked(engine: &Engine, source: &Source) -> Option<Result<String, String>> {
    let metric = source.metrics.first()?;
    let begun = Instant::now();
    let query = Query {
        targets: json!([{"target": metric.name}]),
        range: json!({"from": "now-1h", "to": "now"}),
        ..Query::default()
    };
    Some(match answer(engine, &query).await {
        Ok(series) => {
            let ms = begun.elapsed().as_millis();
            Ok(format!("the last hour of {}: {series} series in {ms} ms", metric.name))
        }
        Err(error) => Err(format!("the last hour of {} cannot be read: {}", metric.name, error.full_message())),
    })
}

async fn answer(engine: &Engine, query: &Query) -> Result<usize, crate::error::Error> {
    let snapshot = engine.snapshot()?;
    let moment = Moment { now: engine.clock.now(), zone: snapshot.zone() };
    let question = intake::question(query, moment, engine.limits.targets)?;
    let answer = engine.answer(&question).await?;
    Ok(answer.answered.iter().map(|target| target.frames.len()).sum())
}
