//! The windows of reads at evenly spaced times: from the cache as far as their values are known, the rest from samples.
//!
//! A window ends at its step and looks back from there, so a value is settled as soon as the rows up to its end are. What
//! is missing of all windows over one metric is read at once.

use std::sync::Arc;

use tokio::time::timeout;

use super::RequestScope;
use super::buckets::{KeyedBlock, origin};
use super::reading::MetricSamples;
use super::said::logged;
use crate::cache::{BucketRun, CacheKey, CacheOutcome, LandedBlocks, SharedFetch};
use crate::catalog::CachePolicy;
use crate::db::DbError;
use crate::error::Error;
use crate::evaluate::{FoldPlan, Samples};
use crate::frame::{self, BlockSlice, KnownSteps, ReadPlan, ReadSeries};
use crate::plan::Fetch;
use crate::sql;
use crate::time::TimeRange;

/// The most steps of windows that are kept.
const STEPS: u32 = 20_000;

/// The windows of one fold of a read.
struct FoldWindows {
    plan: FoldPlan,
    key: CacheKey,
    /// Where the values at its steps are, in order of time.
    pieces: Vec<BucketRun>,
}

/// Windows whose samples are to be read.
#[derive(Clone)]
struct MissingWindows {
    plan: FoldPlan,
    key: CacheKey,
}

impl FoldWindows {
    fn missing(&self) -> impl Iterator<Item = MissingWindows> {
        self.pieces.iter().filter_map(|piece| match piece {
            BucketRun::Missing(range) => Some(MissingWindows { plan: self.plan.within(*range), key: self.key.clone() }),
            BucketRun::Known(_) => None,
        })
    }

    fn known(&self) -> usize {
        self.pieces.iter().map(BucketRun::cells).sum()
    }
}

impl RequestScope {
    /// Whether values of the windows of a read may be kept: its samples are wanted for nothing else, and some of its
    /// windows may have been asked before, or will be again.
    pub(super) fn keeps_steps(&self, fetches: &[Fetch], plan: &ReadPlan) -> bool {
        let CachePolicy { settles_ms, .. } = self.keeping_of(fetches);
        let settled = settles_ms.map(|settles_ms| self.earlier_now().saturating_sub(settles_ms));
        let is_newest = |fold: &FoldPlan| fold.ends.len == 1 && settled.is_none_or(|to| fold.ends.start_ms >= to);
        let is_short = plan.folds.iter().all(|(_, fold)| fold.ends.len <= STEPS && fold.ends.runs.is_none());
        let is_lasting = !plan.folds.iter().all(|(_, fold)| is_newest(fold));
        !plan.keeps && is_short && is_lasting && fetches.iter().all(|fetch| self.is_cached(fetch))
    }

    /// How long what the sources of one metric have may be answered from again.
    pub(super) fn keeping_of(&self, fetches: &[Fetch]) -> CachePolicy {
        let sources = fetches.iter().filter_map(|fetch| self.snapshot.sources().get(fetch.rows.source));
        let each = sources.map(crate::catalog::Source::keeping);
        let joint = each.reduce(|one, other| CachePolicy {
            settles_ms: one.settles_ms.zip(other.settles_ms).map(|(one, other)| one.max(other)),
            max_age: one.max_age.min(other.max_age),
        });
        joint.unwrap_or(CachePolicy { settles_ms: None, max_age: std::time::Duration::ZERO })
    }

    /// The series of all folds of a read of one metric, whose patterns are resolved.
    pub(super) async fn steps(&self, fetches: &[Fetch], plan: &ReadPlan) -> Result<MetricSamples, Error> {
        let keeping = self.keeping_of(fetches);
        let windows: Vec<FoldWindows> =
            plan.folds.iter().map(|(_, fold)| self.windows(fetches, fold, keeping)).collect();
        let missing: Vec<MissingWindows> = windows.iter().flat_map(FoldWindows::missing).collect();
        let asked = if missing.is_empty() { None } else { self.ask_steps(fetches, missing, keeping).await? };
        self.count_steps(fetches, &windows, asked.as_ref());
        let landed = asked.map(|asked| asked.landed);
        let mut blocks = landed.iter().flat_map(|landed| &landed.blocks);
        let found: Vec<Vec<BlockSlice>> = windows.iter().map(|one| found(&one.pieces, &mut blocks)).collect();
        let work = found.iter().flatten().map(|found| found.block.cells_in(found.range) + 1).sum();
        self.compute(work, move |budget| {
            let (mut folded, mut skipped) = (Vec::with_capacity(found.len()), 0.0_f64);
            for (found, own) in found.iter().zip(&windows) {
                let KnownSteps { series, skipped: rows } = frame::known_steps(found, &own.plan, budget)?;
                folded.push(series);
                // The windows of all folds are over the same rows.
                skipped = skipped.max(rows);
            }
            drop(landed);
            let kept = Samples { series: Vec::new(), held: budget.held() };
            Ok(MetricSamples { series: ReadSeries { folded, kept }, skipped, is_from_partials: false })
        })
        .await
    }

