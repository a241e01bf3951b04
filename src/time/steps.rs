//! The times at which an expression is evaluated.

use super::Millis;

/// Evenly spaced times of evaluation: `start`, `start + step`, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Steps {
    /// The first time.
    pub start_ms: Millis,
    /// The distance between two times, at least 1.
    pub step_ms: i64,
    /// How many times there are.
    pub len: u32,
}

impl Steps {
    /// One time.
    #[must_use]
    pub const fn instant(at: Millis) -> Self {
        Self { start_ms: at, step_ms: 1, len: 1 }
    }

    /// The time of a step, counted from 0.
    #[must_use]
    pub const fn at(&self, step: u32) -> Millis {
        self.start_ms.saturating_add(self.step_ms.saturating_mul(step as i64))
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
        let step = i128::from(self.step_ms.max(1));
        let first = if behind <= 0 { 0 } else { (behind + step - 1) / step };
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
        Some(Self { start_ms, step_ms, len: u32::try_from(len).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_from_an_instant_on() {
        let steps = Steps { start_ms: 100, step_ms: 10, len: 3 };
        assert_eq!([99, 100, 101, 110, 120, 121].map(|at| steps.first_from(at)), [0, 0, 1, 1, 2, 3]);
        assert_eq!((steps.end_ms(), steps.times().collect::<Vec<_>>()), (120, vec![100, 110, 120]));
    }

    #[test]
    fn multiples_lie_behind_the_first_bound_and_up_to_the_second() {
        for (after, to, start, len) in
            [(0, 60, 10, 6), (-5, 0, 0, 1), (9, 30, 10, 3), (10, 19, 20, 0), (-25, -10, -20, 2)]
        {
            assert_eq!(Steps::multiples(10, after, to), Some(Steps { start_ms: start, step_ms: 10, len }), "{after}");
        }
        assert_eq!(Steps::multiples(1, 0, i64::MAX), None);
    }
}
