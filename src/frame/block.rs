//! The partials of all series over consecutive buckets, in a form that can be kept and answered from again.
//!
//! Buckets are absolute: one of a block answers any question that asks for the bucket of the same start and end. Each
//! bucket of a question comes from exactly one block, so that partials that do not merge may be kept as well.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::lasts::MOST_SERIES;
use crate::plan::{Buckets, TimeAxis};
use crate::range::buckets::{BucketCell, FineSample, PARTIALS, Partials};
use crate::series::Labels;
use crate::time::{Millis, TimeRange};

/// What a series of a block takes besides its labels and cells.
const SERIES_BYTES: usize = 120;
/// What a label takes besides its value.
const LABEL_BYTES: usize = 56;

/// The partials of the series of a fetch over consecutive buckets.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// One edge more than buckets, ascending; empty for a block of nothing.
    edges: Vec<Millis>,
    /// Partials per cell.
    width: usize,
    series: Vec<BlockSeries>,
    /// By bucket, how many values were no numbers; ascending.
    skipped: Vec<(u32, f64)>,
    /// The buckets whose partials may not be what their samples come to, ascending.
    vague: Vec<u32>,
    /// Whether some time is no whole millisecond.
    pub(super) fine: bool,
    /// How many values before the first bucket were no numbers, where windows reach back there.
    pub(super) skipped_earlier: f64,
    /// The interval in which the last sample of each series is known.
    lasts: Option<TimeRange>,
    /// About the bytes of memory that it takes.
    bytes: usize,
}

/// Some buckets of a block.
#[derive(Clone, Debug)]
pub struct BlockSlice {
    /// The block.
    pub block: Arc<Block>,
    /// From the start of the first bucket to the end of the last.
    pub range: TimeRange,
}

/// One series of a block.
#[derive(Clone, Debug)]
struct BlockSeries {
    /// Without the metric's name.
    labels: Labels,
    /// The buckets that have partials, ascending.
    buckets: Vec<u32>,
    /// Their partials, one after the other.
    partials: Vec<f64>,
    /// Its last sample in the interval of `lasts`; none where it has none there.
    last: Option<FineSample>,
}

impl BlockSeries {
    fn bytes(&self) -> usize {
        let labels: usize = self.labels.iter().map(|(_, value)| LABEL_BYTES + value.len()).sum();
        SERIES_BYTES + labels + self.buckets.capacity() * 4 + self.partials.capacity() * 8
    }
}

/// The edges of the buckets of an axis: one more than buckets.
#[must_use]
pub fn edges(axis: &TimeAxis) -> Vec<Millis> {
    match &axis.buckets {
        Buckets::Regular { step_ms, .. } if *step_ms > 0 => {
            let buckets = (axis.to - axis.from) / step_ms;
            (0..=buckets).map(|bucket| axis.from + step_ms * bucket).collect()
        }
        Buckets::Regular { .. } => Vec::new(),
        Buckets::Edges(edges) => edges.iter().copied().filter(|edge| (axis.from..=axis.to).contains(edge)).collect(),
    }
}

impl Block {
    /// A block of no series yet.
    pub(super) fn new(edges: Vec<Millis>, width: usize) -> Self {
        Self { edges, width, ..Self::default() }.weighed()
    }

    /// A block without series, for tests.
    #[cfg(test)]
    pub(crate) fn of_nothing(edges: Vec<Millis>) -> Self {
        Self::new(edges, 1)
    }

    /// Adds a series, whose cells ascend; gives the bytes that it takes.
    pub(super) fn push(&mut self, labels: Labels, cells: &[BucketCell]) -> usize {
        self.push_with_last(labels, cells, None)
    }

    /// Adds a series and its last sample in the interval of `lasts`.
    pub(super) fn push_with_last(&mut self, labels: Labels, cells: &[BucketCell], last: Option<FineSample>) -> usize {
        let mut partials = Vec::with_capacity(cells.len() * self.width);
        cells.iter().for_each(|cell| partials.extend_from_slice(&cell.partials[..self.width]));
        let buckets = cells.iter().map(|cell| cell.bucket).collect();
        let series = BlockSeries { labels, buckets, partials, last };
        let bytes = series.bytes();
        self.series.push(series);
        self.bytes += bytes;
        bytes
    }

