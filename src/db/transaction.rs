//! A transaction around one statement: where a pooler stands before the database, and where the statement runs as
//! somebody.

use std::time::Duration;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Executor as _, Row as _};
use tokio::time::timeout;

use super::error::DbError;
use super::lease::{query, raw};
use super::session::Session;
use super::settings::{AccessMode, Settings};
use crate::identity::Identity;
use crate::sql::{Param, Statement, Writer};

/// How transactions begin.
pub(super) struct Transactions {
    mode: AccessMode,
    /// On a session of its own.
    direct: Statement,
    /// The same before a statement that reads rows of other servers.
    direct_remote: Statement,
    /// On a session that other clients have as well.
    pooled: Statement,
}

/// The planner looks at each partition, so that other servers aggregate their own rows. Partitions of this server would
/// be slower for it: 100 of them took 1.3 to 1.8 times as long.
const BY_PARTITION: &str = "SELECT pg_catalog.set_config('enable_partitionwise_aggregate', 'on', true)";

/// Forgets everything that was set in the transaction, by whomever.
const ROLLBACK: &str = "ROLLBACK";
/// How long the end may take.
const END: Duration = Duration::from_secs(3);

impl Transactions {
    pub(super) fn new(settings: &Settings, mode: AccessMode) -> Self {
        let (mut direct, mut direct_remote) = (Writer::default(), Writer::default());
        direct.syntax(mode.begin());
        direct_remote.syntax(mode.begin()).syntax(";\n").syntax(BY_PARTITION);
        Self { mode, direct: direct.finish(), direct_remote: direct_remote.finish(), pooled: settings.opening(mode) }
    }

    /// Whether a statement needs one.
    pub(super) fn is_needed(session: &Session, identity: &Identity, statement: &Statement) -> bool {
        session.is_pooled || *identity != Identity::NOBODY || statement.is_remote
    }

    /// Begins one for a statement of the caller.
    pub(super) async fn begin_for(
        &self,
        statement: &Statement,
        session: &mut Session,
        identity: &Identity,
    ) -> Result<(), DbError> {
        if statement.is_remote && !session.is_pooled {
            session.connection.execute(raw(&self.direct_remote)).await?;
            return is_somebody(session, identity).await;
        }
        self.begin(session, identity).await?;
        if statement.is_remote {
            session.connection.execute(sqlx::raw_sql(BY_PARTITION)).await?;
        }
        Ok(())
    }

    /// Begins one in which statements run as the caller.
    pub(super) async fn begin(&self, session: &mut Session, identity: &Identity) -> Result<(), DbError> {
        if session.is_pooled {
            let row: PgRow = session.connection.fetch_one(raw(&self.pooled)).await?;
            session.pid = Some(row.try_get(0)?);
            if row.try_get::<&str, _>(1)? != self.mode.is_read_only() {
                return Err(DbError::Unfit("its transactions are not as they were begun"));
            }
        } else {
            session.connection.execute(raw(&self.direct)).await?;
        }
        is_somebody(session, identity).await
    }
}

/// Makes the rest of a transaction that of the caller.
async fn is_somebody(session: &mut Session, identity: &Identity) -> Result<(), DbError> {
    if *identity == Identity::NOBODY {
        return Ok(());
    }
    let named = query(&named(identity))?.persistent(!session.is_pooled).execute(&mut session.connection).await;
    match named.map_err(DbError::from) {
        Err(DbError::Server(complaint)) if identity.role.is_some() && is_of_role(&complaint.code) => {
            Err(DbError::Role(complaint))
        }
        other => other.map(drop),
    }
}

/// Whether an error means that the role does not exist or may not be used. A cancelled statement or a lost plan means
/// neither.
fn is_of_role(code: &str) -> bool {
    matches!(code, "22023" | "42501" | "42704")
}

/// Ends the transaction of a session, which is then free for others.
pub(super) async fn end(session: &mut Session) -> Result<(), DbError> {
    if session.is_pooled {
        // From here on the process may serve another client.
        session.pid = None;
    }
    rolled_back(&mut session.connection).await
}

async fn rolled_back(connection: &mut PgConnection) -> Result<(), DbError> {
    let done = timeout(END, connection.execute(sqlx::raw_sql(ROLLBACK))).await;
    done.map_err(|_| DbError::Deadline)??;
    Ok(())
}

/// Says who asks, to policies and views, and is the caller's role from then on, as `SET LOCAL ROLE` with the name as a parameter.
fn named(identity: &Identity) -> Statement {
    let text = |text: &Option<std::sync::Arc<str>>| Param::Text(text.as_deref().unwrap_or_default().to_owned());
    let mut w = Writer::default();
    w.syntax("SELECT pg_catalog.set_config('datebin.user', ").param(text(&identity.person));
    w.syntax(", true), pg_catalog.set_config('datebin.token', ").param(text(&identity.token)).syntax(", true)");
    if let Some(role) = &identity.role {
        w.syntax(", pg_catalog.set_config('role', ").param(Param::Text(role.to_string())).syntax(", true)");
    }
    w.finish()
}
