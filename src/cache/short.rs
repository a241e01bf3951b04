//! Answers that are kept as a whole and for a short time: lists of labels, and samples that are an answer themselves.

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::policy::EvictionPolicy;

use super::CacheKey;
use super::flight::{Flight, FlightKey, FlightSharing, Flights, JoinedFlight};
use super::times::ReadTimes;
use crate::budget::HeldBytes;
use crate::error::{Error, Kind};
use crate::identity::Identity;
use crate::time::{Millis, TimeRange};

/// The most ranges whose answers to one question are kept.
const RANGES: usize = 16;
/// An answer larger than this part of the whole is not kept.
const LARGEST_PART: usize = 4;
/// The bytes of answers that are at hand for those who asked for them before they were there.
const AT_HAND: usize = 4 << 20;
/// An answer that nobody asks for is forgotten after this time.
const IDLE: Duration = Duration::from_secs(600);

/// What makes two questions the same but for their times.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ShortKey {
    /// A list.
    List {
        /// Whose rows are read.
        identity: Identity,
        /// Since how many notifications that tables have changed.
        reloads: u64,
        /// What is read.
        what: Arc<str>,
    },
    /// A read of rows.
    Rows {
        /// The rows, and whose they are.
        rows: CacheKey,
        /// What becomes of them.
        what: Arc<str>,
    },
}

/// A question whose answer others may want, too.
#[derive(Clone, Debug)]
pub struct ShortQuestion {
    /// What is asked.
    pub key: ShortKey,
    /// The times of its rows; none where they are all, or a part of what is asked.
    pub range: Option<TimeRange>,
    /// The time of the question.
    pub now: Millis,
    /// How long its answer is believed.
    pub max_age: Duration,
    /// When it came, and whether what was read before then may serve.
    pub since: FlightSharing,
}

/// What may be kept and shared.
pub trait ShortValue: Send + Sync + 'static {
    /// The bytes that it takes.
    fn bytes(&self) -> usize;
}

/// What was read.
pub struct ShortRead<T> {
    /// The answer.
    pub value: T,
    /// The bytes that it takes, until those who waited are done.
    pub held: Option<HeldBytes>,
    /// Whether it is all that there is to be said, so that it may be kept.
    pub is_whole: bool,
}

/// The answer to a question.
pub struct ShortAnswer<T> {
    /// Itself.
    pub value: Arc<T>,
    /// The bytes that it takes.
    pub held: Option<Arc<HeldBytes>>,
    /// Where it came from.
    pub origin: ShortOrigin,
}

impl<T> ShortAnswer<T> {
    /// What was read for one question alone.
    #[must_use]
    pub fn alone(read: ShortRead<T>) -> Self {
        Self { value: Arc::new(read.value), held: read.held.map(Arc::new), origin: ShortOrigin::Read }
    }
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortOrigin {
    /// It was known.
    Known,
    /// It was read for somebody else.
    Shared,
    /// It was read for this question.
    Read,
}

type AnyValue = Arc<dyn Any + Send + Sync>;

/// A question with its times.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ShortFlight {
    key: ShortKey,
    times: ReadTimes,
}

/// What a flight gave.
#[derive(Clone, Debug)]
struct LandedValue {
    value: AnyValue,
    bytes: usize,
    held: Option<Arc<HeldBytes>>,
}

/// An answer that is kept.
#[derive(Clone, Debug)]
struct KeptValue {
    value: AnyValue,
    bytes: usize,
    times: ReadTimes,
    read: Instant,
}

impl ShortKey {
    fn bytes(&self) -> usize {
        let text = match self {
            Self::List { what, .. } => what.len(),
            Self::Rows { rows, what } => rows.bytes() + what.len(),
        };
        size_of::<Self>() + text
    }
}

impl FlightKey for ShortFlight {
    type Landed = LandedValue;

    fn bytes(&self, landed: &LandedValue) -> usize {
        self.key.bytes() + landed.bytes
    }

    fn at_hand(landed: &LandedValue) -> LandedValue {
        LandedValue { held: None, ..landed.clone() }
    }

    fn is_kin(&self, other: &Self) -> bool {
        self.key == other.key
    }

    fn is_part_of(&self, other: &Self, begun: Instant) -> bool {
        self.key == other.key && other.times.cover(self.times.range, begun.elapsed())
    }

    /// It is hardly larger.
    fn waits_for(&self, _other: &Self) -> bool {
        true
    }
}

impl ShortQuestion {
    fn times(&self) -> ReadTimes {
        ReadTimes::of(self.range, self.now)
    }
}

impl KeptValue {
    /// Whether it is what a question wants: read since the question came, or young.
    fn serves(&self, asked: &ShortQuestion) -> bool {
        let age = self.read.elapsed();
        let is_young = !asked.since.is_fresh && age < asked.max_age;
        self.times.cover(asked.range, age) && (self.read >= asked.since.arrived || is_young)
    }
}

