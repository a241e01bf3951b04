//! The functions of a range of samples.

use crate::ast::OverTime;
use crate::range::Function;

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
    /// The one that computes a function of Prometheus' language; none for those with numbers, and for those that panels
    /// lack.
    #[must_use]
    pub const fn of(function: Function) -> Option<Self> {
        Some(match function {
            Function::Avg => Self::OverTime(OverTime::Avg),
            Function::Min => Self::OverTime(OverTime::Min),
            Function::Max => Self::OverTime(OverTime::Max),
            Function::Sum => Self::OverTime(OverTime::Sum),
            Function::Count => Self::OverTime(OverTime::Count),
            Function::First => Self::OverTime(OverTime::First),
            Function::Last => Self::OverTime(OverTime::Last),
            Function::Stddev => Self::Stddev,
            Function::Stdvar => Self::Stdvar,
            Function::Present => Self::Present,
            Function::Rate => Self::Rate,
            Function::Increase => Self::Increase,
            Function::Delta => Self::Delta,
            Function::Irate => Self::Irate,
            Function::Idelta => Self::Idelta,
            Function::Changes => Self::Changes,
            Function::Resets => Self::Resets,
            Function::Deriv => Self::Deriv,
            Function::Quantile | Function::PredictLinear | Function::Smoothing | Function::Timestamp => return None,
        })
    }

    /// The function without its number.
    #[must_use]
    pub const fn function(self) -> Function {
        match self {
            Self::OverTime(OverTime::Avg) => Function::Avg,
            Self::OverTime(OverTime::Min) => Function::Min,
            Self::OverTime(OverTime::Max) => Function::Max,
            Self::OverTime(OverTime::Sum) => Function::Sum,
            Self::OverTime(OverTime::Count) => Function::Count,
            Self::OverTime(OverTime::First) => Function::First,
            Self::OverTime(OverTime::Last) => Function::Last,
            Self::Stddev => Function::Stddev,
            Self::Stdvar => Function::Stdvar,
            Self::Quantile(_) => Function::Quantile,
            Self::Present => Function::Present,
            Self::Rate => Function::Rate,
            Self::Increase => Function::Increase,
            Self::Delta => Function::Delta,
            Self::Irate => Function::Irate,
            Self::Idelta => Function::Idelta,
            Self::Changes => Function::Changes,
            Self::Resets => Function::Resets,
            Self::Deriv => Function::Deriv,
        }
    }

    /// The word in the language.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.function().word()
    }

    /// The function that the word names; `quantile_over_time` needs its φ besides and is not among them.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Function::from_word(word).and_then(Self::of)
    }

    /// Every word.
    pub fn words() -> impl Iterator<Item = &'static str> {
        let known = |function: &&Function| Self::of(**function).is_some() || **function == Function::Quantile;
        Function::OF_RANGES.iter().filter(known).map(|function| function.word())
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
