//! Which relations of their names the sources read.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use super::draft::Draft;
use crate::catalog::Source;
use crate::catalog::facts::Facts;

/// Tells sources and rollups what their relations are now.
pub(super) fn apply(draft: &mut Draft, facts: &Facts) {
    for source in draft.sources.iter_mut().map(|draft| &mut draft.source) {
        source.version = version(source, facts);
        for rollup in &mut source.rollups {
            rollup.rows.version = version(&rollup.rows, facts);
        }
    }
}

fn version(source: &Source, facts: &Facts) -> u64 {
    let mut hasher = DefaultHasher::new();
    for relation in source.relations().chain(source.tables_of_labels()) {
        let own = facts.relation(relation.schema.as_str(), relation.name.as_str());
        own.map(|own| &own.version).hash(&mut hasher);
        // Names of columns that were swapped, or given on, mean other columns.
        own.into_iter().flat_map(|own| &own.columns).for_each(|column| column.name.as_str().hash(&mut hasher));
    }
    hasher.finish()
}
