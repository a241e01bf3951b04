//! The values of windows at evenly spaced times → blocks that can be kept, and back.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::block::{Block, BlockSlice};
use super::read::{ReadSeries, SampleReader};
use crate::budget::{Budget, HeldBytes};
use crate::error::Error;
use crate::evaluate::{FetchedSeries, FoldPlan};
use crate::range::buckets::BucketCell;
use crate::series::{Labels, Point, Series};
use crate::time::Millis;

/// Rows of some windows that held what is no number.
#[derive(Debug, Default)]
pub(super) struct SkippedRows {
    /// Those before the bucket of the first window.
    before: f64,
    /// The others, by the number of their bucket.
    of_buckets: BTreeMap<u32, f64>,
}

impl SkippedRows {
    /// Counts a row, if some window has it.
    pub(super) fn add(&mut self, plan: &FoldPlan, ms: Millis) {
        let step = plan.ends.first_from(ms);
        if ms <= plan.window(0).start_ms || step >= plan.ends.len {
            return;
        }
        if step == 0 && ms <= plan.ends.start_ms.saturating_sub(plan.ends.step_ms) {
            self.before += 1.0;
        } else {
            *self.of_buckets.entry(step).or_default() += 1.0;
        }
    }
}

impl SampleReader {
    /// What was read, as a block of the windows of each fold, and the bytes that these take.
    ///
    /// # Errors
    /// Time is over, or more bytes would be held.
    pub fn into_blocks(mut self, budget: &Budget) -> Result<(Vec<Arc<Block>>, HeldBytes), Error> {
        let (skipped, plans) = (std::mem::take(&mut self.skipped_rows), self.folds.clone());
        let ReadSeries { mut folded, kept } = self.finish(budget)?;
        let (mut held, mut own) = (kept.held, budget.held());
        for fetched in &mut folded {
            held.absorb(std::mem::replace(&mut fetched.held, budget.held()));
        }
        let mut blocks = Vec::with_capacity(folded.len());
        for ((fetched, plan), skipped) in folded.into_iter().zip(&plans).zip(skipped) {
            let SkippedRows { before, of_buckets } = skipped;
            let mut block = Block::new(plan.edges(), 1);
            for Series { labels, points } in fetched.series {
                budget.go_on()?;
                let cell = |point: &Point| BucketCell { bucket: point.bucket, partials: [point.value, 0.0, 0.0] };
                let cells: Vec<BucketCell> = points.iter().map(cell).collect();
                own.pay(block.push(labels, &cells))?;
                held.give_back(points.capacity() * size_of::<Point>());
            }
            block.skipped_earlier = before;
            block.set_skipped(of_buckets.into_iter().collect());
            blocks.push(Arc::new(block));
        }
        Ok((blocks, own))
    }
}

/// The values of windows that stood in blocks.
#[derive(Debug)]
pub struct KnownSteps {
    /// The series, in no order.
    pub series: FetchedSeries,
    /// How many rows held what is no number.
    pub skipped: f64,
}

