//! One session for one statement.

use std::collections::HashMap;
use std::future::poll_fn;
use std::time::{Duration, Instant};

use deadpool::managed::Object;
use futures_util::{Stream, StreamExt as _};
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Connection as _, Either, Executor as _, Postgres, RawSql, Row as _, SqlSafeStr};
use tokio::task::yield_now;
use tokio::time::timeout;

use super::answer::arguments;
use super::error::DbError;
use super::permits::SessionPermit;
use super::pool::Deadline;
use super::session::{Session, Sessions, close, discard};
use super::share::StatementTurn;
use super::spans::outside_of_span;
use super::transaction::{self, Transactions};
use crate::identity::Identity;
use crate::observe::InProgress;
use crate::sql::{Param, Statement, qualified};

/// How long rows are taken before other work of the thread has its turn.
const SLICE: Duration = Duration::from_micros(500);

/// Rows between two looks at the clock.
const LOOK_EVERY: u32 = 4;

/// Rows that are read past a refused one: a statement that stands at its LIMIT has none, and its session is free.
const REST: usize = 100;
/// How long they may take.
const REST_TIME: Duration = Duration::from_millis(500);

/// A leased session. Dropped before its statement ended, it is cancelled and closed.
pub(super) struct Lease {
    object: Option<Object<Sessions>>,
    /// The right to it, given back after it, and the request's own turn.
    _permits: LeasePermits,
    /// Counts it as in use.
    _counted: InProgress,
}

/// The turn of a session in the pool, and of a statement in its request.
type LeasePermits = (SessionPermit, Option<StatementTurn>);

impl Lease {
    pub(super) const fn new(object: Object<Sessions>, permits: LeasePermits, counted: InProgress) -> Self {
        Self { object: Some(object), _permits: permits, _counted: counted }
    }

    /// Whether other statements ran on the session before: it may be dead, or know an outdated plan.
    pub(super) fn is_used(&self) -> bool {
        self.object.as_ref().is_some_and(|object| object.is_used)
    }

    /// The number of its server.
    pub(super) fn server(&self) -> usize {
        self.object.as_ref().map_or(0, |object| object.server.number)
    }

    /// Gives the session back unused.
    pub(super) fn give_back(mut self) {
        drop(self.object.take());
    }

    /// Runs a statement as the caller and hands each row over as it arrives; afterwards the session is free again.
    pub(super) async fn run(
        mut self,
        statement: &Statement,
        identity: &Identity,
        deadline: Deadline,
        on_row: &mut RowHandler<'_>,
    ) -> Result<(), DbError> {
        let Some(object) = self.object.as_mut() else { return Ok(()) };
        let query = query(statement)?.persistent(!object.is_pooled);
        object.is_used = true;
        let is_around = Transactions::is_needed(object, identity, statement);
        let mut has_ended = true;
        let reading = async {
            if is_around {
                begun(object, identity, statement).await?;
            }
            read(object, query, on_row, &mut has_ended).await
        };
        let result: Result<(), DbError> = timeout(deadline.left(), reading).await.map_err(|_| DbError::Deadline)?;
        object.used = Instant::now();
        let is_reusable = match &result {
            Ok(()) => true,
            Err(error) if error.is_of_statement() => true,
            Err(error) if error.has_ended_statement() => {
                self.object.take().into_iter().for_each(close);
                false
            }
            Err(_) => has_ended,
        };
        if is_reusable {
            self.returned(is_around).await;
        }
        result
    }

    /// Gives the session back into the pool, its transaction ended.
    async fn returned(&mut self, is_in_transaction: bool) {
        // Until its transaction has ended the session is the lease's: a client that leaves now closes it.
        if is_in_transaction
            && let Some(object) = self.object.as_mut()
            && let Err(error) = transaction::end(object).await
        {
            tracing::debug!(%error, "a transaction does not end");
            self.object.take().into_iter().for_each(close);
        }
        drop(self.object.take());
    }
}

/// Takes the rows of a statement.
pub(super) type RowHandler<'a> = dyn FnMut(PgRow) -> Result<(), DbError> + Send + 'a;

