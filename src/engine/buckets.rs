//! The buckets of fetches: from the cache as far as they are known, the rest from the database.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::time::timeout;

use super::RequestScope;
use super::said::logged;
use super::streaming::Seams;
use crate::budget::{Budget, HeldBytes};
use crate::cache::{BucketRun, CacheKey, CacheOutcome, FetchOrigin, KnownBuckets, LandedBlocks, SharedFetch};
use crate::catalog::{CachePolicy, MetricValue, Source};
use crate::db::{DbError, Deadline, SessionPlace};
use crate::error::Error;
use crate::frame::{self, Block, BlockSlice, Collector};
use crate::plan::{self, Fetch};
use crate::sql;
use crate::time::{Millis, TimeRange};

/// The longest time of a shared statement. It ends with the last question that waits for it; each has a deadline.
const LONGEST: Duration = Duration::from_secs(3600);

/// What a statement for some buckets gave, for one who waited.
struct StatementAnswer {
    found: BlockSlice,
    /// The bytes of it.
    landed: LandedBlocks,
    /// Whether it was another one's statement.
    was_shared: bool,
}

/// A block, and the key that it is kept by.
pub(super) struct KeyedBlock {
    pub(super) key: CacheKey,
    pub(super) block: Arc<Block>,
}

/// When rows are read, and what of them may be kept for how long.
#[derive(Clone, Copy)]
pub(super) struct ReadPolicy {
    at: Instant,
    settled: Option<Millis>,
    max_age: Duration,
}

/// The buckets of a fetch.
pub(super) struct FetchedBuckets {
    /// Where they are: each in one.
    pub(super) found: Vec<BlockSlice>,
    /// What those hold that were asked for.
    pub(super) landed: Vec<LandedBlocks>,
}

impl FetchedBuckets {
    /// How much it is: cells.
    pub(super) fn work(&self) -> usize {
        self.found.iter().map(|found| found.block.cells_in(found.range)).sum()
    }

    /// Hands it to a collector; each cell is paid from a budget, where there is one.
    pub(super) fn into_collector(self, collector: &mut Collector, pays: Option<&Budget>) -> Result<(), Error> {
        self.found.iter().try_for_each(|found| collector.block(&found.block, found.range, pays))
    }
}

impl RequestScope {
    /// Whether the buckets of a fetch may come out of the cache, or of a statement that others wait for too. Rows that
    /// last change the buckets behind them when they end.
    pub(super) const fn is_cached(&self, fetch: &Fetch) -> bool {
        self.cache.is_on() && !matches!(fetch.rows.value, MetricValue::Overlap(_) | MetricValue::Lasts(_))
    }

    /// The buckets of a fetch whose patterns are resolved.
    pub(super) async fn buckets(&self, fetch: &Fetch) -> Result<FetchedBuckets, Error> {
        let Some(source) = self.snapshot.sources().get(fetch.rows.source) else {
            return Ok(FetchedBuckets { found: Vec::new(), landed: Vec::new() });
        };
        let (keeping, key) = (source.keeping(), CacheKey::of(fetch, self.identity(), self.catalog.reloads()));
        let pieces = if self.since.is_fresh {
            vec![BucketRun::Missing(TimeRange { from: fetch.axis.from, to: fetch.axis.to })]
        } else {
            self.cache.pieces(&key, &frame::edges(&fetch.axis), keeping.max_age)
        };
        let missing = pieces.iter().enumerate().filter_map(|(at, piece)| Some((at, piece.missing()?)));
        let asking = missing.map(|(at, range)| {
            let before = at.checked_sub(1).and_then(|at| pieces.get(at)?.known());
            self.ask(&key, alone(fetch, range, source), before.cloned(), keeping)
        });
        let asked = try_join_all(asking).await?;
        self.count(fetch, &pieces, &asked);
        let mut known = FetchedBuckets { found: Vec::with_capacity(pieces.len()), landed: Vec::new() };
        for piece in pieces {
            if let BucketRun::Known(KnownBuckets { block, range, .. }) = piece {
                known.found.push(BlockSlice { block, range });
            }
        }
        for one in asked {
            known.found.push(one.found);
            known.landed.push(one.landed);
        }
        Ok(known)
    }

