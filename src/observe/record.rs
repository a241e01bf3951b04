//! What is known of one request in the end.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::identity::Identity;

/// The most names and texts of a request that are kept.
const KEPT: usize = 100;

/// A request and its answer.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its method; `other` for those that nobody has.
    pub method: &'static str,
    /// The name of the database that it asked, where it has one.
    pub database: Option<Arc<str>>,
    /// The route that it matched; empty for none.
    pub route: String,
    /// The status; 499 where the client left before the answer.
    pub status: u16,
    /// The code of the error; `ok` without one.
    pub code: &'static str,
    /// Time from the headers of the request to those of the answer.
    pub taken: Duration,
    /// Bytes that were sent of the body.
    pub bytes: u64,
    /// The request's id.
    pub id: String,
    /// What was asked, and by whom.
    pub record: Record,
}

/// What a request asked and cost, written down while it is answered. Clones write into the same one.
#[derive(Clone, Debug, Default)]
pub struct Record(Arc<RecordState>);

#[derive(Debug, Default)]
struct RecordState {
    /// Whether somebody wants the texts of targets.
    wants_texts: bool,
    notes: Mutex<RequestNotes>,
    rows: AtomicU64,
    statements: AtomicU64,
}

/// What was written down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RequestNotes {
    /// Who asked.
    pub(super) caller: Identity,
    /// Whether the request was a question.
    pub(super) is_question: bool,
    /// The metrics and annotations that were read.
    pub(super) metrics: BTreeSet<String>,
    /// The texts of the targets.
    pub(super) targets: Vec<String>,
    /// The range that was read, in milliseconds since 1970.
    pub(super) range: Option<(i64, i64)>,
}

impl Record {
    /// A record that keeps the texts of targets as well, or does not.
    #[must_use]
    pub fn new(wants_texts: bool) -> Self {
        Self(Arc::new(RecordState { wants_texts, ..RecordState::default() }))
    }

    fn notes(&self) -> MutexGuard<'_, RequestNotes> {
        self.0.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who asks.
    pub fn caller(&self, identity: &Identity) {
        self.notes().caller = identity.clone();
    }

    /// That it is a question: something that the catalog is asked for.
    pub fn question(&self) {
        self.notes().is_question = true;
    }

    /// The text of a target, where somebody wants it.
    pub fn target(&self, text: &str) {
        if !self.0.wants_texts {
            return;
        }
        let mut notes = self.notes();
        if notes.targets.len() < KEPT && !notes.targets.iter().any(|known| known == text) {
            notes.targets.push(text.to_owned());
        }
    }

    /// A metric whose rows are read.
    pub fn metric(&self, name: &str) {
        let mut notes = self.notes();
        if notes.metrics.len() < KEPT && !notes.metrics.contains(name) {
            notes.metrics.insert(name.to_owned());
        }
    }

    /// A range of time that is read, in milliseconds since 1970.
    pub fn range(&self, from: i64, to: i64) {
        let mut notes = self.notes();
        notes.range = Some(notes.range.map_or((from, to), |known| (known.0.min(from), known.1.max(to))));
    }

    /// A statement, and the rows that were read of it.
    pub fn statement(&self, rows: u64) {
        self.0.rows.fetch_add(rows, Ordering::Relaxed);
        self.0.statements.fetch_add(1, Ordering::Relaxed);
    }

    /// How many rows were read so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.0.rows.load(Ordering::Relaxed)
    }

    pub(super) fn statements(&self) -> u64 {
        self.0.statements.load(Ordering::Relaxed)
    }

    pub(super) fn identity(&self) -> Identity {
        self.notes().caller.clone()
    }

    pub(super) fn written(&self) -> RequestNotes {
        self.notes().clone()
    }
}
