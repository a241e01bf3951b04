//! Annotations of all relations.

use super::Scope;
use crate::db::AnnotationRow;
use crate::error::{Error, Kind};
use crate::intake::AnnotationQuestion;
use crate::sql;

/// The most annotations of one answer.
const ANNOTATIONS: u32 = 10_000;

impl Scope {
    /// The annotations of all relations, by time.
    ///
    /// # Errors
    /// The database does not answer, or there are too many.
    pub async fn annotations(&self, question: &AnnotationQuestion) -> Result<Vec<AnnotationRow>, Error> {
        let mut rows = Vec::new();
        for source in self.snapshot.annotations() {
            let statement = sql::annotations(source, &question.filter, question.range, ANNOTATIONS);
            match self.database.annotations(&statement, self.deadline).await {
                Ok(found) => rows.extend(found.into_iter().map(|row| told_apart(row, &source.name))),
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

/// The row with an id that no row of another relation has: Grafana draws one of several with the same.
fn told_apart(row: AnnotationRow, source: &str) -> AnnotationRow {
    AnnotationRow { id: row.id.map(|id| format!("{source}:{id}")), ..row }
}
