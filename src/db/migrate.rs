//! The migrations, the same files as `sqlx migrate run` reads.

use sqlx::Connection as _;
use sqlx::migrate::Migrator;

use super::config::DatabaseConfig;
use super::error::DbError;

/// Every migration; its bookkeeping lives in schema `datebin` too (`sqlx.toml`).
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// Brings schema `datebin` up to date.
///
/// # Errors
/// The database is away, the role may not create, or an applied migration differs from ours.
pub async fn migrate(config: &DatabaseConfig) -> Result<(), MigrateFailed> {
    let mut connection = config.writing().await?;
    MIGRATOR.run(&mut connection).await.map_err(|error| MigrateFailed::Migration(error.to_string()))?;
    connection.close().await.map_err(|error| MigrateFailed::Database(error.into()))
}

/// Why the migrations did not run.
#[derive(Debug, thiserror::Error)]
pub enum MigrateFailed {
    /// No connection.
    #[error("cannot migrate: {0}")]
    Database(#[from] DbError),
    /// A migration failed or does not fit.
    #[error("cannot migrate: {0}")]
    Migration(String),
}
