//! Whose code runs when rows are read.

use serde::Deserialize;

use super::{Loading, Results};

#[derive(Deserialize)]
struct StrangerRow {
    relation: i64,
    role: String,
}

/// The roles that nobody need trust.
pub(super) const SCRIPT: &str = include_str!("../scripts/strangers.sql");

/// Takes them.
pub(super) fn load(results: &mut Results, loading: &mut Loading) -> Result<(), sqlx::Error> {
    for row in results.rows::<StrangerRow>()? {
        if let Some((relation, _)) = loading.at(row.relation) {
            relation.stranger = Some(row.role);
        }
    }
    Ok(())
}
