//! The statements that are under way or have just ended, by what they ask.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::flight::{Flight, FlightKey, FlightResult, FlightSharing, JoinedFlight};

/// How long an answer is at hand for the questions that came before it was read.
/// A question that a busy process comes to late has often been answered by then.
const AT_HAND: Duration = Duration::from_secs(30);
/// The pause between two clean-ups.
const SWEEP: Duration = Duration::from_secs(1);
/// The bytes of what a statement gave, where it is at hand.
const LARGEST: usize = 1 << 20;

/// The bytes of all that is at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaitingRoom(pub(super) usize);

/// Clients whose equal questions overlapped within this time are a crowd.
const CROWDED: Duration = Duration::from_secs(5);

/// A flight that begins, and who began it.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlightBeginning {
    pub(super) start: FlightStart,
    pub(super) client: u64,
}

/// The clients that got the result of a statement.
#[derive(Clone, Debug, Default)]
struct Askers {
    served: HashSet<u64>,
    /// When two of their questions overlapped last. Those of a client that waits for each answer never do.
    overlapped: Option<Instant>,
}

impl Askers {
    /// Notes a question that came before the statement ended, and gets its result.
    fn overlaps(&mut self, client: u64) {
        self.served.insert(client);
        self.overlapped = Some(Instant::now());
    }

    /// Whether a question that came later is one of a crowd, and so gets the result.
    fn admits(&mut self, since: FlightSharing, begun: Instant) -> bool {
        let is_young = since.arrived.saturating_duration_since(begun) <= since.lingers;
        let is_crowd = self.overlapped.is_some_and(|at| at.elapsed() < CROWDED);
        !since.lingers.is_zero() && !since.is_fresh && is_young && is_crowd && self.served.insert(since.client)
    }
}

/// Which flight it is, and when it began: no statement of it runs before.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlightStart {
    number: u64,
    begun: Instant,
}

/// The flights of one kind.
#[derive(Debug)]
pub(super) struct FlightSlots<K: FlightKey> {
    slots: HashMap<K, FlightSlot<K::Landed>>,
    room: WaitingRoom,
    /// How many flights there were.
    begun: u64,
    swept: Option<Instant>,
    /// The bytes of what has landed.
    bytes: usize,
}

#[derive(Debug)]
enum FlightSlot<L> {
    Flying(FlyingSlot<L>),
    Landed { begun: Instant, at: Instant, landed: L, bytes: usize, askers: Askers },
}

#[derive(Debug)]
struct FlyingSlot<L> {
    start: FlightStart,
    flight: Weak<Flight<L>>,
    /// An equal one that began before it, and came too early for somebody.
    earlier: Option<watch::Receiver<FlightResult<L>>>,
    askers: Askers,
}

/// What there is for a question.
pub(super) enum FoundFlight<L> {
    Joined(JoinedFlight<L>),
    /// Two equal statements are under way, and both began too early: the next one begins when the first of them has ended.
    Earlier(watch::Receiver<FlightResult<L>>),
    None,
}

impl<L: Clone> FlightSlot<L> {
    /// What it gives to a question that it answers.
    fn joined(&mut self, since: FlightSharing, is_waited_for: bool) -> Option<JoinedFlight<L>> {
        match self {
            Self::Flying(FlyingSlot { start, flight, askers, .. }) if is_waited_for => {
                let serves = !since.is_fresh || since.arrived <= start.begun;
                let flight = flight.upgrade().filter(|_| serves)?;
                askers.overlaps(since.client);
                Some(JoinedFlight::Flying(flight))
            }
            Self::Flying(_) => None,
            Self::Landed { begun, at, landed, askers, .. } => {
                let from = if since.is_fresh { *begun } else { *at };
                if since.arrived <= from {
                    askers.overlaps(since.client);
                    return Some(JoinedFlight::Landed(landed.clone()));
                }
                askers.admits(since, *begun).then(|| JoinedFlight::Landed(landed.clone()))
            }
        }
    }

    const fn askers(&self) -> &Askers {
        match self {
            Self::Flying(FlyingSlot { askers, .. }) | Self::Landed { askers, .. } => askers,
        }
    }

    const fn begun(&self) -> Instant {
        match self {
            Self::Flying(FlyingSlot { start, .. }) => start.begun,
            Self::Landed { begun, .. } => *begun,
        }
    }
}

