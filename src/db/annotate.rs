//! Adding an annotation: the one statement of the server that writes.
//!
//! It has a session of its own, which is opened for it and closed afterwards, so that no session of the pool may ever
//! write. The session is read-only like all others, and only the transaction of this statement is not.

use sqlx::{Connection as _, Executor as _, Row as _};
use tokio::time::timeout;

use super::config::SessionPurpose;
use super::error::DbError;
use super::lease::query;
use super::pool::{Database, Deadline};
use super::session::connected;
use super::settings::AccessMode;
use super::start::SessionStart;
use super::transaction::Transactions;
use crate::error::{Error, Kind};
use crate::sql::Statement;

/// Keeps what the transaction wrote.
const COMMIT: &str = "COMMIT";

impl Database {
    /// Adds an annotation as the caller, and gives its id.
    ///
    /// # Errors
    /// The database is away or refuses, or time runs out.
    pub async fn annotate(&self, statement: &Statement, deadline: Deadline) -> Result<String, DbError> {
        if let Some(reason) = self.health().reason() {
            return Err(DbError::Away(reason));
        }
        let wait = self.config().wait.min(deadline.left());
        let _turn = timeout(wait, self.writers.acquire()).await.map_err(|_| DbError::Busy)?;
        timeout(deadline.left(), self.written(statement)).await.map_err(|_| DbError::Deadline)?
    }

    /// A session that is dropped before its end closes its connection, and the server forgets the transaction.
    async fn written(&self, statement: &Statement) -> Result<String, DbError> {
        let config = self.config();
        let mut session =
            connected(config, &SessionStart::of(SessionPurpose::Questions).on_primary(), &self.health().pace).await?;
        let transactions = Transactions::new(&config.settings(SessionPurpose::Questions), AccessMode::Writing);
        transactions.begin(&mut session, self.identity()).await?;
        let row = query(statement)?.persistent(false).fetch_one(&mut session.connection).await?;
        self.record.statement(1);
        let id = row.try_get(0)?;
        let kept = session.connection.execute(sqlx::raw_sql(COMMIT)).await.map_err(DbError::from);
        if let Err(error) = kept {
            // A session that broke here does not say whether the server kept the row.
            let is_unknown = error.is_stale_session();
            tracing::warn!(%error, is_unknown, "an annotation was not confirmed");
            return Err(if is_unknown { DbError::Deadline } else { error });
        }
        if let Err(error) = session.connection.close().await {
            tracing::debug!(%error, "the session of an annotation does not close");
        }
        Ok(id)
    }
}

impl DbError {
    /// Why an annotation was not added, as a client may see it.
    #[must_use]
    pub fn public_of_annotation(&self) -> Error {
        let of_time = || {
            Error::new(Kind::Timeout, "the database did not confirm the annotation in time")
                .hint("look for it before you try again: it may have been added")
        };
        if matches!(self, Self::Deadline) {
            return of_time();
        }
        let code = self.code().unwrap_or_default();
        match (code.get(..2).unwrap_or_default(), code) {
            (_, "42501") => Error::new(Kind::Forbidden, "the role of the database may not add annotations").hint(
                "its operator grants it: GRANT USAGE ON SCHEMA datebin and GRANT SELECT, INSERT ON datebin.annotations",
            ),
            (_, "42P01" | "3F000") => Error::new(Kind::Unavailable, "there is no table datebin.annotations")
                .hint("the operator runs `datebin migrate`"),
            ("42", _) => Error::new(Kind::Unavailable, "the table datebin.annotations is not as this version makes it")
                .hint("the operator runs `datebin migrate`"),
            (_, "25006" | "0A000") => Error::new(Kind::Unavailable, "the database takes no annotations: it only reads")
                .hint("the operator lets DATABASE_URL name the primary, not a standby"),
            (_, "57014" | "55P03") => of_time(),
            ("23" | "P0", _) => {
                Error::new(Kind::BadData, format!("a rule of datebin.annotations refuses it (SQLSTATE {code})"))
                    .hint("the operator finds the rule's own words in the log")
            }
            _ => self.public(),
        }
    }
}
