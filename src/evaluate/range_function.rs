//! The functions of a range of samples.

use crate::ast::OverTime;

/// A function of a range of samples: part of a fetch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RangeFunction {
    /// One of the seven that SQL answers with mergeable partials.
    OverTime(OverTime),
    /// `stddev_over_time`: the population's standard deviation.
    Stddev,
    /// `stdvar_over_time`: the population's variance.
    Stdvar,
    /// `quantile_over_time(φ, …)`; below 0 it is -Inf, above 1 it is +Inf.
    Quantile(f64),
    /// `present_over_time`: 1 where there is a sample.
    Present,
    /// `rate`: increase per second.
    Rate,
    /// `increase`: growth of a counter, resets accounted for.
    Increase,
    /// `delta`: growth of a gauge.
    Delta,
    /// `irate`: rate between the last two samples.
    Irate,
    /// `idelta`: difference of the last two samples.
    Idelta,
    /// `changes`: how often the value changed.
    Changes,
    /// `resets`: how often the value fell.
    Resets,
    /// `deriv`: slope of the regression line per second.
    Deriv,
}

impl RangeFunction {
    /// Those without a parameter of their own.
    const PLAIN: &[Self] = &[
        Self::OverTime(OverTime::Avg),
        Self::OverTime(OverTime::Min),
        Self::OverTime(OverTime::Max),
        Self::OverTime(OverTime::Sum),
        Self::OverTime(OverTime::Count),
        Self::OverTime(OverTime::First),
        Self::OverTime(OverTime::Last),
        Self::Stddev,
        Self::Stdvar,
        Self::Present,
        Self::Rate,
        Self::Increase,
        Self::Delta,
        Self::Irate,
        Self::Idelta,
        Self::Changes,
        Self::Resets,
        Self::Deriv,
    ];

    /// The word in the language.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OverTime(OverTime::Avg) => "avg_over_time",
            Self::OverTime(OverTime::Min) => "min_over_time",
            Self::OverTime(OverTime::Max) => "max_over_time",
            Self::OverTime(OverTime::Sum) => "sum_over_time",
            Self::OverTime(OverTime::Count) => "count_over_time",
            Self::OverTime(OverTime::First) => "first_over_time",
            Self::OverTime(OverTime::Last) => "last_over_time",
            Self::Stddev => "stddev_over_time",
            Self::Stdvar => "stdvar_over_time",
            Self::Quantile(_) => "quantile_over_time",
            Self::Present => "present_over_time",
            Self::Rate => "rate",
            Self::Increase => "increase",
            Self::Delta => "delta",
            Self::Irate => "irate",
            Self::Idelta => "idelta",
            Self::Changes => "changes",
            Self::Resets => "resets",
            Self::Deriv => "deriv",
        }
    }

    /// The function that the word names; `quantile_over_time` needs its φ besides and is not among them.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::PLAIN.iter().copied().find(|function| function.word() == word)
    }

    /// Every word.
    pub fn words() -> impl Iterator<Item = &'static str> {
        Self::PLAIN.iter().map(|function| function.word()).chain([Self::Quantile(0.5).word()])
    }

    /// Whether it needs the samples themselves, in order of time.
    #[must_use]
    pub const fn is_of_samples(self) -> bool {
        self.is_of_pairs() || matches!(self, Self::Quantile(_))
    }

    /// Whether it looks at each sample beside the one before it.
    #[must_use]
    pub const fn is_of_pairs(self) -> bool {
        use RangeFunction::{Changes, Delta, Idelta, Increase, Irate, Rate, Resets};
        matches!(self, Rate | Increase | Delta | Irate | Idelta | Changes | Resets)
    }

    /// The one of the simple seven that it is.
    #[must_use]
    pub const fn over_time(self) -> Option<OverTime> {
        match self {
            Self::OverTime(function) => Some(function),
            _ => None,
        }
    }
}
