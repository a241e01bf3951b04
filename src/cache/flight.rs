//! Equal fetches at the same time are one statement.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tracing::Instrument as _;

use super::CacheKey;
use crate::budget::HeldBytes;
use crate::error::{Error, Kind};
use crate::frame::Block;
use crate::plan::{Buckets, Fetch};
use crate::time::Millis;

/// How long a block is at hand for the questions that came before it was read.
/// A question that a busy process comes to late has often been answered by then.
const AT_HAND: Duration = Duration::from_secs(30);
/// The pause between two clean-ups.
const SWEEP: Duration = Duration::from_secs(1);
/// The bytes of the blocks of a statement that are at hand, and of all.
const BLOCK_BYTES: usize = 1 << 20;
const ALL_BYTES: usize = 8 << 20;

/// A fetch with its times.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct FlightKey {
    key: CacheKey,
    buckets: StatementBuckets,
    /// The limits that make an answer an error.
    rows: u32,
    series: u32,
}

/// The buckets that a statement gives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum StatementBuckets {
    /// Those of the key's grid between two instants.
    Between { from: Millis, to: Millis },
    /// Those between neighbouring edges.
    Edges(Vec<Millis>),
}

/// What a statement gave.
#[derive(Clone, Debug)]
pub struct LandedBlocks {
    /// The buckets: a block for each part that was asked for.
    pub blocks: Vec<Arc<Block>>,
    /// The bytes that they take, until those who waited are done.
    pub held: Option<Arc<HeldBytes>>,
}

/// Which statements a question may share.
#[derive(Clone, Copy, Debug)]
pub struct FlightSharing {
    /// When the question came: what ended before is not for it.
    pub arrived: Instant,
    /// Whether it wants a statement that begins after it came.
    pub is_fresh: bool,
}

/// A statement under way. It ends with the last who waits for it.
#[derive(Debug)]
pub(super) struct Flight {
    landing: watch::Receiver<Option<Result<LandedBlocks, Error>>>,
    task: AbortHandle,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Flight {
    /// Waits for what it gives.
    pub(super) async fn landing(flight: &Arc<Self>) -> Result<LandedBlocks, Error> {
        let mut landing = flight.landing.clone();
        let landed = landing.wait_for(Option::is_some).await;
        let lost = || Err(Error::new(Kind::Internal, "internal error"));
        landed.ok().and_then(|landed| landed.clone()).unwrap_or_else(lost)
    }
}

/// All statements under way.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<FlightSlots>);

#[derive(Debug, Default)]
struct FlightSlots {
    slots: HashMap<FlightKey, FlightSlot>,
    /// How many flights there were.
    begun: u64,
    swept: Option<Instant>,
    /// The bytes of what has landed.
    bytes: usize,
}

#[derive(Debug)]
enum FlightSlot {
    Flying { number: u64, flight: Weak<Flight> },
    Landed { at: Instant, blocks: Vec<Arc<Block>> },
}

/// The statement that answers a question.
pub(super) enum JoinedFlight {
    /// It ended after the question came.
    Landed(Vec<Arc<Block>>),
    /// It is under way.
    Flying(Arc<Flight>),
    /// It begins now.
    New(Arc<Flight>),
}

impl Flights {
    pub(super) fn join(
        self: &Arc<Self>,
        key: FlightKey,
        since: FlightSharing,
        work: impl Future<Output = Result<LandedBlocks, Error>> + Send + 'static,
    ) -> JoinedFlight {
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
        let flying = FlightSlot::Flying { number, flight: Arc::downgrade(&flight) };
        let bytes = key.key.bytes();
        if let Some(FlightSlot::Landed { blocks, .. }) = all.slots.insert(key, flying) {
            all.bytes -= bytes + bytes_of(&blocks);
        }
        JoinedFlight::New(flight)
    }

