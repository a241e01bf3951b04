//! Sources of which policies may hide rows from datebin's own role.

use std::collections::HashMap;

use super::draft::{Draft, Verdict};
use crate::catalog::facts::Facts;
use crate::catalog::{Relation, RollupCoverage, Source};

/// Marks the sources that read a relation with policies. Their rollups know the rows of everybody, and a rollup that has
/// policies itself lacks rows for some, so only safe ones are used.
pub(super) fn apply(draft: &mut Draft, facts: &Facts) {
    let mut barred: HashMap<Relation, String> = HashMap::new();
    for source in draft.sources.iter_mut().map(|draft| &mut draft.source) {
        let of_source = policed(source, facts);
        source.has_policies = of_source.is_some();
        for rollup in &mut source.rollups {
            let of_rollup = policed(&rollup.rows, facts);
            rollup.rows.has_policies = of_rollup.is_some();
            let Some(relation) = of_source.as_ref().or(of_rollup.as_ref()) else { continue };
            rollup.bar(relation);
            if let (false, RollupCoverage::Nothing(why)) = (rollup.is_safe, &rollup.held) {
                let reason = format!("a rollup of {} that is not used: {why}", source.relation);
                barred.insert(rollup.rows.relation.clone(), reason);
            }
        }
    }
    for decision in draft.decisions.iter_mut().filter(|one| one.verdict == Verdict::LeftOut && one.column.is_none()) {
        if let Some(reason) = barred.remove(&decision.relation) {
            decision.reason = reason;
        }
    }
}

/// The relation that a source reads and that has policies.
fn policed(source: &Source, facts: &Facts) -> Option<Relation> {
    let has_policies = |relation: &&Relation| {
        let own = facts.relation(relation.schema.as_str(), relation.name.as_str());
        own.is_some_and(|own| own.has_policies)
    };
    source.relations().find(has_policies).cloned()
}
