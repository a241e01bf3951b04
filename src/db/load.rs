//! The database's own account of itself and `datebin.toml` → a catalog.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::time::{Instant, timeout};

use super::config::DatabaseConfig;
use super::error::DbError;
use super::lease::texts;
use super::{introspect, names, rollups};
use crate::catalog::classify::{CatalogError, Decision, classify, finish, sound};
use crate::catalog::facts::Facts;
use crate::catalog::file::{CatalogFile, FileError};
use crate::catalog::{Snapshot, Source};
use crate::sql;
use crate::time::Zone;

/// How long reading the catalog may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long reading what rollups hold may take in all: without one the source's own rows answer.
const ROLLUPS: Duration = Duration::from_secs(20);

/// The most members of a document that become labels.
const MEMBERS: u32 = 1000;

/// Why there is no catalog.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database did not answer.
    #[error("the catalog cannot be read from the database: {0}")]
    Database(#[from] DbError),
    /// `datebin.toml` cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
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

/// A catalog and what was decided on the way.
pub(crate) type Loaded = (Snapshot, Vec<Decision>);

/// Reads the database's own account of itself, over a session of its own, and makes a catalog of it.
///
/// # Errors
/// The database does not answer, the file contradicts it, or two metrics have one name.
pub async fn load(config: &DatabaseConfig, file: &CatalogFile, zone: Option<Zone>) -> Result<Loaded, LoadError> {
    let loaded = timeout(PATIENCE, load_all(config, file, zone)).await;
    loaded.map_err(|_| DbError::Deadline)?
}

async fn load_all(config: &DatabaseConfig, file: &CatalogFile, zone: Option<Zone>) -> Result<Loaded, LoadError> {
    let mut connection = connected(config).await?;
    let facts = introspect::load(&mut connection, &file.scope()).await.map_err(DbError::from)?;
    let loaded = assembled(&mut connection, &facts, file, zone).await?;
    // The work is done; a server that does not say goodbye is no failure.
    let _closed = timeout(Duration::from_secs(1), connection.close()).await;
    Ok(loaded)
}

/// What there is, and what is wrong with the file.
#[derive(Debug)]
pub struct Survey {
    /// What the database states.
    pub facts: Facts,
    /// The catalog without the declarations that are wrong; none where even that contradicts itself.
    pub snapshot: Option<Snapshot>,
    /// What is wrong.
    pub problems: Vec<CatalogError>,
}

/// Like [`load`], and goes on where the file is wrong, so that everything that is wrong with it is known at once.
///
/// # Errors
/// The database does not answer.
pub async fn survey(config: &DatabaseConfig, file: &CatalogFile, zone: Option<Zone>) -> Result<Survey, LoadError> {
    let surveyed = timeout(PATIENCE, survey_all(config, file, zone)).await;
    surveyed.map_err(|_| DbError::Deadline)?
}

async fn survey_all(config: &DatabaseConfig, file: &CatalogFile, zone: Option<Zone>) -> Result<Survey, LoadError> {
    let mut connection = connected(config).await?;
    let facts = introspect::load(&mut connection, &file.scope()).await.map_err(DbError::from)?;
    let mut problems = Vec::new();
    let mut loaded = assembled(&mut connection, &facts, file, zone).await;
    if let Err(LoadError::Catalog(_)) = &loaded {
        let kept;
        (kept, problems) = sound(&facts, file, zone.unwrap_or(Zone::UTC));
        loaded = assembled(&mut connection, &facts, &kept, zone).await;
    }
    let snapshot = match loaded {
        Ok((snapshot, _)) => Some(snapshot),
        Err(LoadError::Catalog(problem)) => {
            problems.push(problem);
            None
        }
        Err(error) => return Err(error),
    };
    Ok(Survey { facts, snapshot, problems })
}

async fn connected(config: &DatabaseConfig) -> Result<PgConnection, LoadError> {
    let connected = timeout(config.connect_timeout, PgConnection::connect_with(&config.discovering())).await;
    let connected = connected.map_err(|_| DbError::Connection("timed out".into()))?;
    let connection = connected.map_err(DbError::from)?;
    supported(&connection)?;
    Ok(connection)
}

/// Facts and file → the catalog, with what only the rows know.
async fn assembled(
    connection: &mut PgConnection,
    facts: &Facts,
    file: &CatalogFile,
    zone: Option<Zone>,
) -> Result<Loaded, LoadError> {
    let mut draft = classify(facts, file, zone.unwrap_or(Zone::UTC))?;
    for table in draft.name_tables() {
        let names = names::called(connection, &table).await?;
        draft.call(&table, &names);
    }
    let mut stored = BTreeMap::new();
    for (at, source) in draft.narrow() {
        stored.insert(at, names::stored_names(connection, source, draft.most_names()).await?);
    }
    let (mut snapshot, decisions) = finish(draft, &stored)?;
    let mut members = Vec::new();
    for source in snapshot.sources() {
        members.push(members_of(connection, source).await?);
    }
    snapshot.set_members(members);
    let until = Instant::now() + ROLLUPS;
    for (source, rollup) in snapshot.rollups_to_read() {
        if Instant::now() < until {
            rollups::read(connection, &source, rollup).await?;
        } else {
            rollup.held = rollups::unread();
        }
    }
    Ok((snapshot, decisions))
}

/// `date_bin` exists from PostgreSQL 14 on.
fn supported(connection: &PgConnection) -> Result<(), LoadError> {
    match connection.server_version_num() {
        Some(version) if version < 140_000 => Err(LoadError::Version(version / 10_000)),
        _ => Ok(()),
    }
}

/// The members of a source's document label among its newest rows; none where they cannot be had in time.
async fn members_of(connection: &mut PgConnection, source: &Source) -> Result<Vec<String>, DbError> {
    let Some(document) = source.document() else { return Ok(Vec::new()) };
    let statement = sql::member_names(source, document, MEMBERS);
    match texts(connection, &statement).await {
        Ok(mut members) => {
            members.sort_unstable();
            Ok(members)
        }
        Err(error @ DbError::Server { .. }) => {
            tracing::warn!(relation = %source.relation, %error, "the members of a label column cannot be listed");
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}
