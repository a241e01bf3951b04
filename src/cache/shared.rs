//! Equal fetches at the same time: whose statement they share.

use std::sync::Arc;
use std::time::Instant;

use super::CacheKey;
use super::flight::{FlightKey, FlightSharing};
use crate::budget::HeldBytes;
use crate::frame::Block;
use crate::plan::{Buckets, Fetch};
use crate::time::Millis;

/// A fetch that others may ask for at the same time.
#[derive(Clone, Copy, Debug)]
pub struct SharedFetch<'a> {
    /// What makes it the same as others but for its times.
    pub key: &'a CacheKey,
    /// Itself.
    pub fetch: &'a Fetch,
    /// Which statements it may share.
    pub since: FlightSharing,
}

/// A fetch with its times.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct StatementKey {
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

impl StatementKey {
    pub(super) fn of(SharedFetch { key, fetch, .. }: SharedFetch<'_>) -> Self {
        let buckets = match &fetch.axis.buckets {
            Buckets::Regular { .. } => StatementBuckets::Between { from: fetch.axis.from, to: fetch.axis.to },
            Buckets::Edges(edges) => StatementBuckets::Edges(edges.clone()),
        };
        Self { key: key.clone(), buckets, rows: fetch.caps.rows, series: fetch.caps.series }
    }
}

impl FlightKey for StatementKey {
    type Landed = LandedBlocks;

    fn bytes(&self, landed: &LandedBlocks) -> usize {
        self.key.bytes() + landed.blocks.iter().map(|block| block.bytes()).sum::<usize>()
    }

    fn at_hand(landed: &LandedBlocks) -> LandedBlocks {
        LandedBlocks { blocks: landed.blocks.clone(), held: None }
    }

