//! Aggregations over the values of several series at one bucket, in one pass.

use std::collections::HashMap;

use super::labels::{LabelChoice, grouped};
use crate::ast::{AggregateOp, Grouping};
use crate::budget::{Budget, HeldBytes};
use crate::error::Error;
use crate::range::Compensated;
use crate::series::{Labels, Point, Series};

/// What a group holds at one bucket.
#[derive(Clone, Copy)]
struct GroupCell {
    count: f64,
    /// The sum; of an average that would overflow the mean so far.
    sum: Compensated,
    has_mean: bool,
    /// Mean as it grows, and the sum of squared distances from it.
    mean: f64,
    squares: f64,
    /// Smallest and largest; NaN as long as every value is.
    min: f64,
    max: f64,
}

const EMPTY: GroupCell = GroupCell {
    count: 0.0,
    sum: Compensated::of(0.0),
    has_mean: false,
    mean: 0.0,
    squares: 0.0,
    min: f64::NAN,
    max: f64::NAN,
};

impl GroupCell {
    fn add(&mut self, op: AggregateOp, value: f64) {
        self.count += 1.0;
        if op == AggregateOp::Avg {
            return self.add_to_average(value);
        }
        self.sum = self.sum.plus(value);
        let before = value - self.mean;
        self.mean += before / self.count;
        self.squares += before * (value - self.mean);
        // Both pass over a NaN operand.
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// The sum is what is kept as long as it is within the range of float64, then the mean.
    fn add_to_average(&mut self, value: f64) {
        let before = self.count - 1.0;
        if !self.has_mean {
            let sum = self.sum.plus(value);
            if before == 0.0 || sum.sum.is_finite() || sum.sum.is_nan() {
                self.sum = sum;
                return;
            }
            self.has_mean = true;
            self.sum = self.sum.divided(before);
        }
        self.sum = self.sum.scaled(before / self.count).plus(value / self.count);
    }

    fn average(self) -> f64 {
        if self.has_mean { self.sum.total() } else { self.sum.divided(self.count).total() }
    }

    fn value(self, op: AggregateOp) -> f64 {
        match op {
            AggregateOp::Sum => self.sum.total(),
            AggregateOp::Avg => self.average(),
            AggregateOp::Min => self.min,
            AggregateOp::Max => self.max,
            AggregateOp::Count => self.count,
            AggregateOp::Group => 1.0,
            AggregateOp::Stdvar => self.squares / self.count,
            AggregateOp::Stddev => (self.squares / self.count).sqrt(),
            // They have nodes of their own.
            _ => f64::NAN,
        }
    }
}

/// Aggregates series with an operator without a parameter; sorted by the labels that survive. A bucket in which no
/// series of a group has a value has none.
///
/// `min` and `max` pass over NaN unless every value is NaN; all but `count` and `group` of the others carry it.
#[must_use]
pub fn aggregate(op: AggregateOp, grouping: &Grouping, series: &[Series]) -> Vec<Series> {
    let groups = grouped(grouping, series).into_iter();
    let groups = groups.map(|(labels, members)| Series { labels, points: points(op, &members) });
    groups.filter(|group| !group.points.is_empty()).collect()
}

fn points(op: AggregateOp, members: &[&Series]) -> Vec<Point> {
    let count: usize = members.iter().map(|one| one.points.len()).sum();
    let first = members.iter().filter_map(|one| one.points.first()).map(|point| point.bucket).min();
    let last = members.iter().filter_map(|one| one.points.last()).map(|point| point.bucket).max();
    let (Some(first), Some(last)) = (first, last) else { return Vec::new() };
    let width = (last - first) as usize + 1;
    // A few points far apart do not pay for the buckets between them.
    if width > count.saturating_mul(8) {
        let cell = |run: &[SeriesSample]| {
            let mut cell = EMPTY;
            run.iter().for_each(|sample| cell.add(op, sample.value));
            Point { bucket: run[0].bucket, value: cell.value(op) }
        };
        return by_bucket(members).chunk_by(SeriesSample::same_bucket).map(cell).collect();
    }
    let mut cells = vec![EMPTY; width];
    for point in members.iter().flat_map(|one| &one.points) {
        cells[(point.bucket - first) as usize].add(op, point.value);
    }
    let filled = (first..).zip(cells).filter(|(_, cell)| cell.count > 0.0);
    filled.map(|(bucket, cell)| Point { bucket, value: cell.value(op) }).collect()
}

/// An aggregation whose series come one by one and are not kept.
pub struct Aggregation {
    op: AggregateOp,
    grouping: Grouping,
    groups: HashMap<Labels, usize>,
    /// The cells of each group, by bucket.
    cells: Vec<Vec<(u32, GroupCell)>>,
    held: HeldBytes,
}

/// What a group costs besides its cells.
const GROUP_BYTES: usize = 192;

impl Aggregation {
    /// An aggregation without series.
    #[must_use]
    pub fn new(op: AggregateOp, grouping: Grouping, budget: &Budget) -> Self {
        Self { op, grouping, groups: HashMap::new(), cells: Vec::new(), held: budget.held() }
    }