    /// The partials of a fetch, whose series keep the metric's name.
    pub(super) async fn collected(&self, fetch: &Fetch) -> Result<Collector, Error> {
        let mut collector = Collector::new(Arc::new(fetch.clone()), true, &self.budget);
        if !self.is_cached(fetch) {
            self.uncached(fetch);
            self.read(fetch, &sql::fetch(fetch), &mut |row| collector.row(&row)).await?;
            return Ok(collector);
        }
        let known = Box::pin(self.buckets(fetch)).await?;
        let work = known.work();
        let collect = move |_: &Budget| known.into_collector(&mut collector, None).map(|()| collector);
        self.compute(work, collect).await
    }

    /// Says that a fetch is read past the cache.
    pub(super) fn uncached(&self, fetch: &Fetch) {
        let asked = vec![TimeRange { from: fetch.axis.from, to: fetch.axis.to }];
        self.counted(origin(fetch, CacheOutcome::Miss, 0, asked), 0);
    }

    /// Counts a fetch, and the statements that the database need not run for it.
    pub(super) fn counted(&self, origin: FetchOrigin, statements_saved: usize) {
        if let Some(totals) = self.cache.totals() {
            totals.add(origin.outcome, origin.known, statements_saved);
        }
        self.tally.add(origin);
    }

    fn count(&self, fetch: &Fetch, pieces: &[BucketRun], asked: &[StatementAnswer]) {
        let outcome = match (pieces.len() - asked.len(), asked.len()) {
            (_, 0) => CacheOutcome::Hit,
            (0, _) => CacheOutcome::Miss,
            _ => CacheOutcome::Partial,
        };
        let run = asked.iter().filter(|asked| !asked.was_shared).count();
        let known = pieces.iter().map(BucketRun::cells).sum();
        let ranges = asked.iter().map(|asked| asked.found.range).collect();
        self.counted(origin(fetch, outcome, known, ranges), 1_usize.saturating_sub(run));
    }

    /// The buckets of a part of a fetch that is asked alone; `before` are the known ones in front of it.
    async fn ask(
        &self,
        key: &CacheKey,
        fetch: Fetch,
        before: Option<KnownBuckets>,
        keeping: CachePolicy,
    ) -> Result<StatementAnswer, Error> {
        let range = TimeRange { from: fetch.axis.from, to: fetch.axis.to };
        let (own, whose) = (fetch.clone(), key.clone());
        let work = |place| self.in_flight(place, u32::MAX).fly(own, whose, before, keeping);
        let asked = SharedFetch { key, fetch: &fetch, since: self.since.kept(keeping.settles_ms.is_some()) };
        let shared = self.cache.shared(asked, self.database.place(), work);
        match timeout(self.deadline.left(), shared).await {
            Ok((landed, was_shared)) => {
                let landed = landed?;
                let found = BlockSlice { block: landed.blocks.first().cloned().unwrap_or_default(), range };
                Ok(StatementAnswer { found, landed, was_shared })
            }
            Err(_) => Err(logged(&DbError::Deadline, &fetch)),
        }
    }

    /// A request of its own, for all who wait for what it reads, in a place among the sessions of the one who began it.
    pub(super) fn in_flight(&self, place: Option<SessionPlace>, cells: u32) -> Self {
        let budget = Budget::new(&self.resources.process, self.resources.request_bytes, cells);
        let database = self.database.of_flight(place, &budget);
        Self { budget, database, deadline: Deadline::after(LONGEST), ..self.clone() }
    }