    fn is_kin(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// A question that looks into the cache after a statement has ended finds some of its buckets there, and asks for the
    /// others. The limits need not be equal: who takes the block counts again.
    fn is_part_of(&self, other: &Self, _begun: Instant) -> bool {
        let is_within = match (&self.buckets, &other.buckets) {
            (StatementBuckets::Between { from, to }, StatementBuckets::Between { from: first, to: last }) => {
                from >= first && to <= last
            }
            (own, other) => own == other,
        };
        is_within && self.key == other.key
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::FutureExt as _;
    use futures_util::future::join_all;

    use super::super::flight::{Flight, Flights, JoinedFlight};
    use super::*;
    use crate::error::{Error, Kind};

    type Joined = JoinedFlight<LandedBlocks>;
    type All = Arc<Flights<StatementKey>>;

    const ROOM: usize = 8 << 20;

    fn between(name: &str, from: Millis, to: Millis) -> StatementKey {
        StatementKey {
            key: CacheKey::named(name),
            buckets: StatementBuckets::Between { from, to },
            rows: 10,
            series: 10,
        }
    }

    fn of_now() -> FlightSharing {
        FlightSharing::now(0)
    }

    fn fresh_now() -> FlightSharing {
        FlightSharing { is_fresh: true, ..of_now() }
    }

    fn block(edges: &[Millis]) -> Result<LandedBlocks, Error> {
        Ok(LandedBlocks { blocks: vec![Arc::new(Block::of_nothing(edges.to_vec()))], held: None })
    }

    async fn ask(flights: &All, key: StatementKey, since: FlightSharing, gives: Result<LandedBlocks, Error>) -> Joined {
        flights.join(key, since, ready(()), |()| ready(gives)).await
    }

    fn word(joined: &Joined) -> &'static str {
        match joined {
            JoinedFlight::Landed(_) => "landed",
            JoinedFlight::Flying(_) => "flying",
            JoinedFlight::New(_) => "new",
        }
    }

    async fn end(joined: &Joined) -> Result<LandedBlocks, Error> {
        match joined {
            JoinedFlight::Flying(flight) | JoinedFlight::New(flight) => Flight::landing(flight).await,
            JoinedFlight::Landed(landed) => Ok(landed.clone()),
        }
    }

    #[tokio::test]
    async fn what_has_landed_serves_its_parts_for_those_who_came_before() {
        let flights = Flights::new(ROOM);
        let early = of_now();
        let first = ask(&flights, between("a", 0, 30), early, block(&[0, 10, 20, 30])).await;
        // A smaller question does not wait for a larger statement, and an equal one does.
        let smaller = ask(&flights, between("a", 10, 20), early, block(&[10, 20])).await;
        let equal = ask(&flights, between("a", 0, 30), early, block(&[0])).await;
        assert_eq!([word(&first), word(&smaller), word(&equal)], ["new", "new", "flying"]);
        assert_eq!(end(&first).await.expect("a block").blocks[0].range().to, 30);
        let asked = async |name: &str, from, to, since| {
            word(&ask(&flights, between(name, from, to), since, block(&[from, to])).await)
        };
        assert_eq!(asked("a", 20, 30, early).await, "landed");
        assert_eq!(asked("b", 0, 10, early).await, "new", "another fetch");
        assert_eq!(asked("a", 20, 40, early).await, "new", "more than there is");
        assert_eq!(asked("a", 0, 10, of_now()).await, "new", "it was read before the question came");
        assert_eq!(asked("a", 5, 15, fresh_now()).await, "new");
    }

    #[tokio::test]
    async fn a_crowd_shares_what_began_shortly_before_and_nobody_has_it_twice() {
        let flights = Flights::new(ROOM);
        let of = |client| FlightSharing::now(client).kept(true);
        let asked = async |since| {
            let joined = ask(&flights, between("a", 0, 10), since, block(&[0, 10])).await;
            end(&joined).await.expect("a block");
            word(&joined)
        };
        // Who comes when nobody waits reads what is there now, whoever that is.
        for client in [1, 1, 2, 3] {
            assert_eq!(asked(of(client)).await, "new", "{client}");
        }
        let early = of(4);
        assert_eq!(asked(of(5)).await, "new");
        assert_eq!(asked(early).await, "landed", "it came before the other one's statement had ended");
        assert_eq!(asked(of(6)).await, "landed", "two overlapped: these are many");
        assert_eq!(asked(FlightSharing { is_fresh: true, ..of(7) }).await, "new");
        assert_eq!(asked(of(8)).await, "landed");
        assert_eq!(asked(of(8)).await, "new", "it had that already");
        // The next bucket of the same question: the crowd is the same.
        let next = async |since| {
            let joined = ask(&flights, between("a", 10, 20), since, block(&[10, 20])).await;
            end(&joined).await.expect("a block");
            word(&joined)
        };
        assert_eq!([next(of(10)).await, next(of(11)).await], ["new", "landed"]);
        assert_eq!(asked(FlightSharing::now(9)).await, "new", "rows that are not believed for a while");
    }

    #[tokio::test]
    async fn edges_have_no_parts_and_a_failure_is_not_at_hand() {
        let flights = Flights::new(ROOM);
        let early = of_now();
        let edges =
            |edges: &[Millis]| StatementKey { buckets: StatementBuckets::Edges(edges.to_vec()), ..between("a", 0, 0) };
        end(&ask(&flights, edges(&[0, 40]), early, block(&[0, 40])).await).await.expect("a block");
        let of_part = ask(&flights, edges(&[10, 20]), early, block(&[10, 20])).await;
        assert_eq!(word(&of_part), "new");
        let fails = Err(Error::new(Kind::Timeout, "too late"));
        end(&ask(&flights, between("f", 0, 10), early, fails).await).await.expect_err("it fails");
        assert_eq!(word(&ask(&flights, between("f", 0, 10), early, block(&[0, 10])).await), "new");
    }

    #[tokio::test]
    async fn what_is_at_hand_is_bounded() {
        let flights = Flights::new(ROOM);
        let early = of_now();
        let edges: Vec<Millis> = (0..100_000).collect();
        let mut held = 0;
        for number in 0..40 {
            let landed = end(&ask(&flights, between(&number.to_string(), 0, 99_999), early, block(&edges)).await).await;
            held += landed.expect("a block").blocks[0].bytes();
        }
        let at_hand = flights.bytes();
        assert!(held > ROOM && at_hand > ROOM / 2 && at_hand <= ROOM, "{held} {at_hand}");
    }

    #[tokio::test]
    async fn who_joins_needs_no_place_and_who_waits_for_one_joins_what_others_begin() {
        let flights: All = Flights::new(ROOM);
        let key = || between("a", 0, 10);
        let mut waits = Box::pin(flights.join(key(), of_now(), pending::<()>(), |()| ready(block(&[0, 10]))));
        assert!((&mut waits).now_or_never().is_none());
        let first = ask(&flights, key(), of_now(), block(&[0, 10])).await;
        let joins = flights.join(key(), of_now(), pending::<()>(), |()| ready(block(&[0, 10])));
        assert_eq!([word(&first), word(&joins.await), word(&waits.await)], ["new", "flying", "flying"]);
    }

    #[tokio::test]
    async fn whoever_wants_a_new_statement_shares_one_that_began_later() {
        let flights: All = Flights::new(ROOM);
        let (sender, _) = tokio::sync::watch::channel(false);
        let asked = |since| {
            let mut go = sender.subscribe();
            let work = async move {
                let _told = go.wait_for(|go| *go).await;
                block(&[0, 10])
            };
            flights.join(between("a", 0, 10), since, ready(()), |()| work)
        };
        let early = fresh_now();
        let first = asked(of_now()).await;
        let second = asked(fresh_now()).await;
        // It came before the second one began, and so may have it.
        let third = asked(early).await;
        assert_eq!([word(&first), word(&second), word(&third)], ["new", "new", "flying"]);
        // Two are under way: all others wait for the first one's end, and then are one.
        let mut others = Box::pin(join_all((0..40).map(|_| asked(fresh_now()))));
        assert!((&mut others).now_or_never().is_none());
        sender.send_replace(true);
        let words: Vec<_> = others.await.iter().map(word).collect();
        assert_eq!(words.iter().filter(|word| **word == "new").count(), 1, "{words:?}");
    }
}
