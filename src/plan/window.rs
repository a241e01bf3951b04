//! The windows of a request: the span of time that each bucket looks at.

use super::{Buckets, Context};
use crate::ast::{At, Offset, WindowLength};
use crate::catalog::Source;
use crate::error::{Error, Kind};
use crate::evaluate::RangeFunction;
use crate::lower::FetchRequest;
use crate::range::buckets::BucketSpan;
use crate::time::{Grid, Millis, Step, TimeRange, Zone};

/// What is read lies between these, about the years -1000 and 11000: windows and offsets may reach anywhere.
const EARLIEST: Millis = -93_000_000_000_000;
const LATEST: Millis = 285_000_000_000_000;

/// The part of what is read before the first bucket for what connects to it is one of so many of the whole.
const REACH_PART: i64 = 16;

/// Time cut for reading, and the windows over the pieces.
pub(super) struct BucketCut {
    pub(super) buckets: Buckets,
    /// How many pieces there are.
    pub(super) len: u32,
    /// As in [`super::Fetch::windows`].
    pub(super) windows: Option<Vec<BucketSpan>>,
}

impl BucketCut {
    pub(super) fn from(&self) -> Millis {
        self.buckets.edge(0)
    }

    pub(super) fn to(&self) -> Millis {
        self.buckets.edge(self.len)
    }

    pub(super) fn range(&self) -> TimeRange {
        TimeRange { from: self.from(), to: self.to() }
    }

    /// The same without what windows have behind an instant that lies within them.
    pub(super) fn up_to(self, now: Millis) -> Self {
        let spans = self.windows.clone().unwrap_or_else(|| (0..self.len).map(BucketSpan::of).collect());
        let window =
            |span: BucketSpan| TimeRange { from: self.buckets.edge(span.from), to: self.buckets.edge(span.to) };
        let mut windows: Vec<TimeRange> = spans.into_iter().map(window).collect();
        if !windows.iter().any(|window| window.from < now && now < window.to) {
            return self;
        }
        for window in windows.iter_mut().filter(|window| window.from < now) {
            window.to = window.to.min(now);
        }
        sliding(&windows)
    }

    /// Whether a window is of several pieces.
    pub(super) fn has_pieces(&self) -> bool {
        self.windows.iter().flatten().any(|window| window.to - window.from > 1)
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
) -> Result<BucketCut, Error> {
    if let Some(RangeFunction::Deriv) = request.function {
        return Err(Error::new(Kind::Unsupported, "`deriv` is not supported yet").at(request.function_span));
    }
    let modifiers = &request.selector.modifiers;
    let lengths = Lengths::of(context, grid, sampling_ms);
    let window_ms = request.selector.window.map_or(lengths.step_ms, |window| lengths.ms(window));
    let offset_ms = modifiers.offset.map_or(0, |offset| lengths.signed(offset));
    let place = |at: Millis| at.saturating_sub(offset_ms).clamp(EARLIEST, LATEST);
    let window = |end: Millis| TimeRange { from: end.saturating_sub(window_ms).clamp(EARLIEST, LATEST), to: end };
    let at = modifiers.at.map(|at| match at {
        At::Millis(at) => at,
        At::Start => context.range.from,
        At::End => context.range.to,
    });
    if let Some(at) = at {
        return Ok(sliding(&vec![window(place(at)); grid.len() as usize]));
    }
    let buckets = moved(grid, modifiers.offset, offset_ms, context.zone);
    if window_ms > lengths.step_ms {
        let windows: Vec<TimeRange> = (1..=grid.len()).map(|bucket| window(buckets.edge(bucket))).collect();
        return Ok(sliding(&windows));
    }
    Ok(BucketCut { buckets, len: grid.len(), windows: None })
}

/// The lengths that have names.
struct Lengths {
    step_ms: i64,
    rate_ms: i64,
    range_ms: i64,
}

impl Lengths {
    fn of(context: &Context<'_>, grid: &Grid, sampling_ms: Option<i64>) -> Self {
        let range_ms = context.range.to - context.range.from;
        let step_ms = match grid.step() {
            Step::WholeRange => range_ms,
            step => step.length_ms(),
        };
        // Without a known sampling interval it is the step.
        let rate_ms = sampling_ms
            .map_or(step_ms, |sampling_ms| step_ms.saturating_add(sampling_ms).max(sampling_ms.saturating_mul(4)));
        Self { step_ms, rate_ms, range_ms }
    }

    const fn ms(&self, window: WindowLength) -> i64 {
        match window {
            WindowLength::Millis(ms) => ms,
            WindowLength::Interval => self.step_ms,
            WindowLength::RateInterval => self.rate_ms,
            WindowLength::Range => self.range_ms,
        }
    }

    const fn signed(&self, offset: Offset) -> i64 {
        let ms = self.ms(offset.length);
        if offset.ahead { -ms } else { ms }
    }
}

/// The grid's buckets where an offset puts them. A bucket of the calendar is moved by `$__interval` to the one beside it.
fn moved(grid: &Grid, offset: Option<Offset>, offset_ms: i64, zone: &Zone) -> Buckets {
    // Within the calendar even so: a range has at most 10,000 years.
    let offset_ms = offset_ms.clamp(grid.end() - LATEST, grid.start() - EARLIEST);
    let is_calendar = matches!(grid.step(), Step::Days(_) | Step::Months(_));
    match (Buckets::of(grid), offset) {
        (Buckets::Regular { origin_ms, step_ms, start_ms }, _) => {
            Buckets::Regular { origin_ms: origin_ms - offset_ms, step_ms, start_ms: start_ms - offset_ms }
        }
        (Buckets::Edges(_), Some(Offset { length: WindowLength::Interval, ahead })) if is_calendar => {
            Buckets::Edges(grid.edges_beside(ahead, zone))
        }
        (Buckets::Edges(edges), _) => Buckets::Edges(edges.into_iter().map(|edge| edge - offset_ms).collect()),
    }
}

/// Cuts at every window's edges, so that each window is a run of whole pieces.
pub(super) fn sliding(windows: &[TimeRange]) -> BucketCut {
    let mut edges: Vec<Millis> = windows.iter().flat_map(|window| [window.from, window.to]).collect();
    edges.sort_unstable();
    edges.dedup();
    let number = |edge: Millis| u32::try_from(edges.partition_point(|other| *other < edge)).unwrap_or(u32::MAX);
    let spans = windows.iter().map(|window| BucketSpan { from: number(window.from), to: number(window.to) }).collect();
    let len = u32::try_from(edges.len().saturating_sub(1)).unwrap_or(u32::MAX);
    BucketCut { buckets: regular(edges), len, windows: Some(spans) }
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
#[must_use]
pub fn reach(source: &Source, range: TimeRange) -> i64 {
    let sampled = source.interval_ms.map_or(0, |interval| interval.saturating_mul(3));
    sampled.max((range.to - range.from) / REACH_PART).clamp(0, source.lookback_ms)
}
