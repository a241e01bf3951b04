//! The grid: which step answers a question, and the aligned buckets that cover its range.

mod beside;

use std::error::Error;
use std::fmt;

use super::ladder::LADDER;
use super::{Millis, RangeError, Step, TimeRange, Zone};

/// The most points a series may have, whatever a client asks for.
pub const MAX_POINTS: u32 = 11_000;

/// What a grid is chosen by.
#[derive(Debug, Clone, Copy)]
pub struct GridRequest<'a> {
    /// The range that the buckets must cover.
    pub range: TimeRange,
    /// The step should be at least this long, in ms; `None`, 0 and less say nothing.
    pub interval_ms: Option<i64>,
    /// How far apart the source's samples are, in ms; no chosen step is shorter.
    pub sampling_ms: Option<i64>,
    /// The most buckets the grid may have; 0 counts as 1, more than [`MAX_POINTS`] as that.
    pub max_points: u32,
    /// The step that the question itself asks for: taken as it is, or refused.
    pub explicit: Option<Step>,
    /// The zone whose midnight the buckets are aligned to.
    pub zone: &'a Zone,
}

/// Why a question's own step cannot be used. Its text is a sentence for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GridError {
    /// The range itself is unusable.
    Range(RangeError),
    /// The step is not positive, or longer than 1,000 years.
    UnusableStep {
        /// The step that was asked for.
        step: Step,
    },
    /// The step would give more points than a series may have.
    TooManyPoints {
        /// The step that was asked for.
        step: Step,
        /// How many buckets it makes.
        buckets: u64,
        /// How many there may be.
        max: u32,
        /// The shortest step of the ladder that would do.
        fits: Step,
    },
}

impl fmt::Display for GridError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(error) => error.fmt(f),
            Self::UnusableStep { step } => {
                write!(f, "a step must be between 1ms and 1000y long, not {step}")
            }
            Self::TooManyPoints { step, buckets, max, fits } => {
                write!(f, "a step of {step} gives {buckets} points, but at most {max} are allowed: ")?;
                match fits {
                    Step::WholeRange => f.write_str("no step fits, ask for more points"),
                    _ => write!(f, "use a step of {fits} or longer, or a shorter range"),
                }
            }
        }
    }
}

impl Error for GridError {}

/// Consecutive buckets that cover a range, each from its start up to the start of the next.
///
/// The first may start before the range and the last end after it, by up to 1,000 years beyond the
/// years 1 to 9999 in the extreme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    range: TimeRange,
    step: Step,
    cut: GridEdges,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum GridEdges {
    /// `count` buckets of `length` ms.
    Even { start: Millis, length: i64, count: u32 },
    /// One edge more than buckets, strictly ascending; never fewer than two.
    Edges(Vec<Millis>),
}

/// How SQL can compute the bucket of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GridShape<'a> {
    /// All buckets are equally long.
    Regular {
        /// The start of the first bucket.
        origin: Millis,
        /// The length of each, in ms.
        step_ms: i64,
    },
    /// Every bucket's start, ascending, and the last one's end.
    Edges(&'a [Millis]),
}

impl Grid {
    /// The range that was asked for.
    #[must_use]
    pub fn range(&self) -> TimeRange {
        self.range
    }

    /// The width of the buckets.
    #[must_use]
    pub fn step(&self) -> Step {
        self.step
    }

    /// The start of the first bucket, at or before the range's start.
    #[must_use]
    pub fn start(&self) -> Millis {
        self.bucket_start(0)
    }

    /// The end of the last bucket, at or after the range's end.
    #[must_use]
    pub fn end(&self) -> Millis {
        self.bucket_start(self.len())
    }

    /// How many buckets there are: at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a grid is never empty")]
    pub fn len(&self) -> u32 {
        match &self.cut {
            GridEdges::Even { count, .. } => *count,
            GridEdges::Edges(edges) => u32::try_from(edges.len().saturating_sub(1)).unwrap_or(u32::MAX),
        }
    }

    /// The first instant of a bucket, counted from 0; the grid's end for any number past the last.
    #[must_use]
    pub fn bucket_start(&self, index: u32) -> Millis {
        let index = index.min(self.len());
        match &self.cut {
            GridEdges::Even { start, length, .. } => start + length * i64::from(index),
            GridEdges::Edges(edges) => edges.get(index as usize).copied().unwrap_or(self.range.to),
        }
    }

    /// The first instant after a bucket; the grid's end for any number past the last.
    #[must_use]
    pub fn bucket_end(&self, index: u32) -> Millis {
        self.bucket_start(index.saturating_add(1))
    }

    /// The number of the bucket that an instant lies in, `None` outside the grid.
    #[must_use]
    pub fn index_of(&self, at: Millis) -> Option<u32> {
        if !(self.start()..self.end()).contains(&at) {
            return None;
        }
        match &self.cut {
            GridEdges::Even { start, length, .. } => u32::try_from((at - start) / length).ok(),
            GridEdges::Edges(edges) => u32::try_from(edges.partition_point(|edge| *edge <= at).checked_sub(1)?).ok(),
        }
    }

