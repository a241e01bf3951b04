//! The current catalog, and what keeps it current.
//!
//! A refresh reads everything anew and swaps the snapshot whole. One that fails changes nothing and says so.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use crate::catalog::Snapshot;
use crate::catalog::classify::Decision;
use crate::catalog::file::CatalogFile;
use crate::db::{DatabaseConfig, Health, LoadError, load};
use crate::time::Zone;

/// Before the first snapshot the database is asked again this often.
const FIRST: Duration = Duration::from_secs(1);

/// The current snapshot, swapped whole.
#[derive(Clone, Debug)]
pub struct Catalog {
    state: watch::Receiver<State>,
    wanted: Arc<Notify>,
}

#[derive(Clone, Debug, Default)]
struct State {
    snapshot: Option<Arc<Snapshot>>,
    /// What the last refresh failed with; none after a good one.
    failure: Option<String>,
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

    /// Waits for the first snapshot.
    pub async fn until_loaded(&self) {
        let mut state = self.state.clone();
        if state.wait_for(|state| state.snapshot.is_some()).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Asks for a refresh soon.
    pub fn refresh(&self) {
        self.wanted.notify_one();
    }

    /// A catalog that never changes.
    #[must_use]
    pub fn fixed(snapshot: Snapshot) -> Self {
        let state = State { snapshot: Some(Arc::new(snapshot)), failure: None };
        Self { state: watch::channel(state).1, wanted: Arc::default() }
    }

    /// A catalog that is read when the database is there, then again on an interval and when asked.
    #[must_use]
    pub fn kept(database: DatabaseConfig, config: CatalogConfig, health: Health) -> Self {
        let (sender, state) = watch::channel(State::default());
        let wanted = Arc::new(Notify::new());
        tokio::spawn(keep(database, config, health, sender, Arc::clone(&wanted)));
        Self { state, wanted }
    }
}

async fn keep(
    database: DatabaseConfig,
    config: CatalogConfig,
    health: Health,
    sender: watch::Sender<State>,
    wanted: Arc<Notify>,
) {
    while !sender.is_closed() {
        health.until_up().await;
        let loaded = tokio::select! {
            loaded = once(&database, &config) => loaded.map(|(snapshot, _)| snapshot),
            // A database that fell silent may keep a statement waiting long after its return.
            () = health.until_down() => continue,
        };
        sender.send_modify(|state| state.take(loaded));
        let pause = if sender.borrow().snapshot.is_none() { FIRST } else { config.every };
        tokio::select! {
            () = sleep(pause) => {}
            () = wanted.notified() => {}
        }
    }
}

impl State {
    fn take(&mut self, loaded: Result<Snapshot, LoadError>) {
        match loaded {
            Ok(snapshot) => {
                let metrics = snapshot.names().count();
                if self.snapshot.as_ref().is_none_or(|old| old.names().count() != metrics) {
                    tracing::info!(metrics, sources = snapshot.sources().len(), "the catalog is loaded");
                }
                if self.failure.is_some() {
                    tracing::info!("the catalog is refreshed again");
                }
                *self = Self { snapshot: Some(Arc::new(snapshot)), failure: None };
            }
            Err(error) => {
                let failure = error.to_string();
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
    load(database, &file(config).await?, config.zone).await
}

/// Reads the file; without one, an empty one.
///
/// # Errors
/// It cannot be opened or read.
pub async fn file(config: &CatalogConfig) -> Result<CatalogFile, LoadError> {
    let Some(path) = &config.file else { return Ok(CatalogFile::default()) };
    let text = tokio::fs::read_to_string(path).await;
    Ok(CatalogFile::parse(&text.map_err(|error| LoadError::Open(path.display().to_string(), error))?)?)
}
