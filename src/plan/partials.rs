//! Windows whose values the database computes from partials, where that is exact: what samples would come to.

use super::fetch::FetchScope;
use super::window::sliding;
use super::{Context, Fetch, Filter, Guard};
use crate::ast::OverTime;
use crate::catalog::{Carrier, EpochUnit, MetricValue, TimeKind};
use crate::evaluate::{FoldPlan, OverFunction, RangeFunction};
use crate::range::{Function, Window};
use crate::time::TimeRange;

/// A bucket must hold so many samples, or the rows of its partials are no fewer than the samples.
const SAMPLES: i64 = 4;
/// The shortest bucket where the sampling interval is not known, in milliseconds.
const BUCKET_MS: i64 = 300_000;
/// The most windows.
const WINDOWS: u32 = 11_000;

/// The fetch of the partials of windows; none where they would not be exact, or not fewer than the samples.
pub(super) fn fetch(context: &Context<'_>, plan: &FoldPlan, carrier: Carrier<'_>, filters: &[Filter]) -> Option<Fetch> {
    let source = carrier.source;
    let MetricValue::Column(column) = &carrier.metric.value else { return None };
    let is_alone = context.pushes && source.one_per_instant && source.elements.is_none();
    let markers = source.null_ends && column.nullable && plan.function == OverFunction::Instant;
    if !is_alone
        || markers
        || !is_whole(&source.time.kind)
        || plan.ends.len > WINDOWS
        || plan.ends.len == 0
        || plan.ends.runs.is_some()
    {
        return None;
    }
    let window_ms = plan.window_ms?;
    let function = over_time(plan, window_ms)?;
    // Pieces lie between the edges of all windows; most are as long as the step.
    let piece_ms = if plan.ends.len == 1 { window_ms } else { window_ms.min(plan.ends.step_ms) };
    let least = source.interval_ms.map_or(BUCKET_MS, |interval| interval.saturating_mul(SAMPLES));
    let is_dense = plan.ends.len == 1 || window_ms.saturating_mul(2) > plan.ends.step_ms;
    if piece_ms < least || !is_dense {
        return None;
    }
    // Times are whole milliseconds: after one is from the next on.
    let window = |Window { start_ms, end_ms }: Window| TimeRange {
        from: start_ms.saturating_add(1),
        to: end_ms.saturating_add(1),
    };
    let windows: Vec<TimeRange> = (0..plan.ends.len).map(|step| window(plan.window(step))).collect();
    let cut = sliding(&windows);
    let scope = FetchScope { context, carrier, cut: &cut, answers: false, is_alone: true };
    let mut fetch = scope.fetch(filters.to_vec(), function, None);
    fetch.fold.guard = Guard::Rounded;
    Some(fetch)
}

/// The function by which the database computes the windows.
fn over_time(plan: &FoldPlan, window_ms: i64) -> Option<RangeFunction> {
    let overlap = plan.ends.len > 1 && window_ms > plan.ends.step_ms;
    let OverFunction::Range(function) = plan.function else {
        return (plan.function == OverFunction::Instant).then_some(RangeFunction::OverTime(OverTime::Last));
    };
    let is_exact = match function {
        Function::Min | Function::Max | Function::Count | Function::First | Function::Last | Function::Present => true,
        // Sums of pieces may cancel each other.
        Function::Sum | Function::Avg => !overlap,
        _ => false,
    };
    RangeFunction::of(function).filter(|_| is_exact)
}

/// Whether times are whole milliseconds, or the database can say where they are not.
const fn is_whole(kind: &TimeKind) -> bool {
    match kind {
        TimeKind::Instant | TimeKind::Local(_) | TimeKind::Date(_) | TimeKind::Day(_) => true,
        TimeKind::Epoch { unit, .. } => matches!(unit, EpochUnit::Seconds | EpochUnit::Millis),
    }
}
