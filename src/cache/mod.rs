//! Answers that are already known: the partials of settled buckets, and one statement for equal fetches at the same time.
//!
//! The cache stands between plan and database. A question takes the blocks that are there and asks the database for the
//! buckets that are missing. A bucket is stored once it is settled: no row of its time is expected any more.

mod entry;
mod flight;
mod key;
mod shared;
mod short;
mod slots;
mod tally;
mod times;

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::policy::EvictionPolicy;

use crate::error::Error;
use crate::frame::Block;
use crate::time::Millis;
pub use entry::{BucketRun, KnownBuckets};
use entry::{CachedBlock, Entry};
pub use flight::FlightSharing;
use flight::{Flight, Flights, JoinedFlight};
pub use key::CacheKey;
use shared::StatementKey;
pub use shared::{LandedBlocks, SharedFetch};
use short::ShortCache;
pub use short::{ShortAnswer, ShortKey, ShortOrigin, ShortQuestion, ShortRead, ShortValue};
pub use tally::{CacheOutcome, CacheTally, FetchOrigin, Totals};

/// An entry that no question asks for is forgotten after this time, whatever `max_age` says.
const IDLE: Duration = Duration::from_secs(3600);
/// The part of the whole that is left to short answers.
const SHORT_PART: usize = 8;
/// The bytes of the blocks that are at hand for those who asked for them before they were there.
const AT_HAND: usize = 8 << 20;
/// A block larger than this part of the whole is not stored.
const LARGEST_PART: usize = 2;

/// The blocks that are known, and the statements under way. Clones share everything.
#[derive(Clone)]
pub struct Cache(Option<Arc<CacheState>>);

struct CacheState {
    entries: moka::sync::Cache<CacheKey, Arc<Entry>>,
    flights: Arc<Flights<StatementKey>>,
    short: Arc<ShortCache>,
    totals: Totals,
    bytes: usize,
}

impl Cache {
    /// A cache of so many bytes; 0 turns it off, and the sharing of statements too.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        if bytes == 0 {
            return Self::off();
        }
        let entries = moka::sync::Cache::builder()
            .max_capacity((bytes - bytes / SHORT_PART) as u64)
            .weigher(|key: &CacheKey, entry: &Arc<Entry>| {
                u32::try_from(key.bytes() + entry.bytes()).unwrap_or(u32::MAX)
            })
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(IDLE)
            .build();
        let (flights, totals) = (Flights::new(AT_HAND), Totals::default());
        let short = ShortCache::new(bytes / SHORT_PART);
        Self(Some(Arc::new(CacheState { entries, flights, short, totals, bytes })))
    }

    /// No cache: each question asks the database.
    #[must_use]
    pub const fn off() -> Self {
        Self(None)
    }

    /// Whether anything is kept or shared.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The counts since the start.
    #[must_use]
    pub fn totals(&self) -> Option<&Totals> {
        self.0.as_ref().map(|shared| &shared.totals)
    }

    /// The bytes that are in use.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.as_ref().map_or(0, |shared| {
            shared.entries.run_pending_tasks();
            shared.entries.weighted_size() + shared.flights.bytes() as u64 + shared.short.bytes()
        })
    }

    /// The pieces of some buckets, in order: what is known and was read no longer than `max_age` ago, and what is to be
    /// asked. The buckets lie between neighbouring `edges`.
    #[must_use]
    pub fn pieces(&self, key: &CacheKey, edges: &[Millis], max_age: Duration) -> Vec<BucketRun> {
        let entry = self.0.as_ref().and_then(|shared| shared.entries.get(key));
        match entry {
            Some(entry) => entry.pieces(edges, max_age),
            None => Entry::default().pieces(edges, max_age),
        }
    }

    /// Stores the settled buckets of a block that was read at a moment.
    pub fn keep(&self, key: &CacheKey, block: Arc<Block>, read: Instant, max_age: Duration) {
        let Some(shared) = &self.0 else { return };
        if block.bytes() > shared.bytes / LARGEST_PART {
            return;
        }
        shared.entries.entry_by_ref(key).and_upsert_with(|old| {
            let old = old.map(|old| old.into_value()).unwrap_or_default();
            Arc::new(old.with(CachedBlock { block: Arc::clone(&block), read }, max_age))
        });
        // What was replaced goes now: nobody may come for a long time.
        shared.entries.run_pending_tasks();
    }

    /// The bytes that are known of a fetch.
    #[must_use]
    pub fn bytes_of(&self, key: &CacheKey) -> usize {
        self.0.as_ref().and_then(|shared| shared.entries.get(key)).map_or(0, |entry| entry.bytes())
    }

    /// The answer to a question that is kept as a whole: a known one, that of an equal question which is being read, or
    /// one of its own, which is read when there is a place for it.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn short<T: ShortValue, P, F>(
        &self,
        asked: ShortQuestion,
        place: impl Future<Output = P>,
        work: impl FnOnce(P) -> F,
    ) -> Result<ShortAnswer<T>, Error>
    where
        F: Future<Output = Result<ShortRead<T>, Error>> + Send + 'static,
    {
        let Some(shared) = &self.0 else { return work(place.await).await.map(ShortAnswer::alone) };
        let answer = shared.short.answer(asked, place, work).await?;
        if answer.origin != ShortOrigin::Read {
            shared.totals.add_statement_saved();
        }
        Ok(answer)
    }

    /// The result of a statement. If an equal statement is under way, its result is shared. Otherwise a new statement begins
    /// as soon as there is a place for it, and it ends when nobody waits for it any more.
    ///
    /// # Errors
    /// The statement fails.
    pub async fn shared<P, F>(
        &self,
        fetch: SharedFetch<'_>,
        place: impl Future<Output = P>,
        work: impl FnOnce(P) -> F,
    ) -> (Result<LandedBlocks, Error>, bool)
    where
        F: Future<Output = Result<LandedBlocks, Error>> + Send + 'static,
    {
        let Some(shared) = &self.0 else { return (work(place.await).await, false) };
        match shared.flights.join(StatementKey::of(fetch), fetch.since, place, work).await {
            JoinedFlight::Landed(landed) => (Ok(landed), true),
            JoinedFlight::Flying(flight) => (Flight::landing(&flight).await, true),
            JoinedFlight::New(flight) => (Flight::landing(&flight).await, false),
        }
    }
}
