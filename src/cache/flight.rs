//! Equal fetches at the same time are one statement.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tracing::Instrument as _;

use super::Key;
use crate::budget::Held;
use crate::error::{Error, Kind};
use crate::frame::Block;
use crate::plan::{Buckets, Fetch};
use crate::time::Millis;

/// How long a block is at hand for the questions that came before it was read.
/// A question that a busy process comes to late has often been answered by then.
const AT_HAND: Duration = Duration::from_secs(30);
/// Between two looks for what may be forgotten.
const SWEEP: Duration = Duration::from_secs(1);
/// The bytes of a block that is at hand, and of all of them.
const BLOCK_BYTES: usize = 1 << 20;
const ALL_BYTES: usize = 8 << 20;

/// A fetch with its times.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct FlightKey {
    key: Key,
    buckets: Wanted,
    /// The limits that make an answer an error.
    rows: u32,
    series: u32,
}

/// The buckets that a statement gives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Wanted {
    /// Those of the key's grid between two instants.
    Between { from: Millis, to: Millis },
    /// Those between neighbouring edges.
    Edges(Vec<Millis>),
}

/// What a statement gave.
#[derive(Clone, Debug)]
pub struct Landed {
    /// The partials.
    pub block: Arc<Block>,
    /// The bytes that it takes, until those who waited are done.
    pub held: Option<Arc<Held>>,
}

/// Which statements a question may share.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    /// When the question came: what ended before is not for it.
    pub arrived: Instant,
    /// Whether it wants a statement that begins after it came.
    pub is_fresh: bool,
}

/// A statement under way. It ends with the last who waits for it.
#[derive(Debug)]
pub(super) struct Flight {
    landing: watch::Receiver<Option<Result<Landed, Error>>>,
    task: AbortHandle,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Flight {
    /// Waits for what it gives.
    pub(super) async fn landing(flight: &Arc<Self>) -> Result<Landed, Error> {
        let mut landing = flight.landing.clone();
        let landed = landing.wait_for(Option::is_some).await;
        let lost = || Err(Error::new(Kind::Internal, "internal error"));
        landed.ok().and_then(|landed| landed.clone()).unwrap_or_else(lost)
    }
}

/// All statements under way.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<Slots>);

#[derive(Debug, Default)]
struct Slots {
    slots: HashMap<FlightKey, Slot>,
    /// How many flights there were.
    begun: u64,
    swept: Option<Instant>,
}

#[derive(Debug)]
enum Slot {
    Flying { number: u64, flight: Weak<Flight> },
    Landed { at: Instant, block: Arc<Block> },
}

/// The statement that answers a question.
pub(super) enum Joined {
    /// It ended after the question came.
    Landed(Arc<Block>),
    /// It is under way.
    Flying(Arc<Flight>),
    /// It begins now.
    New(Arc<Flight>),
}

impl Flights {
    pub(super) fn join(
        self: &Arc<Self>,
        key: FlightKey,
        since: Since,
        work: impl Future<Output = Result<Landed, Error>> + Send + 'static,
    ) -> Joined {
        let mut all = self.all();
        if let Some(joined) = all.joined(&key, since) {
            return joined;
        }
        all.sweep();
        all.begun += 1;
        let (number, flights, own) = (all.begun, Arc::clone(self), key.clone());
        let (sender, landing) = watch::channel(None);
        let flying = async move {
            let landed = work.await;
            flights.land(own, number, landed.as_ref().ok());
            let _nobody_waits = sender.send(Some(landed));
        };
        let task = tokio::spawn(flying.in_current_span()).abort_handle();
        let flight = Arc::new(Flight { landing, task });
        all.slots.insert(key, Slot::Flying { number, flight: Arc::downgrade(&flight) });
        Joined::New(flight)
    }

    /// A flight ended; a later one of the same key may have taken its place.
    fn land(&self, key: FlightKey, number: u64, landed: Option<&Landed>) {
        let mut all = self.all();
        if !matches!(all.slots.get(&key), Some(Slot::Flying { number: own, .. }) if *own == number) {
            return;
        }
        match landed.filter(|landed| landed.block.bytes() <= BLOCK_BYTES) {
            Some(landed) => {
                let slot = Slot::Landed { at: Instant::now(), block: Arc::clone(&landed.block) };
                all.slots.insert(key, slot);
            }
            None => drop(all.slots.remove(&key)),
        }
    }

    fn all(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FlightKey {
    pub(super) fn of(key: &Key, fetch: &Fetch) -> Self {
        let buckets = match &fetch.axis.buckets {
            Buckets::Regular { .. } => Wanted::Between { from: fetch.axis.from, to: fetch.axis.to },
            Buckets::Edges(edges) => Wanted::Edges(edges.clone()),
        };
        Self { key: key.clone(), buckets, rows: fetch.caps.rows, series: fetch.caps.series }
    }

    /// Whether the statement of another one gives all buckets of this one. A question that looks into the cache after a
    /// statement has ended finds some of its buckets there, and asks for the others.
    fn is_part_of(&self, other: &Self) -> bool {
        let is_within = match (&self.buckets, &other.buckets) {
            (Wanted::Between { from, to }, Wanted::Between { from: first, to: last }) => from >= first && to <= last,
            (own, other) => own == other,
        };
        is_within && (self.rows, self.series) == (other.rows, other.series) && self.key == other.key
    }
}

impl Slots {
    /// The statement that answers a question as well, if there is one.
    fn joined(&self, key: &FlightKey, since: Since) -> Option<Joined> {
        let fits = |slot: &Slot| match slot {
            _ if since.is_fresh => None,
            Slot::Flying { flight, .. } => flight.upgrade().map(Joined::Flying),
            Slot::Landed { at, block } => (since.arrived <= *at).then(|| Joined::Landed(Arc::clone(block))),
        };
        let larger = || self.slots.iter().filter(|(other, _)| key.is_part_of(other)).find_map(|(_, slot)| fits(slot));
        self.slots.get(key).and_then(fits).or_else(larger)
    }

    /// Forgets now and then what nobody waits for, and what is at hand no longer.
    fn sweep(&mut self) {
        if self.swept.is_some_and(|swept| swept.elapsed() < SWEEP) {
            return;
        }
        self.swept = Some(Instant::now());
        let mut bytes = 0;
        self.slots.retain(|_, slot| match slot {
            Slot::Flying { flight, .. } => flight.strong_count() > 0,
            Slot::Landed { at, block } => {
                bytes += block.bytes();
                at.elapsed() < AT_HAND && bytes <= ALL_BYTES
            }
        });
    }
}
