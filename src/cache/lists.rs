//! Lists that questions need before they can be asked: the values of a label that a pattern is tried on.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use moka::policy::EvictionPolicy;
use tokio::sync::Mutex;

use super::FlightSharing;
use crate::identity::Identity;
use crate::time::TimeRange;

/// A list of more bytes is not kept.
const LIST_BYTES: usize = 64 << 10;
/// A list is believed for so long at most: a series that begins is missing meanwhile.
const LONGEST: Duration = Duration::from_secs(60);
/// How much later than its reading a list may be asked for beyond the end of its range: clocks count in pieces.
const GRACE_MS: i64 = 1000;

/// What makes two lists the same but for their times.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListKey {
    /// Whose rows are read.
    pub identity: Identity,
    /// Since how many notifications that tables have changed.
    pub reloads: u64,
    /// What is read.
    pub what: Arc<str>,
}

/// The times of a list, and how old it may be.
#[derive(Clone, Copy, Debug)]
pub struct ListTimes {
    /// The times of its rows; none for all.
    pub range: Option<TimeRange>,
    /// How long it is believed.
    pub max_age: Duration,
    /// When it was asked for, and whether what was read before then may serve.
    pub since: FlightSharing,
}

/// A list and when it was read.
#[derive(Debug)]
struct CachedList {
    texts: Weak<BTreeSet<String>>,
    /// Holds a small list; a large one is there as long as somebody uses it.
    _kept: Option<Arc<BTreeSet<String>>>,
    range: Option<TimeRange>,
    read: Instant,
}

impl CachedList {
    /// Whether it is what a question wants: read since the question came or young, and of all of its times but those that
    /// came since.
    fn serves(&self, times: ListTimes) -> bool {
        let age = self.read.elapsed();
        let since_ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX).saturating_add(GRACE_MS);
        let covers = match (self.range, times.range) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(asked)) => own.from <= asked.from && asked.to <= own.to.saturating_add(since_ms),
        };
        let is_young = !times.since.is_fresh && age < times.max_age.min(LONGEST);
        covers && (self.read >= times.since.arrived || is_young)
    }
}

/// The place of a list: one reader at a time, the others wait for what it finds.
type ListSlot = Arc<Mutex<Option<CachedList>>>;

/// The lists that are known.
pub(super) struct ListCache(moka::sync::Cache<(ListKey, u32), ListSlot>);

impl ListCache {
    /// Room for lists of so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        let most = (bytes / LIST_BYTES).max(1) as u64;
        Self(moka::sync::Cache::builder().max_capacity(most).eviction_policy(EvictionPolicy::lru()).build())
    }

    pub(super) async fn list<E>(
        &self,
        key: ListKey,
        times: ListTimes,
        read: impl Future<Output = Result<BTreeSet<String>, E>>,
    ) -> Result<Arc<BTreeSet<String>>, E> {
        // Lists of short and of long ranges do not take each other's place.
        let length = times.range.map_or(u32::MAX, |range| (range.to - range.from).max(1).ilog2());
        let slot = self.0.get_with((key, length), ListSlot::default);
        let mut list = slot.lock().await;
        let known = list.as_ref().filter(|known| known.serves(times)).and_then(|known| known.texts.upgrade());
        if let Some(known) = known {
            return Ok(known);
        }
        let begun = Instant::now();
        let texts = Arc::new(read.await?);
        let bytes: usize = texts.iter().map(|text| text.len() + 48).sum();
        let kept = (bytes <= LIST_BYTES).then(|| Arc::clone(&texts));
        *list = Some(CachedList { texts: Arc::downgrade(&texts), _kept: kept, range: times.range, read: begun });
        Ok(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_serves_ranges_that_slid_on_since() {
        let range = |from, to| Some(TimeRange { from, to });
        let read = Instant::now().checked_sub(Duration::from_secs(10)).expect("the machine runs for longer");
        let list = CachedList { texts: Weak::new(), _kept: None, range: range(0, 100_000), read };
        let asked =
            |range, seconds, since| list.serves(ListTimes { range, max_age: Duration::from_secs(seconds), since });
        let now = FlightSharing { arrived: Instant::now(), is_fresh: false };
        let serves = |range, seconds| asked(range, seconds, now);
        assert!(serves(range(0, 100_000), 300) && serves(range(10_000, 110_000), 300));
        assert!(!serves(range(-1, 100_000), 300), "earlier rows may have other values");
        assert!(!serves(range(50_000, 150_000), 300), "later rows too");
        assert!(!serves(None, 300) && !serves(range(0, 100_000), 5));
        // Who came before it was read may have it however young it must be.
        let before = FlightSharing { arrived: read, is_fresh: true };
        assert!(
            asked(range(0, 100_000), 0, before)
                && !asked(range(0, 100_000), 300, FlightSharing { is_fresh: true, ..now })
        );
    }
}
