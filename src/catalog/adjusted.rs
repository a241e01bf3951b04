//! Adjustments of a metric's stored values: `scale`, `missing`, `product`, `where`.

/// How stored values are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adjustment {
    /// What each is multiplied by.
    pub scale: Option<Scale>,
    /// Stored values that are no samples.
    pub missing: Vec<f64>,
}

/// A factor. One whose inverse is a whole number divides, so that a hundredth of 1999 is 19.99 and no neighbour of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// By a number.
    By(f64),
    /// By one over a whole number.
    Over(f64),
}

impl Scale {
    /// The scale of a factor; none of a factor that is 0 or not finite.
    #[must_use]
    pub fn of(factor: f64) -> Option<Self> {
        let inverse = (1.0 / factor).round();
        let is_inverse = inverse.abs() > 1.0 && inverse.is_finite() && 1.0 / inverse == factor;
        let scale = if is_inverse { Self::Over(inverse) } else { Self::By(factor) };
        (factor.is_finite() && factor != 0.0).then_some(scale)
    }

    /// The factor.
    #[must_use]
    pub const fn factor(self) -> f64 {
        match self {
            Self::By(factor) => factor,
            Self::Over(inverse) => 1.0 / inverse,
        }
    }

    /// Whether the largest stored value becomes the least.
    #[must_use]
    pub const fn is_reversing(self) -> bool {
        self.factor() < 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_with_a_whole_inverse_divides() {
        assert_eq!(Scale::of(0.01), Some(Scale::Over(100.0)));
        assert_eq!(Scale::of(-0.001), Some(Scale::Over(-1000.0)));
        assert_eq!(Scale::of(1e-9), Some(Scale::Over(1e9)));
        assert_eq!(Scale::of(0.3), Some(Scale::By(0.3)));
        assert_eq!(Scale::of(1024.0), Some(Scale::By(1024.0)));
        assert_eq!(Scale::of(1.0), Some(Scale::By(1.0)));
        assert_eq!(Scale::of(0.01).map(Scale::factor), Some(0.01));
        for factor in [0.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Scale::of(factor), None);
        }
    }
}