fn is_under_way<L>(landing: &watch::Receiver<FlightResult<L>>) -> bool {
    // What was given up has no sender.
    landing.has_changed().is_ok() && landing.borrow().is_none()
}

impl<K: FlightKey> FlightSlots<K> {
    pub(super) fn new(room: WaitingRoom) -> Self {
        Self { slots: HashMap::new(), room, begun: 0, swept: None, bytes: 0 }
    }

    /// The statement that answers a question as well, if there is one: an equal one, or a larger one that has ended.
    /// Nobody waits for a much larger one, which may take longer or fail.
    pub(super) fn found(&mut self, key: &K, since: FlightSharing) -> FoundFlight<K::Landed> {
        let own = self.slots.get_mut(key).and_then(|slot| slot.joined(since, true));
        let larger = || {
            self.slots
                .iter_mut()
                .filter(|(other, slot)| key.is_part_of(other, slot.begun()))
                .find_map(|(other, slot)| slot.joined(since, key.waits_for(other)))
        };
        if let Some(joined) = own.or_else(larger) {
            return FoundFlight::Joined(joined);
        }
        match self.slots.get(key) {
            Some(FlightSlot::Flying(FlyingSlot { flight, earlier: Some(earlier), .. }))
                if flight.strong_count() > 0 && is_under_way(earlier) =>
            {
                FoundFlight::Earlier(earlier.clone())
            }
            _ => FoundFlight::None,
        }
    }

    /// A flight begins now.
    pub(super) fn next(&mut self) -> FlightStart {
        self.sweep();
        self.begun += 1;
        FlightStart { number: self.begun, begun: Instant::now() }
    }

    /// A flight has begun.
    pub(super) fn fly(&mut self, key: K, beginning: FlightBeginning, flight: &Arc<Flight<K::Landed>>) {
        let FlightBeginning { start, client } = beginning;
        let kin = self.slots.iter().filter(|(other, _)| key.is_kin(other));
        let overlapped = kin.filter_map(|(_, slot)| slot.askers().overlapped).max();
        let earlier = match self.slots.remove(&key) {
            Some(FlightSlot::Landed { bytes, .. }) => {
                self.bytes -= bytes;
                None
            }
            Some(FlightSlot::Flying(slot)) => slot.flight.upgrade().map(|flight| flight.landing.clone()),
            None => None,
        };
        let askers = Askers { served: HashSet::from([client]), overlapped };
        let flying = FlyingSlot { start, flight: Arc::downgrade(flight), earlier, askers };
        self.slots.insert(key, FlightSlot::Flying(flying));
    }

    /// A flight ended; a later one of the same key may have taken its place.
    pub(super) fn land(&mut self, key: K, start: FlightStart, landed: Option<&K::Landed>) {
        let askers = match self.slots.get_mut(&key) {
            Some(FlightSlot::Flying(slot)) if slot.start.number == start.number => std::mem::take(&mut slot.askers),
            other => {
                // What it gave is not to be held for the later one.
                if let Some(FlightSlot::Flying(later)) = other {
                    later.earlier = None;
                }
                return;
            }
        };
        self.slots.remove(&key);
        let Some(landed) = landed else { return };
        let bytes = key.bytes(landed);
        if bytes <= LARGEST && self.has_room(bytes) {
            self.bytes += bytes;
            let landed = K::at_hand(landed);
            let slot = FlightSlot::Landed { begun: start.begun, at: Instant::now(), landed, bytes, askers };
            self.slots.insert(key, slot);
        }
    }

    /// The bytes of what is at hand.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Removes flights without waiters, and what has landed too long ago, now and then.
    fn sweep(&mut self) {
        if self.swept.is_none_or(|swept| swept.elapsed() >= SWEEP) {
            self.clean();
        }
    }

    /// Whether so many bytes more may be at hand.
    fn has_room(&mut self, bytes: usize) -> bool {
        if self.bytes + bytes > self.room.0 {
            self.clean();
        }
        self.bytes + bytes <= self.room.0
    }

    fn clean(&mut self) {
        self.swept = Some(Instant::now());
        let mut left = 0;
        self.slots.retain(|_, slot| match slot {
            FlightSlot::Flying(slot) => slot.flight.strong_count() > 0,
            FlightSlot::Landed { at, bytes, .. } => {
                let is_at_hand = at.elapsed() < AT_HAND;
                left += if is_at_hand { *bytes } else { 0 };
                is_at_hand
            }
        });
        self.bytes = left;
    }
}
