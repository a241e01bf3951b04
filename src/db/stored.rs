//! What only rows know, the names of narrow sources before all, read within bounds: a slow source costs neither the catalog
//! nor its freshness.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;

use super::config::DatabaseConfig;
use super::error::DbError;
use super::lease::{raw, texts};
use super::names::NamesFound;
use super::path::{SearchPath, SettingScope};
use super::remembered::{LastRead, Memory, ReadFailure, RowFact, SourceMemory};
use super::{names, rollups};
use crate::catalog::classify::{Draft, NameStrategy, StoredNames, UntrustedCode};
use crate::catalog::{Relation, RollupCoverage, Snapshot, Source, UnreadSource};
use crate::sql::{self, Writer};

/// How long one statement may take that lists names.
const STATEMENT: Duration = Duration::from_secs(3);
/// How long the statements of one source may take, the last one not counted.
const SOURCE: Duration = Duration::from_secs(3);
/// How long those of all sources may take.
const ALL: Duration = Duration::from_secs(30);
/// How long reading what rollups hold may take in all: without one the source's own rows answer.
const ROLLUPS: Duration = Duration::from_secs(20);
/// The most members of a document that become labels.
const MEMBERS: u32 = 1000;

/// Reads what only rows know, over one connection.
pub(super) struct RowFactsReader<'a> {
    connection: &'a mut PgConnection,
    memory: &'a mut Memory,
    /// What is to be said of sources that are not read.
    pub(super) notes: Vec<String>,
    /// The sources that could not be read.
    pub(super) unread: Vec<UnreadSource>,
    /// Relations that run code of untrusted roles: only questions read their rows.
    pub(super) untrusted: UntrustedCode,
    /// Whether statements are still bounded as those of questions are, and names still resolve as the role's do.
    is_unbounded: bool,
    /// Whether a statement here has less time than one of a question.
    is_shorter: bool,
    /// Where statements over rows look names up.
    path: SearchPath,
}

impl<'a> RowFactsReader<'a> {
    pub(super) fn new(connection: &'a mut PgConnection, memory: &'a mut Memory, config: &DatabaseConfig) -> Self {
        let is_shorter = config.statement_timeout > STATEMENT;
        let path = config.search_path.clone();
        let (notes, unread, untrusted) = (Vec::new(), Vec::new(), UntrustedCode::default());
        Self { connection, memory, notes, unread, untrusted, is_unbounded: true, is_shorter, path }
    }

    /// Bounds the statements that follow, once there is one. They read rows, and resolve names as questions do.
    async fn bound(&mut self) -> Result<(), DbError> {
        if std::mem::take(&mut self.is_unbounded) {
            let mut w = Writer::default();
            w.syntax("SELECT ");
            self.path.write_call(&mut w, SettingScope::Session);
            if self.is_shorter {
                w.syntax(", pg_catalog.set_config('statement_timeout', '3000', false)");
            }
            sqlx::Executor::execute(&mut *self.connection, raw(&w.finish())).await?;
        }
        Ok(())
    }

    /// Says of each rollup what it holds. These are the last statements on the connection.
    pub(super) async fn rollups(&mut self, snapshot: &mut Snapshot) -> Result<(), DbError> {
        let until = Instant::now() + ROLLUPS;
        let mut met = HashSet::new();
        for (source, rollup) in snapshot.rollups_to_read() {
            if let Some(why) = self.untrusted.bars(&rollup.rows).or_else(|| self.untrusted.bars(&source)) {
                rollup.held = RollupCoverage::Nothing(format!("{why}; {TRUST}"));
                continue;
            }
            if met.is_empty() {
                rollups::bound(self.connection, &self.path).await?;
            }
            let key = rollups::key(&source, rollup);
            let mut last = self.memory.rollups.remove(&key);
            if Instant::now() < until {
                let asked = rollups::HoleSearch { last: last.take(), is_asked: self.memory.is_asked };
                last = rollups::read(self.connection, &source, rollup, asked).await?;
            } else {
                rollup.held = rollups::unread();
            }
            // A refresh that is broken off keeps what was read until then.
            self.memory.rollups.extend(last.map(|last| (key.clone(), last)));
            met.insert(key);
        }
        self.memory.rollups.retain(|key, _| met.contains(key));
        Ok(())
    }

    /// The names of every narrow source by its number.
    pub(super) async fn names(
        &mut self,
        draft: &mut Draft,
        views: &HashSet<&Relation>,
    ) -> Result<BTreeMap<usize, StoredNames>, DbError> {
        self.family_names(draft).await?;
        let until = Instant::now() + ALL;
        let (mut stored, mut met) = (BTreeMap::new(), HashSet::new());
        let none = || StoredNames { names: Vec::new(), strategy: NameStrategy::Unread, cut: false };
        for (at, source) in draft.narrow() {
            if let Some(why) = self.untrusted.bars(source) {
                let relation = &source.relation;
                self.notes.push(format!("{relation}: {why}, so it is left out; {TRUST}"));
                stored.insert(at, none());
                continue;
            }
            let key = format!("{} {}", draft.most_names(), key(source));
            let last = self.memory.sources.get(&key).cloned();
            let is_due =
                last.as_ref().is_none_or(|last| last.is_due(views.contains(&source.relation), self.memory.is_asked));
            let now = match last {
                Some(last) if !is_due => last,
                last if Instant::now() >= until => untimely(last),
                last => self.read(source, &key, last, draft.most_names()).await?,
            };
            self.say_unread(source, &now);
            stored.insert(at, now.names.clone().unwrap_or_else(none));
            self.memory.sources.insert(key.clone(), now);
            met.insert(key);
        }
        self.memory.keep(RowFact::Names, &met);
        Ok(stored)
    }

