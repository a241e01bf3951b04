//! The functions of Prometheus 3 and their types.

use crate::ast::ValueType::{self, Matrix, Scalar, Text, Vector};

use super::error::nearest;

/// What a function takes and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The types of its arguments; the last is that of all further ones.
    pub args: &'static [ValueType],
    /// How many arguments may be missing or added around the last: 0 none, 1 the last may be missing, -1 the last
    /// may be missing or come any number of times.
    pub variadic: i8,
    /// The type of its result.
    pub returns: ValueType,
}

impl Signature {
    /// The fewest arguments.
    #[must_use]
    pub const fn fewest(&self) -> usize {
        self.args.len() - (self.variadic != 0) as usize
    }

    /// The most arguments, where there is a bound.
    #[must_use]
    pub const fn most(&self) -> Option<usize> {
        if self.variadic < 0 { None } else { Some(self.args.len()) }
    }

    /// The type of the argument at an index.
    #[must_use]
    pub fn arg(&self, index: usize) -> Option<ValueType> {
        self.args.get(index).or_else(|| self.args.last().filter(|_| self.variadic < 0)).copied()
    }
}

struct Group {
    names: &'static [&'static str],
    signature: Signature,
}

const fn vector(names: &'static [&'static str], args: &'static [ValueType], variadic: i8) -> Group {
    Group { names, signature: Signature { args, variadic, returns: Vector } }
}

const fn scalar(names: &'static [&'static str], args: &'static [ValueType]) -> Group {
    Group { names, signature: Signature { args, variadic: 0, returns: Scalar } }
}

const OF_VECTORS: &[&str] = &[
    "abs",
    "absent",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "ceil",
    "cos",
    "cosh",
    "deg",
    "exp",
    "floor",
    "histogram_avg",
    "histogram_count",
    "histogram_stddev",
    "histogram_stdvar",
    "histogram_sum",
    "ln",
    "log10",
    "log2",
    "rad",
    "sgn",
    "sin",
    "sinh",
    "sort",
    "sort_desc",
    "sqrt",
    "tan",
    "tanh",
    "timestamp",
];

const OF_RANGES: &[&str] = &[
    "absent_over_time",
    "avg_over_time",
    "changes",
    "count_over_time",
    "delta",
    "deriv",
    "first_over_time",
    "idelta",
    "increase",
    "irate",
    "last_over_time",
    "mad_over_time",
    "max_over_time",
    "min_over_time",
    "present_over_time",
    "rate",
    "resets",
    "stddev_over_time",
    "stdvar_over_time",
    "sum_over_time",
    "ts_of_first_over_time",
    "ts_of_last_over_time",
    "ts_of_max_over_time",
    "ts_of_min_over_time",
];

const OF_DATES: &[&str] =
    &["day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year"];

const GROUPS: &[Group] = &[
    vector(OF_VECTORS, &[Vector], 0),
    vector(OF_RANGES, &[Matrix], 0),
    vector(OF_DATES, &[Vector], 1),
    vector(&["clamp"], &[Vector, Scalar, Scalar], 0),
    vector(&["clamp_max", "clamp_min"], &[Vector, Scalar], 0),
    vector(&["double_exponential_smoothing"], &[Matrix, Scalar, Scalar], 0),
    vector(&["histogram_fraction"], &[Scalar, Scalar, Vector], 0),
    vector(&["histogram_quantile"], &[Scalar, Vector], 0),
    vector(&["info"], &[Vector, Vector], 1),
    vector(&["label_join"], &[Vector, Text, Text, Text], -1),
    vector(&["label_replace"], &[Vector, Text, Text, Text, Text], 0),
    vector(&["predict_linear"], &[Matrix, Scalar], 0),
    vector(&["quantile_over_time"], &[Scalar, Matrix], 0),
    vector(&["round"], &[Vector, Scalar], 1),
    vector(&["sort_by_label", "sort_by_label_desc"], &[Vector, Text], -1),
    vector(&["vector"], &[Scalar], 0),
    scalar(&["pi", "time"], &[]),
    scalar(&["scalar"], &[Vector]),
];

/// What the function of that name takes and gives; case matters.
#[must_use]
pub fn signature(name: &str) -> Option<Signature> {
    GROUPS.iter().find(|group| group.names.contains(&name)).map(|group| group.signature)
}

/// The function that a name is most likely a misspelling of.
pub(super) fn nearest_function(name: &str) -> Option<&'static str> {
    nearest(name, GROUPS.iter().flat_map(|group| group.names.iter().copied()))
}