/// The values of windows from what is known of them, in order of time.
///
/// # Errors
/// Time is over, or more bytes would be held.
pub fn known_steps(found: &[BlockSlice], plan: &FoldPlan, budget: &Budget) -> Result<KnownSteps, Error> {
    let first_edge = plan.ends.start_ms.saturating_sub(plan.ends.step_ms).saturating_add(1);
    let bucket = |start: Millis| u32::try_from((start - first_edge) / plan.ends.step_ms.max(1)).unwrap_or(u32::MAX);
    let mut known = KnownSteps { series: FetchedSeries { series: Vec::new(), held: budget.held() }, skipped: 0.0 };
    let FetchedSeries { series, held } = &mut known.series;
    let mut numbers: HashMap<&Labels, usize> = HashMap::new();
    for (at, BlockSlice { block, range }) in found.iter().enumerate() {
        if at == 0 {
            let reach_ms = plan.window_ms.unwrap_or_default().saturating_sub(plan.ends.step_ms).max(0);
            known.skipped += block.skipped_before(range.from, reach_ms);
        }
        known.skipped += block.skipped_in(*range);
        for (labels, cells) in block.series_in(*range) {
            budget.go_on()?;
            // Most answers come from one block.
            let own = if found.len() == 1 { series.len() } else { *numbers.entry(labels).or_insert(series.len()) };
            if own == series.len() {
                let one = Series { labels: labels.clone(), points: Vec::new() };
                held.pay(one.bytes())?;
                series.push(one);
            }
            let Some(one) = series.get_mut(own) else { continue };
            let before = one.points.capacity();
            one.points.reserve_exact(cells.size_hint().0);
            one.points.extend(cells.map(|(start, partials)| Point { bucket: bucket(start), value: partials[0] }));
            held.pay((one.points.capacity() - before) * size_of::<Point>())?;
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::ProcessBudget;
    use crate::evaluate::OverFunction;
    use crate::range::Function;
    use crate::time::{Steps, TimeRange};

    fn plan(start_ms: Millis, len: u32) -> FoldPlan {
        let function = OverFunction::Range(Function::Sum);
        FoldPlan { function, args: [0.0; 2], ends: Steps::even(start_ms, 10, len), window_ms: Some(25) }
    }

    fn block(plan: &FoldPlan, values: &[(u32, f64)]) -> Block {
        let mut block = Block::new(plan.edges(), 1);
        let cells: Vec<BucketCell> =
            values.iter().map(|(bucket, value)| BucketCell { bucket: *bucket, partials: [*value, 0.0, 0.0] }).collect();
        block.push(Labels::new([(Arc::from("host"), Arc::from("a"))]), &cells);
        block
    }

    #[test]
    fn buckets_end_behind_the_last_millisecond_of_their_windows() {
        let plan = plan(100, 3);
        assert_eq!(plan.edges(), [91, 101, 111, 121]);
        let tail = plan.within(TimeRange { from: 101, to: 121 });
        assert_eq!((tail.ends, tail.window_ms), (Steps::even(110, 10, 2), Some(25)));
    }

    #[test]
    fn what_two_blocks_know_is_one_series() {
        let all = plan(100, 4);
        let (early, late) = (plan(80, 4), plan(120, 3));
        let found = |block: Block, from, to| BlockSlice { block: Arc::new(block), range: TimeRange { from, to } };
        let found = [
            found(block(&early, &[(0, 1.0), (2, 2.0), (3, 3.0)]), 91, 111),
            found(block(&late, &[(1, 5.0), (2, 6.0)]), 111, 131),
        ];
        let known =
            known_steps(&found, &all, &Budget::new(&ProcessBudget::new(1 << 20), 1 << 20, 100)).expect("it fits");
        let points: Vec<(u32, f64)> = known.series.series[0].points.iter().map(|one| (one.bucket, one.value)).collect();
        assert_eq!((known.series.series.len(), points), (1, vec![(0, 2.0), (1, 3.0), (3, 5.0)]));
    }

    #[test]
    fn rows_that_several_blocks_saw_are_counted_once() {
        let (early, late, mut of_early, mut of_late) =
            (plan(100, 2), plan(120, 2), SkippedRows::default(), SkippedRows::default());
        // One before every window, one before the first bucket, one in each bucket.
        for ms in [75, 76, 95, 105, 115, 125] {
            of_early.add(&early, ms);
            of_late.add(&late, ms);
        }
        let counted = |plan: &FoldPlan, skipped: SkippedRows| {
            let mut block = block(plan, &[(0, 1.0)]);
            block.skipped_earlier = skipped.before;
            block.set_skipped(skipped.of_buckets.into_iter().collect());
            BlockSlice { range: block.range(), block: Arc::new(block) }
        };
        let (early_found, late_found) = (counted(&early, of_early), counted(&late, of_late));
        let rows = |found: &[BlockSlice], plan: &FoldPlan| {
            known_steps(found, plan, &Budget::new(&ProcessBudget::new(1 << 20), 1 << 20, 100)).expect("it fits").skipped
        };
        assert_eq!(rows(&[early_found.clone(), late_found.clone()], &plan(100, 4)), 5.0);
        // Windows that begin within a block have its rows before them.
        let joined = early_found.block.joined(&late_found.block);
        let part = BlockSlice { block: Arc::new(joined), range: TimeRange { from: 111, to: 131 } };
        assert_eq!(rows(&[part], &plan(120, 2)), 3.0);
    }
}
