//! An annotation that a caller adds.

use super::RequestScope;
use crate::catalog::OWN;
use crate::error::Error;
use crate::sql::{AnnotationInsert, add_annotation};

impl RequestScope {
    /// Adds an annotation to datebin's own table, and gives the id that lists show.
    ///
    /// # Errors
    /// The database is away, has no such table, or its role may not write there.
    pub async fn annotate(&self, annotation: &AnnotationInsert) -> Result<String, Error> {
        self.record.metric(&format!("annotations/{OWN}"));
        self.record.range(annotation.time, annotation.time_end.unwrap_or(annotation.time));
        let added = self.database.annotate(&add_annotation(annotation), self.deadline).await;
        let token = self.identity().token.as_deref();
        match added {
            Ok(id) => {
                tracing::info!(token, id, "an annotation was added");
                Ok(format!("{OWN}:{id}"))
            }
            Err(error) => {
                if !error.is_no_news() {
                    tracing::warn!(token, %error, "an annotation was not added");
                }
                Err(error.public_of_annotation())
            }
        }
    }
}