    /// A flight ended; a later one of the same key may have taken its place.
    fn land(&self, key: FlightKey, number: u64, landed: Option<&LandedBlocks>) {
        let mut all = self.all();
        if !matches!(all.slots.get(&key), Some(FlightSlot::Flying { number: own, .. }) if *own == number) {
            return;
        }
        all.slots.remove(&key);
        let Some(blocks) = landed.map(|landed| landed.blocks.clone()) else { return };
        let bytes = key.key.bytes() + bytes_of(&blocks);
        if bytes <= BLOCK_BYTES && all.has_room(bytes) {
            all.bytes += bytes;
            all.slots.insert(key, FlightSlot::Landed { at: Instant::now(), blocks });
        }
    }

    fn all(&self) -> MutexGuard<'_, FlightSlots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FlightKey {
    pub(super) fn of(key: &CacheKey, fetch: &Fetch) -> Self {
        let buckets = match &fetch.axis.buckets {
            Buckets::Regular { .. } => StatementBuckets::Between { from: fetch.axis.from, to: fetch.axis.to },
            Buckets::Edges(edges) => StatementBuckets::Edges(edges.clone()),
        };
        Self { key: key.clone(), buckets, rows: fetch.caps.rows, series: fetch.caps.series }
    }

    /// Whether the statement of another one gives all buckets of this one. A question that looks into the cache after a
    /// statement has ended finds some of its buckets there, and asks for the others. The limits need not be equal: who
    /// takes the block counts again.
    fn is_part_of(&self, other: &Self) -> bool {
        let is_within = match (&self.buckets, &other.buckets) {
            (StatementBuckets::Between { from, to }, StatementBuckets::Between { from: first, to: last }) => {
                from >= first && to <= last
            }
            (own, other) => own == other,
        };
        is_within && self.key == other.key
    }
}

fn bytes_of(blocks: &[Arc<Block>]) -> usize {
    blocks.iter().map(|block| block.bytes()).sum()
}

impl FlightSlots {
    /// The statement that answers a question as well, if there is one: an equal one, or a larger one that has ended.
    /// Nobody waits for a larger one, which may take longer or fail.
    fn joined(&self, key: &FlightKey, since: FlightSharing) -> Option<JoinedFlight> {
        if since.is_fresh {
            return None;
        }
        let landed = |slot: &FlightSlot| match slot {
            FlightSlot::Landed { at, blocks } => (since.arrived <= *at).then(|| JoinedFlight::Landed(blocks.clone())),
            FlightSlot::Flying { .. } => None,
        };
        let own = |slot: &FlightSlot| match slot {
            FlightSlot::Flying { flight, .. } => flight.upgrade().map(JoinedFlight::Flying),
            FlightSlot::Landed { .. } => landed(slot),
        };
        let larger = || self.slots.iter().filter(|(other, _)| key.is_part_of(other)).find_map(|(_, slot)| landed(slot));
        self.slots.get(key).and_then(own).or_else(larger)
    }

    /// Removes flights without waiters, and what has landed too long ago, now and then.
    fn sweep(&mut self) {
        if self.swept.is_none_or(|swept| swept.elapsed() >= SWEEP) {
            self.clean();
        }
    }

    /// Whether so many bytes more may be at hand.
    fn has_room(&mut self, bytes: usize) -> bool {
        if self.bytes + bytes > ALL_BYTES {
            self.clean();
        }
        self.bytes + bytes <= ALL_BYTES
    }