    async fn read(
        &mut self,
        source: &Source,
        key: &str,
        last: Option<SourceMemory>,
        most: u32,
    ) -> Result<SourceMemory, DbError> {
        self.bound().await?;
        let begun = Instant::now();
        let read = names::stored_names_until(self.connection, source, most, begun + SOURCE).await;
        let last_read = LastRead { at: begun, took: begun.elapsed() };
        let (found, error) = match read {
            Ok(NamesFound { names, failure: None }) => {
                self.memory.succeeded(RowFact::Names, key);
                return Ok(SourceMemory { names: Some(names), failure: None, last: last_read });
            }
            Ok(NamesFound { names, failure: Some(error) }) => (Some(names), error),
            Err(error) if names::is_about_the_relation(&error) => (None, error),
            Err(error) => return Err(error),
        };
        let some = found.filter(|names| !names.names.is_empty());
        let names = last.and_then(|last| last.names).or(some);
        let failure = Some(self.memory.failed(RowFact::Names, key, &source.relation, &error));
        Ok(SourceMemory { names, failure, last: last_read })
    }

    /// Calls the members of families by the names that relations say, as far as these can be read, or could be before.
    async fn family_names(&mut self, draft: &mut Draft) -> Result<(), DbError> {
        let mut met = HashSet::new();
        for table in draft.name_tables() {
            self.bound().await?;
            let key = format!("{table:?}");
            let mut names = self.memory.called.get(&key).cloned();
            match names::called(self.connection, &table).await {
                Ok(read) => {
                    self.memory.succeeded(RowFact::FamilyNames, &key);
                    names = Some(read);
                }
                Err(error) if names::is_about_the_relation(&error) => {
                    let failure = self.memory.failed(RowFact::FamilyNames, &key, &table.relation, &error);
                    let kept = if names.is_some() { KEPT } else { "its members are called after their relations" };
                    self.unread(&table.relation, RowFact::FamilyNames, &failure, kept);
                }
                Err(error) => return Err(error),
            }
            if let Some(names) = names {
                draft.call(&table, &names);
                self.memory.called.insert(key.clone(), names);
            }
            met.insert(key);
        }
        self.memory.keep(RowFact::FamilyNames, &met);
        Ok(())
    }

    fn say_unread(&mut self, source: &Source, known: &SourceMemory) {
        let kept = if known.names.is_some() { KEPT } else { "it is left out" };
        if let Some(failure) = &known.failure {
            self.unread(&source.relation, RowFact::Names, failure, kept);
        }
    }

    fn unread(&mut self, relation: &Relation, fact: RowFact, failure: &ReadFailure, kept: &str) {
        let text = format!("{relation}: {} ({}); {kept}", fact.unread(), failure.reason);
        let (is_of_names, is_slow) = (fact != RowFact::Members, failure.is_slow);
        self.unread.push(UnreadSource { relation: relation.clone(), text, is_of_names, is_slow });
    }

    /// The members of each source's document label among its newest rows; those of before where they cannot be had in time.
    pub(super) async fn members(&mut self, snapshot: &Snapshot) -> Result<Vec<Vec<String>>, DbError> {
        let until = Instant::now() + ALL;
        let (mut all, mut met) = (Vec::new(), HashSet::new());
        for source in snapshot.sources() {
            let may_be_read = self.untrusted.bars(source).is_none();
            let Some(document) = source.document().filter(|_| may_be_read) else {
                all.push(Vec::new());
                continue;
            };
            let key = format!("{:?} {}", document, key(source));
            let mut members = self.memory.members.get(&key).cloned();
            if Instant::now() < until {
                self.bound().await?;
                let statement = sql::member_names(source, document, &[], MEMBERS);
                match texts(self.connection, &statement).await {
                    Ok(mut read) => {
                        self.memory.succeeded(RowFact::Members, &key);
                        read.sort_unstable();
                        members = Some(read);
                    }
                    Err(error) if names::is_about_the_relation(&error) => {
                        let failure = self.memory.failed(RowFact::Members, &key, &source.relation, &error);
                        let kept = if members.is_some() { KEPT } else { "none are offered" };
                        self.unread(&source.relation, RowFact::Members, &failure, kept);
                    }
                    Err(error) => return Err(error),
                }
            }
            all.push(members.clone().unwrap_or_default());
            self.memory.members.extend(members.map(|members| (key.clone(), members)));
            met.insert(key);
        }
        self.memory.keep(RowFact::Members, &met);
        Ok(all)
    }
}

/// What becomes of names that cannot be read again.
const KEPT: &str = "those of before are kept";

/// What is known of a source for which no time is left.
fn untimely(last: Option<SourceMemory>) -> SourceMemory {
    let failure = Some(ReadFailure::of_time());
    match last {
        Some(last) => SourceMemory { failure, ..last },
        // Due at once.
        None => SourceMemory { names: None, failure, last: LastRead { at: Instant::now(), took: Duration::ZERO } },
    }
}

/// What makes datebin read a relation that runs code of an untrusted role.
const TRUST: &str = "declare it, or add the role to discovery.trusted";

/// What tells the names of a source from those of others, also of the same relation.
fn key(source: &Source) -> String {
    format!(
        "{:?}",
        (&source.relation, &source.name_column, &source.numbers, &source.filters, &source.joins, &source.elements)
    )
}
