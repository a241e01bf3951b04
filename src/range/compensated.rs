//! Sums that keep what rounding loses.

/// A sum after Kahan, as Neumaier improved it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Compensated {
    pub(super) sum: f64,
    /// What the sum lacks.
    pub(super) carry: f64,
}

impl Compensated {
    pub(super) const fn of(value: f64) -> Self {
        Self { sum: value, carry: 0.0 }
    }

    /// The sum with one more value.
    pub(super) fn plus(self, value: f64) -> Self {
        let Self { sum, carry } = self;
        let total = sum + value;
        let lost = if total.is_infinite() {
            return Self::of(total);
        } else if sum.abs() >= value.abs() {
            (sum - total) + value
        } else {
            (value - total) + sum
        };
        Self { sum: total, carry: carry + lost }
    }

    /// The sum times a factor.
    pub(super) fn scaled(self, factor: f64) -> Self {
        Self { sum: factor * self.sum, carry: factor * self.carry }
    }

    pub(super) fn total(self) -> f64 {
        self.sum + self.carry
    }
}
