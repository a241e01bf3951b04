//! Buckets → the windows that span them. A queue of two stacks merges each window from partials that stay merged, so
//! that a window costs the same however long it is, and nothing is ever subtracted: sums lose no digits, and a NaN
//! that has left a window is gone.

use super::partial::{Cell, Partials, merge, value};
use crate::ast::AggregateOp;
use crate::catalog::Value;
use crate::error::Error;
use crate::evaluate::RangeFunction;
use crate::plan::{Fetch, FetchAggregate};
use crate::series::Point;

/// Takes one cell of an answer's budget.
pub type Take<'a> = dyn FnMut() -> Result<(), Error> + 'a;

/// The points of a series whose cells ascend.
pub(super) fn points(
    fetch: &Fetch,
    function: Option<RangeFunction>,
    cells: &[Cell],
    take: &mut Take<'_>,
) -> Result<Vec<Point>, Error> {
    let seconds = |from: u32, to: u32| (fetch.axis.buckets.edge(to) - fetch.axis.buckets.edge(from)) as f64 / 1000.0;
    // Numbers of series are divided by nothing.
    let counts = |wanted: &FetchAggregate| matches!(wanted.op, AggregateOp::Count | AggregateOp::Group);
    let unit = match &fetch.rows.value {
        _ if fetch.fold.aggregate.as_ref().is_some_and(counts) => None,
        Value::Overlap(overlap) if fetch.fold.mean => Some(overlap.unit.seconds()),
        _ => fetch.fold.per_second.then_some(1.0),
    };
    let value = |partials: Partials, length: f64| {
        let value = value(partials, function, length);
        unit.map_or(value, |unit| value / (length / unit))
    };
    let Some(windows) = &fetch.axis.windows else {
        let point = |cell: &Cell| {
            let length = seconds(cell.bucket, cell.bucket + 1);
            Point { bucket: cell.bucket, value: value(cell.partials, length) }
        };
        return Ok(cells.iter().map(point).collect());
    };
    let mut queue = Queue { function, waiting: Vec::new(), merged: None, leaving: Vec::new() };
    let (mut rest, mut points) = (cells, Vec::new());
    for (bucket, (from, to)) in (0_u32..).zip(windows) {
        let inside = rest.partition_point(|cell| cell.bucket < *to);
        let (next, after) = rest.split_at(inside);
        next.iter().for_each(|cell| queue.push(*cell));
        rest = after;
        queue.drop_before(*from);
        if let Some(partials) = queue.total() {
            take()?;
            points.push(Point { bucket, value: value(partials, seconds(*from, *to)) });
        }
    }
    Ok(points)
}

/// The cells of a window.
struct Queue {
    function: Option<RangeFunction>,
    /// Those that came since the stacks were turned, oldest first.
    waiting: Vec<Cell>,
    /// All of those merged.
    merged: Option<Partials>,
    /// The oldest on top, each merged with all that came after it up to the turn.
    leaving: Vec<Cell>,
}

impl Queue {
    fn push(&mut self, cell: Cell) {
        self.waiting.push(cell);
        self.merged = Some(self.joined(self.merged, cell.partials));
    }

    fn drop_before(&mut self, from: u32) {
        loop {
            while self.leaving.last().is_some_and(|cell| cell.bucket < from) {
                self.leaving.pop();
            }
            if !self.leaving.is_empty() || self.waiting.first().is_none_or(|cell| cell.bucket >= from) {
                return;
            }
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.merged = None;
        for cell in std::mem::take(&mut self.waiting).into_iter().rev() {
            let after = self.leaving.last().map(|cell| cell.partials);
            let partials = after.map_or(cell.partials, |after| merge(cell.partials, after, self.function));
            self.leaving.push(Cell { partials, ..cell });
        }
    }

    fn total(&self) -> Option<Partials> {
        let leaving = self.leaving.last().map(|cell| cell.partials);
        self.merged.map(|merged| self.joined(leaving, merged)).or(leaving)
    }

    fn joined(&self, earlier: Option<Partials>, later: Partials) -> Partials {
        earlier.map_or(later, |earlier| merge(earlier, later, self.function))
    }
}
