//! Facts of the database and `datebin.toml` → a catalog.

mod error;

use std::collections::HashSet;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::time::timeout;

use super::config::{DatabaseConfig, SessionPurpose};
use super::error::DbError;
use super::health::Health;
use super::lease::text;
use super::pace::RoundTrip;
use super::remembered::Memory;
use super::session::Session;
use super::settings::AccessMode;
use super::start::SessionStart;
use super::stored::RowFactsReader;
use super::{introspect, session};
use crate::catalog::classify::{CatalogError, Decision, UntrustedCode, Verdict, classify, finish, sound};
use crate::catalog::facts::{DiscoveryScope, Facts, RelationKind};
use crate::catalog::file::CatalogFile;
use crate::catalog::{MissingNames, Relation, Snapshot};
use crate::time::Zone;
pub use error::LoadError;

/// How long reading the catalog may take in all. Each of its parts has a shorter bound.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long the end of a session may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// How long what the database states about itself may take.
const FACTS: Duration = Duration::from_secs(60);

/// A catalog and what was decided on the way.
pub(crate) type DecidedCatalog = (Snapshot, Vec<Decision>);

/// A catalog of what is right.
#[derive(Debug)]
pub(crate) struct PartialCatalog {
    /// The catalog.
    pub(crate) snapshot: Snapshot,
    /// What was decided on the way.
    pub(crate) decisions: Vec<Decision>,
    /// What is wrong with the declarations that are left out.
    pub(crate) problems: Vec<CatalogError>,
    /// Whether no declaration is left.
    pub(crate) is_all_wrong: bool,
}

/// Reads the database's own account of itself, over a session of its own, and makes a catalog of it.
///
/// # Errors
/// The database does not answer, the file contradicts it, or two metrics have one name.
pub async fn load(
    config: &DatabaseConfig,
    file: &CatalogFile,
    zone: Option<Zone>,
) -> Result<DecidedCatalog, LoadError> {
    let loaded = partial(config, file, zone, &mut Memory::default(), &Health::default()).await?;
    match loaded.problems.into_iter().next() {
        Some(problem) => Err(problem.into()),
        None => Ok((loaded.snapshot, loaded.decisions)),
    }
}

/// Like [`load`], but a declaration that is wrong leaves only itself out, and what `memory` knows need not be read. How far the
/// database is tells how long one that says nothing is waited for.
///
/// # Errors
/// The database does not answer, or the file as a whole is wrong.
pub(crate) async fn partial(
    config: &DatabaseConfig,
    file: &CatalogFile,
    zone: Option<Zone>,
    memory: &mut Memory,
    health: &Health,
) -> Result<PartialCatalog, LoadError> {
    let (_, found, mut problems) = within(PATIENCE, all(config, file, zone, memory, &health.pace)).await?;
    match found {
        Some((snapshot, decisions, is_all_wrong)) => Ok(PartialCatalog { snapshot, decisions, problems, is_all_wrong }),
        None => Err(problems.pop().map_or_else(|| DbError::Changed.into(), LoadError::from)),
    }
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
    let (facts, found, problems) =
        within(PATIENCE, all(config, file, zone, &mut Memory::default(), &RoundTrip::default())).await?;
    Ok(Survey { facts, snapshot: found.map(|(snapshot, ..)| snapshot), problems })
}

/// The relations that discovery would serve and that a file without discovery does not name: nothing else would tell of a
/// table that was made after the file was written.
///
/// # Errors
/// The database does not answer, or the file contradicts it.
pub async fn undeclared(
    config: &DatabaseConfig,
    file: &CatalogFile,
    zone: Option<Zone>,
) -> Result<Vec<String>, LoadError> {
    if file.discovery.enabled {
        return Ok(Vec::new());
    }
    let mut whole = file.clone();
    whole.discovery.enabled = true;
    let loaded = partial(config, &whole, zone, &mut Memory::default(), &Health::default()).await?;
    let served: HashSet<&Relation> = loaded.snapshot.sources().iter().map(|source| &source.relation).collect();
    let decisions = loaded.snapshot.decisions().iter();
    let found = decisions.filter(|one| one.verdict == Verdict::Source && served.contains(&one.relation));
    Ok(found.map(|one| one.relation.to_string()).collect())
}

async fn within<T>(bound: Duration, reading: impl Future<Output = Result<T, LoadError>>) -> Result<T, LoadError> {
    timeout(bound, reading).await.map_err(|_| DbError::Deadline)?
}

/// A catalog, what was decided, and whether every declaration was left out for it.
type CheckedCatalog = (Snapshot, Vec<Decision>, bool);

/// What was read: the facts, the catalog of what is right, and what is wrong.
type CatalogReading = (Facts, Option<CheckedCatalog>, Vec<CatalogError>);

