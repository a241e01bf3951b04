//! What discovery found, as a `datebin.toml` to edit: every decision with its reason, and what was left out and why.

mod rollup;
mod rows;
mod value;

use std::collections::HashMap;
use std::fmt::Write as _;

use chrono::Weekday;

use rollup::rollup;
use rows::{joins, labels, matchers, refined, time};

use super::classify::{Decision, Verdict};
use super::{Column, LOOKBACK_MS, Metric, MetricKind, Relation, SettleDelay, Snapshot, Source, SourceRow};
use crate::ast::OverTime;

const HEAD: &str = "\
# Written by `datebin discover`. Everything that discovery found stands below, so it is switched off here: edit this
# file, or delete what you do not want to say yourself and switch discovery on.
";

/// The file. Read again, it gives the same catalog.
#[must_use]
pub fn write(snapshot: &Snapshot, decisions: &[Decision]) -> String {
    let mut out = HEAD.to_owned();
    line(&mut out, &["time_zone = ", &quoted(snapshot.zone().name())]);
    let first = snapshot.zone().first_weekday();
    if first != Weekday::Mon {
        line(&mut out, &["week_starts = ", &quoted(&format!("{first:?}").to_lowercase())]);
    }
    out.push_str("\n[discovery]\nenabled = false\n");
    let mut by_relation: HashMap<&Relation, Vec<&Decision>> = HashMap::new();
    for decision in decisions {
        by_relation.entry(&decision.relation).or_default().push(decision);
    }
    for found in snapshot.sources() {
        source(&mut out, found, by_relation.get(&found.relation).map_or(&[], Vec::as_slice));
    }
    left_out(&mut out, snapshot, decisions);
    let unread = snapshot.missing().unread.iter().map(|one| &one.text);
    for note in snapshot.notes().iter().chain(unread) {
        comment(&mut out, note);
    }
    if snapshot.names().next().is_some() {
        snapshot.searched().beside().iter().for_each(|other| comment(&mut out, other));
    }
    out
}

fn source(out: &mut String, source: &Source, decisions: &[&Decision]) {
    out.push('\n');
    for decision in decisions.iter().filter(|decision| decision.column.is_none()) {
        comment(out, &format!("{}: {}", decision.relation, decision.reason));
    }
    out.push_str("[[source]]\n");
    if source.relation.schema.as_str().contains('.') {
        comment(out, "a schema with a dot in its name cannot be declared yet");
    }
    line(out, &["relation = ", &quoted(&source.relation.to_string())]);
    reasons(out, decisions, Verdict::Time);
    line(out, &["time = ", &time(&source.time, &source.joins)]);
    reasons(out, decisions, Verdict::Label);
    line(out, &["labels = ", &labels(source, SourceRow::Own)]);
    matchers(out, &source.filters);
    if let Some(ms) = source.interval_ms {
        line(out, &["interval = ", &quoted(&format!("{ms}ms"))]);
    }
    if source.lookback_ms != LOOKBACK_MS {
        line(out, &["lookback = ", &quoted(&format!("{}ms", source.lookback_ms))]);
    }
    if let Some(ms) = source.staleness_ms {
        line(out, &["staleness = ", &quoted(&format!("{ms}ms"))]);
    }
    match source.settles {
        Some(SettleDelay::Never) => line(out, &["settles = ", &quoted("never")]),
        Some(SettleDelay::After(ms)) => line(out, &["settles = ", &quoted(&format!("{ms}ms"))]),
        None => {}
    }
    if let Some(age) = source.max_age {
        line(out, &["max_age = ", &quoted(&format!("{}ms", age.as_millis()))]);
    }
    if source.by_token {
        line(out, &["rows = ", &quoted("token")]);
    }
    reasons(out, decisions, Verdict::LeftOut);
    value::forms(out, source);
    if source.name_column.is_some() || source.numbers.is_some() {
        narrow(out, source, decisions);
    }
    for own in source.metrics.iter().filter(|own| own.stored_name.is_none()) {
        metric(out, own, decisions);
    }
    joins(out, source, SourceRow::Own, "source");
    source.rollups.iter().filter(|own| rollup::can_be_said(source, own)).for_each(|own| rollup(out, own));
}

