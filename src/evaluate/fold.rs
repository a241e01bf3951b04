//! The samples of one series, folded into the windows of all steps as they come.

use super::over::OverFunction;
use crate::budget::HeldBytes;
use crate::error::Error;
use crate::range::{Function, Sample, Sliding, Window, is_stale};
use crate::series::Point;
use crate::time::{Millis, Steps, TimeRange};

/// Windows of one length that end at evenly spaced times, and what becomes of the samples in them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoldPlan {
    /// What becomes of the samples of a window.
    pub function: OverFunction,
    /// The function's numbers.
    pub args: [f64; 2],
    /// The ends of the windows.
    pub ends: Steps,
    /// The length of a window; for an instant selector, how long a sample counts where the question says.
    pub window_ms: Option<i64>,
}

impl FoldPlan {
    /// The same for a source in which a sample counts for so long.
    #[must_use]
    pub fn with_lookback(self, lookback_ms: i64) -> Self {
        Self { window_ms: Some(self.window_ms.unwrap_or(lookback_ms)), ..self }
    }

    /// The window of a step.
    #[must_use]
    pub fn window(&self, step: u32) -> Window {
        let end_ms = self.ends.at(step);
        Window { start_ms: end_ms.saturating_sub(self.window_ms.unwrap_or_default()), end_ms }
    }

    /// The edges of a bucket for each step: one edge more than steps. A bucket ends behind the last millisecond of the
    /// step's window, and is as long as the distance of steps.
    #[must_use]
    pub fn edges(&self) -> Vec<Millis> {
        let first = self.ends.start_ms.saturating_add(1);
        let edge = |step: i64| first.saturating_add(self.ends.step_ms.saturating_mul(step));
        (-1..i64::from(self.ends.len)).map(edge).collect()
    }

    /// The same at the steps whose buckets lie between two edges.
    #[must_use]
    pub fn within(self, range: TimeRange) -> Self {
        let step_ms = self.ends.step_ms;
        let len = range.to.saturating_sub(range.from) / step_ms.max(1);
        let start_ms = range.from.saturating_add(step_ms - 1);
        Self { ends: Steps::even(start_ms, step_ms, u32::try_from(len).unwrap_or(u32::MAX)), ..self }
    }
}

/// One series under way.
#[derive(Debug)]
pub struct Fold {
    /// The newest sample: another one at its millisecond takes its place.
    newest: Option<Sample>,
    /// The first step that has no value yet.
    next: u32,
    /// The windows that are open; none where the newest sample is all that counts.
    windows: Option<Box<Open>>,
    points: Vec<Point>,
}

#[derive(Debug)]
struct Open {
    sliding: Sliding,
    /// The newest sample in it.
    newest_ms: Millis,
    samples: u32,
    paid: usize,
}

/// Samples after which the bytes of open windows are looked at again.
const BETWEEN_LOOKS: u32 = 32;

impl Fold {
    /// A series without samples.
    #[must_use]
    pub fn new(plan: &FoldPlan) -> Self {
        let windows = match plan.function {
            OverFunction::Instant | OverFunction::InstantTime => None,
            OverFunction::Range(function) => Some(Box::new(Open::new(function, plan))),
        };
        Self { newest: None, next: 0, windows, points: Vec::new() }
    }

    /// Takes the next sample; none is earlier than the one before.
    ///
    /// # Errors
    /// More bytes would be held than allowed.
    pub fn push(&mut self, plan: &FoldPlan, sample: Sample, held: &mut HeldBytes) -> Result<(), Error> {
        if let Some(newest) = self.newest.replace(sample)
            && newest.ms != sample.ms
        {
            self.accept(plan, newest, sample.ms, held)?;
        }
        Ok(())
    }

    /// The points of all steps.
    ///
    /// # Errors
    /// More bytes would be held than allowed.
    pub fn finish(mut self, plan: &FoldPlan, held: &mut HeldBytes) -> Result<Vec<Point>, Error> {
        if let Some(newest) = self.newest.take() {
            self.accept(plan, newest, Millis::MAX, held)?;
        }
        if let Some(open) = &self.windows {
            held.give_back(open.paid);
        }
        Ok(self.points)
    }

    /// Takes a sample for good, and gives the steps before the next one their values.
    fn accept(&mut self, plan: &FoldPlan, sample: Sample, next_ms: Millis, held: &mut HeldBytes) -> Result<(), Error> {
        let capacity = self.points.capacity();
        // Mostly a later sample comes before the next step: then there is nothing to divide.
        if plan.ends.at(self.next) < sample.ms {
            self.next = plan.ends.first_from(sample.ms);
        }
        if self.next >= plan.ends.len || sample.ms <= plan.window(self.next).start_ms {
            // It is in no window that is left.
            return Ok(());
        }
        if let Some(open) = self.windows.as_mut().filter(|_| !is_stale(sample.value)) {
            open.push(sample, held)?;
        }
        while self.next < plan.ends.len && plan.ends.at(self.next) < next_ms {
            let window = plan.window(self.next);
            let value = match &mut self.windows {
                Some(open) if open.newest_ms > window.start_ms => open.sliding.value_at(window.end_ms),
                None if sample.ms > window.start_ms && !is_stale(sample.value) => Some(match plan.function {
                    OverFunction::InstantTime => sample.ms as f64 / 1000.0,
                    OverFunction::Instant | OverFunction::Range(_) => sample.value,
                }),
                // Later windows begin later still.
                _ => break,
            };
            self.points.extend(value.map(|value| Point { bucket: self.next, value }));
            self.next += 1;
        }
        held.pay((self.points.capacity() - capacity) * size_of::<Point>())
    }
}

impl Open {
    fn new(function: Function, plan: &FoldPlan) -> Self {
        let sliding = Sliding::new(function, plan.args, plan.window_ms.unwrap_or_default());
        Self { sliding, newest_ms: Millis::MIN, samples: 0, paid: 0 }
    }

    fn push(&mut self, sample: Sample, held: &mut HeldBytes) -> Result<(), Error> {
        self.sliding.push(sample);
        self.newest_ms = sample.ms;
        self.samples += 1;
        if self.samples.is_multiple_of(BETWEEN_LOOKS) {
            let bytes = self.sliding.bytes();
            match bytes.checked_sub(self.paid) {
                Some(more) => held.pay(more)?,
                None => held.give_back(self.paid - bytes),
            }
            self.paid = bytes;
        }
        Ok(())
    }
}
