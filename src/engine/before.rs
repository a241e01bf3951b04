//! The values that `fill = previous` carries into a range: the last of each series within the lookback.
//!
//! Where a bucket has a value exactly if it has a sample, one statement finds the newest sample of each series, and
//! only the buckets of these are evaluated. Any other expression is evaluated over earlier buckets, in chunks.

use std::collections::HashMap;
use std::sync::Arc;

use super::{RequestScope, computing, resolve};
use crate::ast::Fill;
use crate::error::{Error, Kind};
use crate::evaluate::Node;
use crate::frame;
use crate::lower::Lowered;
use crate::plan::{self, Context, FetchGroup, NewestPer, TargetPlan};
use crate::range::buckets::BucketSpan;
use crate::series::Labels;
use crate::time::{Grid, MAX_POINTS, Millis, Step, TimeRange};

/// How many times the database is asked for earlier buckets.
const CHUNKS: u32 = 16;
/// The buckets of the first chunk.
const FIRST_CHUNK: u64 = 500;
/// Runs of buckets that are evaluated apart, so that what lies between them is not read.
const RUNS: usize = 8;

/// The last value of each series before a range.
#[derive(Debug, Default)]
pub(super) struct EarlierValues {
    pub(super) values: HashMap<Labels, f64>,
    /// What the person at the panel should know.
    pub(super) notice: Option<String>,
}

/// A question whose earlier values are wanted.
#[derive(Clone, Copy)]
struct EarlierQuestion<'a> {
    context: &'a Context<'a>,
    /// What is evaluated: a ranking is that of the range, not of what lies before it.
    lowered: &'a Arc<Lowered>,
    planned: &'a TargetPlan,
}

impl RequestScope {
    /// The values before the range; none unless the fill carries them in.
    pub(super) async fn before(
        &self,
        context: &Context<'_>,
        lowered: &Arc<Lowered>,
        planned: &TargetPlan,
        fill: Fill,
    ) -> Result<EarlierValues, Error> {
        if fill != Fill::Previous {
            return Ok(EarlierValues::default());
        }
        let lowered = &match &lowered.node {
            Node::Rank { child, .. } => Arc::new(Lowered { node: (**child).clone(), fetches: lowered.fetches.clone() }),
            _ => Arc::clone(lowered),
        };
        let wanted = EarlierQuestion { context, lowered, planned };
        match self.newest(wanted).await {
            Ok(Some(values)) => Ok(EarlierValues { values, notice: None }),
            Ok(None) => self.chunks(wanted).await,
            Err(error) if is_too_much(&error) => self.chunks(wanted).await,
            Err(error) => Err(error),
        }
    }

    /// The values at the newest samples; none where the expression has values elsewhere.
    async fn newest(&self, wanted: EarlierQuestion<'_>) -> Result<Option<HashMap<Labels, f64>>, Error> {
        let Some(window) = FetchWindow::of(wanted) else { return Ok(None) };
        let [request] = wanted.lowered.fetches.as_slice() else { return Ok(None) };
        let Ok(range) = TimeRange::new(window.earliest_ms(), window.latest_ms()) else { return Ok(None) };
        let Some(group) = plan::newest(wanted.context, request, range, NewestPer::Series)? else { return Ok(None) };
        let mut buckets: Vec<i64> =
            self.with_cells_of_its_own().latest(&group).await?.into_iter().filter_map(|at| window.bucket(at)).collect();
        buckets.sort_unstable();
        buckets.dedup();
        let mut values = HashMap::new();
        for run in runs(&buckets).into_iter().rev() {
            let Some(grid) = wanted.planned.grid.picked(run) else { return Ok(None) };
            self.carry(wanted, grid, run, &mut values).await?;
        }
        Ok(Some(values))
    }

    /// Evaluates earlier buckets, the nearest first, in chunks that grow with their distance. Where there is too much,
    /// what lies further back is not carried in, and a notice says so.
    async fn chunks(&self, wanted: EarlierQuestion<'_>) -> Result<EarlierValues, Error> {
        let (mut grid, mut left) = (wanted.planned.grid.clone(), buckets(wanted.planned));
        let mut width = u64::from(grid.len()).max(FIRST_CHUNK);
        let mut values = HashMap::new();
        for _ in 0..CHUNKS {
            let Some(earlier) = earlier(&grid, left.min(width), wanted.context) else { break };
            match self.carry(wanted, earlier.clone(), &[], &mut values).await {
                Err(error) if is_too_much(&error) && width > 1 => {
                    width = (width.min(left) / 4).max(1);
                    continue;
                }
                Err(error) if is_too_much(&error) => break,
                done => done?,
            }
            left = left.saturating_sub(u64::from(earlier.len()));
            grid = earlier;
            width = width.saturating_mul(4);
        }
        let searched_ms = wanted.planned.grid.start() - grid.start();
        let is_cut = left > 0 && self.has_samples_before(wanted, grid.start(), left).await;
        Ok(EarlierValues { values, notice: is_cut.then(|| cut_short(searched_ms)) })
    }