fn narrow(out: &mut String, source: &Source, decisions: &[&Decision]) {
    reasons(out, decisions, Verdict::Name);
    let is_plain = |name: &&Column| name.row == SourceRow::Own && source.name_path.is_empty();
    if let Some(name) = source.name_column.as_ref().filter(is_plain) {
        line(out, &["name = ", &quoted(name.name.as_str())]);
    } else if let Some(column) = source.name_column.as_ref().filter(|_| !source.name_path.is_empty()) {
        line(out, &["name = { json = ", &rows::list(column, &source.name_path), " }"]);
    }
    let stored = || source.metrics.iter().filter_map(|own| own.stored_name.as_ref().map(|name| (own, name)));
    let Some((first, name)) = stored().next() else {
        source.numbers.iter().for_each(|document| value::members(out, document));
        comment(out, "no names are known");
        return;
    };
    let prefix = first.name.strip_suffix(name.as_str());
    if let Some(prefix) = prefix.filter(|prefix| !prefix.is_empty() || source.numbers.is_some()) {
        line(out, &["prefix = ", &quoted(prefix)]);
    }
    reasons(out, decisions, Verdict::Value);
    match &source.numbers {
        Some(document) => value::members(out, document),
        None => value::of_source(out, &first.value),
    }
    let counters = stored().map(|(own, _)| own).filter(|own| own.kind == MetricKind::Counter);
    for counter in counters {
        comment(out, &format!("{}: a counter by its name (a guess)", counter.name));
    }
    for own in &source.metrics {
        refined(out, own);
    }
}

fn metric(out: &mut String, metric: &Metric, decisions: &[&Decision]) {
    for cell in metric.value.cells() {
        let column = &cell.column.name;
        for decision in decisions.iter().filter(|decision| decision.column.as_ref() == Some(column)) {
            comment(out, &format!("{column}: {}", decision.reason));
        }
    }
    line(out, &["[source.metric.", &quoted(&metric.name), "]"]);
    value::of_metric(out, &metric.value);
    value::adjusted(out, metric);
    let kind = if metric.kind == MetricKind::Counter { "counter" } else { "gauge" };
    line(out, &["kind = ", &quoted(kind)]);
    if let Some(unit) = &metric.unit {
        line(out, &["unit = ", &quoted(unit)]);
    }
    if metric.over_time != OverTime::Avg || metric.value.cells().is_empty() {
        line(out, &["over_time = ", &quoted(metric.over_time.word())]);
    }
    if let Some(help) = &metric.help {
        line(out, &["help = ", &quoted(help)]);
    }
}

fn reasons(out: &mut String, decisions: &[&Decision], verdict: Verdict) {
    for decision in decisions.iter().filter(|decision| decision.verdict == verdict) {
        if let Some(column) = &decision.column {
            let left = if verdict == Verdict::LeftOut { "left out, " } else { "" };
            comment(out, &format!("{column}: {left}{}", decision.reason));
        }
    }
}

fn left_out(out: &mut String, snapshot: &Snapshot, decisions: &[Decision]) {
    let whole = decisions.iter().filter(|decision| decision.column.is_none() && decision.verdict == Verdict::LeftOut);
    let whole: Vec<&Decision> = whole.filter(|decision| !has(snapshot, &decision.relation)).collect();
    if !whole.is_empty() {
        out.push_str("\n# Left out:\n");
    }
    for decision in whole {
        comment(out, &format!("{}: {}", decision.relation, decision.reason));
    }
}

fn has(snapshot: &Snapshot, relation: &Relation) -> bool {
    // Sources are sorted by relation.
    snapshot.sources().binary_search_by(|source| source.relation.cmp(relation)).is_ok()
}

fn line(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
    out.push('\n');
}

/// One line, whatever the text holds.
fn comment(out: &mut String, text: &str) {
    out.push_str("# ");
    out.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
    out.push('\n');
}

/// A basic string. <https://toml.io/en/v1.0.0#string>
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                // Writing into a String cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
