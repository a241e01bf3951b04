//! Why there is no catalog.

use super::super::error::DbError;
use crate::catalog::classify::CatalogError;
use crate::catalog::file::CatalogFileError;

/// Why there is no catalog.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database did not answer.
    #[error("the catalog cannot be read from the database: {0}")]
    Database(#[from] DbError),
    /// `datebin.toml` cannot be read.
    #[error(transparent)]
    File(#[from] CatalogFileError),
    /// A file of that name cannot be read.
    #[error("{}", named(.0, .1))]
    Named(String, CatalogFileError),
    /// `datebin.toml` and the database contradict each other.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// `datebin.toml` cannot be opened.
    #[error("{0} cannot be read: {1}")]
    Open(String, std::io::Error),
    /// Reading it panicked.
    #[error("the catalog cannot be read: a bug in datebin, whose message is on standard error")]
    Panicked,
    /// The server is too old.
    #[error("PostgreSQL {0} is too old: datebin needs 14 or newer, for date_bin")]
    Version(u32),
}

/// What is wrong with a file, with its own name in place of the usual one.
fn named(path: &str, error: &CatalogFileError) -> String {
    let text = error.to_string();
    text.strip_prefix("datebin.toml").map_or_else(|| format!("{path}: {text}"), |rest| format!("{path}{rest}"))
}

impl LoadError {
    /// Why there is no catalog, as a client may read it: the kind of reason, no names.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Database(error) => error.reason(),
            Self::File(_) | Self::Named(..) => "the catalog file has an error",
            Self::Catalog(_) => "the catalog file contradicts the database",
            Self::Open(..) => "the catalog file cannot be opened",
            Self::Panicked => "a defect of datebin's own",
            Self::Version(_) => "the database's version is too old",
        }
    }

    /// Whether the server has no room for the session that reads the catalog.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        matches!(self, Self::Database(error) if error.is_crowded())
    }
}
