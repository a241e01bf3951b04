//! The current catalog, and what keeps it current.
//!
//! A refresh reads everything anew and swaps the snapshot whole. One that fails changes nothing and says so.

mod catalog_file;
mod doubts;
mod state;
mod watched;

use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{Instrument as _, Span};

use crate::catalog::Snapshot;
use crate::catalog::classify::Decision;
use crate::db::{DatabaseConfig, Health, LoadError, Memory, PartialCatalog, partial};
use crate::time::Zone;
pub use catalog_file::file;
use catalog_file::{parsed, text};
use doubts::Doubts;
use state::RefreshState;
pub use state::RefreshTally;
pub(crate) use watched::changed;

/// Before the first snapshot the database is asked again this often.
const FIRST: Duration = Duration::from_secs(1);
/// Between the starts of two refreshes that questions ask for.
const SPACING: Duration = Duration::from_secs(1);
/// How long a question waits for a refresh that may save it.
const WORTH_WAITING: Duration = Duration::from_secs(5);
/// How often a session is asked for again that the server has room for by now, and the pause between.
const GOODBYES: u32 = 5;
const GOODBYE: Duration = Duration::from_millis(100);

/// The current snapshot, swapped whole.
#[derive(Clone, Debug)]
pub struct Catalog {
    state: watch::Receiver<RefreshState>,
    wanted: Arc<RefreshRequests>,
    /// What it is made from; none where it never changes.
    config: Option<Arc<CatalogConfig>>,
}

/// Who asks for a refresh.
#[derive(Debug, Default)]
struct RefreshRequests {
    /// Somebody who knows of a change.
    now: Notify,
    /// A question that found the catalog stale.
    soon: Notify,
    /// The relations that no refresh helped.
    doubts: Doubts,
    /// How often somebody knew of a change.
    reloads: AtomicU64,
}

/// What the catalog says after a question found that a relation is not as it says.
#[derive(Clone, Debug)]
pub enum CatalogNews {
    /// It knows better now.
    Better(Arc<Snapshot>),
    /// It was read again and says the same: the relation itself fails.
    Same,
    /// It is still being read.
    Unknown,
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

    /// What it is made from; none where it never changes.
    #[must_use]
    pub fn config(&self) -> Option<&CatalogConfig> {
        self.config.as_deref()
    }

    /// What the last refresh failed with.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.state.borrow().failure.as_ref().map(|failure| failure.text.clone())
    }

    /// Why the last refresh failed, as a client may read it.
    #[must_use]
    pub fn failure_reason(&self) -> Option<&'static str> {
        self.state.borrow().failure.as_ref().map(|failure| failure.reason)
    }

    /// How many declarations of the file are wrong and left out.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.state.borrow().problems.len()
    }

    /// How refreshes went.
    #[must_use]
    pub fn tally(&self) -> RefreshTally {
        let state = self.state.borrow();
        RefreshTally { age: state.made.map(|made| made.elapsed()), ..state.tally }
    }

    /// Waits for the first snapshot.
    pub async fn until_loaded(&self) {
        let mut state = self.state.clone();
        if state.wait_for(|state| state.snapshot.is_some()).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// After a question found that a relation is not as `old` says: waits for a refresh, and gives its catalog if that
    /// knows better.
    pub async fn newer(&self, old: &Snapshot, relation: Option<NonZeroU32>) -> CatalogNews {
        let mut state = self.state.clone();
        let begun = {
            let now = state.borrow();
            if let Some(new) = now.better_than(old) {
                return CatalogNews::Better(new);
            }
            if self.wanted.doubts.has(relation) {
                return CatalogNews::Same;
            }
            now.begun
        };
        self.wanted.soon.notify_one();
        let refreshed = timeout(WORTH_WAITING, state.wait_for(|state| state.ended > begun)).await;
        let Ok(Ok(state)) = refreshed else { return CatalogNews::Unknown };
        // The refresh alone does not know: another one may have seen the change before it.
        match state.better_than(old) {
            Some(better) => CatalogNews::Better(better),
            // One that failed has seen nothing.
            None if state.failure.is_some() => CatalogNews::Unknown,
            None => {
                self.wanted.doubts.remember(relation);
                CatalogNews::Same
            }
        }
    }

    /// A catalog that never changes.
    #[must_use]
    pub fn fixed(snapshot: Snapshot) -> Self {
        let state = RefreshState { snapshot: Some(Arc::new(snapshot)), ..RefreshState::default() };
        Self { state: watch::channel(state).1, wanted: Arc::default(), config: None }
    }

    /// A catalog that is read when the database is there, then again on an interval and when asked.
    #[must_use]
    pub fn kept(database: DatabaseConfig, config: CatalogConfig, health: Health) -> Self {
        let (sender, state) = watch::channel(RefreshState::default());
        let wanted = Arc::new(RefreshRequests::default());
        let made_from = Some(Arc::new(config.clone()));
        let kept = keep(database, config, health, sender, Arc::clone(&wanted));
        // Its lines say which database they are about.
        tokio::spawn(kept.instrument(Span::current()));
        Self { state, wanted, config: made_from }
    }
}

