//! Indexes that do not give their columns in order: of the names of metrics, and of the times of rollups.

use std::collections::HashMap;

use super::advice::{SMALL, advised};
use super::report::{Finding, Severity};
use crate::catalog::facts::{RelationFacts, UnorderedIndex};
use crate::catalog::{Relation, Rollup, Source, SourceRow};

/// What is not found along an index that is there for it.
pub(super) fn findings(source: &Source, facts: &HashMap<&Relation, &RelationFacts>) -> Vec<Finding> {
    let names = names(source, facts);
    names.into_iter().chain(source.rollups.iter().filter_map(|rollup| times(rollup, facts))).collect()
}

fn names(source: &Source, facts: &HashMap<&Relation, &RelationFacts>) -> Option<Finding> {
    let is_own = source.name_column.as_ref().filter(|column| column.row == SourceRow::Own);
    let name = &is_own.filter(|_| source.name_path.is_empty())?.name;
    let facts = facts.get(&source.relation).filter(|_| !source.has_index_leading_with(name))?;
    let leads = |index: &&UnorderedIndex| index.ordered == 0 && index.columns.first() == Some(name);
    let finding = without_order(facts.unordered.iter().find(leads)?, "the names of metrics are");
    Some(if facts.bytes > SMALL { advised(finding, facts, &[name, &source.time.column]) } else { finding })
}

/// The newest row is found by its time, or by those of each value of a column before it.
fn times(rollup: &Rollup, facts: &HashMap<&Relation, &RelationFacts>) -> Option<Finding> {
    let (rows, time) = (&rollup.rows, &rollup.rows.time.column);
    let is_found = rows.indexes.iter().any(|index| index.iter().take(2).any(|column| column == time));
    let facts = facts.get(&rows.relation).filter(|_| !is_found)?;
    let leads = |index: &&UnorderedIndex| index.columns.iter().take(2).any(|column| column == time);
    let what = format!("what the rollup {} holds is", rows.relation);
    Some(without_order(facts.unordered.iter().find(leads)?, &what))
}

fn without_order(index: &UnorderedIndex, what: &str) -> Finding {
    let (name, reason) = (&index.name, &index.reason);
    let text = format!("the index {name} gives no order: {reason}, so {what} not found along it");
    Finding::new(Severity::Note, text)
}
