//! What only rows know, the names of narrow sources before all, read within bounds: a slow source costs neither the catalog
//! nor its freshness.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;

use super::config::DatabaseConfig;
use super::error::DbError;
use super::lease::{raw, texts};
use super::path::{SearchPath, SettingScope};
use super::{names, rollups};
use crate::catalog::classify::{Draft, NameStrategy, StoredNames};
use crate::catalog::{Relation, Snapshot, Source};
use crate::sql::{self, Writer};

/// How long one statement may take that lists names.
const STATEMENT: Duration = Duration::from_secs(3);
/// How long the statements of one source may take, the last one not counted.
const SOURCE: Duration = Duration::from_secs(3);
/// How long those of all sources may take.
const ALL: Duration = Duration::from_secs(30);
/// Reading names takes at most this part of the time.
const SHARE: u32 = 100;
/// A view is read whole at most this often, however fast it is.
const VIEWS: Duration = Duration::from_secs(300);
/// How long reading what rollups hold may take in all: without one the source's own rows answer.
const ROLLUPS: Duration = Duration::from_secs(20);
/// What took less is read whenever somebody asks for a refresh.
const FAST: Duration = Duration::from_secs(1);
/// The most members of a document that become labels.
const MEMBERS: u32 = 1000;

/// What earlier refreshes read from rows.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    sources: HashMap<String, SourceMemory>,
    rollups: HashMap<String, rollups::KnownRows>,
    /// The relations outside of the scope that were asked about.
    pub(super) beyond: Vec<Relation>,
    /// Whether somebody asked for the refresh that is made now.
    pub(crate) is_asked: bool,
}

/// What is known of one source.
#[derive(Clone, Debug)]
struct SourceMemory {
    /// The last names that could be read.
    names: Option<StoredNames>,
    /// Why they could not be read the last time.
    failure: Option<&'static str>,
    last: LastRead,
}

/// When something was read of rows, and how long that took.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastRead {
    pub(super) at: Instant,
    pub(super) took: Duration,
}

impl LastRead {
    /// Whether it is time to read again, after a pause at the least.
    pub(super) fn is_due(&self, pause: Duration, is_asked: bool) -> bool {
        self.at.elapsed() >= pause.max(self.took * SHARE) || is_asked && self.took < FAST
    }
}

impl SourceMemory {
    fn is_due(&self, is_view: bool, is_asked: bool) -> bool {
        self.last.is_due(if is_view { VIEWS } else { Duration::ZERO }, is_asked)
    }
}

