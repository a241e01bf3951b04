//! Sums that keep what rounding loses.

/// A sum after Kahan, as Neumaier improved it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Compensated {
    /// The sum.
    pub sum: f64,
    /// What the sum lacks.
    pub(super) carry: f64,
}

impl Compensated {
    /// The sum of one value.
    #[must_use]
    pub const fn of(value: f64) -> Self {
        Self { sum: value, carry: 0.0 }
    }

    /// The sum with one more value.
    #[must_use]
    pub fn plus(self, value: f64) -> Self {
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
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { sum: factor * self.sum, carry: factor * self.carry }
    }

    /// The sum divided by a number.
    #[must_use]
    pub fn divided(self, number: f64) -> Self {
        Self { sum: self.sum / number, carry: self.carry / number }
    }

    /// The sum as one number.
    #[must_use]
    pub fn total(self) -> f64 {
        self.sum + self.carry
    }
}
