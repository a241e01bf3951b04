//! Statements → rows: the only module that knows sqlx.
//!
//! A connection is leased for one statement. A lease whose statement did not end well never returns to the pool:
//! the statement is cancelled on the server and the connection is closed.

mod annotate;
mod answer;
mod batch;
mod config;
mod conninfo;
pub mod demo;
mod endpoint;
mod error;
mod health;
mod hosts;
pub mod introspect;
mod kept;
mod lease;
mod load;
mod migrate;
pub mod names;
mod notices;
mod pace;
mod path;
mod permits;
mod pieces;
mod pool;
mod pooling;
mod rollups;
mod secured;
mod remembered;
mod requirement;
mod servers;
mod session;
mod settings;
mod share;
mod spans;
mod sqlstate;
mod start;
mod stored;
mod transaction;
mod url_file;
mod watched;
mod words;

pub use answer::{AnnotationRow, RowSink, RowTime, SeriesRow};
pub use config::DatabaseConfig;
pub use endpoint::InvalidUrl;
pub use error::{Complaint, DbError};
pub use health::{Health, watch};
pub use kept::KeptRows;
pub use load::{LoadError, Survey, load, survey, undeclared};
pub(crate) use load::{PartialCatalog, partial};
pub use migrate::{MIGRATOR, MigrateFailed, migrate};
pub use notices::listen;
pub use path::SearchPath;
pub use pieces::{Pieces, Timed};
pub use pool::{Database, Deadline};
pub(crate) use remembered::Memory;
pub use secured::{LibpqVariables, TlsFailure};
pub use share::SessionPlace;
pub use watched::PoolState;

/// What the log leaves out unless it is asked for: the server's own notices, e.g. that a schema exists already.
pub const QUIET_LOG: &str = "sqlx::postgres::notice=error";
