//! The current catalog, and what keeps it current.
//!
//! A refresh reads everything anew and swaps the snapshot whole. One that fails changes nothing and says so.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::catalog::Snapshot;
use crate::catalog::classify::Decision;
use crate::catalog::file::CatalogFile;
use crate::db::{DatabaseConfig, Health, LoadError, load};
use crate::time::Zone;

/// Before the first snapshot the database is asked again this often.
const FIRST: Duration = Duration::from_secs(1);
/// How often the file is looked at. Its text is compared, not its times: that sees what any editor, a bind mount and a
/// cluster's swapped links do, and nothing where nothing changed.
const LOOK: Duration = Duration::from_millis(500);
/// Between the starts of two refreshes that questions ask for.
const SPACING: Duration = Duration::from_secs(1);
/// How long a question waits for a refresh that may save it.
const WORTH_WAITING: Duration = Duration::from_secs(5);
/// How long questions ask for no refresh after one that did not help.
const FRUITLESS: Duration = Duration::from_secs(30);

/// The current snapshot, swapped whole.
#[derive(Clone, Debug)]
pub struct Catalog {
    state: watch::Receiver<State>,
    wanted: Arc<Wanted>,
}

/// Who asks for a refresh.
#[derive(Debug, Default)]
struct Wanted {
    /// Somebody who knows of a change.
    now: Notify,
    /// A question that found the catalog stale.
    soon: Notify,
    /// When a question last waited for a refresh that did not help it.
    fruitless: Mutex<Option<Instant>>,
}

#[derive(Clone, Debug, Default)]
struct State {
    snapshot: Option<Arc<Snapshot>>,
    /// What the last refresh failed with; none after a good one.
    failure: Option<String>,
    /// Refreshes that were begun.
    begun: u64,
    /// The last of them that ended.
    ended: u64,
    /// How they went.
    tally: Tally,
    /// When the snapshot was made.
    made: Option<Instant>,
}

/// How refreshes went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Those that ended.
    pub refreshes: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// How old the snapshot is, if there is one.
    pub age: Option<Duration>,
}

/// What a catalog is made from.
#[derive(Clone, Debug)]
pub struct CatalogConfig {
    /// `datebin.toml`, if there is one.
    pub file: Option<PathBuf>,
    /// The zone when neither the question nor the file names one.
    pub zone: Option<Zone>,
    /// How often it is read anew.
    pub every: Duration,
}

impl Catalog {
    /// The snapshot of now.
    #[must_use]
    pub fn current(&self) -> Option<Arc<Snapshot>> {
        self.state.borrow().snapshot.clone()
    }

    /// What the last refresh failed with.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.state.borrow().failure.clone()
    }

    /// How refreshes went.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let state = self.state.borrow();
        Tally { age: state.made.map(|made| made.elapsed()), ..state.tally }
    }

    /// Waits for the first snapshot.
    pub async fn until_loaded(&self) {
        let mut state = self.state.clone();
        if state.wait_for(|state| state.snapshot.is_some()).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Asks for a refresh soon.
    pub fn refresh(&self) {
        self.wanted.now.notify_one();
    }

    /// After a question found that a relation is not as `old` says: waits for a refresh, and gives its catalog if that
    /// knows better.
    pub async fn newer(&self, old: &Snapshot) -> Option<Arc<Snapshot>> {
        let mut state = self.state.clone();
        let begun = {
            let now = state.borrow();
            if let Some(new) = now.better_than(old) {
                return Some(new);
            }
            if self.wanted.fruitless().is_some_and(|at| at.elapsed() < FRUITLESS) {
                return None;
            }
            now.begun
        };
        self.wanted.soon.notify_one();
        let refreshed = timeout(WORTH_WAITING, state.wait_for(|state| state.ended > begun)).await;
        let better = refreshed.ok()?.ok()?.better_than(old);
        // The refresh alone does not know: another one may have seen the change before it.
        *self.wanted.fruitless() = better.is_none().then(Instant::now);
        better
    }

    /// A catalog that never changes.
    #[must_use]
    pub fn fixed(snapshot: Snapshot) -> Self {
        let state = State { snapshot: Some(Arc::new(snapshot)), ..State::default() };
        Self { state: watch::channel(state).1, wanted: Arc::default() }
    }

    /// A catalog that is read when the database is there, then again on an interval and when asked.
    #[must_use]
    pub fn kept(database: DatabaseConfig, config: CatalogConfig, health: Health) -> Self {
        let (sender, state) = watch::channel(State::default());
        let wanted = Arc::new(Wanted::default());
        tokio::spawn(keep(database, config, health, sender, Arc::clone(&wanted)));
        Self { state, wanted }
    }
}