/// The facts, the catalog of what is right, and what is wrong; no catalog where that cannot be left out. Behind a pooler
/// all of it is one transaction, whose settings leave no trace.
async fn all(
    config: &DatabaseConfig,
    file: &CatalogFile,
    zone: Option<Zone>,
    memory: &mut Memory,
    pace: &RoundTrip,
) -> Result<CatalogReading, LoadError> {
    let mut session = connected(config, &file.scope(), &memory.beyond, pace).await?;
    if !session.is_pooled {
        let read = read(&mut session.connection, config, file, zone, memory).await;
        if !matches!(read, Err(LoadError::Database(DbError::Unfit(_)))) {
            said_goodbye(session).await;
            return read;
        }
        config.pooler.found("leaves out the settings of a session's start");
        session = connected(config, &file.scope(), &memory.beyond, pace).await?;
    }
    let opening = config.settings(SessionPurpose::Discovery).opening(AccessMode::Reading);
    let mut transaction = session.connection.begin_with(text(opening.text)).await.map_err(DbError::from)?;
    let read = read(&mut transaction, config, file, zone, memory).await;
    // The result of reading is returned, also if closing the session fails.
    let _ended = timeout(GOODBYE, transaction.rollback()).await;
    said_goodbye(session).await;
    read
}

/// The work is done; a server that does not say goodbye is no failure.
async fn said_goodbye(session: Session) {
    let _closed = timeout(GOODBYE, session.connection.close()).await;
}

async fn read(
    connection: &mut PgConnection,
    config: &DatabaseConfig,
    file: &CatalogFile,
    zone: Option<Zone>,
    memory: &mut Memory,
) -> Result<CatalogReading, LoadError> {
    let scope = file.scope();
    let account = within(FACTS, async {
        Ok(introspect::account(connection, &scope, &mut memory.beyond).await.map_err(DbError::from)?)
    });
    let account = account.await?;
    if !account.has_start && !connection.is_in_transaction() {
        return Err(DbError::Unfit("the settings of its start were left out").into());
    }
    let (facts, skew_ms) = (account.facts, account.skew_ms);
    let mut reader = RowFactsReader::new(connection, memory, config);
    let (mut kept, mut problems) = (file.clone(), Vec::new());
    let found = loop {
        match assembled(&mut reader, &facts, &kept, zone).await {
            Ok((mut snapshot, decisions)) => {
                snapshot.set_skew(skew_ms);
                let is_all_wrong = !problems.is_empty() && kept.sources.is_empty() && kept.annotations.is_empty();
                break Some((snapshot, decisions, is_all_wrong));
            }
            Err(LoadError::Catalog(problem)) if problems.is_empty() => {
                (kept, problems) = sound(&facts, file, zone.unwrap_or(Zone::UTC));
                if problems.is_empty() && !without(&mut kept, &problem) {
                    break None;
                }
                if problems.is_empty() {
                    problems.push(problem);
                }
            }
            Err(LoadError::Catalog(problem)) => {
                let goes_on = without(&mut kept, &problem);
                if !problems.contains(&problem) {
                    problems.push(problem);
                }
                if !goes_on {
                    break None;
                }
            }
            Err(error) => return Err(error),
        }
    };
    Ok((facts, found, problems))
}

/// Takes the source out that only contradicts another one: the later of two that give one name. Whether there was one.
fn without(file: &mut CatalogFile, problem: &CatalogError) -> bool {
    let CatalogError::Clash(clash) = problem else { return false };
    let is_of = |place: &str| file.sources.iter().rposition(|source| clash_names(place, &source.relation));
    let at = is_of(&clash.second).max(is_of(&clash.first));
    at.map(|at| file.sources.remove(at)).is_some()
}

/// Whether a place is in a relation as the file spells it.
fn clash_names(place: &str, relation: &str) -> bool {
    let place = place.split(", ").next().unwrap_or(place);
    place == relation || place.split_once('.').is_some_and(|(_, name)| name == relation)
}

async fn connected(
    config: &DatabaseConfig,
    scope: &DiscoveryScope,
    beyond: &[Relation],
    pace: &RoundTrip,
) -> Result<Session, LoadError> {
    let start = SessionStart::of(SessionPurpose::Discovery).with(introspect::scope::setting(scope, beyond));
    let session = session::connected(config, &start, pace).await?;
    supported(&session.connection)?;
    Ok(session)
}

/// Facts and file → the catalog, with what only the rows know.
async fn assembled(
    reader: &mut RowFactsReader<'_>,
    facts: &Facts,
    file: &CatalogFile,
    zone: Option<Zone>,
) -> Result<DecidedCatalog, LoadError> {
    let mut draft = classify(facts, file, zone.unwrap_or(Zone::UTC))?;
    let views: HashSet<&Relation> =
        facts.relations.iter().filter(|facts| facts.kind == RelationKind::View).map(|facts| &facts.relation).collect();
    reader.notes.clear();
    reader.unread.clear();
    reader.untrusted = UntrustedCode::of(facts, file);
    reader.notes.append(&mut reader.untrusted.notes);
    let stored = reader.names(&mut draft, &views).await?;
    let (mut snapshot, decisions) = finish(draft, &stored)?;
    let members = reader.members(&snapshot).await?;
    snapshot.set_members(members);
    snapshot.add_notes(&reader.notes);
    snapshot = snapshot.lacking(MissingNames::of_sources(std::mem::take(&mut reader.unread)));
    snapshot.set_searched(facts.searched.clone());
    snapshot.add_notes(&facts.searched.notes(file, &snapshot));
    reader.rollups(&mut snapshot).await?;
    Ok((snapshot, decisions))
}

/// `date_bin` exists from PostgreSQL 14 on.
fn supported(connection: &PgConnection) -> Result<(), LoadError> {
    match connection.server_version_num() {
        Some(version) if version < 140_000 => Err(LoadError::Version(version / 10_000)),
        _ => Ok(()),
    }
}