async fn keep(
    database: DatabaseConfig,
    config: CatalogConfig,
    health: Health,
    sender: watch::Sender<RefreshState>,
    wanted: Arc<RefreshRequests>,
) {
    let (mut memory, mut good) = (Memory::default(), None);
    memory.is_asked = true;
    while !sender.is_closed() {
        health.until_up().await;
        let begun = Instant::now();
        sender.send_modify(|state| state.begun += 1);
        let text = text(&config).await;
        let seen = text.as_ref().ok().cloned();
        let keeps = good.is_some() && good != seen;
        let loaded = tokio::select! {
            loaded = guarded(with_room(&database, &config, text, &mut memory, &health)) => loaded,
            // A database that fell silent may keep a statement waiting long after its return.
            _ = health.until_down() => continue,
        };
        let loaded = if keeps { loaded.and_then(unless_all_wrong) } else { loaded };
        if loaded.is_ok() {
            good = seen.clone();
        }
        sender.send_modify(|state| state.take(loaded));
        let pause = if sender.borrow().snapshot.is_none() { FIRST } else { config.every };
        memory.is_asked = tokio::select! {
            () = sleep(pause) => false,
            () = wanted.now.notified() => true,
            () = changed(config.file.as_deref(), seen) => {
                tracing::info!("reading the catalog anew: its file has changed");
                true
            }
            () = async { wanted.soon.notified().await; sleep_until(begun + SPACING).await } => true,
        };
    }
}

/// Reads the catalog. Where the server has no room for one more session, a question's session is closed first.
async fn with_room(
    database: &DatabaseConfig,
    config: &CatalogConfig,
    text: Result<String, LoadError>,
    memory: &mut Memory,
    health: &Health,
) -> Result<PartialCatalog, LoadError> {
    let file = parsed(&text?, config)?;
    let mut loaded = partial(database, &file, config.zone, memory, health).await;
    if crowded(&loaded) {
        let mut room = health.make_room(database.wait).await;
        if room.is_none() {
            health.starve();
        }
        // The server needs a moment to take the closed session off its books.
        for _ in 0..GOODBYES {
            loaded = partial(database, &file, config.zone, memory, health).await;
            if !crowded(&loaded) {
                break;
            }
            // The server's last session may have been opening for a question just then.
            if room.is_none() {
                room = health.make_room(database.wait).await;
            }
            sleep(GOODBYE).await;
        }
    }
    loaded
}

/// An edit that leaves nothing of what the file declares is a broken file: the catalog before it stays.
fn unless_all_wrong(mut loaded: PartialCatalog) -> Result<PartialCatalog, LoadError> {
    if loaded.is_all_wrong && !loaded.problems.is_empty() {
        return Err(loaded.problems.swap_remove(0).into());
    }
    Ok(loaded)
}

fn crowded(loaded: &Result<PartialCatalog, LoadError>) -> bool {
    loaded.as_ref().is_err_and(LoadError::is_crowded)
}

/// A panic costs one refresh, not all that would have followed.
async fn guarded<T>(reading: impl Future<Output = Result<T, LoadError>>) -> Result<T, LoadError> {
    AssertUnwindSafe(reading).catch_unwind().await.unwrap_or(Err(LoadError::Panicked))
}

/// Reads the file and the database once: the catalog, and what was decided on the way. What is wrong with the file is
/// left out and said in the log. A session of the questions makes room for the reading where the server has none.
///
/// # Errors
/// Either cannot be read, or the file as a whole is wrong.
pub async fn once(
    database: &DatabaseConfig,
    config: &CatalogConfig,
    health: &Health,
) -> Result<(Snapshot, Vec<Decision>), LoadError> {
    let text = text(config).await;
    let loaded = with_room(database, config, text, &mut Memory::default(), health).await?;
    for problem in &loaded.problems {
        tracing::warn!("left out: {problem}");
    }
    Ok((loaded.snapshot, loaded.decisions))
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
