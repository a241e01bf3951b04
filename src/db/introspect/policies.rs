//! Relations whose rows policies may hide from our role.

use serde::Deserialize;

use super::{Loading, Results};

#[derive(Deserialize)]
struct PolicedRow {
    relation: i64,
}

/// The relations.
pub(super) const SCRIPT: &str = include_str!("../scripts/policies.sql");

/// Adds that to the facts.
pub(super) fn load(results: &mut Results, loading: &mut Loading) -> Result<(), sqlx::Error> {
    for row in results.rows::<PolicedRow>()? {
        if let Some((relation, _)) = loading.at(row.relation) {
            relation.has_policies = true;
        }
    }
    Ok(())
}
