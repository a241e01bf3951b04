//! SQLSTATE → whose fault it is, decided once.

use crate::error::{Error, Kind};

/// What went wrong on the way to the database or there.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The server said so, with this SQLSTATE.
    #[error("SQLSTATE {code}: {message}")]
    Server {
        /// The SQLSTATE.
        code: String,
        /// The server's sentence: for the log, never for a client.
        message: String,
    },
    /// The connection could not be opened or broke.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The database is known to be away.
    #[error("the database is away")]
    Away,
    /// No connection became free in time, or too many questions wait already.
    #[error("all connections are busy")]
    Busy,
    /// The request's time was up.
    #[error("the request ran out of time")]
    Deadline,
    /// The server answered something that the statement cannot have asked for.
    #[error("unexpected answer: {0}")]
    Protocol(String),
    /// A row is not of the shape that the catalog promises.
    #[error("the relation has changed since the catalog was read")]
    Changed,
    /// The consumer of the rows refused one.
    #[error(transparent)]
    Refused(#[from] Error),
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => Self::Server {
                code: error.code().map(|code| code.into_owned()).unwrap_or_default(),
                message: error.message().to_owned(),
            },
            sqlx::Error::Decode(error) | sqlx::Error::Encode(error) => Self::Protocol(error.to_string()),
            sqlx::Error::ColumnNotFound(_) | sqlx::Error::ColumnIndexOutOfBounds { .. } => {
                Self::Protocol(error.to_string())
            }
            other => Self::Connection(other.to_string()),
        }
    }
}

impl DbError {
    /// The SQLSTATE, if the server gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        if let Self::Server { code, .. } = self { Some(code) } else { None }
    }

    /// Whether the same statement on a new connection may succeed: the connection was dead or its prepared
    /// statement no longer fits.
    #[must_use]
    pub(super) fn is_stale_connection(&self) -> bool {
        match self {
            Self::Connection(_) => true,
            Self::Server { code, .. } => matches!(code.as_str(), "0A000" | "26000" | "57P01" | "57P02"),
            _ => false,
        }
    }

    /// Whether nothing is left to cancel: the server gave the statement up, or the connection is gone.
    #[must_use]
    pub(super) const fn has_ended_statement(&self) -> bool {
        matches!(self, Self::Server { .. } | Self::Connection(_))
    }

    /// Whether it says nothing new of the database: the watcher has said that it is away, and that a queue is full
    /// is said thousands of times when it is.
    #[must_use]
    pub const fn is_no_news(&self) -> bool {
        match self {
            Self::Away | Self::Busy => true,
            // The asker's own limits; but not what a row itself was refused for.
            Self::Refused(error) => !matches!(error.kind, Kind::Stale | Kind::Internal),
            _ => false,
        }
    }

    /// Whether the statement itself took too long, and another one may not.
    #[must_use]
    pub fn is_out_of_time(&self) -> bool {
        matches!(self, Self::Deadline) || self.code() == Some("57014")
    }

    /// Whether the relation does not exist or may not be read.
    #[must_use]
    pub fn is_missing_relation(&self) -> bool {
        matches!(self.code(), Some("42P01" | "3F000"))
    }

    /// The error as a client may see it: nothing of SQL, names or hosts.
    #[must_use]
    pub fn public(&self) -> Error {
        match self {
            Self::Refused(error) => error.clone(),
            Self::Connection(_) | Self::Away => {
                Error::new(Kind::Unavailable, "the database cannot be reached").hint("try again in a few seconds")
            }
            Self::Busy => {
                Error::new(Kind::Busy, "all database connections are busy").hint("try again in a few seconds")
            }
            Self::Deadline => timed_out(),
            Self::Changed => changed(),
            Self::Protocol(_) => Error::new(Kind::Internal, "the database answered something unexpected"),
            Self::Server { code, .. } => server(code),
        }
    }
}

fn changed() -> Error {
    Error::new(Kind::Stale, "the relation behind this metric has changed since the catalog was read")
        .hint("the catalog refreshes by itself; try again in a minute")
}

fn timed_out() -> Error {
    Error::new(Kind::Timeout, "the question took too long")
        .hint("narrow the time range or the labels, or ask the operator for an index (`datebin check` names it)")
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn server(code: &str) -> Error {
    match code {
        "57014" | "55P03" | "25P03" | "57P05" => timed_out(),
        "22003" => Error::new(Kind::BadData, "a value is outside the range of a double precision number"),
        // No text that could be no number or time is sent: a column has become one of text.
        "42P01" | "42703" | "3F000" | "42883" | "42804" | "0A000" | "26000" | "42P16" | "22P02" | "22007" => changed(),
        "42501" => Error::new(Kind::Stale, "the relation behind this metric may not be read any more"),
        _ => match code.get(..2).unwrap_or_default() {
            "08" | "53" | "57" | "58" | "28" | "3D" | "40" | "25" => {
                Error::new(Kind::Unavailable, "the database cannot answer now").hint("try again in a few seconds")
            }
            "22" => Error::new(Kind::BadData, "a stored value cannot be computed with"),
            _ => Error::new(Kind::Internal, "the database refused the statement"),
        },
    }
}
