//! What each rollup holds and answers, and why a rollup is not used.

use std::collections::HashMap;

use chrono::DateTime;

use super::advice::{advised, has_indexes};
use super::report::{Finding, RollupReport, Severity};
use crate::catalog::facts::RelationFacts;
use crate::catalog::{Relation, Rollup, RollupCoverage, Source};
use crate::time::{Millis, TimeRange};

/// Holes that are named in the text.
const SHOWN: usize = 5;

/// The rollups of a source.
pub(super) fn rollups(source: &Source) -> Vec<RollupReport> {
    source.rollups.iter().map(|rollup| report(source, rollup)).collect()
}

fn report(source: &Source, rollup: &Rollup) -> RollupReport {
    let (holds, held) = match &rollup.held {
        RollupCoverage::Ranges(ranges) => {
            (ranges.iter().map(|range| [range.from, range.to]).collect(), holds(rollup, ranges))
        }
        RollupCoverage::Nothing(why) => (Vec::new(), format!("not used: {why}")),
    };
    let serves = source.metrics.iter().filter_map(|metric| {
        let columns = rollup.columns_of(metric)?;
        Some((metric.name.clone(), rollup.served(columns)))
    });
    RollupReport {
        relation: rollup.rows.relation.to_string(),
        step: rollup.step_text(),
        safe: rollup.is_safe,
        lacks: rollup.lacks.clone(),
        holds,
        held,
        serves: serves.collect(),
    }
}

/// What it holds in words, holes included.
fn holds(rollup: &Rollup, ranges: &[TimeRange]) -> String {
    let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else { return "nothing".to_owned() };
    let mut text = format!("from {} up to {}", instant(first.from), instant(last.to));
    let holes = holes(ranges);
    if !holes.is_empty() {
        let shown: Vec<String> = holes.iter().rev().take(SHOWN).map(between).collect();
        text.push_str(&format!(", without {}", shown.join(", ")));
        if holes.len() > SHOWN {
            text.push_str(&format!(" and {} more", holes.len() - SHOWN));
        }
    }
    if let Some(at) = rollup.unsearched {
        text.push_str(&format!("; holes before {} were not looked for", instant(at)));
    }
    text
}

/// What lies between the ranges.
fn holes(ranges: &[TimeRange]) -> Vec<TimeRange> {
    ranges.windows(2).map(|pair| TimeRange { from: pair[0].to, to: pair[1].from }).collect()
}

fn between(hole: &TimeRange) -> String {
    format!("{} to {}", instant(hole.from), instant(hole.to))
}

fn instant(ms: Millis) -> String {
    DateTime::from_timestamp_millis(ms).map_or_else(|| ms.to_string(), |at| at.format("%FT%TZ").to_string())
}

/// Why rollups are not used, or not for all that they span, and the index that would help.
pub(super) fn findings(source: &Source, facts: &HashMap<&Relation, &RelationFacts>) -> Vec<Finding> {
    let of = |rollup| {
        let findings = [unused(rollup, facts), gaps(source, rollup), unsafe_for_tokens(source, rollup)];
        findings.into_iter().flatten()
    };
    source.rollups.iter().flat_map(of).collect()
}

/// A rollup with the rows of all tokens.
fn unsafe_for_tokens(source: &Source, rollup: &Rollup) -> Option<Finding> {
    let relation = &rollup.rows.relation;
    let what = format!(
        "the rollup {relation} is not used for tokens: the source has rows = \"token\", the rollup has no safe = true"
    );
    (source.by_token && !source.has_policies && !rollup.is_safe).then(|| Finding::new(Severity::Note, what))
}

fn unused(rollup: &Rollup, facts: &HashMap<&Relation, &RelationFacts>) -> Option<Finding> {
    let RollupCoverage::Nothing(why) = &rollup.held else { return None };
    let rows = &rollup.rows;
    let finding = Finding::new(Severity::Note, format!("the rollup {} is not used: {why}", rows.relation));
    let helps = |facts: &&&RelationFacts| {
        has_indexes(facts)
            && !rows.indexes.iter().any(|index| index.iter().take(2).any(|column| *column == rows.time.column))
    };
    Some(match facts.get(&rows.relation).filter(helps) {
        Some(facts) => advised(finding, facts, &[&rows.time.column]),
        None => finding,
    })
}

/// The holes of a rollup.
fn gaps(source: &Source, rollup: &Rollup) -> Option<Finding> {
    let RollupCoverage::Ranges(ranges) = &rollup.held else { return None };
    let holes = holes(ranges);
    let newest = holes.last()?;
    let (relation, raw) = (&rollup.rows.relation, &source.relation);
    let more = if holes.len() > 1 { format!(" and {} earlier holes", holes.len() - 1) } else { String::new() };
    let what = format!("the rollup {relation} holds nothing for {}{more}: {raw} is read there", between(newest));
    Some(Finding::new(Severity::Note, what))
}
