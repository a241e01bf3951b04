//! Values whose sums need care.

/// Values from here on may leave the range of float64 when they are added.
const HUGE: f64 = 1e140;

/// How many of some values are of a kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Classes {
    pub(super) nan: usize,
    pub(super) plus_infinity: usize,
    pub(super) minus_infinity: usize,
    pub(super) huge: usize,
}

impl Classes {
    pub(super) fn add(&mut self, value: f64) {
        if let Some(count) = self.of(value) {
            *count += 1;
        }
    }

    pub(super) fn remove(&mut self, value: f64) {
        if let Some(count) = self.of(value) {
            *count -= 1;
        }
    }

    fn of(&mut self, value: f64) -> Option<&mut usize> {
        if value.is_nan() {
            Some(&mut self.nan)
        } else if value == f64::INFINITY {
            Some(&mut self.plus_infinity)
        } else if value == f64::NEG_INFINITY {
            Some(&mut self.minus_infinity)
        } else if value.abs() >= HUGE {
            Some(&mut self.huge)
        } else {
            None
        }
    }

    /// The sum of values of which one is not finite.
    pub(super) fn sum(&self) -> Option<f64> {
        match (self.nan, self.plus_infinity, self.minus_infinity) {
            (0, 0, 0) => None,
            (0, _, 0) => Some(f64::INFINITY),
            (0, 0, _) => Some(f64::NEG_INFINITY),
            _ => Some(f64::NAN),
        }
    }
}