    /// Adds the last value of each series on a grid that has none yet; of these buckets only, where some are named.
    async fn carry(
        &self,
        wanted: EarlierQuestion<'_>,
        grid: Grid,
        only: &[i64],
        values: &mut HashMap<Labels, f64>,
    ) -> Result<(), Error> {
        let planned = plan::fetches_on(wanted.context, &wanted.lowered.fetches, grid)?;
        // Values that are carried in are not cells of the answer.
        let (inputs, _) = self.with_cells_of_its_own().run(&planned.groups).await?;
        let steps = computing::steps(wanted.lowered, &planned, &inputs);
        let (tree, grid, cells) = (Arc::clone(wanted.lowered), planned.grid.clone(), self.limits.cells);
        let evaluated = self.compute(steps, move |budget| {
            let evaluated = frame::evaluated(&tree.node, inputs, &grid, budget, cells);
            evaluated.map_err(|error| resolve::evaluation(&error))
        });
        let (series, _held) = evaluated.await?;
        let (own, step_ms) = (&wanted.planned.grid, step_ms(wanted.planned));
        let is_wanted = |bucket: u32| {
            let before = (planned.grid.bucket_start(bucket) - own.start()) / step_ms;
            only.is_empty() || only.binary_search(&before).is_ok()
        };
        for one in series {
            if let Some(last) = one.points.iter().rev().find(|point| is_wanted(point.bucket)) {
                values.entry(one.labels).or_insert(last.value);
            }
        }
        Ok(())
    }

    /// Whether there are samples further back; where that cannot be told, there may be.
    async fn has_samples_before(&self, wanted: EarlierQuestion<'_>, at: Millis, buckets: u64) -> bool {
        let reach = i64::try_from(buckets).unwrap_or(i64::MAX).saturating_mul(step_ms(wanted.planned));
        let Ok(range) = TimeRange::new(at.saturating_sub(reach), at) else { return false };
        for request in &wanted.lowered.fetches {
            let Ok(Some(group)) = plan::newest(wanted.context, request, range, NewestPer::Nothing) else { return true };
            if self.with_cells_of_its_own().latest(&group).await.map_or(true, |found| !found.is_empty()) {
                return true;
            }
        }
        false
    }
}

/// The window of the only fetch of an expression, and how far back samples count.
struct FetchWindow {
    /// The end of the first bucket's window.
    end_ms: Millis,
    length_ms: i64,
    step_ms: i64,
    buckets: i64,
}

impl FetchWindow {
    /// None where buckets are not equally long, or where values and samples do not go together.
    fn of(wanted: EarlierQuestion<'_>) -> Option<Self> {
        let grid = &wanted.planned.grid;
        let [request] = wanted.lowered.fetches.as_slice() else { return None };
        let is_even = matches!(grid.step(), Step::Millis(_)) && request.selector.modifiers.at.is_none();
        if !is_even || !wanted.lowered.node.follows_its_samples() {
            return None;
        }
        let fetch = wanted.planned.groups.first()?.fetches.first()?;
        let windows = fetch.axis.windows.as_ref();
        let first = windows.map_or(BucketSpan::of(0), |windows| windows.first().copied().unwrap_or_default());
        let (start_ms, end_ms) = (fetch.axis.buckets.edge(first.from), fetch.axis.buckets.edge(first.to));
        let (buckets, step_ms) = (i64::try_from(buckets(wanted.planned)).ok()?, step_ms(wanted.planned));
        Some(Self { end_ms, length_ms: end_ms - start_ms, step_ms, buckets })
    }

    /// The newest of the earlier buckets that a sample counts in, as its distance from the first.
    fn bucket(&self, micros: i64) -> Option<i64> {
        let at = micros.div_euclid(1000);
        let bucket = (at + self.length_ms - self.end_ms).div_euclid(self.step_ms).min(-1);
        (bucket >= -self.buckets).then_some(bucket)
    }

    const fn earliest_ms(&self) -> Millis {
        self.end_ms.saturating_sub(self.buckets.saturating_mul(self.step_ms)).saturating_sub(self.length_ms)
    }

    const fn latest_ms(&self) -> Millis {
        self.end_ms - self.step_ms
    }
}

/// Ascending numbers in a few runs, split where they lie farthest apart.
fn runs(numbers: &[i64]) -> Vec<&[i64]> {
    let mut gaps: Vec<usize> = (1..numbers.len()).filter(|at| numbers[*at] - numbers[*at - 1] > 1).collect();
    gaps.sort_by_key(|at| std::cmp::Reverse(numbers[*at] - numbers[*at - 1]));
    gaps.truncate(RUNS - 1);
    gaps.sort_unstable();
    let ends = gaps.iter().copied().chain([numbers.len()]);
    let starts = [0].into_iter().chain(gaps.iter().copied());
    starts.zip(ends).map(|(start, end)| &numbers[start..end]).filter(|run| !run.is_empty()).collect()
}

fn is_too_much(error: &Error) -> bool {
    matches!(error.kind, Kind::AnswerTooLarge | Kind::TooManySeries | Kind::TooManyBytes)
}

fn earlier(grid: &Grid, buckets: u64, context: &Context<'_>) -> Option<Grid> {
    let most = context.limits.points.min(MAX_POINTS);
    let buckets = u32::try_from(buckets).unwrap_or(u32::MAX).min(most);
    if buckets == 0 { None } else { grid.before(buckets, context.zone) }
}

fn step_ms(planned: &TargetPlan) -> i64 {
    (planned.grid.bucket_end(0) - planned.grid.start()).max(1)
}

/// How many buckets the lookback has: at least one.
fn buckets(planned: &TargetPlan) -> u64 {
    let fetches = planned.groups.iter().flat_map(|group: &FetchGroup| &group.fetches);
    let lookback_ms = fetches.map(|fetch| fetch.fold.lookback_ms).max().unwrap_or(0);
    lookback_ms.unsigned_abs().div_ceil(step_ms(planned).unsigned_abs()).max(1)
}

fn cut_short(searched_ms: i64) -> String {
    let searched = if searched_ms > 0 { Step::Millis(searched_ms).to_string() } else { "moment".into() };
    format!("`fill` carries in only values of the last {searched} before the range: there are too many to look further")
}
