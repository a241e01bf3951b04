//! Errors of the database and of the way to it.

use sqlx::postgres::{PgDatabaseError, PgSeverity};

use super::secured::TlsFailure;
use super::sqlstate;
use crate::error::{Error, Kind};

/// What went wrong on the way to the database or there.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The server said so.
    #[error("{0}")]
    Server(Box<Complaint>),
    /// The connection could not be opened or broke.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The connection could not be secured as it must be.
    #[error("{0}")]
    Tls(#[from] Box<TlsFailure>),
    /// The server is there, and is not one that sessions may be opened on; the text says why.
    #[error("{0}")]
    Unwanted(String),
    /// The database is known to be away, for this reason.
    #[error("the database is away: {0}")]
    Away(&'static str),
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
    /// A session does not have what it must have; the text says what.
    #[error("a session of the database is not as it must be: {0}")]
    Unfit(&'static str),
    /// The caller may not take on the role that its statements would run as.
    #[error("the role of the caller cannot be taken on: {0}")]
    Role(Box<Complaint>),
    /// The statement ended, for this reason, after some of its rows had come, and may run again.
    #[error("{0}; some rows had come")]
    CutOff(Box<Self>),
    /// The consumer of the rows refused one.
    #[error(transparent)]
    Refused(#[from] Error),
}

/// An error as the server states it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SQLSTATE {code}: {message}")]
pub struct Complaint {
    /// The SQLSTATE.
    pub code: String,
    /// The server's sentence: for the log, never for a client.
    pub message: String,
    /// Whether the server ended the session with it.
    pub(super) ends_session: bool,
    /// Whether the prepared statement alone is outdated: the same text, prepared anew, may run.
    pub(super) is_stale_plan: bool,
    /// Whether the server's table of locks is full.
    pub(super) is_out_of_locks: bool,
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => Self::Server(Box::new(complaint(&*error))),
            sqlx::Error::Decode(error) | sqlx::Error::Encode(error) => Self::Protocol(error.to_string()),
            sqlx::Error::ColumnNotFound(_) | sqlx::Error::ColumnIndexOutOfBounds { .. } => {
                Self::Protocol(error.to_string())
            }
            other => Self::Connection(other.to_string()),
        }
    }
}

impl From<std::io::Error> for DbError {
    fn from(error: std::io::Error) -> Self {
        sqlx::Error::from(error).into()
    }
}

fn complaint(error: &dyn sqlx::error::DatabaseError) -> Complaint {
    let code = error.code().map(|code| code.into_owned()).unwrap_or_default();
    let details = error.try_downcast_ref::<PgDatabaseError>();
    let is_fatal = |error: &PgDatabaseError| matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic);
    // The server's sentences are translated, the name of the function that raised one is not.
    let is_cached_plan = |error: &PgDatabaseError| error.routine() == Some("RevalidateCachedQuery");
    let names_locks =
        |error: &PgDatabaseError| error.hint().is_some_and(|hint| hint.contains("max_locks_per_transaction"));
    Complaint {
        ends_session: details.is_some_and(is_fatal),
        is_stale_plan: code == "26000" || code == "0A000" && details.is_some_and(is_cached_plan),
        is_out_of_locks: code == "53200" && details.is_some_and(names_locks),
        message: error.message().to_owned(),
        code,
    }
}

