//! The values of a label within a time budget: a picker that waits for long is of no use, half a list is.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Scope;
use crate::catalog::{LabelValue, Row, Source};
use crate::db::DbError;
use crate::sql::{self, Statement};

/// How long the values of one label may take.
const BUDGET: Duration = Duration::from_secs(3);

/// Values of a label.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LabelValues {
    /// The values, sorted.
    pub values: Vec<String>,
    /// Whether there may be others: time was up before all rows were read.
    pub partial: bool,
}

impl Scope {
    /// The texts of a statement, and whether some may be missing: when time is up, those that ANALYZE kept take
    /// their place.
    pub(super) async fn in_budget(
        &self,
        statement: &Statement,
        (source, value): (&Source, &LabelValue),
        cap: u32,
    ) -> Result<(BTreeSet<String>, bool), DbError> {
        match self.database.texts(statement, self.deadline.within(BUDGET), cap).await {
            Err(error) if error.is_out_of_time() => {
                tracing::warn!(relation = %source.relation, column = %value.column().name,
                    "not all label values were found in time; datebin check names the index that would help");
                let LabelValue::Column(column) = value else { return Ok((BTreeSet::new(), true)) };
                if column.row != Row::Own {
                    return Ok((BTreeSet::new(), true));
                }
                let common = sql::common_values(&source.relation, column);
                Ok((self.database.texts(&common, self.deadline, cap).await?, true))
            }
            other => other.map(|values| (values, false)),
        }
    }
}
