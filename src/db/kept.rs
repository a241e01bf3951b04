//! Rows that are held all at once, for several who ask for them.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::answer::SeriesRow;
use super::error::DbError;
use super::pool::{Database, Deadline};
use crate::budget::{Budget, HeldBytes};
use crate::sql::Statement;

/// What a row takes besides its bytes: itself, and the ranges of its columns.
const ROW_BYTES: usize = 256;

/// What rows take however few they are: the piece of the connection's buffer that they lie in.
const BUFFER_BYTES: usize = 8192;

/// The rows of a statement.
pub struct KeptRows {
    rows: Vec<PgRow>,
    bytes: usize,
}

impl KeptRows {
    /// The rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = SeriesRow<'_>> {
        self.rows.iter().map(SeriesRow)
    }

    /// The bytes that they take.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Database {
    /// The rows of a statement, and the bytes that are paid for them.
    ///
    /// # Errors
    /// The database is away or refuses, time runs out, or more bytes would be held.
    pub async fn kept_rows(
        &self,
        statement: &Statement,
        deadline: Deadline,
    ) -> Result<(KeptRows, Option<HeldBytes>), DbError> {
        let mut kept = KeptRows { rows: Vec::new(), bytes: BUFFER_BYTES };
        let mut held = self.budget().map(Budget::held);
        self.rows(statement, deadline, &mut |row| {
            let read = SeriesRow(&row);
            let columns = (0..row.len()).map(|at| read.length(at)).sum::<Result<usize, DbError>>()?;
            if let Some(held) = &mut held {
                held.pay(ROW_BYTES + columns)?;
            }
            kept.bytes += ROW_BYTES + columns;
            kept.rows.push(row);
            Ok(())
        })
        .await?;
        Ok((kept, held))
    }
}