/// The answers to one question, of several ranges.
type KeptValues = Arc<Vec<KeptValue>>;

/// The short answers that are known, and the statements under way for others.
pub(super) struct ShortCache {
    kept: moka::sync::Cache<ShortKey, KeptValues>,
    flights: Arc<Flights<ShortFlight>>,
    largest: usize,
}

impl ShortCache {
    /// Room for so many bytes.
    pub(super) fn new(bytes: usize) -> Arc<Self> {
        let weigh = |key: &ShortKey, kept: &KeptValues| {
            let bytes = key.bytes() + kept.iter().map(|one| size_of::<KeptValue>() + one.bytes).sum::<usize>();
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        let kept = moka::sync::Cache::builder()
            .max_capacity(bytes as u64)
            .weigher(weigh)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(IDLE)
            .build();
        Arc::new(Self { kept, flights: Flights::new(AT_HAND), largest: bytes / LARGEST_PART })
    }

    /// The bytes that are in use.
    pub(super) fn bytes(&self) -> u64 {
        self.kept.run_pending_tasks();
        self.kept.weighted_size() + self.flights.bytes() as u64
    }

    /// The answer to a question: a known one, that of an equal question under way, or one of its own, which is read as
    /// soon as there is a place for it.
    pub(super) async fn answer<T: ShortValue, P, F>(
        self: &Arc<Self>,
        asked: ShortQuestion,
        place: impl Future<Output = P>,
        work: impl FnOnce(P) -> F,
    ) -> Result<ShortAnswer<T>, Error>
    where
        F: Future<Output = Result<ShortRead<T>, Error>> + Send + 'static,
    {
        if let Some(value) = self.known(&asked) {
            return Ok(ShortAnswer { value: typed(value)?, held: None, origin: ShortOrigin::Known });
        }
        let (flight, since) = (ShortFlight { key: asked.key.clone(), times: asked.times() }, asked.since);
        let all = Arc::clone(self);
        let reads = |place| all.landed(asked, work(place));
        let (landed, origin) = match self.flights.join(flight, since, place, reads).await {
            JoinedFlight::Landed(landed) => (Ok(landed), ShortOrigin::Shared),
            JoinedFlight::Flying(flight) => (Flight::landing(&flight).await, ShortOrigin::Shared),
            JoinedFlight::New(flight) => (Flight::landing(&flight).await, ShortOrigin::Read),
        };
        let LandedValue { value, held, .. } = landed?;
        Ok(ShortAnswer { value: typed(value)?, held, origin })
    }

    fn known(&self, asked: &ShortQuestion) -> Option<AnyValue> {
        let kept = self.kept.get(&asked.key)?;
        kept.iter().rev().find(|one| one.serves(asked)).map(|one| Arc::clone(&one.value))
    }

    /// Reads an answer, and keeps what may be kept.
    async fn landed<T: ShortValue>(
        self: Arc<Self>,
        asked: ShortQuestion,
        read: impl Future<Output = Result<ShortRead<T>, Error>>,
    ) -> Result<LandedValue, Error> {
        let begun = Instant::now();
        let ShortRead { value, held, is_whole } = read.await?;
        let bytes = value.bytes();
        let value: AnyValue = Arc::new(value);
        if is_whole && !asked.max_age.is_zero() && bytes <= self.largest {
            let own = KeptValue { value: Arc::clone(&value), bytes, times: asked.times(), read: begun };
            self.keep(&asked, own);
        }
        Ok(LandedValue { value, bytes, held: held.map(Arc::new) })
    }

    fn keep(&self, asked: &ShortQuestion, own: KeptValue) {
        let is_useful = |one: &&KeptValue| {
            let is_replaced = one.read <= own.read && own.times.cover(one.times.range, Duration::ZERO);
            one.read.elapsed() < asked.max_age && !is_replaced
        };
        self.kept.entry_by_ref(&asked.key).and_upsert_with(|old| {
            let old = old.map(|old| old.into_value()).unwrap_or_default();
            let mut all: Vec<KeptValue> = old.iter().filter(is_useful).cloned().collect();
            all.push(own.clone());
            let mut bytes = all.iter().map(|one| one.bytes).sum::<usize>();
            // One question does not push out all others.
            let more = all.iter().enumerate().position(|(at, one)| {
                let fits = all.len() - at <= RANGES && bytes <= self.largest * 2;
                bytes -= one.bytes;
                fits
            });
            all.drain(..more.unwrap_or(0));
            Arc::new(all)
        });
        self.kept.run_pending_tasks();
    }
}

fn typed<T: ShortValue>(value: AnyValue) -> Result<Arc<T>, Error> {
    value.downcast().map_err(|_| Error::new(Kind::Internal, "internal error"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::future::{pending, ready};

    use futures_util::FutureExt as _;

    use super::*;

    impl ShortValue for BTreeSet<u32> {
        fn bytes(&self) -> usize {
            self.len()
        }
    }

    fn range(from: i64, to: i64) -> Option<TimeRange> {
        Some(TimeRange { from, to })
    }

    fn of(range: Option<TimeRange>) -> ShortQuestion {
        let key = ShortKey::List { identity: Identity::NOBODY, reloads: 0, what: "hosts".into() };
        let since = FlightSharing::now(0);
        let now = range.map_or(0, |range| range.to);
        ShortQuestion { key, range, now, max_age: Duration::from_secs(60), since }
    }

    fn read(number: u32) -> Result<ShortRead<BTreeSet<u32>>, Error> {
        Ok(ShortRead { value: BTreeSet::from([number]), held: None, is_whole: true })
    }

    async fn answered(all: &Arc<ShortCache>, asked: ShortQuestion, number: u32) -> u32 {
        let answer = all.answer(asked, ready(()), |()| ready(read(number))).await.expect("an answer");
        *answer.value.first().expect("a number")
    }

    #[test]
    fn a_list_serves_ranges_that_slid_on_since() {
        let ago = Instant::now().checked_sub(Duration::from_secs(10)).expect("the machine runs for longer");
        let value: AnyValue = Arc::new(BTreeSet::from([1_u32]));
        let list = KeptValue { value, bytes: 1, times: of(range(0, 100_000)).times(), read: ago };
        let asked = |range, seconds, since| {
            list.serves(&ShortQuestion { max_age: Duration::from_secs(seconds), since, ..of(range) })
        };
        let now = FlightSharing::now(0);
        let serves = |range, seconds| asked(range, seconds, now);
        assert!(serves(range(0, 100_000), 300) && serves(range(10_000, 110_000), 300));
        assert!(!serves(range(-1, 100_000), 300), "earlier rows may have other values");
        assert!(!serves(range(50_000, 150_000), 300), "later rows too");
        assert!(!serves(range(50_000, 60_000), 300), "a range that is longer may have more");
        assert!(!serves(None, 300) && !serves(range(0, 100_000), 5));
        // Who came before it was read may have it however young it must be.
        let before = FlightSharing { arrived: ago, is_fresh: true, ..FlightSharing::now(0) };
        assert!(
            asked(range(0, 100_000), 0, before)
                && !asked(range(0, 100_000), 300, FlightSharing { is_fresh: true, ..now })
        );
    }

    #[tokio::test]
    async fn ranges_keep_their_own_lists_and_do_not_wait_for_each_other() {
        let all = ShortCache::new(1 << 20);
        let (today, long_ago) = (range(1_000_000, 2_000_000), range(0, 500_000));
        let mut slow =
            Box::pin(all.answer(of(today), ready(()), |()| pending::<Result<ShortRead<BTreeSet<u32>>, _>>()));
        assert!((&mut slow).now_or_never().is_none());
        assert_eq!(answered(&all, of(long_ago), 1).await, 1, "it does not wait");
        let mut joins = Box::pin(all.answer(of(range(1_000_000, 2_000_500)), ready(()), |()| ready(read(2))));
        assert!((&mut joins).now_or_never().is_none(), "it waits for the one that has all of its times");
        drop((slow, joins));
        assert_eq!(answered(&all, of(today), 3).await, 3);
        assert_eq!((answered(&all, of(long_ago), 4).await, answered(&all, of(today), 5).await), (1, 3));
    }

    #[tokio::test]
    async fn what_is_not_whole_or_never_settled_is_not_kept() {
        let all = ShortCache::new(1 << 20);
        let never = || ShortQuestion { max_age: Duration::ZERO, ..of(None) };
        assert_eq!((answered(&all, never(), 1).await, answered(&all, never(), 2).await), (1, 2));
        let partly = |()| ready(read(3).map(|read| ShortRead { is_whole: false, ..read }));
        all.answer(of(None), ready(()), partly).await.expect("an answer");
        assert_eq!((answered(&all, of(None), 4).await, answered(&all, of(None), 5).await), (4, 4));
        assert!(all.bytes() > 0);
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded() {
        let all = ShortCache::new(10_000);
        let large =
            |()| ready(Ok(ShortRead { value: (0..3000).collect::<BTreeSet<u32>>(), held: None, is_whole: true }));
        all.answer(of(None), ready(()), large).await.expect("an answer");
        assert!(all.kept.get(&of(None).key).is_none(), "it is more than a quarter");
        for at in 0..100 {
            answered(&all, of(range(at * 1000, at * 1000 + 10)), 1).await;
        }
        all.kept.run_pending_tasks();
        assert_eq!(all.kept.get(&of(None).key).map(|kept| kept.len()), Some(RANGES));
    }
}
