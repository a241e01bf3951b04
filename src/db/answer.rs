//! Rows of statements, read without a decoder that could panic: numbers from their bytes, text as it is.

use std::collections::BTreeSet;

use sqlx::postgres::{PgArguments, PgRow, PgValueRef};
use sqlx::types::chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use sqlx::{Arguments as _, Postgres, Row as _, Type, ValueRef as _};

use super::error::DbError;
use super::pool::{Database, Deadline};
use super::watched::WatchedStatement;
use crate::budget::Budget;
use crate::error::{Error, Kind};
use crate::observe::{Observation, Retry};
use crate::sql::{Param, Statement};

/// Milliseconds from 1970 to PostgreSQL's own epoch, 2000-01-01.
pub(super) const EPOCH_2000_MS: i64 = 946_684_800_000;

/// One row of a fetch: labels, the bucket, partials.
pub struct SeriesRow<'a>(pub(super) &'a PgRow);

/// Consumes the rows of a fetch.
pub type RowSink<'a> = dyn FnMut(SeriesRow<'_>) -> Result<(), Error> + Send + 'a;

/// Where a row belongs on the time axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowTime {
    /// A bucket's start, in milliseconds since 1970.
    Start(i64),
    /// A bucket's number, from 1.
    Number(i32),
}

impl SeriesRow<'_> {
    /// The text at a column; none for NULL.
    ///
    /// # Errors
    /// There is no such column, or it is no text.
    pub fn label(&self, column: usize) -> Result<Option<&str>, DbError> {
        let value = self.0.try_get_raw(column)?;
        if value.is_null() {
            return Ok(None);
        }
        value.as_str().map(Some).map_err(|error| DbError::Protocol(error.to_string()))
    }

    /// The bucket at a column.
    ///
    /// # Errors
    /// There is no such column, or it is neither a timestamp nor an int4.
    pub fn place(&self, column: usize) -> Result<RowTime, DbError> {
        let bytes = self.bytes(column)?;
        if let Ok(bytes) = <[u8; 8]>::try_from(bytes) {
            let micros = i64::from_be_bytes(bytes);
            return Ok(RowTime::Start(micros.div_euclid(1000).saturating_add(EPOCH_2000_MS)));
        }
        let number = <[u8; 4]>::try_from(bytes).map_err(|_| DbError::Changed)?;
        Ok(RowTime::Number(i32::from_be_bytes(number)))
    }

    /// The instant at a column, in microseconds since 1970.
    ///
    /// # Errors
    /// There is no such column, or it is no timestamp.
    pub fn micros(&self, column: usize) -> Result<i64, DbError> {
        let bytes = <[u8; 8]>::try_from(self.bytes(column)?).map_err(|_| DbError::Changed)?;
        Ok(i64::from_be_bytes(bytes).saturating_add(EPOCH_2000_MS * 1000))
    }

    /// The float8 at a column; none for NULL.
    ///
    /// # Errors
    /// There is no such column, or it is no float8.
    pub fn value(&self, column: usize) -> Result<Option<f64>, DbError> {
        let value = self.0.try_get_raw(column)?;
        if value.is_null() {
            return Ok(None);
        }
        // The bytes of a bigint would pass for some float8.
        if *value.type_info() != <f64 as Type<Postgres>>::type_info() {
            return Err(DbError::Changed);
        }
        let bytes = <[u8; 8]>::try_from(bytes_of(&value)?);
        bytes.map(|b| Some(f64::from_be_bytes(b))).map_err(|_| DbError::Changed)
    }

    /// How many bytes a column has; none for NULL.
    pub(super) fn length(&self, column: usize) -> Result<usize, DbError> {
        let value = self.0.try_get_raw(column)?;
        if value.is_null() { Ok(0) } else { bytes_of(&value).map(<[u8]>::len) }
    }

    pub(super) fn bytes(&self, column: usize) -> Result<&[u8], DbError> {
        bytes_of(&self.0.try_get_raw(column)?)
    }
}

fn bytes_of<'a>(value: &PgValueRef<'a>) -> Result<&'a [u8], DbError> {
    value.as_bytes().map_err(|error| DbError::Protocol(error.to_string()))
}

/// One annotation as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnotationRow {
    /// Its start, in milliseconds since 1970; none when it is infinite or NULL.
    pub start: Option<i64>,
    /// Its end.
    pub until: Option<i64>,
    /// Its title.
    pub title: Option<String>,
    /// Its text.
    pub text: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// What tells it apart in its relation.
    pub id: Option<String>,
}

impl Database {
    /// Streams the rows of a fetch.
    ///
    /// # Errors
    /// The database is away or refuses, time runs out, or the sink refuses a row.
    pub async fn series(
        &self,
        statement: &Statement,
        deadline: Deadline,
        sink: &mut RowSink<'_>,
    ) -> Result<(), DbError> {
        self.rows(statement, deadline, &mut |row| Ok(sink(SeriesRow(&row))?)).await
    }

