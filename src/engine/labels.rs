//! What the pickers ask: the labels that exist and the values of one.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};

use super::{AT_ONCE, Engine, LabelValues};
use crate::catalog::{LabelValue, Snapshot, Source};
use crate::db::{AnnotationRow, DbError, Deadline};
use crate::error::{Error, Kind};
use crate::intake::AnnotationQuestion;
use crate::sql;
use crate::time::TimeRange;

/// The most values that a picker is given: thousands freeze it.
const PICKER: u32 = 5000;

/// The most annotations of one answer.
const ANNOTATIONS: u32 = 10_000;

impl Engine {
    /// The values of a label over all sources that have it, sorted, at most 5,000. A source that does not
    /// answer is left out: the pickers hang on an error.
    pub async fn label_values(&self, snapshot: &Snapshot, label: &str, range: Option<TimeRange>) -> LabelValues {
        let deadline = self.deadline();
        let having = snapshot.sources().iter().filter(|source| source.has_label(label));
        let running: Vec<_> = having.map(|source| self.values_of(source, label, range, deadline)).collect();
        let found: Vec<(BTreeSet<String>, bool)> = stream::iter(running).buffered(AT_ONCE).collect().await;
        let partial = found.iter().any(|(_, partial)| *partial);
        let all: BTreeSet<String> = found.into_iter().flat_map(|(values, _)| values).collect();
        LabelValues { values: all.into_iter().take(PICKER as usize).collect(), partial }
    }

    async fn values_of(
        &self,
        source: &Source,
        label: &str,
        range: Option<TimeRange>,
        deadline: Deadline,
    ) -> (BTreeSet<String>, bool) {
        let Some(value) = source.label_value(label) else { return (BTreeSet::new(), false) };
        match self.values_in(source, &value, range, deadline).await {
            Ok(values) => values,
            Err(error) => {
                if !error.is_no_news() {
                    tracing::warn!(label, relation = %source.relation, %error, "no label values");
                }
                (BTreeSet::new(), true)
            }
        }
    }

    /// The values of a label among the rows that exist to the catalog.
    async fn values_in(
        &self,
        source: &Source,
        value: &LabelValue,
        range: Option<TimeRange>,
        deadline: Deadline,
    ) -> Result<(BTreeSet<String>, bool), DbError> {
        let mut source = source.clone();
        let (mut joins, mut filters) = (source.joins.clone(), source.filters.clone());
        self.settle_joins(&source, &mut joins, deadline).await?;
        source.joins = joins;
        self.settle(&source, &mut filters, (&[], range), deadline).await?;
        let statement = sql::label_values(&source, value, &filters, range, PICKER);
        self.in_budget(&statement, (&source, value), deadline, PICKER + 1).await
    }

    /// The annotations of all relations, by time.
    ///
    /// # Errors
    /// The database does not answer, or there are too many.
    pub async fn annotations(&self, question: &AnnotationQuestion) -> Result<Vec<AnnotationRow>, Error> {
        let snapshot = self.snapshot()?;
        let deadline = self.deadline();
        let mut rows = Vec::new();
        for source in snapshot.annotations() {
            let statement = sql::annotations(source, &question.filter, question.range, ANNOTATIONS);
            match self.database.annotations(&statement, deadline).await {
                Ok(mut found) => rows.append(&mut found),
                // The migrations have not been run: there are none.
                Err(error) if source.is_own() && error.is_missing_relation() => {}
                Err(error) => {
                    if !error.is_no_news() {
                        tracing::warn!(relation = %source.relation, %error, "no annotations");
                    }
                    return Err(error.public());
                }
            }
        }
        if rows.len() > ANNOTATIONS as usize {
            let message = format!("more than {ANNOTATIONS} annotations in this range");
            return Err(Error::new(Kind::AnswerTooLarge, message).hint("narrow the range, or select by #tag"));
        }
        rows.sort_by_key(|row| (row.start, row.until));
        Ok(rows)
    }
}