async fn begun(object: &mut Object<Sessions>, identity: &Identity, statement: &Statement) -> Result<(), DbError> {
    let Some(pool) = Object::pool(object) else { return Err(DbError::Busy) };
    pool.manager().transactions.begin_for(statement, object, identity).await
}

/// Hands each row over. `has_ended` tells whether nothing of a statement is left whose row was refused.
async fn read(
    session: &mut Session,
    query: Query<'static, Postgres, PgArguments>,
    on_row: &mut RowHandler<'_>,
    has_ended: &mut bool,
) -> Result<(), DbError> {
    // Not fetch(), which puts one more stream around it.
    let mut results = outside_of_span(|| session.connection.fetch_many(query));
    let mut next = poll_fn(|context| outside_of_span(|| results.poll_next_unpin(context))).await;
    let (mut begun, mut seen) = (Instant::now(), 0_u32);
    while let Some(result) = next {
        if let Either::Right(row) = result?
            && let Err(error) = on_row(row)
        {
            *has_ended = ends(&mut results).await;
            return Err(error);
        }
        seen = seen.wrapping_add(1);
        // Rows that are here already would keep the thread from all others.
        if seen.is_multiple_of(LOOK_EVERY) && begun.elapsed() > SLICE {
            yield_now().await;
            begun = Instant::now();
        }
        next = results.next().await;
    }
    Ok(())
}

/// Whether a statement is at its end, but for a few rows.
async fn ends<T>(results: &mut (impl Stream<Item = Result<T, sqlx::Error>> + Unpin)) -> bool {
    let rest = async {
        for _ in 0..REST {
            match results.next().await {
                None => return true,
                Some(Ok(_)) => {}
                Some(Err(_)) => return false,
            }
        }
        false
    };
    timeout(REST_TIME, rest).await.unwrap_or(false)
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            discard(object);
        }
    }
}

/// The texts of a statement with one column, on a session that is not pooled.
pub(super) async fn texts(connection: &mut PgConnection, statement: &Statement) -> Result<Vec<String>, DbError> {
    let rows = all_rows(connection, statement).await?;
    let texts = rows.iter().map(|row| row.try_get::<Option<String>, _>(0));
    Ok(texts.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// The pairs of texts of a statement with two columns, by the first.
pub(super) async fn pairs(
    connection: &mut PgConnection,
    statement: &Statement,
) -> Result<HashMap<String, String>, DbError> {
    let rows = all_rows(connection, statement).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// All rows of a statement. Where a transaction is open, which means a pooler, a statement that fails does not end it,
/// and leaves nothing behind that has a name.
async fn all_rows(connection: &mut PgConnection, statement: &Statement) -> Result<Vec<PgRow>, DbError> {
    let query = query(statement)?;
    if !connection.is_in_transaction() {
        return Ok(query.fetch_all(connection).await?);
    }
    let mut savepoint = connection.begin().await?;
    let rows = query.persistent(false).fetch_all(&mut *savepoint).await;
    match rows {
        Ok(_) => savepoint.commit().await?,
        Err(_) => savepoint.rollback().await?,
    }
    Ok(rows?)
}

pub(super) fn query(statement: &Statement) -> Result<Query<'static, Postgres, PgArguments>, DbError> {
    let mut prepared = qualified(&statement.text);
    types_said(&mut prepared, &statement.params);
    Ok(sqlx::query_with(text(prepared), arguments(&statement.params)?))
}

/// Says the types of the parameters at the end of a statement. A session keeps a statement by its text, with the types that its
/// parameters had when it came first: eight bytes of another type would be read as one of these.
fn types_said(text: &mut String, params: &[Param]) {
    if params.is_empty() {
        return;
    }
    text.push_str(" /*");
    for param in params {
        text.push(' ');
        text.push_str(param.type_name());
    }
    text.push_str(" */");
}

/// Statements without parameters, in one round trip.
pub(super) fn raw(statement: &Statement) -> RawSql {
    sqlx::raw_sql(text(statement.text.clone()))
}

/// The one place where text becomes SQL: `Writer` admits only static syntax and quoted catalog names.
pub(super) fn text(text: String) -> impl SqlSafeStr + use<> {
    AssertSqlSafe(text)
}