    /// The distinct texts of a statement with one column.
    ///
    /// # Errors
    /// As [`Self::series`], and when there are more than `cap`.
    pub async fn texts(
        &self,
        statement: &Statement,
        deadline: Deadline,
        cap: u32,
    ) -> Result<BTreeSet<String>, DbError> {
        let mut texts = BTreeSet::new();
        let mut held = self.budget().map(Budget::held);
        self.rows(statement, deadline, &mut |row| {
            if let Some(text) = SeriesRow(&row).label(0)? {
                if let Some(held) = &mut held {
                    held.pay(TEXT_BYTES + text.len())?;
                }
                texts.insert(text.to_owned());
            }
            if texts.len() > cap as usize {
                let message = format!("a label has more than {cap} values");
                return Err(Error::new(Kind::TooManyLabelValues, message).hint("narrow the time range").into());
            }
            Ok(())
        })
        .await?;
        Ok(texts)
    }

    /// Hands over the annotations of a statement, one at a time.
    ///
    /// # Errors
    /// As [`Self::series`].
    pub async fn annotations(
        &self,
        statement: &Statement,
        deadline: Deadline,
        sink: &mut (dyn FnMut(AnnotationRow) + Send),
    ) -> Result<(), DbError> {
        self.rows(statement, deadline, &mut |row| {
            sink(AnnotationRow {
                start: row.try_get("start")?,
                until: row.try_get("until")?,
                title: row.try_get("title")?,
                text: row.try_get("text")?,
                tags: row.try_get("tags")?,
                id: row.try_get("id")?,
            });
            Ok(())
        })
        .await
    }

    /// Runs a statement; again on another session when the first one turns out to be dead before any row, and once more when
    /// the server rolled it back. A session that was opened for the statement is not dead, so that a statement which ends its
    /// session ends few.
    pub(super) async fn rows(
        &self,
        statement: &Statement,
        deadline: Deadline,
        on_row: &mut (dyn FnMut(PgRow) -> Result<(), DbError> + Send),
    ) -> Result<(), DbError> {
        let mut tries = 0;
        loop {
            let mut seen = false;
            let lease = self.lease(deadline).await?;
            let (may_be_dead, server) = (lease.is_used() && tries < TRIES, lease.server());
            let mut watched = WatchedStatement::begin(self);
            let done = lease
                .run(statement, self.identity(), deadline, &mut |row| {
                    seen = true;
                    watched.row();
                    on_row(row)
                })
                .await;
            watched.ended(&done);
            match done {
                Err(error) if seen && (error.is_stale_session() || error.is_rolled_back()) => {
                    if error.is_stale_session() {
                        self.shared.forget_idle(server);
                    }
                    return Err(DbError::CutOff(Box::new(error)));
                }
                Err(error) if may_be_dead && error.is_stale_session() => {
                    self.observer().observe(&Observation::Retry(Retry::DeadSession));
                    self.shared.forget_idle(server);
                }
                Err(error) if tries == 0 && error.is_rolled_back() => {
                    self.observer().observe(&Observation::Retry(Retry::RolledBack));
                }
                other => return other,
            }
            tries += 1;
        }
    }
}

/// Dead sessions that a question may find one after the other. Those that are idle are forgotten with the first.
const TRIES: u32 = 3;

/// What a text in a set of texts takes besides its own bytes.
const TEXT_BYTES: usize = 48;

/// Binds the parameters of a statement.
pub(super) fn arguments(params: &[Param]) -> Result<PgArguments, DbError> {
    let mut arguments = PgArguments::default();
    for param in params {
        let added = match param {
            Param::Int(value) => arguments.add(value),
            Param::Float(value) => arguments.add(value),
            Param::Text(value) => arguments.add(value),
            Param::Texts(values) => arguments.add(values),
            Param::Ints(values) => arguments.add(values),
            Param::Instant(ms) => arguments.add(instant(*ms)?),
            Param::Instants(values) => {
                arguments.add(values.iter().map(|ms| instant(*ms)).collect::<Result<Vec<_>, _>>()?)
            }
            Param::Local(ms) => arguments.add(local(*ms)?),
            Param::Locals(values) => arguments.add(values.iter().map(|ms| local(*ms)).collect::<Result<Vec<_>, _>>()?),
            Param::Date(days) => arguments.add(date(*days)?),
            Param::Interval(ms) => arguments.add(sqlx::postgres::types::PgInterval {
                months: 0,
                days: 0,
                microseconds: ms.saturating_mul(1000),
            }),
        };
        added.map_err(|error| DbError::Protocol(error.to_string()))?;
    }
    Ok(arguments)
}

fn instant(ms: i64) -> Result<DateTime<Utc>, DbError> {
    DateTime::from_timestamp_millis(ms).ok_or_else(|| DbError::Protocol("a time outside the calendar".into()))
}

fn local(ms: i64) -> Result<NaiveDateTime, DbError> {
    Ok(instant(ms)?.naive_utc())
}

fn date(days: i64) -> Result<NaiveDate, DbError> {
    Ok(instant(days.saturating_mul(86_400_000))?.date_naive())
}
