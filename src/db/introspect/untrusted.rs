//! Relations whose rows cannot be read without running code of an untrusted role.

use serde::Deserialize;

use super::{Loading, Results};

#[derive(Deserialize)]
struct UntrustedRow {
    relation: i64,
    role: String,
}

/// The relations, each with the role.
pub(super) const SCRIPT: &str = include_str!("../scripts/untrusted_code.sql");

/// Adds them to the facts.
pub(super) fn load(results: &mut Results, loading: &mut Loading) -> Result<(), sqlx::Error> {
    for row in results.rows::<UntrustedRow>()? {
        if let Some((relation, _)) = loading.at(row.relation) {
            relation.untrusted_owner = Some(row.role);
        }
    }
    Ok(())
}
