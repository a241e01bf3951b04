//! The cells of a series → its points: the units of values, and what they cost.

use crate::ast::AggregateOp;
use crate::catalog::MetricValue;
use crate::error::Error;
use crate::plan::{Fetch, FetchAggregate};
use crate::range::buckets::{BucketCell, BucketSpan, CellKind, Partials, merged};
use crate::series::Point;

/// Takes one cell of an answer's budget.
pub type TakeCell<'a> = dyn FnMut() -> Result<(), Error> + 'a;

/// The points of a series whose cells ascend.
pub(super) fn points(
    fetch: &Fetch,
    kind: CellKind,
    cells: &[BucketCell],
    take: &mut TakeCell<'_>,
) -> Result<Vec<Point>, Error> {
    let edge = |bucket: u32| fetch.axis.buckets.edge(bucket);
    // Numbers of series are divided by nothing.
    let counts = |wanted: &FetchAggregate| matches!(wanted.op, AggregateOp::Count | AggregateOp::Group);
    let unit = match &fetch.rows.value {
        _ if fetch.fold.aggregate.as_ref().is_some_and(counts) => None,
        MetricValue::Overlap(overlap) if fetch.fold.mean => Some(overlap.unit.seconds()),
        _ => fetch.fold.per_second.then_some(1.0),
    };
    let value = |partials: Partials, span: BucketSpan| {
        let length = (edge(span.to) - edge(span.from)) as f64 / 1000.0;
        let value = kind.value(partials, length);
        unit.map_or(value, |unit| value / (length / unit))
    };
    let Some(windows) = &fetch.axis.windows else {
        let point =
            |cell: &BucketCell| Point { bucket: cell.bucket, value: value(cell.partials, BucketSpan::of(cell.bucket)) };
        return Ok(cells.iter().map(point).collect());
    };
    let mut points = Vec::new();
    merged(kind, cells, windows, |bucket, partials| {
        take()?;
        let span = windows.get(bucket as usize).copied().unwrap_or_default();
        points.push(Point { bucket, value: value(partials, span) });
        Ok::<(), Error>(())
    })?;
    Ok(points)
}
