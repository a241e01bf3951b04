//! What a long read has still to read, and how long its slices are.

use std::collections::VecDeque;

use super::{MOST, series_of};
use crate::plan::Fetch;
use crate::sql::Slice;
use crate::time::TimeRange;

/// A slice is at most so many times as long as the one before it.
const GROWTH: i64 = 8;
/// After a slice that was too long so many with rows enough show that there are fewer now.
const FILLED: u32 = 2;

/// How long slices are.
pub(super) struct SliceLength {
    per_slice: u64,
    pub(super) length_ms: i64,
    /// The shortest length that was too long, until slices have had enough rows for a while: rows may come in bursts.
    too_long: Option<i64>,
    /// How many slices since then had rows enough.
    filled: u32,
}

impl SliceLength {
    pub(super) fn new(per_slice: u64, length_ms: i64) -> Self {
        Self { per_slice, length_ms, too_long: None, filled: 0 }
    }

    /// There were too many rows in a slice of that length: mostly they came in the order of an index.
    pub(super) fn shorten(&mut self, length_ms: i64, span: Option<(i64, i64)>) {
        let seen = span.map_or(0, |(earliest, latest)| scaled(latest - earliest, self.per_slice, u64::from(MOST)));
        self.length_ms = seen.min(length_ms / GROWTH);
        self.too_long = Some(self.too_long.map_or(length_ms, |known| known.min(length_ms)));
        self.filled = 0;
    }

    /// The next slice should have as many rows as one should have, if there are as many in its time as in the last one's.
    pub(super) fn follow(&mut self, length_ms: i64, rows: usize) {
        if rows as u64 >= self.per_slice / 2 {
            self.filled += 1;
        }
        if self.filled >= FILLED {
            self.too_long = None;
        }
        let next = scaled(length_ms, self.per_slice, rows as u64);
        let next = next.clamp((length_ms / GROWTH).max(1), length_ms.saturating_mul(GROWTH));
        self.length_ms = self.too_long.map_or(next, |length| next.min((length / 2).max(1)));
    }
}

/// The length of which so many rows are wanted, where one has some.
pub(super) fn scaled(length_ms: i64, wanted: u64, rows: u64) -> i64 {
    let scaled = i128::from(length_ms) * i128::from(wanted) / i128::from(rows.max(1));
    i64::try_from(scaled).unwrap_or(i64::MAX)
}

/// The times that are not read yet, in order, and how they are cut.
pub(super) struct UnreadTimes {
    stretches: VecDeque<TimeRange>,
    pub(super) pace: SliceLength,
}

impl UnreadTimes {
    pub(super) fn of(stretches: Vec<TimeRange>) -> Self {
        Self { stretches: stretches.into(), pace: SliceLength::new(0, 1) }
    }

    pub(super) const fn stretches(&self) -> &VecDeque<TimeRange> {
        &self.stretches
    }

    /// The next slice.
    pub(super) fn slice(&mut self) -> Option<Slice> {
        let (mut stretches, mut left) = (Vec::new(), self.pace.length_ms.max(1));
        while left > 0
            && let Some(next) = self.stretches.pop_front()
        {
            let to = next.from.saturating_add(left).min(next.to);
            if to < next.to {
                self.stretches.push_front(TimeRange { from: to, to: next.to });
            }
            left = left.saturating_sub(to - next.from);
            stretches.push(TimeRange { from: next.from, to });
        }
        (!stretches.is_empty()).then_some(Slice { stretches, rows: MOST + 1, series: series_of(MOST), in_order: false })
    }

    pub(super) fn put_back(&mut self, slice: Slice) {
        slice.stretches.into_iter().rev().for_each(|stretch| self.stretches.push_front(stretch));
    }

    pub(super) fn drop_before(&mut self, at: i64) {
        self.stretches.iter_mut().for_each(|stretch| stretch.from = stretch.from.max(at));
        self.stretches.retain(|stretch| stretch.from < stretch.to);
    }

    /// How much of it lies before an instant.
    pub(super) fn until(&self, at: i64) -> i64 {
        self.stretches.iter().map(|stretch| stretch.to.min(at).saturating_sub(stretch.from).max(0)).sum()
    }

    /// The fetch of what is left.
    pub(super) fn fetch(&self, fetch: &Fetch) -> Fetch {
        let mut of = fetch.clone();
        let (from, to) = (self.stretches.front().map(|one| one.from), self.stretches.back().map(|one| one.to));
        of.axis.reach_ms = 0;
        (of.axis.from, of.axis.to) = (from.unwrap_or(of.axis.to), to.unwrap_or(of.axis.to));
        if !of.axis.stretches.is_empty() {
            of.axis.stretches = self.stretches.iter().copied().collect();
        }
        of
    }
}

impl Slice {
    /// The milliseconds of its stretches.
    pub(super) fn length_ms(&self) -> i64 {
        self.stretches.iter().map(|stretch| stretch.to - stretch.from).sum()
    }
}
