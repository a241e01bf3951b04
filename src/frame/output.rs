//! What the series of a fetch become: a list of series, or the groups of an aggregation over them.

use super::keys::LabelSetNumbers;
use crate::budget::{Budget, HeldBytes};
use crate::error::Error;
use crate::evaluate::{Aggregation, FetchedSeries};
use crate::plan::FetchAggregate;
use crate::series::{Point, Series};

/// Series that were finished before the deadline is looked at again.
const BETWEEN_LOOKS: usize = 256;

/// The series of a fetch.
#[derive(Debug)]
pub struct FetchSeries {
    /// The series, sorted by labels.
    pub series: Vec<Series>,
    /// The bytes that they take.
    pub held: HeldBytes,
    /// How many values were no numbers.
    pub skipped: f64,
}

impl FetchSeries {
    /// No series.
    #[must_use]
    pub fn none(budget: &Budget) -> Self {
        Self { series: Vec::new(), held: budget.held(), skipped: 0.0 }
    }
}

/// The series of several metrics as one list, sorted by labels, or what an aggregation makes of them.
///
/// # Errors
/// More bytes would be held than allowed, or time is over.
pub fn joined(parts: Vec<FetchSeries>, then: Option<&FetchAggregate>, budget: &Budget) -> Result<FetchedSeries, Error> {
    let Some(then) = then else {
        let mut all = FetchedSeries { series: Vec::new(), held: budget.held() };
        for mut part in parts {
            all.series.append(&mut part.series);
            all.held.absorb(part.held);
        }
        all.series.sort_by(|a, b| a.labels.cmp(&b.labels));
        return Ok(all);
    };
    let mut groups = Aggregation::new(then.op, then.grouping.clone(), budget);
    for FetchSeries { series, held: _held, .. } in parts {
        for Series { mut labels, points } in series {
            budget.go_on()?;
            labels.retain(|name| groups.keeps(name));
            groups.add(labels, &points)?;
        }
    }
    let (mut series, held) = groups.finish();
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(FetchedSeries { series, held })
}

/// Takes the points of each series.
pub(super) struct Output<'a> {
    budget: &'a Budget,
    to: To,
    seen: usize,
}

enum To {
    Series(Vec<Series>, HeldBytes),
    Groups(Aggregation),
}

impl<'a> Output<'a> {
    /// With an aggregation, no series is built but those of its groups.
    pub(super) fn new(budget: &'a Budget, then: Option<&FetchAggregate>) -> Self {
        let to = match then {
            None => To::Series(Vec::new(), budget.held()),
            Some(then) => To::Groups(Aggregation::new(then.op, then.grouping.clone(), budget)),
        };
        Self { budget, to, seen: 0 }
    }

    /// Takes the points of one series.
    pub(super) fn add(&mut self, keys: &LabelSetNumbers, at: usize, points: Vec<Point>) -> Result<(), Error> {
        self.seen += 1;
        if self.seen.is_multiple_of(BETWEEN_LOOKS) {
            self.budget.go_on()?;
        }
        if points.is_empty() {
            return Ok(());
        }
        match &mut self.to {
            To::Series(series, held) => {
                let one = Series { labels: keys.labels(at, |_| true), points };
                // The list of them grows by copies.
                held.pay(one.bytes() + size_of::<Series>())?;
                series.push(one);
                Ok(())
            }
            To::Groups(groups) => groups.add(keys.labels(at, |name| groups.keeps(name)), &points),
        }
    }

    pub(super) fn finish(self, skipped: f64) -> FetchSeries {
        let (mut series, held) = match self.to {
            To::Series(series, held) => (series, held),
            To::Groups(groups) => groups.finish(),
        };
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        FetchSeries { series, held, skipped }
    }
}