    fn clean(&mut self) {
        self.swept = Some(Instant::now());
        let mut bytes = 0;
        self.slots.retain(|key, slot| match slot {
            FlightSlot::Flying { flight, .. } => flight.strong_count() > 0,
            FlightSlot::Landed { at, blocks } => {
                let is_at_hand = at.elapsed() < AT_HAND;
                bytes += if is_at_hand { key.key.bytes() + bytes_of(blocks) } else { 0 };
                is_at_hand
            }
        });
        self.bytes = bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(name: &str, from: Millis, to: Millis) -> FlightKey {
        FlightKey { key: CacheKey::named(name), buckets: StatementBuckets::Between { from, to }, rows: 10, series: 10 }
    }

    fn of_now() -> FlightSharing {
        FlightSharing { arrived: Instant::now(), is_fresh: false }
    }

    fn block(edges: &[Millis]) -> impl Future<Output = Result<LandedBlocks, Error>> + use<> {
        let blocks = vec![Arc::new(Block::of_nothing(edges.to_vec()))];
        std::future::ready(Ok(LandedBlocks { blocks, held: None }))
    }

    fn word(joined: &JoinedFlight) -> &'static str {
        match joined {
            JoinedFlight::Landed(_) => "landed",
            JoinedFlight::Flying(_) => "flying",
            JoinedFlight::New(_) => "new",
        }
    }

    async fn end(joined: &JoinedFlight) -> Result<LandedBlocks, Error> {
        match joined {
            JoinedFlight::Flying(flight) | JoinedFlight::New(flight) => Flight::landing(flight).await,
            JoinedFlight::Landed(blocks) => Ok(LandedBlocks { blocks: blocks.clone(), held: None }),
        }
    }

    #[tokio::test]
    async fn what_has_landed_serves_its_parts_for_those_who_came_before() {
        let flights = Arc::new(Flights::default());
        let early = of_now();
        let first = flights.join(between("a", 0, 30), early, block(&[0, 10, 20, 30]));
        // A smaller question does not wait for a larger statement, and an equal one does.
        let smaller = flights.join(between("a", 10, 20), early, block(&[10, 20]));
        let equal = flights.join(between("a", 0, 30), early, block(&[0]));
        assert_eq!([word(&first), word(&smaller), word(&equal)], ["new", "new", "flying"]);
        assert_eq!(end(&first).await.expect("a block").blocks[0].range().to, 30);
        let asked =
            |name: &str, from, to, since| word(&flights.join(between(name, from, to), since, block(&[from, to])));
        assert_eq!(asked("a", 20, 30, early), "landed");
        assert_eq!(asked("b", 0, 10, early), "new", "another fetch");
        assert_eq!(asked("a", 20, 40, early), "new", "more than there is");
        assert_eq!(asked("a", 0, 10, of_now()), "new", "it was read before the question came");
        assert_eq!(asked("a", 0, 20, FlightSharing { is_fresh: true, ..early }), "new");
    }

    #[tokio::test]
    async fn edges_have_no_parts_and_a_failure_is_not_at_hand() {
        let flights = Arc::new(Flights::default());
        let early = of_now();
        let edges =
            |edges: &[Millis]| FlightKey { buckets: StatementBuckets::Edges(edges.to_vec()), ..between("a", 0, 0) };
        end(&flights.join(edges(&[0, 40]), early, block(&[0, 40]))).await.expect("a block");
        let of_part = flights.join(edges(&[10, 20]), early, block(&[10, 20]));
        assert_eq!(word(&of_part), "new");
        let fails = async { Err(Error::new(Kind::Timeout, "too late")) };
        end(&flights.join(between("f", 0, 10), early, fails)).await.expect_err("it fails");
        assert_eq!(word(&flights.join(between("f", 0, 10), early, block(&[0, 10]))), "new");
    }

    #[tokio::test]
    async fn what_is_at_hand_is_bounded() {
        let flights = Arc::new(Flights::default());
        let early = of_now();
        let edges: Vec<Millis> = (0..100_000).collect();
        for number in 0..40 {
            end(&flights.join(between(&number.to_string(), 0, 99_999), early, block(&edges))).await.expect("a block");
        }
        let all = flights.all();
        let bytes = |slot: &FlightSlot| if let FlightSlot::Landed { blocks, .. } = slot { bytes_of(blocks) } else { 0 };
        let held: usize = all.slots.values().map(bytes).sum();
        assert!(held > ALL_BYTES / 2 && held <= ALL_BYTES && all.bytes >= held, "{held} {}", all.bytes);
    }
}
