//! The windows of a request: which stretch of time each bucket of the grid looks at.

use super::{Buckets, Context};
use crate::ast::{At, Window};
use crate::catalog::Source;
use crate::error::{Error, Kind};
use crate::evaluate::{FetchRequest, RangeFunction};
use crate::time::{Grid, Millis, Step};

/// What is read lies between these, about the years -1000 and 11000: windows and offsets may reach anywhere.
const EARLIEST: Millis = -93_000_000_000_000;
const LATEST: Millis = 285_000_000_000_000;

/// The part of what is read before the first bucket for what connects to it is one of so many of the whole.
const REACH_PART: i64 = 16;

/// Time cut for reading, and the windows over the pieces.
pub(super) struct Cut {
    pub(super) buckets: Buckets,
    /// How many pieces there are.
    pub(super) len: u32,
    /// As in [`super::Fetch::windows`].
    pub(super) windows: Option<Vec<(u32, u32)>>,
}

impl Cut {
    pub(super) fn from(&self) -> Millis {
        self.buckets.edge(0)
    }

    pub(super) fn to(&self) -> Millis {
        self.buckets.edge(self.len)
    }

    /// Whether there is nothing to read.
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// Cuts time for a request.
pub(super) fn cut(
    context: &Context<'_>,
    request: &FetchRequest,
    grid: &Grid,
    sampling_ms: Option<i64>,
) -> Result<Cut, Error> {
    if let Some(RangeFunction::Deriv) = request.function {
        return Err(Error::new(Kind::Unsupported, "`deriv` is not supported yet").at(request.function_span));
    }
    let modifiers = &request.selector.modifiers;
    let step_ms = match grid.step() {
        Step::WholeRange => context.range.to - context.range.from,
        step => step.length_ms(),
    };
    let window_ms = match request.selector.window {
        Some(Window::Millis(window_ms)) => window_ms,
        Some(Window::Range) => context.range.to - context.range.from,
        // Without a known sampling interval it is the step.
        Some(Window::RateInterval) => sampling_ms
            .map_or(step_ms, |sampling_ms| step_ms.saturating_add(sampling_ms).max(sampling_ms.saturating_mul(4))),
        Some(Window::Interval) | None => step_ms,
    };
    let place = |at: Millis| at.saturating_sub(modifiers.offset_ms).clamp(EARLIEST, LATEST);
    let window = |end: Millis| (place(end.saturating_sub(window_ms)), place(end));
    let ends = (0..grid.len()).map(|bucket| grid.bucket_end(bucket));
    let at = modifiers.at.map(|at| match at {
        At::Millis(at) => at,
        At::Start => context.range.from,
        At::End => context.range.to,
    });
    Ok(match at {
        Some(at) => sliding(ends.map(|_| window(at)).collect()),
        None if window_ms > step_ms => sliding(ends.map(window).collect()),
        None => moved(grid, modifiers.offset_ms),
    })
}

/// Every window is the bucket itself.
fn moved(grid: &Grid, offset_ms: i64) -> Cut {
    let buckets = match Buckets::of(grid) {
        Buckets::Regular { origin_ms, step_ms, start_ms } => {
            // Within the calendar even so: a range has at most 10,000 years.
            let offset_ms = offset_ms.clamp(grid.end() - LATEST, grid.start() - EARLIEST);
            Buckets::Regular { origin_ms: origin_ms - offset_ms, step_ms, start_ms: start_ms - offset_ms }
        }
        Buckets::Edges(edges) => {
            let offset_ms = offset_ms.clamp(grid.end() - LATEST, grid.start() - EARLIEST);
            Buckets::Edges(edges.into_iter().map(|edge| edge - offset_ms).collect())
        }
    };
    Cut { buckets, len: grid.len(), windows: None }
}

/// Cuts at every window's edges, so that each window is a run of whole pieces.
fn sliding(windows: Vec<(Millis, Millis)>) -> Cut {
    let mut edges: Vec<Millis> = windows.iter().flat_map(|(start, end)| [*start, *end]).collect();
    edges.sort_unstable();
    edges.dedup();
    let number = |edge: Millis| u32::try_from(edges.partition_point(|other| *other < edge)).unwrap_or(u32::MAX);
    let spans = windows.iter().map(|(start, end)| (number(*start), number(*end))).collect();
    let len = u32::try_from(edges.len().saturating_sub(1)).unwrap_or(u32::MAX);
    Cut { buckets: regular(edges), len, windows: Some(spans) }
}

fn regular(edges: Vec<Millis>) -> Buckets {
    let lengths = || edges.windows(2).map(|pair| pair[1] - pair[0]);
    match (edges.first(), lengths().next()) {
        (Some(start), Some(step_ms)) if lengths().all(|length| length == step_ms) => {
            Buckets::Regular { origin_ms: *start, step_ms, start_ms: *start }
        }
        _ => Buckets::Edges(edges),
    }
}

/// How far before the first bucket to read for predecessors: far enough for most series of a source that is sampled
/// regularly, little beside what is read anyway. The rest are looked up one by one.
pub(super) fn reach(source: &Source, cut: &Cut) -> i64 {
    let sampled = source.interval_ms.map_or(0, |interval| interval.saturating_mul(3));
    sampled.max((cut.to() - cut.from()) / REACH_PART).clamp(0, source.lookback_ms)
}
