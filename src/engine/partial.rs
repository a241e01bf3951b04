//! The values of a label within a time budget: a slow picker is useless; a partial list is not.

use std::collections::BTreeSet;
use std::time::Duration;

use super::RequestScope;
use super::short::TextList;
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

/// What asks for the values of a label.
pub(super) struct ValuesStatement {
    pub(super) statement: Statement,
    /// What costs little, and gives some of them.
    pub(super) instead: Option<Statement>,
    /// The most that there may be.
    pub(super) cap: u32,
    /// The relation and the column, for the log.
    pub(super) relation: String,
    pub(super) column: String,
}

impl RequestScope {
    /// The texts of a statement, and whether they are exact: when time is up, those of another statement, which costs
    /// little, take their place.
    pub(super) async fn in_budget(&self, asked: &ValuesStatement) -> Result<TextList, DbError> {
        let partial = |texts| TextList { texts, is_partial: true };
        let cap = asked.cap;
        match self.database.texts(&asked.statement, self.deadline.within(BUDGET), cap).await {
            Err(error) if error.is_out_of_time() => {
                tracing::warn!(
                    relation = asked.relation,
                    column = asked.column,
                    "not all label values were found in time; datebin check names the index that would help"
                );
                let Some(instead) = &asked.instead else { return Ok(partial(BTreeSet::new())) };
                match self.database.texts(instead, self.deadline.within(BUDGET), cap).await {
                    Err(error) if error.is_out_of_time() => Ok(partial(BTreeSet::new())),
                    other => other.map(partial),
                }
            }
            other => other.map(|texts| TextList { texts, is_partial: false }),
        }
    }
}