impl DbError {
    /// The SQLSTATE, if the server gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Server(complaint) => Some(&complaint.code),
            Self::CutOff(error) => error.code(),
            _ => None,
        }
    }

    /// Whether the same statement on a new session may succeed: the session was dead, or its prepared statement no
    /// longer fits.
    pub(super) fn is_stale_session(&self) -> bool {
        match self {
            Self::Connection(_) => true,
            Self::Server(complaint) => complaint.ends_session || complaint.is_stale_plan,
            _ => false,
        }
    }

    /// Whether the server gave the statement up in favour of another transaction, as a standby does for what it replays.
    pub(super) fn is_rolled_back(&self) -> bool {
        matches!(self, Self::Server(complaint) if complaint.code.starts_with("40"))
    }

    /// Whether the server gave the statement up and the session is as good as before.
    pub(super) fn is_of_statement(&self) -> bool {
        matches!(self, Self::Server(complaint) if !complaint.ends_session && !complaint.is_stale_plan)
    }

    /// Whether nothing is left to cancel: the server gave the statement up, or the connection is gone.
    pub(super) const fn has_ended_statement(&self) -> bool {
        matches!(self, Self::Server(_) | Self::Connection(_))
    }

    /// Whether the server refused a session because it has as many as it, the database or the role may have.
    pub(super) fn is_crowded(&self) -> bool {
        matches!(self, Self::Server(complaint) if complaint.ends_session && complaint.code.starts_with("53"))
    }

    /// Nothing came back in time.
    pub(super) fn timed_out() -> Self {
        Self::Connection("timed out".into())
    }

    /// Whether another server of the same data may let in where this one did not.
    pub(super) fn is_of_one_server(&self) -> bool {
        let is_starting = |code: &str| matches!(code, "57P01" | "57P02" | "57P03");
        let is_certificate = matches!(self, Self::Tls(failure) if !failure.is_of_files());
        is_certificate
            || matches!(self, Self::Connection(_) | Self::Unwanted(_))
            || self.is_crowded()
            || self.code().is_some_and(is_starting)
    }

    /// Whether a session may have been refused for the settings that it starts with: poolers have no code for that.
    pub(super) fn refuses_settings(&self) -> bool {
        matches!(self, Self::Server(complaint) if complaint.ends_session && matches!(complaint.code.as_str(), "08P01" | "0A000"))
    }

    /// Whether it is about the server or the connection, not about one relation.
    pub(super) fn is_about_the_server(&self) -> bool {
        match self {
            Self::Server(complaint) => complaint.ends_session || sqlstate::is_about_the_server(&complaint.code),
            _ => true,
        }
    }

    /// Whether it says nothing new of the database: the watcher has said that it is away, and that a queue is full
    /// is said thousands of times when it is.
    #[must_use]
    pub const fn is_no_news(&self) -> bool {
        match self {
            Self::Away(_) | Self::Busy => true,
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

    /// Why there is no session, as a client may read it: the kind of reason, nothing of names or hosts.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Server(complaint) => sqlstate::reason(&complaint.code),
            Self::Away(reason) => reason,
            Self::CutOff(error) => error.reason(),
            Self::Busy => "all connections are busy",
            Self::Deadline => "reading it takes too long",
            Self::Connection(_) => "the database cannot be reached",
            Self::Tls(_) => "the connection to the database cannot be secured",
            Self::Unwanted(_) => "no server of the database is one that may be asked",
            Self::Unfit(_) => "a session of the database is not as it must be",
            Self::Role(_) => "the database refuses the role of the caller",
            Self::Protocol(_) | Self::Changed | Self::Refused(_) => "the database answers something unexpected",
        }
    }

    /// What the operator can do where there is no session; nothing where the session is not the matter.
    #[must_use]
    pub fn cure(&self) -> Option<&'static str> {
        match self {
            Self::Connection(_) => Some(
                "does PostgreSQL run there, and may this machine connect (listen_addresses, pg_hba.conf, a firewall)?",
            ),
            Self::Away(_) => Some("its log says why"),
            Self::Server(complaint) => match complaint.code.as_str() {
                "28P01" => Some("correct the password or the role"),
                "28000" => Some("correct the role, or allow it in pg_hba.conf"),
                "3D000" => Some("create that database, or correct its name"),
                "53300" => Some("raise max_connections or the role's CONNECTION LIMIT, or lower DATEBIN_POOL_SIZE"),
                _ => None,
            },
            _ => None,
        }
    }

    /// The error as a client may see it: nothing of SQL, names or hosts.
    #[must_use]
    pub fn public(&self) -> Error {
        let again = "try again in a few seconds";
        match self {
            Self::Refused(error) => error.clone(),
            Self::CutOff(error) => Error { is_cut_off: true, ..error.public() },
            Self::Connection(_) | Self::Unwanted(_) => Error::new(Kind::Unavailable, self.reason()).hint(again),
            Self::Unfit(_) | Self::Tls(_) => {
                Error::new(Kind::Unavailable, self.reason()).hint("the operator finds the reason in the log")
            }
            Self::Role(_) => Error::new(Kind::Forbidden, "this person may not ask here"),
            Self::Away(reason) => Error::new(Kind::Unavailable, *reason).hint(again),
            Self::Busy => Error::new(Kind::Busy, "all database connections are busy").hint(again),
            Self::Deadline => sqlstate::out_of_time(),
            Self::Changed => Error::new(Kind::Stale, "the relation behind this metric is not as the catalog says")
                .hint("the operator finds the difference with `datebin check`"),
            Self::Protocol(_) => Error::new(Kind::Internal, "the database answered something unexpected"),
            Self::Server(complaint) => sqlstate::public(complaint),
        }
    }
}
