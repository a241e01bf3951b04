//! What each rollup holds and answers, and why one is not used.

use std::collections::HashMap;

use chrono::DateTime;

use super::advice::advised;
use super::report::{Finding, Level, Rollup as Told};
use crate::catalog::facts::{RelationFacts, RelationKind};
use crate::catalog::{Held, Relation, Rollup, Source};
use crate::time::{Millis, Step};

/// The rollups of a source.
pub(super) fn rollups(source: &Source) -> Vec<Told> {
    source.rollups.iter().map(|rollup| told(source, rollup)).collect()
}

fn told(source: &Source, rollup: &Rollup) -> Told {
    let (holds, held) = match &rollup.held {
        Held::Span(from, to) => (Some((*from, *to)), format!("from {} up to {}", instant(*from), instant(*to))),
        Held::Nothing(why) => (None, format!("not used: {why}")),
    };
    let serves = source.metrics.iter().filter_map(|metric| {
        let columns = rollup.columns_of(metric)?;
        Some((metric.name.clone(), columns.served()))
    });
    Told {
        relation: rollup.rows.relation.to_string(),
        step: Step::Millis(rollup.step_ms).to_string(),
        holds,
        held,
        serves: serves.collect(),
    }
}

fn instant(ms: Millis) -> String {
    DateTime::from_timestamp_millis(ms).map_or_else(|| ms.to_string(), |at| at.format("%FT%TZ").to_string())
}

/// Why rollups are not used, and the index that would help.
pub(super) fn findings(source: &Source, facts: &HashMap<&Relation, &RelationFacts>) -> Vec<Finding> {
    let finding = |rollup: &Rollup| {
        let Held::Nothing(why) = &rollup.held else { return None };
        let rows = &rollup.rows;
        let finding = Finding::new(Level::Note, format!("the rollup {} is not used: {why}", rows.relation));
        let helps = |facts: &&&RelationFacts| {
            !matches!(facts.kind, RelationKind::View | RelationKind::Foreign)
                && !rows.indexes.iter().any(|index| index.iter().take(2).any(|column| *column == rows.time.column))
        };
        Some(match facts.get(&rows.relation).filter(helps) {
            Some(facts) => advised(finding, facts, &[&rows.time.column]),
            None => finding,
        })
    };
    source.rollups.iter().filter_map(finding).collect()
}