    /// What is known of the windows of one fold.
    fn windows(&self, fetches: &[Fetch], fold: &FoldPlan, keeping: CachePolicy) -> FoldWindows {
        let plan = fetches.first().map_or(*fold, |first| fold.with_lookback(first.fold.lookback_ms));
        let key = CacheKey::of_windows(fetches, &plan, self.identity(), self.catalog.reloads());
        let edges = plan.edges();
        let pieces = match (self.since.is_fresh, edges.as_slice()) {
            (true, [from, .., to]) => vec![BucketRun::Missing(TimeRange { from: *from, to: *to })],
            _ => self.cache.pieces(&key, &edges, keeping.max_age),
        };
        FoldWindows { plan, key, pieces }
    }

    /// Reads the samples of windows, or waits for who does; none where there is no time to read.
    async fn ask_steps(
        &self,
        fetches: &[Fetch],
        missing: Vec<MissingWindows>,
        keeping: CachePolicy,
    ) -> Result<Option<WindowBlocks>, Error> {
        let plans: Vec<FoldPlan> = missing.iter().map(|one| one.plan).collect();
        let own = |fetch: &Fetch| fetch.of_windows(&plans, self.snapshot.sources().get(fetch.rows.source)?);
        let asked: Vec<Fetch> = fetches.iter().filter_map(own).collect();
        let Some(first) = asked.first().cloned() else { return Ok(None) };
        let read = asked.iter().map(sql::times).collect();
        let key = CacheKey::of_reads(&asked, &plans, self.identity(), self.catalog.reloads());
        let work = |place| self.in_flight(place, u32::MAX).fly_steps(asked, missing, keeping);
        let shared = SharedFetch { key: &key, fetch: &first, since: self.since.kept(keeping.settles_ms.is_some()) };
        match timeout(self.deadline.left(), self.cache.shared(shared, self.database.place(), work)).await {
            Ok((landed, was_shared)) => Ok(Some(WindowBlocks { landed: landed?, was_shared, read })),
            Err(_) => Err(logged(&DbError::Deadline, &first)),
        }
    }

    /// Reads the samples of windows, and stores the values that are settled.
    async fn fly_steps(
        self,
        fetches: Vec<Fetch>,
        missing: Vec<MissingWindows>,
        keeping: CachePolicy,
    ) -> Result<LandedBlocks, Error> {
        let reading = self.reading_now(keeping);
        let plan =
            ReadPlan { folds: missing.iter().map(|one| one.plan).enumerate().collect(), keeps: false, blocks: true };
        let reader = self.read_samples(fetches, &plan).await?;
        let (blocks, held) = self.compute(reader.work(), move |budget| reader.into_blocks(budget)).await?;
        let keyed = missing.into_iter().zip(&blocks);
        let keyed = keyed.map(|(one, block)| KeyedBlock { key: one.key, block: Arc::clone(block) }).collect();
        self.store(keyed, reading).await?;
        Ok(LandedBlocks { blocks, held: Some(Arc::new(held)) })
    }

    fn count_steps(&self, fetches: &[Fetch], windows: &[FoldWindows], asked: Option<&WindowBlocks>) {
        let pieces = || windows.iter().flat_map(|one| &one.pieces);
        let missing = pieces().filter_map(BucketRun::missing).count();
        let outcome = match (pieces().count() - missing, missing) {
            (_, 0) => CacheOutcome::Hit,
            (0, _) => CacheOutcome::Miss,
            _ => CacheOutcome::Partial,
        };
        let known = windows.iter().map(FoldWindows::known).sum();
        for (at, fetch) in fetches.iter().enumerate() {
            let read = asked.and_then(|asked| asked.read.get(at)).cloned().unwrap_or_default();
            self.tally.add(origin(fetch, outcome, known, read));
        }
        if let Some(totals) = self.cache.totals() {
            let was_run = asked.is_some_and(|asked| !asked.was_shared);
            totals.add(outcome, known, usize::from(!was_run));
        }
    }
}

/// What was read of all windows.
struct WindowBlocks {
    /// A block for each that was missing.
    landed: LandedBlocks,
    was_shared: bool,
    /// The times at which the samples of each fetch were read.
    read: Vec<Vec<TimeRange>>,
}

/// Where the pieces of a fold are; the blocks of those that were asked come in their order.
fn found<'a>(pieces: &[BucketRun], blocks: &mut impl Iterator<Item = &'a Arc<frame::Block>>) -> Vec<BlockSlice> {
    let one = |piece: &BucketRun| match piece {
        BucketRun::Known(known) => Some(BlockSlice { block: Arc::clone(&known.block), range: known.range }),
        BucketRun::Missing(range) => blocks.next().map(|block| BlockSlice { block: Arc::clone(block), range: *range }),
    };
    pieces.iter().filter_map(one).collect()
}