    /// Whether a label of that name survives.
    #[must_use]
    pub fn keeps(&self, name: &str) -> bool {
        LabelChoice::keeps(&self.grouping, name)
    }

    /// Adds the points of a series, of whose labels only those that survive are given.
    ///
    /// # Errors
    /// More bytes would be held than allowed.
    pub fn add(&mut self, survivors: Labels, points: &[Point]) -> Result<(), Error> {
        let at = match self.groups.get(&survivors) {
            Some(at) => *at,
            None => {
                self.held.pay(GROUP_BYTES)?;
                self.cells.push(Vec::new());
                self.groups.insert(survivors, self.cells.len() - 1);
                self.cells.len() - 1
            }
        };
        let cells = &mut self.cells[at];
        let mut at = 0;
        for point in points {
            // Mostly the next one: series of one group have the same buckets.
            if cells.get(at).is_some_and(|(bucket, _)| *bucket < point.bucket) {
                at += cells[at..].partition_point(|(bucket, _)| *bucket < point.bucket);
            }
            if cells.get(at).is_none_or(|(bucket, _)| *bucket != point.bucket) {
                self.held.pay(size_of::<(u32, GroupCell)>())?;
                cells.insert(at, (point.bucket, EMPTY));
            }
            cells[at].1.add(self.op, point.value);
            at += 1;
        }
        Ok(())
    }

    /// The series of the groups, and the bytes that they take.
    #[must_use]
    pub fn finish(self) -> (Vec<Series>, HeldBytes) {
        let (op, mut cells) = (self.op, self.cells);
        let mut series = |(labels, at): (Labels, usize)| {
            let cells = std::mem::take(&mut cells[at]);
            let points = cells.into_iter().map(|(bucket, cell)| Point { bucket, value: cell.value(op) });
            Series { labels, points: points.collect() }
        };
        // A cell is larger than a point: what was paid covers the series.
        (self.groups.into_iter().map(&mut series).collect(), self.held)
    }
}

/// The mean of a series' points; NaN when there is none.
pub(super) fn mean(series: &Series) -> f64 {
    let mut cell = EMPTY;
    series.points.iter().for_each(|point| cell.add(AggregateOp::Avg, point.value));
    cell.average()
}

/// A value of one series among several.
#[derive(Clone, Copy)]
pub(super) struct SeriesSample {
    pub(super) bucket: u32,
    /// Which of the series.
    pub(super) series: usize,
    pub(super) value: f64,
}

impl SeriesSample {
    pub(super) fn same_bucket(&self, other: &Self) -> bool {
        self.bucket == other.bucket
    }
}

/// All values in order of bucket, then of the series.
pub(super) fn by_bucket(members: &[&Series]) -> Vec<SeriesSample> {
    let samples = members.iter().enumerate().flat_map(|(series, one)| {
        one.points.iter().map(move |point| SeriesSample { bucket: point.bucket, series, value: point.value })
    });
    let mut samples: Vec<SeriesSample> = samples.collect();
    samples.sort_by_key(|sample| sample.bucket);
    samples
}