async fn keep(
    database: DatabaseConfig,
    config: CatalogConfig,
    health: Health,
    sender: watch::Sender<State>,
    wanted: Arc<Wanted>,
) {
    while !sender.is_closed() {
        health.until_up().await;
        let begun = Instant::now();
        sender.send_modify(|state| state.begun += 1);
        let text = text(&config).await;
        let seen = text.as_ref().ok().cloned();
        let loaded = tokio::select! {
            loaded = guarded(read(&database, &config, text)) => loaded.map(|(snapshot, _)| snapshot),
            // A database that fell silent may keep a statement waiting long after its return.
            () = health.until_down() => continue,
        };
        sender.send_modify(|state| state.take(loaded));
        let pause = if sender.borrow().snapshot.is_none() { FIRST } else { config.every };
        tokio::select! {
            () = sleep(pause) => {}
            () = wanted.now.notified() => {}
            () = changed(config.file.as_deref(), seen) => {
                tracing::info!("reading the catalog anew: its file has changed");
            }
            () = async { wanted.soon.notified().await; sleep_until(begun + SPACING).await } => {}
        }
    }
}

/// A panic costs one refresh, not all that would have followed.
async fn guarded<T>(reading: impl Future<Output = Result<T, LoadError>>) -> Result<T, LoadError> {
    AssertUnwindSafe(reading).catch_unwind().await.unwrap_or(Err(LoadError::Panicked))
}

/// Waits until the file has another text than `seen` and keeps it for one look: it may be in the middle of being
/// written.
async fn changed(file: Option<&Path>, seen: Option<String>) {
    let Some(file) = file else { return std::future::pending().await };
    let mut last = seen.clone();
    loop {
        sleep(LOOK).await;
        let now = tokio::fs::read_to_string(file).await.ok();
        if now != seen && now == last {
            return;
        }
        last = now;
    }
}

impl Wanted {
    /// What was written stays whole even if a thread panicked while it held it.
    fn fruitless(&self) -> MutexGuard<'_, Option<Instant>> {
        self.fruitless.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The snapshot, if its sources are others than the old one's.
    fn better_than(&self, old: &Snapshot) -> Option<Arc<Snapshot>> {
        self.snapshot.clone().filter(|new| !new.has_the_shape_of(old))
    }

    fn take(&mut self, loaded: Result<Snapshot, LoadError>) {
        self.ended = self.begun;
        self.tally.refreshes += 1;
        match loaded {
            Ok(snapshot) => {
                let metrics = snapshot.names().count();
                if self.snapshot.as_ref().is_none_or(|old| old.names().count() != metrics) {
                    tracing::info!(metrics, sources = snapshot.sources().len(), "the catalog is loaded");
                }
                let known = self.snapshot.as_ref().map_or(&[][..], |old| old.notes());
                for note in snapshot.notes().iter().filter(|note| !known.contains(note)) {
                    tracing::warn!("{note}");
                }
                if self.failure.is_some() {
                    tracing::info!("the catalog is refreshed again");
                }
                self.snapshot = Some(Arc::new(snapshot));
                self.made = Some(Instant::now());
                self.failure = None;
            }
            Err(error) => {
                let failure = error.to_string();
                self.tally.failures += 1;
                // The same failure again is not news.
                if self.failure.as_ref() != Some(&failure) {
                    tracing::error!(error = failure, kept = self.snapshot.is_some(), "the catalog cannot be refreshed");
                }
                self.failure = Some(failure);
            }
        }
    }
}

/// Reads the file and the database once: the catalog, and what was decided on the way.
///
/// # Errors
/// Either cannot be read, or they contradict each other.
pub async fn once(database: &DatabaseConfig, config: &CatalogConfig) -> Result<(Snapshot, Vec<Decision>), LoadError> {
    read(database, config, text(config).await).await
}

async fn read(
    database: &DatabaseConfig,
    config: &CatalogConfig,
    text: Result<String, LoadError>,
) -> Result<(Snapshot, Vec<Decision>), LoadError> {
    load(database, &CatalogFile::parse(&text?)?, config.zone).await
}

/// Reads the file; without one, an empty one.
///
/// # Errors
/// It cannot be opened or read.
pub async fn file(config: &CatalogConfig) -> Result<CatalogFile, LoadError> {
    Ok(CatalogFile::parse(&text(config).await?)?)
}

async fn text(config: &CatalogConfig) -> Result<String, LoadError> {
    let Some(path) = &config.file else { return Ok(String::new()) };
    tokio::fs::read_to_string(path).await.map_err(|error| LoadError::Open(path.display().to_string(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_costs_one_refresh() {
        let panics = async { if true { panic!("on purpose") } else { Ok(()) } };
        assert!(matches!(guarded(panics).await, Err(LoadError::Panicked)));
        assert!(guarded(async { Ok(1) }).await.is_ok());
    }
}
