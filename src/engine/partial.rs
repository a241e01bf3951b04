//! The values of a label within a time budget: a slow picker is useless; a partial list is not.

use std::collections::BTreeSet;
use std::time::Duration;

use super::RequestScope;
use crate::catalog::{LabelValue, Source};
use crate::db::DbError;
use crate::sql::Statement;

/// How long the values of one label may take.
const BUDGET: Duration = Duration::from_secs(3);

/// Values of a label.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LabelValues {
    /// The values, sorted.
    pub values: Vec<String>,
    /// Whether there may be others: time was up before all rows were read.
    pub partial: bool,
    /// Whether there are more than may be listed.
    pub cut: bool,
}

impl RequestScope {
    /// The texts of a statement, and whether they are exact: when time is up, those of another statement, which costs
    /// little, take their place.
    pub(super) async fn in_budget(
        &self,
        statement: &Statement,
        source: &Source,
        value: &LabelValue,
        instead: Option<&Statement>,
        cap: u32,
    ) -> Result<(BTreeSet<String>, bool), DbError> {
        match self.database.texts(statement, self.deadline.within(BUDGET), cap).await {
            Err(error) if error.is_out_of_time() => {
                tracing::warn!(relation = %source.relation, column = %value.column().name,
                    "not all label values were found in time; datebin check names the index that would help");
                let Some(instead) = instead else { return Ok((BTreeSet::new(), true)) };
                match self.database.texts(instead, self.deadline.within(BUDGET), cap).await {
                    Err(error) if error.is_out_of_time() => Ok((BTreeSet::new(), true)),
                    other => other.map(|values| (values, true)),
                }
            }
            other => other.map(|values| (values, false)),
        }
    }
}