    /// The buckets in the form that SQL is written from.
    #[must_use]
    pub fn shape(&self) -> GridShape<'_> {
        match &self.cut {
            GridEdges::Even { start, length, .. } => GridShape::Regular { origin: *start, step_ms: *length },
            GridEdges::Edges(edges) => GridShape::Edges(edges),
        }
    }
}

/// Chooses the step of a question and cuts its range.
///
/// Without an explicit step it is the shortest of the ladder that is at least `interval_ms` and
/// `sampling_ms` long and makes at most `max_points` buckets, wherever the range may lie: a range that
/// slides must not change its step. Only where no step is so roomy the buckets of the range as it lies
/// count, and where none fits even so, the range is the one bucket.
///
/// Exact steps are aligned to the zone's midnight by its UTC offset at the range's start, calendar steps
/// are cut by the zone's dates.
///
/// # Errors
/// [`GridError`] if the range is unusable or an explicit step is, or makes too many buckets.
pub fn choose_grid(request: &GridRequest<'_>) -> Result<Grid, GridError> {
    TimeRange::new(request.range.from, request.range.to).map_err(GridError::Range)?;
    let Some(step) = request.explicit else {
        return Ok(from_ladder(request));
    };
    if !step.is_sound() {
        return Err(GridError::UnusableStep { step });
    }
    let max = allowed(request);
    cut(step, request.range, request.zone, max).map_err(|buckets| {
        let fits = from_ladder(request).step;
        GridError::TooManyPoints { step, buckets, max, fits }
    })
}

fn allowed(request: &GridRequest<'_>) -> u32 {
    request.max_points.clamp(1, MAX_POINTS)
}

fn from_ladder(request: &GridRequest<'_>) -> Grid {
    let (range, zone, max) = (request.range, request.zone, allowed(request));
    let least = request.interval_ms.max(request.sampling_ms).unwrap_or(1);
    let long_enough = || LADDER.into_iter().filter(move |step| step.length_ms() >= least);
    let roomy = |step: &Step| most_buckets(range, *step) <= i64::from(max);
    let fitting = |step| cut(step, range, zone, max).ok();
    let chosen = long_enough().filter(roomy).find_map(fitting);
    chosen.or_else(|| long_enough().find_map(fitting)).unwrap_or_else(|| whole(range))
}

/// How many buckets a range of this length makes at most, by the step's nominal length.
fn most_buckets(range: TimeRange, step: Step) -> i64 {
    let (whole, part) = (range.length_ms() / step.length_ms(), range.length_ms() % step.length_ms());
    whole + i64::from(part > 0) + 1
}

/// Cuts a range into buckets of a sound step, or says how many there would be if that is more than
/// `max`.
fn cut(step: Step, range: TimeRange, zone: &Zone, max: u32) -> Result<Grid, u64> {
    let cut = match step {
        Step::WholeRange => return Ok(whole(range)),
        Step::Millis(length) => even(length, range, zone, max)?,
        Step::Days(_) | Step::Months(_) => calendar(step, range, zone, max)?,
    };
    Ok(Grid { range, step, cut })
}

fn whole(range: TimeRange) -> Grid {
    let cut = GridEdges::Even { start: range.from, length: range.length_ms(), count: 1 };
    Grid { range, step: Step::WholeRange, cut }
}

fn even(length: i64, range: TimeRange, zone: &Zone, max: u32) -> Result<GridEdges, u64> {
    let offset = zone.offset_ms(range.from);
    let first = (range.from + offset).div_euclid(length);
    let last = (range.to - 1 + offset).div_euclid(length);
    let count = within(last - first + 1, max)?;
    Ok(GridEdges::Even { start: first * length - offset, length, count })
}

fn calendar(step: Step, range: TimeRange, zone: &Zone, max: u32) -> Result<GridEdges, u64> {
    let first = step.period_at(range.from, zone);
    let last = step.period_at(range.to - 1, zone);
    // Dates that a zone skipped or began twice make the true count differ by one or two; beyond that
    // nothing is worth being computed.
    within(last - first + 1, max.saturating_add(2))?;
    let mut edges = Vec::new();
    for period in first - 1..=last + 2 {
        let edge = step.period_start(period, zone);
        if edge <= range.from {
            edges.clear();
        }
        if edges.last().is_none_or(|before| *before < edge) {
            edges.push(edge);
        }
        if edge >= range.to {
            break;
        }
    }
    within(edges.len() as i64 - 1, max)?;
    Ok(GridEdges::Edges(edges))
}

fn within(count: i64, max: u32) -> Result<u32, u64> {
    u32::try_from(count).ok().filter(|count| *count <= max).ok_or(count.unsigned_abs())
}

#[cfg(test)]
mod tests;