/// Reads what only rows know, over one connection.
pub(super) struct RowFactsReader<'a> {
    connection: &'a mut PgConnection,
    memory: &'a mut Memory,
    /// What is to be said of sources that could not be read.
    pub(super) notes: Vec<String>,
    /// Undeclared relations that run code of an untrusted role, with the role: only questions read their rows.
    pub(super) untrusted: HashMap<Relation, String>,
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
        Self { connection, memory, notes: Vec::new(), untrusted: HashMap::new(), is_unbounded: true, is_shorter, path }
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
        let mut known = HashMap::new();
        for (source, rollup) in snapshot.rollups_to_read() {
            if known.is_empty() {
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
            known.insert(key, last);
        }
        self.memory.rollups = known.into_iter().filter_map(|(key, last)| Some((key, last?))).collect();
        Ok(())
    }

    /// The names of every narrow source by its number.
    pub(super) async fn names(
        &mut self,
        draft: &mut Draft,
        views: &HashSet<&Relation>,
    ) -> Result<BTreeMap<usize, StoredNames>, DbError> {
        for table in draft.name_tables() {
            self.bound().await?;
            match names::called(self.connection, &table).await {
                Ok(names) => draft.call(&table, &names),
                Err(error) if names::is_about_the_relation(&error) => {
                    self.notes.push(format!(
                        "{} cannot be read for the names of a family: {}",
                        table.relation,
                        why(&error)
                    ));
                }
                Err(error) => return Err(error),
            }
        }
        let until = Instant::now() + ALL;
        let (mut stored, mut known) = (BTreeMap::new(), HashMap::new());
        let none = || StoredNames { names: Vec::new(), strategy: NameStrategy::Statistics, cut: false };
        for (at, source) in draft.narrow() {
            if let Some(role) = self.untrusted.get(&source.relation) {
                self.notes.push(untrusted(source, role));
                stored.insert(at, none());
                continue;
            }
            let key = format!("{} {}", draft.most_names(), key(source));
            let last = self.memory.sources.remove(&key);
            let is_due =
                last.as_ref().is_none_or(|last| last.is_due(views.contains(&source.relation), self.memory.is_asked));
            let now = match last {
                Some(last) if !is_due => last,
                last if Instant::now() >= until => untimely(last),
                last => self.read(source, last, draft.most_names()).await?,
            };
            self.notes.extend(now.failure.map(|why| left_out(source, &now, why)));
            stored.insert(at, now.names.clone().unwrap_or_else(none));
            known.insert(key, now);
        }
        self.memory.sources = known;
        Ok(stored)
    }

    async fn read(&mut self, source: &Source, last: Option<SourceMemory>, most: u32) -> Result<SourceMemory, DbError> {
        self.bound().await?;
        let begun = Instant::now();
        let read = names::stored_names_until(self.connection, source, most, begun + SOURCE).await;
        let took = begun.elapsed();
        match read {
            // What is left when no statement ended in time, or all failed; statistics know some names at best.
            Ok(names) if names.strategy == NameStrategy::Statistics => {
                let some = Some(names).filter(|names| !names.names.is_empty());
                let names = last.and_then(|last| last.names).or(some);
                Ok(SourceMemory { names, failure: Some(SLOW), last: LastRead { at: begun, took } })
            }
            Ok(names) => Ok(SourceMemory { names: Some(names), failure: None, last: LastRead { at: begun, took } }),
            Err(error) if names::is_about_the_relation(&error) => {
                let names = last.and_then(|last| last.names);
                tracing::debug!(relation = %source.relation, %error, "no names");
                Ok(SourceMemory { names, failure: Some(why(&error)), last: LastRead { at: begun, took } })
            }
            Err(error) => Err(error),
        }
    }

    /// The members of each source's document label among its newest rows; none where they cannot be had in time.
    pub(super) async fn members(&mut self, snapshot: &Snapshot) -> Result<Vec<Vec<String>>, DbError> {
        let until = Instant::now() + ALL;
        let mut all = Vec::new();
        for source in snapshot.sources() {
            let may_be_read = !self.untrusted.contains_key(&source.relation) && Instant::now() < until;
            let Some(document) = source.document().filter(|_| may_be_read) else {
                all.push(Vec::new());
                continue;
            };
            self.bound().await?;
            let statement = sql::member_names(source, document, &[], MEMBERS);
            let mut members = match texts(self.connection, &statement).await {
                Err(error) if names::is_about_the_relation(&error) => {
                    tracing::warn!(relation = %source.relation, %error, "the members of a label column cannot be listed");
                    Vec::new()
                }
                found => found?,
            };
            members.sort_unstable();
            all.push(members);
        }
        Ok(all)
    }
}

const SLOW: &str = "that takes too long or fails; an index on the name would find them";

fn why(error: &DbError) -> &'static str {
    if error.is_out_of_time() { SLOW } else { "the relation fails when it is read" }
}

/// What is known of a source for which no time is left.
fn untimely(last: Option<SourceMemory>) -> SourceMemory {
    let failure = Some("other sources took all the time");
    match last {
        Some(last) => SourceMemory { failure, ..last },
        // Due at once.
        None => SourceMemory { names: None, failure, last: LastRead { at: Instant::now(), took: Duration::ZERO } },
    }
}

fn untrusted(source: &Source, role: &str) -> String {
    format!(
        "{}: reading its rows runs code of the untrusted role `{role}`, so it is left out; declare it, or add the role to \
         discovery.trusted",
        source.relation
    )
}

fn left_out(source: &Source, known: &SourceMemory, why: &str) -> String {
    let done = if known.names.is_some() { "the names of before are kept" } else { "it is left out" };
    format!("{}: its names cannot be listed ({why}); {done}", source.relation)
}

/// What tells the names of a source from those of others, also of the same relation.
fn key(source: &Source) -> String {
    format!(
        "{:?}",
        (&source.relation, &source.name_column, &source.numbers, &source.filters, &source.joins, &source.elements)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn names_are_read_again_in_proportion_to_what_that_costs() {
        let known = |took| SourceMemory { names: None, failure: None, last: LastRead { at: Instant::now(), took } };
        let (fast, slow) = (known(Duration::from_millis(10)), known(Duration::from_secs(3)));
        let due = |is_view, is_asked| [fast.is_due(is_view, is_asked), slow.is_due(is_view, is_asked)];
        assert_eq!((due(false, false), due(false, true)), ([false, false], [true, false]));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!((due(false, false), due(true, false), due(true, true)), ([true, false], [false; 2], [true, false]));
        tokio::time::advance(Duration::from_secs(240)).await;
        assert_eq!(due(true, false), [true, true]);
    }
}
