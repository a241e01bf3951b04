//! The partials of a bucket: what merges, and the value that they come to.

use std::cmp::Ordering;

use crate::ast::OverTime;
use crate::budget::Held;
use crate::error::Error;
use crate::evaluate::RangeFunction;

/// The most partials that a function has.
pub(super) const WIDTH: usize = 3;

/// A bucket's partials; those beyond the function's are zero.
pub(super) type Partials = [f64; WIDTH];

/// The partials of one bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) bucket: u32,
    pub(super) partials: Partials,
}

/// Adds a cell to those of a series. Most of a million series have few: lists begin with one.
pub(super) fn push(cells: &mut Vec<Cell>, cell: Cell, held: &mut Held) -> Result<(), Error> {
    if cells.len() == cells.capacity() {
        let more = cells.len().max(1);
        held.pay(more * size_of::<Cell>())?;
        cells.reserve_exact(more);
    }
    cells.push(cell);
    Ok(())
}

/// How many partials a row carries; one where it carries a finished value.
pub(super) const fn width(function: Option<RangeFunction>) -> usize {
    match function {
        Some(RangeFunction::OverTime(OverTime::Avg | OverTime::First | OverTime::Last)) => 2,
        Some(RangeFunction::Stddev | RangeFunction::Stdvar) => 3,
        _ => 1,
    }
}

/// How many partials of a bucket are kept.
pub(super) const fn kept_width(function: Option<RangeFunction>) -> usize {
    match function {
        Some(RangeFunction::Irate | RangeFunction::Idelta) => 2,
        other => width(other),
    }
}

/// The value that partials come to over a window of so many seconds.
pub(super) fn value(partials: Partials, function: Option<RangeFunction>, seconds: f64) -> f64 {
    use RangeFunction::{Idelta, Irate, Rate, Stddev, Stdvar};
    let [first, second, third] = partials;
    match function {
        Some(RangeFunction::OverTime(OverTime::Avg)) => first / second,
        Some(RangeFunction::OverTime(OverTime::First | OverTime::Last) | Irate | Idelta) => second,
        Some(Stdvar) => third / first,
        Some(Stddev) => (third / first).sqrt(),
        Some(Rate) => first / seconds,
        _ => first,
    }
}

/// Merges the partials of an earlier and a later stretch of one series, or of one stretch in two parts.
pub(super) fn merge(earlier: Partials, later: Partials, function: Option<RangeFunction>) -> Partials {
    use RangeFunction::{Idelta, Irate, Present, Stddev, Stdvar};
    // Finished values do not merge; the database groups them by what tells them apart.
    let Some(function) = function else { return earlier };
    match function {
        RangeFunction::OverTime(OverTime::Min) => [earlier[0].min(later[0]), 0.0, 0.0],
        RangeFunction::OverTime(OverTime::Max) => [earlier[0].max(later[0]), 0.0, 0.0],
        RangeFunction::OverTime(OverTime::First) => std::cmp::min_by(earlier, later, by_sample),
        RangeFunction::OverTime(OverTime::Last) => std::cmp::max_by(earlier, later, by_sample),
        Stddev | Stdvar => moments(earlier, later),
        Present => earlier,
        Irate | Idelta => later,
        _ => [earlier[0] + later[0], earlier[1] + later[1], 0.0],
    }
}

/// Chan's formula: count, mean and sum of squared distances of two sets.
fn moments([n, mean, squares]: Partials, [m, other_mean, other_squares]: Partials) -> Partials {
    let (count, apart) = (n + m, other_mean - mean);
    [count, mean + apart * (m / count), squares + other_squares + apart * apart * (n / count) * m]
}

/// As PostgreSQL orders (time, value): NaN is above every number.
fn by_sample(a: &Partials, b: &Partials) -> Ordering {
    a[0].total_cmp(&b[0]).then_with(|| match (a[1].is_nan(), b[1].is_nan()) {
        (false, false) => a[1].total_cmp(&b[1]),
        (x, y) => x.cmp(&y),
    })
}
