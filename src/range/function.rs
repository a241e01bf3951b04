//! The functions' names and what is particular to each.

/// A function of the samples in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `avg_over_time`: the mean.
    Avg,
    /// `min_over_time`: the smallest value; NaN only when all are.
    Min,
    /// `max_over_time`: the largest value; NaN only when all are.
    Max,
    /// `sum_over_time`: the sum.
    Sum,
    /// `count_over_time`: the number of samples.
    Count,
    /// `first_over_time`: the oldest value.
    First,
    /// `last_over_time`: the newest value.
    Last,
    /// `present_over_time`: 1.
    Present,
    /// `stddev_over_time`: the population's standard deviation.
    Stddev,
    /// `stdvar_over_time`: the population's variance.
    Stdvar,
    /// `quantile_over_time`: the φ-quantile.
    Quantile,
    /// `rate`: growth of a counter per second, extrapolated to the window.
    Rate,
    /// `increase`: growth of a counter, extrapolated to the window.
    Increase,
    /// `delta`: growth of a gauge, extrapolated to the window.
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
    /// `predict_linear`: the regression line's value at a later time.
    PredictLinear,
    /// `double_exponential_smoothing`: the smoothed newest value.
    Smoothing,
    /// `timestamp`: the time of the newest sample, in seconds. Its argument is an instant vector.
    Timestamp,
}

impl Function {
    /// Those whose argument is a range vector.
    pub const OF_RANGES: &'static [Self] = &[
        Self::Avg,
        Self::Min,
        Self::Max,
        Self::Sum,
        Self::Count,
        Self::First,
        Self::Last,
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
        Self::Quantile,
        Self::PredictLinear,
        Self::Smoothing,
    ];

    /// The function of a range vector that the word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::OF_RANGES.iter().copied().find(|function| function.word() == word)
    }

    /// The word in the language.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Avg => "avg_over_time",
            Self::Min => "min_over_time",
            Self::Max => "max_over_time",
            Self::Sum => "sum_over_time",
            Self::Count => "count_over_time",
            Self::First => "first_over_time",
            Self::Last => "last_over_time",
            Self::Present => "present_over_time",
            Self::Stddev => "stddev_over_time",
            Self::Stdvar => "stdvar_over_time",
            Self::Quantile => "quantile_over_time",
            Self::Rate => "rate",
            Self::Increase => "increase",
            Self::Delta => "delta",
            Self::Irate => "irate",
            Self::Idelta => "idelta",
            Self::Changes => "changes",
            Self::Resets => "resets",
            Self::Deriv => "deriv",
            Self::PredictLinear => "predict_linear",
            Self::Smoothing => "double_exponential_smoothing",
            Self::Timestamp => "timestamp",
        }
    }

    /// How many scalars stand before the range vector.
    #[must_use]
    pub const fn scalars_before(self) -> usize {
        if matches!(self, Self::Quantile) { 1 } else { 0 }
    }

    /// How many scalars stand behind the range vector.
    #[must_use]
    pub const fn scalars_after(self) -> usize {
        match self {
            Self::PredictLinear => 1,
            Self::Smoothing => 2,
            _ => 0,
        }
    }

    /// Whether the result still is the metric.
    #[must_use]
    pub const fn keeps_name(self) -> bool {
        matches!(self, Self::First | Self::Last)
    }

    /// Whether the samples should be those of a counter.
    #[must_use]
    pub const fn is_of_counters(self) -> bool {
        matches!(self, Self::Rate | Self::Increase | Self::Irate | Self::Resets)
    }

    /// Whether the function can be computed with these numbers: factors of smoothing lie between 0 and 1.
    #[must_use]
    pub fn accepts(self, args: [f64; 2]) -> bool {
        // A NaN passes, as it does in Prometheus, and makes every value NaN.
        self != Self::Smoothing || !args.iter().any(|factor| *factor <= 0.0 || *factor >= 1.0)
    }
}