    /// Says in which interval the last sample of each series is known.
    pub(super) fn set_lasts(&mut self, lasts: TimeRange) {
        self.lasts = Some(lasts);
    }

    /// The interval in which the last sample of each series is known: a series without one has no sample there.
    #[must_use]
    pub const fn lasts(&self) -> Option<TimeRange> {
        self.lasts
    }

    /// The last samples of its series, as far as they are known.
    pub(super) fn last_samples(&self) -> HashMap<&Labels, FineSample> {
        self.series.iter().filter_map(|one| Some((&one.labels, one.last?))).collect()
    }

    /// Says how many values of each bucket were no numbers.
    pub(super) fn set_skipped(&mut self, mut skipped: Vec<(u32, f64)>) {
        skipped.sort_by_key(|(bucket, _)| *bucket);
        skipped.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0.0 };
            same
        });
        self.bytes += skipped.capacity() * 16;
        self.skipped = skipped;
    }

    /// Says which buckets are vague.
    pub(super) fn set_vague(&mut self, vague: BTreeSet<u32>) {
        self.vague = vague.into_iter().collect();
        self.bytes += self.vague.capacity() * 4;
    }

    /// The buckets in an interval whose partials may not be what their samples come to.
    pub fn vague_in(&self, range: TimeRange) -> impl Iterator<Item = TimeRange> {
        let buckets = self.bucket_from(range.from)..self.bucket_from(range.to);
        let vague = self.vague.iter().filter(move |bucket| buckets.contains(bucket));
        vague.map(|bucket| TimeRange { from: self.start(*bucket), to: self.start(bucket.saturating_add(1)) })
    }

    /// Whether a bucket in an interval is vague.
    pub(super) fn is_vague_in(&self, range: TimeRange) -> bool {
        self.vague_in(range).next().is_some()
    }

    /// Its interval: from the start of its first bucket to the end of the last.
    #[must_use]
    pub fn range(&self) -> TimeRange {
        let (from, to) = (self.edges.first().copied(), self.edges.last().copied());
        TimeRange { from: from.unwrap_or_default(), to: to.unwrap_or_default() }
    }

    /// Whether it has a bucket of that start and end.
    #[must_use]
    pub fn has(&self, start: Millis, end: Millis) -> bool {
        self.edges.binary_search(&start).is_ok_and(|at| self.edges.get(at + 1) == Some(&end))
    }

    /// How many cells it has in an interval.
    #[must_use]
    pub fn cells_in(&self, range: TimeRange) -> usize {
        let (from, to) = (self.bucket_from(range.from), self.bucket_from(range.to));
        let before = |one: &BlockSeries, bucket| one.buckets.partition_point(|own| *own < bucket);
        self.series.iter().map(|one| before(one, to) - before(one, from)).sum()
    }

    /// The first bucket that does not begin before an instant.
    fn bucket_from(&self, at: Millis) -> u32 {
        u32::try_from(self.edges.partition_point(|edge| *edge < at)).unwrap_or(u32::MAX)
    }

    /// About the bytes of memory that it takes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    fn weighed(mut self) -> Self {
        let own = self.edges.capacity() * 8 + self.skipped.capacity() * 16 + self.vague.capacity() * 4;
        self.bytes = size_of::<Self>() + own + self.series.iter().map(BlockSeries::bytes).sum::<usize>();
        self
    }

    /// The same of the buckets that end at an instant at the latest; none where there is no such bucket.
    #[must_use]
    pub fn until(&self, at: Millis) -> Option<Self> {
        let edges = self.edges.partition_point(|edge| *edge <= at);
        let buckets = u32::try_from(edges.checked_sub(1).filter(|buckets| *buckets > 0)?).ok()?;
        let lasts = self.lasts.filter(|lasts| lasts.to <= self.edges[edges - 1]);
        let early = |one: &BlockSeries| {
            let cells = one.buckets.partition_point(|bucket| *bucket < buckets);
            let (numbers, partials) = (one.buckets[..cells].to_vec(), one.partials[..cells * self.width].to_vec());
            let last = one.last.filter(|_| lasts.is_some());
            let is_left = cells > 0 || last.is_some();
            is_left.then(|| BlockSeries { labels: one.labels.clone(), buckets: numbers, partials, last })
        };
        let cut = Self {
            edges: self.edges[..edges].to_vec(),
            lasts,
            series: self.series.iter().filter_map(early).collect(),
            skipped: self.skipped.iter().copied().filter(|(bucket, _)| *bucket < buckets).collect(),
            vague: self.vague.iter().copied().filter(|bucket| *bucket < buckets).collect(),
            ..*self
        };
        Some(cut.weighed())
    }

    /// One block of this one and another, which begins where this one ends.
    #[must_use]
    pub fn joined(&self, later: &Self) -> Self {
        let mut all = self.clone();
        all.lasts = later.lasts;
        match (self.lasts, later.lasts) {
            (Some(early), Some(late)) if early.to == late.from => {
                all.lasts = Some(TimeRange { from: early.from, to: late.to });
            }
            _ => all.series.iter_mut().for_each(|one| one.last = None),
        }
        let moved = u32::try_from(self.edges.len().saturating_sub(1)).unwrap_or(u32::MAX);
        // What grows by a bucket must not take twice its room.
        all.edges.reserve_exact(later.edges.len());
        all.edges.extend(later.edges.iter().skip(1));
        let known: HashMap<&Labels, usize> =
            self.series.iter().enumerate().map(|(at, one)| (&one.labels, at)).collect();
        for one in &later.series {
            let buckets = one.buckets.iter().map(|bucket| bucket + moved);
            match known.get(&one.labels).and_then(|at| all.series.get_mut(*at)) {
                Some(series) => {
                    series.buckets.reserve_exact(one.buckets.len());
                    series.partials.reserve_exact(one.partials.len());
                    series.buckets.extend(buckets);
                    series.partials.extend_from_slice(&one.partials);
                    series.last = one.last.or(series.last);
                }
                None => all.series.push(BlockSeries { buckets: buckets.collect(), ..one.clone() }),
            }
        }
        if all.series.len() > MOST_SERIES {
            all.lasts = None;
            all.series.iter_mut().for_each(|one| one.last = None);
        }
        all.series.retain(|one| !one.buckets.is_empty() || one.last.is_some());
        all.skipped.extend(later.skipped.iter().map(|(bucket, skipped)| (bucket + moved, *skipped)));
        all.vague.extend(later.vague.iter().map(|bucket| bucket + moved));
        all.fine |= later.fine;
        all.weighed()
    }

    /// How many values were no numbers in an interval.
    pub(super) fn skipped_in(&self, range: TimeRange) -> f64 {
        self.skipped
            .iter()
            .filter(|(bucket, _)| range.from <= self.start(*bucket) && self.start(*bucket) < range.to)
            .map(|(_, skipped)| skipped)
            .sum()
    }

    /// How many values were no numbers for so long before an instant, as far as windows from there on saw them.
    pub(super) fn skipped_before(&self, at: Millis, reach_ms: i64) -> f64 {
        let (from, start) = (at.saturating_sub(reach_ms), self.range().from);
        self.skipped_in(TimeRange { from, to: at }) + if from < start { self.skipped_earlier } else { 0.0 }
    }

    /// The series that have partials in an interval, each with the starts of its buckets and the partials.
    pub(super) fn series_in(
        &self,
        range: TimeRange,
    ) -> impl Iterator<Item = (&Labels, impl Iterator<Item = (Millis, Partials)>)> {
        let (from, to) = (self.bucket_from(range.from), self.bucket_from(range.to));
        self.series.iter().filter_map(move |one| {
            let first = one.buckets.partition_point(|bucket| *bucket < from);
            let end = one.buckets.partition_point(|bucket| *bucket < to);
            let cell = move |at: usize| {
                let mut partials = [0.0; PARTIALS];
                let own = &one.partials[at * self.width..(at + 1) * self.width];
                partials[..self.width].copy_from_slice(own);
                (self.start(one.buckets[at]), partials)
            };
            (first < end).then(|| (&one.labels, (first..end).map(cell)))
        })
    }

    fn start(&self, bucket: u32) -> Millis {
        self.edges.get(bucket as usize).copied().unwrap_or(Millis::MAX)
    }
}

#[cfg(test)]
mod tests;