    /// Reads the buckets of a fetch, and stores those that are settled.
    async fn fly(
        self,
        fetch: Fetch,
        key: CacheKey,
        before: Option<KnownBuckets>,
        keeping: CachePolicy,
    ) -> Result<LandedBlocks, Error> {
        let mut reading = self.reading_now(keeping);
        let mut seams = Seams { before: None, edge: reading.settled.and_then(|at| settled_edge(&fetch, at)) };
        let meets = |known: &KnownBuckets| known.block.lasts().is_some_and(|lasts| lasts.to == fetch.axis.from);
        if let Some(before) = before.filter(|known| fetch.fold.function.is_of_pairs() && meets(known)) {
            // What is connected to older rows is as old as they are.
            reading.at = reading.at.min(before.read);
            seams.before = Some(before.block);
        }
        let (block, held) = self.read_block(fetch, seams).await?;
        let block = Arc::new(block);
        self.store(vec![KeyedBlock { key, block: Arc::clone(&block) }], reading).await?;
        Ok(LandedBlocks { blocks: vec![block], held: Some(Arc::new(held)) })
    }

    /// What may be kept of rows that are read from now on.
    pub(super) fn reading_now(&self, keeping: CachePolicy) -> ReadPolicy {
        let settled = keeping.settles_ms.map(|settles_ms| self.earlier_now().saturating_sub(settles_ms));
        ReadPolicy { at: Instant::now(), settled, max_age: keeping.max_age }
    }

    /// Stores what is settled of blocks.
    pub(super) async fn store(&self, keyed: Vec<KeyedBlock>, reading: ReadPolicy) -> Result<(), Error> {
        let ReadPolicy { at, settled: Some(settled), max_age } = reading else { return Ok(()) };
        let cache = self.cache.clone();
        // They are joined with what is known.
        let bytes = keyed.iter().map(|one| one.block.bytes() + cache.bytes_of(&one.key)).sum::<usize>();
        let keep = move |_: &Budget| {
            for KeyedBlock { key, block } in keyed {
                let is_settled = block.range().to <= settled;
                let part = if is_settled { Some(block) } else { block.until(settled).map(Arc::new) };
                part.into_iter().for_each(|part| cache.keep(&key, part, at, max_age));
            }
            Ok(())
        };
        self.compute(bytes / size_of::<f64>(), keep).await
    }

    /// The buckets of a fetch as the database says them.
    pub(super) async fn read_block(&self, fetch: Fetch, seams: Seams) -> Result<(Block, HeldBytes), Error> {
        if fetch.fold.function.is_of_samples() {
            let samples = self.streamed(false, std::slice::from_ref(&fetch), seams).await?;
            return self.compute(samples.work(), move |budget| samples.into_block(budget)).await;
        }
        let mut collector = Collector::new(Arc::new(fetch.clone()), false, &self.budget);
        self.read(&fetch, &sql::fetch(&fetch), &mut |row| collector.row(&row)).await?;
        self.compute(collector.work(), move |budget| collector.into_block(budget)).await
    }
}

/// A part of a fetch. What lies before it is read for as far as its own length makes it worth while.
fn alone(fetch: &Fetch, range: TimeRange, source: &Source) -> Fetch {
    let mut part = fetch.alone(range);
    part.axis.reach_ms = plan::reach(source, range).min(part.axis.reach_ms);
    part
}

/// The end of the last bucket of a fetch that is settled at an instant.
fn settled_edge(fetch: &Fetch, settled: Millis) -> Option<Millis> {
    let edges = frame::edges(&fetch.axis);
    edges.into_iter().rev().find(|edge| *edge <= settled).filter(|edge| *edge > fetch.axis.from)
}

/// Where the buckets of a fetch came from.
pub(super) fn origin(fetch: &Fetch, outcome: CacheOutcome, known: usize, asked: Vec<TimeRange>) -> FetchOrigin {
    let own = fetch.rest.as_ref().map(|rest| format!(", {}", rest.fetch.rows.relation)).unwrap_or_default();
    let (metric, relation) = (fetch.rows.metric.clone(), format!("{}{own}", fetch.rows.relation));
    FetchOrigin { metric, relation, outcome, known, asked }
}
