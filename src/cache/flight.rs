//! Equal statements at the same time are one.

use std::fmt::Debug;
use std::hash::Hash;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tracing::Instrument as _;

use super::slots::{FlightBeginning, FlightSlots, FoundFlight, WaitingRoom};
use crate::error::{Error, Kind};

/// The key of a statement, which contains its times. Statements with equal keys are one statement.
pub(super) trait FlightKey: Clone + Debug + Eq + Hash + Send + 'static {
    /// The result of a statement.
    type Landed: Clone + Debug + Send + Sync + 'static;

    /// The bytes of the key, and of what a statement gave.
    fn bytes(&self, landed: &Self::Landed) -> usize;

    /// The part of a result that stays in memory after its statement ended, for questions that came before.
    fn at_hand(landed: &Self::Landed) -> Self::Landed;

    /// Whether what another statement gave, which began at a moment, answers this question as well.
    fn is_part_of(&self, other: &Self, begun: Instant) -> bool;

    /// Whether another statement is of the same question at other times.
    fn is_kin(&self, other: &Self) -> bool;

    /// Whether it is worth waiting for another statement of which this question is a part.
    fn waits_for(&self, _other: &Self) -> bool {
        false
    }
}

/// Which statements a question may share.
#[derive(Clone, Copy, Debug)]
pub struct FlightSharing {
    /// When the question came. What ended before is not for it, unless many clients ask the same.
    pub arrived: Instant,
    /// Whether it wants a statement that begins after it came.
    pub is_fresh: bool,
    /// The number of the connection that asks, 0 where there is none. No connection gets the result of one statement twice.
    pub client: u64,
    /// The greatest age of a result that is shared with a question of many clients.
    pub lingers: Duration,
}

impl FlightSharing {
    /// The rules for a question that comes now.
    #[must_use]
    pub fn now(client: u64) -> Self {
        Self { arrived: Instant::now(), is_fresh: false, client, lingers: Duration::ZERO }
    }

    /// The same rules for a source: a result is shared with later questions only if its rows may be kept.
    #[must_use]
    pub fn kept(self, is_kept: bool) -> Self {
        Self { lingers: if is_kept { LINGERS } else { Duration::ZERO }, ..self }
    }
}

/// How long a result is shared with later questions, where many clients ask the same.
const LINGERS: Duration = Duration::from_secs(1);

/// The outcome of a statement: none until it has ended.
pub(super) type FlightResult<L> = Option<Result<L, Error>>;

/// A statement under way. It ends with the last who waits for it.
#[derive(Debug)]
pub(super) struct Flight<L> {
    pub(super) landing: watch::Receiver<FlightResult<L>>,
    task: AbortHandle,
}

impl<L> Drop for Flight<L> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<L: Clone> Flight<L> {
    /// Waits for what it gives.
    pub(super) async fn landing(flight: &Arc<Self>) -> Result<L, Error> {
        let mut landing = flight.landing.clone();
        let landed = landing.wait_for(Option::is_some).await;
        let lost = || Err(Error::new(Kind::Internal, "internal error"));
        landed.ok().and_then(|landed| landed.clone()).unwrap_or_else(lost)
    }
}

/// All statements under way.
#[derive(Debug)]
pub(super) struct Flights<K: FlightKey> {
    slots: Mutex<FlightSlots<K>>,
    /// Tells those who wait for a place of their own that some statement has begun.
    begun: Notify,
}

/// The statement that answers a question.
pub(super) enum JoinedFlight<L> {
    /// It ended after the question came.
    Landed(L),
    /// It is under way.
    Flying(Arc<Flight<L>>),
    /// It begins now.
    New(Arc<Flight<L>>),
}

/// The next step of a question.
enum FlightTurn<L> {
    Joins(JoinedFlight<L>),
    /// It waits for a place, or until somebody begins its statement.
    Waits,
    /// It waits until an earlier statement has ended.
    WaitsFor(watch::Receiver<FlightResult<L>>),
}

/// A question that has joined no flight, the place for its own one, and what is done there.
struct FlightPlan<P, W> {
    place: Option<P>,
    work: Option<W>,
}

impl<K: FlightKey> Flights<K> {
    /// No flights; what has landed is at hand within so many bytes.
    pub(super) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self { slots: Mutex::new(FlightSlots::new(WaitingRoom(bytes))), begun: Notify::new() })
    }

    /// The statement that answers a question: one that is under way needs no place, one of its own begins as soon as there
    /// is a place for it.
    pub(super) async fn join<P, F>(
        self: &Arc<Self>,
        key: K,
        since: FlightSharing,
        place: impl Future<Output = P>,
        work: impl FnOnce(P) -> F,
    ) -> JoinedFlight<K::Landed>
    where
        F: Future<Output = Result<K::Landed, Error>> + Send + 'static,
    {
        let (mut place, mut plan) = (pin!(place), FlightPlan { place: None, work: Some(work) });
        loop {
            let mut begun = pin!(self.begun.notified());
            // From now on no beginning is missed.
            begun.as_mut().enable();
            match self.turn(&key, since, &mut plan) {
                FlightTurn::Joins(joined) => return joined,
                FlightTurn::Waits => tokio::select! {
                    own = &mut place, if plan.place.is_none() => plan.place = Some(own),
                    () = begun => {}
                },
                FlightTurn::WaitsFor(mut earlier) => tokio::select! {
                    _ended = earlier.wait_for(Option::is_some) => {}
                    () = begun => {}
                },
            }
        }
    }

    fn turn<P, W, F>(
        self: &Arc<Self>,
        key: &K,
        since: FlightSharing,
        plan: &mut FlightPlan<P, W>,
    ) -> FlightTurn<K::Landed>
    where
        W: FnOnce(P) -> F,
        F: Future<Output = Result<K::Landed, Error>> + Send + 'static,
    {
        let mut all = self.all();
        match all.found(key, since) {
            FoundFlight::Joined(joined) => return FlightTurn::Joins(joined),
            FoundFlight::Earlier(landing) => return FlightTurn::WaitsFor(landing),
            FoundFlight::None => {}
        }
        let (place, work) = match (plan.place.take(), plan.work.take()) {
            (Some(place), Some(work)) => (place, work),
            (place, work) => {
                *plan = FlightPlan { place, work };
                return FlightTurn::Waits;
            }
        };
        let flight = self.begin(&mut all, key.clone(), since.client, work(place));
        drop(all);
        self.begun.notify_waiters();
        FlightTurn::Joins(JoinedFlight::New(flight))
    }

    fn begin(
        self: &Arc<Self>,
        all: &mut FlightSlots<K>,
        key: K,
        client: u64,
        work: impl Future<Output = Result<K::Landed, Error>> + Send + 'static,
    ) -> Arc<Flight<K::Landed>> {
        let (sender, landing) = watch::channel(None);
        let start = all.next();
        let (flights, own) = (Arc::clone(self), key.clone());
        let flying = async move {
            let landed = work.await;
            flights.all().land(own, start, landed.as_ref().ok());
            let _nobody_waits = sender.send(Some(landed));
        };
        let task = tokio::spawn(flying.in_current_span()).abort_handle();
        let flight = Arc::new(Flight { landing, task });
        all.fly(key, FlightBeginning { start, client }, &flight);
        flight
    }

    /// The bytes of what is at hand.
    pub(super) fn bytes(&self) -> usize {
        self.all().bytes()
    }

    fn all(&self) -> MutexGuard<'_, FlightSlots<K>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
