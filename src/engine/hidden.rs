//! Buckets of a rollup in which a NaN hides the numbers beside it: they are read from the source's own rows, as holes are.

use std::sync::Arc;

use super::RequestScope;
use super::buckets::FetchedBuckets;
use super::streaming::Seams;
use crate::cache::LandedBlocks;
use crate::error::Error;
use crate::frame::BlockSlice;
use crate::plan::Fetch;
use crate::time::TimeRange;

/// The most intervals that are read apart; each is a statement.
const PARTS: usize = 8;

impl RequestScope {
    /// The buckets of a part that a rollup answers; `own` is the fetch that it is a part of.
    pub(super) async fn unhidden(&self, own: &Fetch, rolled: &Fetch) -> Result<Vec<FetchedBuckets>, Error> {
        let mut known = self.blocks(rolled).await?;
        let hidden = runs(known.vague());
        if hidden.is_empty() {
            return Ok(vec![known]);
        }
        known.leave_out(&hidden);
        let mut all = vec![known];
        let parts = hidden.into_iter().map(|range| Fetch { rollups: Vec::new(), ..own.alone(range) });
        for part in self.all_resolved(&parts.collect::<Vec<Fetch>>()).await? {
            all.push(self.blocks(&part).await?);
        }
        Ok(all)
    }

    /// The buckets of a fetch, from the cache as far as they may be.
    async fn blocks(&self, fetch: &Fetch) -> Result<FetchedBuckets, Error> {
        if self.is_cached(fetch) {
            return Box::pin(self.buckets(fetch)).await;
        }
        self.uncached(fetch);
        let range = TimeRange { from: fetch.axis.from, to: fetch.axis.to };
        let (block, held) = self.read_block(fetch.alone(range), Seams::default()).await?;
        let found = vec![BlockSlice { block: Arc::new(block), range }];
        Ok(FetchedBuckets { found, landed: vec![LandedBlocks { blocks: Vec::new(), held: Some(Arc::new(held)) }] })
    }
}

impl FetchedBuckets {
    /// The vague buckets, in order.
    fn vague(&self) -> Vec<TimeRange> {
        let mut vague: Vec<TimeRange> = self.found.iter().flat_map(|found| found.block.vague_in(found.range)).collect();
        vague.sort_by_key(|range| range.from);
        vague
    }

    /// Leaves out ranges, which ascend.
    fn leave_out(&mut self, ranges: &[TimeRange]) {
        self.found = self.found.iter().flat_map(|found| left(found, ranges)).collect();
    }
}

/// What is left of some buckets without those in ranges.
fn left(found: &BlockSlice, ranges: &[TimeRange]) -> Vec<BlockSlice> {
    let mut all = Vec::with_capacity(ranges.len() + 1);
    let mut from = found.range.from;
    for range in ranges {
        all.push(TimeRange { from, to: range.from.min(found.range.to) });
        from = from.max(range.to);
    }
    all.push(TimeRange { from, to: found.range.to });
    all.retain(|range| range.from < range.to);
    all.into_iter().map(|range| BlockSlice { block: Arc::clone(&found.block), range }).collect()
}

/// Buckets as few intervals: those that touch are one, and so are the nearest where there are too many.
fn runs(buckets: Vec<TimeRange>) -> Vec<TimeRange> {
    let mut runs: Vec<TimeRange> = Vec::new();
    for bucket in buckets {
        match runs.last_mut().filter(|last| last.to == bucket.from) {
            Some(last) => last.to = bucket.to,
            None => runs.push(bucket),
        }
    }
    let mut gaps: Vec<i64> = runs.windows(2).map(|pair| pair[1].from - pair[0].to).collect();
    gaps.sort_unstable_by_key(|gap| std::cmp::Reverse(*gap));
    // Only before so many of the longest gaps does an interval end.
    let Some(least) = gaps.get(PARTS - 1).copied() else { return runs };
    runs.dedup_by(|next, kept| {
        let is_near = next.from - kept.to <= least;
        kept.to = if is_near { next.to } else { kept.to };
        is_near
    });
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Block;

    fn range(from: i64, to: i64) -> TimeRange {
        TimeRange { from, to }
    }

    #[test]
    fn buckets_that_touch_are_read_at_once_and_many_apart_with_what_lies_between() {
        assert_eq!(runs(vec![range(0, 10), range(10, 20), range(30, 40)]), [range(0, 20), range(30, 40)]);
        // Nine intervals, of which the two nearest are one.
        let mut nine: Vec<TimeRange> = (0..8).map(|at| range(at * 100, at * 100 + 10)).collect();
        nine.push(range(720, 730));
        let expected: Vec<TimeRange> =
            (0..8).map(|at| range(at * 100, if at == 7 { 730 } else { at * 100 + 10 })).collect();
        assert_eq!(runs(nine), expected);
    }

    #[test]
    fn what_is_left_of_buckets_has_none_of_those_that_are_left_out() {
        let slice = BlockSlice { block: Arc::new(Block::of_nothing(vec![0, 100])), range: range(20, 60) };
        let left = |ranges: &[TimeRange]| left(&slice, ranges).iter().map(|one| one.range).collect::<Vec<TimeRange>>();
        assert_eq!(left(&[range(0, 10), range(30, 40)]), [range(20, 30), range(40, 60)]);
        assert_eq!(left(&[range(0, 30), range(50, 90)]), [range(30, 50)]);
        assert_eq!(left(&[range(0, 90)]), []);
    }
}
