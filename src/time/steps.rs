//! The times at which an expression is evaluated.

use super::Millis;

/// Times of evaluation: `start`, `start + step`, and so on, or runs of such times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Steps {
    /// The first time.
    pub start_ms: Millis,
    /// The distance between two times, at least 1; in runs, between two of one run.
    pub step_ms: i64,
    /// How many times there are.
    pub len: u32,
    /// How the times are divided into runs with gaps between them; none where all are evenly spaced.
    pub runs: Option<StepRuns>,
}

/// Runs of as many times each, which begin at evenly spaced times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StepRuns {
    /// How many times a run has, at least 1.
    pub len: u32,
    /// The distance between the beginnings of two runs; a run is shorter.
    pub every_ms: i64,
}

impl Steps {
    /// Evenly spaced times.
    #[must_use]
    pub const fn even(start_ms: Millis, step_ms: i64, len: u32) -> Self {
        Self { start_ms, step_ms, len, runs: None }
    }

    /// One time.
    #[must_use]
    pub const fn instant(at: Millis) -> Self {
        Self::even(at, 1, 1)
    }

    /// The time of a step, counted from 0.
    #[must_use]
    pub const fn at(&self, step: u32) -> Millis {
        let (run_ms, step) = match self.runs {
            Some(runs) => (runs.every_ms.saturating_mul((step / runs.len) as i64), step % runs.len),
            None => (0, step),
        };
        self.start_ms.saturating_add(run_ms).saturating_add(self.step_ms.saturating_mul(step as i64))
    }

    /// The runs of its times; evenly spaced times are runs of one time each.
    #[must_use]
    pub const fn runs(&self) -> StepRuns {
        match self.runs {
            Some(runs) => runs,
            None => StepRuns { len: 1, every_ms: self.step_ms },
        }
    }

    /// The last time; the first one where there is none.
    #[must_use]
    pub const fn end_ms(&self) -> Millis {
        self.at(self.len.saturating_sub(1))
    }

    /// All times in order.
    pub fn times(&self) -> impl Iterator<Item = Millis> + use<> {
        let steps = *self;
        (0..steps.len).map(move |step| steps.at(step))
    }

    /// The first step whose time is not before an instant; the number of steps where there is none.
    #[must_use]
    pub fn first_from(&self, at: Millis) -> u32 {
        let behind = i128::from(at) - i128::from(self.start_ms);
        if behind <= 0 {
            return 0;
        }
        let step = i128::from(self.step_ms.max(1));
        let first = match self.runs {
            None => (behind + step - 1) / step,
            Some(runs) => {
                let (every, len) = (i128::from(runs.every_ms.max(1)), i128::from(runs.len));
                behind / every * len + ((behind % every + step - 1) / step).min(len)
            }
        };
        u32::try_from(first).unwrap_or(u32::MAX).min(self.len)
    }

    /// The multiples of a length since 1970 within `(after, to]`; none where they are more than can be counted.
    #[must_use]
    pub fn multiples(step_ms: i64, after: Millis, to: Millis) -> Option<Self> {
        // Division rounds towards zero, as in Prometheus.
        let mut start_ms = step_ms.checked_mul(after / step_ms)?;
        if start_ms <= after {
            start_ms = start_ms.checked_add(step_ms)?;
        }
        let len = if to < start_ms { 0 } else { (to - start_ms) / step_ms + 1 };
        Some(Self::even(start_ms, step_ms, u32::try_from(len).ok()?))
    }

    /// The multiples of a length since 1970 that lie in windows `(end - window, end]` that end at these times: where the
    /// windows leave gaps, as far as all have theirs at the same places, else from the first window to the last. None
    /// where they are more than can be counted.
    #[must_use]
    pub fn multiples_within(&self, step_ms: i64, window_ms: i64, earliest: Millis) -> Option<Self> {
        let StepRuns { len, every_ms } = self.runs();
        let after = self.start_ms.saturating_sub(window_ms);
        let is_alike = every_ms % step_ms == 0 && self.len > len && after >= earliest;
        let after = after.max(earliest);
        let first = Self::multiples(step_ms, after, self.at(len - 1)).filter(|_| is_alike);
        match first.filter(|first| step_ms.saturating_mul(i64::from(first.len)) < every_ms) {
            None => Self::multiples(step_ms, after, self.end_ms()),
            Some(none) if none.len == 0 => Some(none),
            Some(run) => {
                let all = run.len.checked_mul(self.len / len)?;
                Some(Self { len: all, runs: Some(StepRuns { len: run.len, every_ms }), ..run })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_from_an_instant_on() {
        let steps = Steps::even(100, 10, 3);
        assert_eq!([99, 100, 101, 110, 120, 121].map(|at| steps.first_from(at)), [0, 0, 1, 1, 2, 3]);
        assert_eq!((steps.end_ms(), steps.times().collect::<Vec<_>>()), (120, vec![100, 110, 120]));
    }

    #[test]
    fn multiples_lie_behind_the_first_bound_and_up_to_the_second() {
        for (after, to, start, len) in
            [(0, 60, 10, 6), (-5, 0, 0, 1), (9, 30, 10, 3), (10, 19, 20, 0), (-25, -10, -20, 2)]
        {
            assert_eq!(Steps::multiples(10, after, to), Some(Steps::even(start, 10, len)), "{after}");
        }
        assert_eq!(Steps::multiples(1, 0, i64::MAX), None);
    }

    #[test]
    fn times_are_those_of_the_windows_alone() {
        // Windows of 25 that end at 107, 207 and 307; the multiples of 10 in them.
        let ends = Steps::even(107, 100, 3);
        let inner = ends.multiples_within(10, 25, i64::MIN).expect("times");
        assert_eq!(inner.times().collect::<Vec<_>>(), [90, 100, 190, 200, 290, 300]);
        let firsts = [0, 90, 91, 100, 101, 190, 191, 300, 301].map(|at| inner.first_from(at));
        assert_eq!(firsts, [0, 0, 1, 1, 2, 2, 3, 5, 6]);
        assert_eq!(inner.end_ms(), 300);
        // Windows of 15 in front of these: the multiples of 5, in the same runs.
        let nested = inner.multiples_within(5, 15, i64::MIN).expect("times");
        assert_eq!(nested.times().take(6).collect::<Vec<_>>(), [80, 85, 90, 95, 100, 180]);
        // Windows that touch or have their multiples at other places are one interval.
        for (ends, step_ms, window_ms, expected) in [
            (Steps::even(100, 20, 3), 10, 20, Steps::even(90, 10, 6)),
            (Steps::even(100, 25, 2), 10, 5, Steps::even(100, 10, 3)),
            (Steps::even(100, 100, 1), 10, 20, Steps::even(90, 10, 2)),
            (inner, 5, 95, Steps::even(0, 5, 61)),
            (Steps::even(107, 100, 3), 100, 5, Steps::even(200, 100, 0)),
        ] {
            assert_eq!(ends.multiples_within(step_ms, window_ms, i64::MIN), Some(expected), "{ends:?}");
        }
    }
}
