//! The keywords of the language: operators, aggregations, options.

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }
        impl $name {
            /// Every member, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word in the language.
            #[must_use]
            pub const fn word(self) -> &'static str { match self { $(Self::$variant => $word),+ } }
            /// The member that the word names.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> { match word { $($word => Some(Self::$variant),)+ _ => None } }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.word()) }
        }
    };
}

words! {
    /// Aggregation operators.
    AggregateOp {
        /// Sum of the values.
        Sum = "sum",
        /// Mean of the values.
        Avg = "avg",
        /// Smallest value; NaN only when all are.
        Min = "min",
        /// Largest value; NaN only when all are.
        Max = "max",
        /// Number of series with a value.
        Count = "count",
        /// 1 for every group.
        Group = "group",
        /// Population standard deviation.
        Stddev = "stddev",
        /// Population variance.
        Stdvar = "stdvar",
        /// The k series that rank highest.
        Topk = "topk",
        /// The k series that rank lowest.
        Bottomk = "bottomk",
        /// φ-quantile over the series.
        Quantile = "quantile",
        /// Number of series by value.
        CountValues = "count_values",
        /// k arbitrary series (experimental in Prometheus).
        Limitk = "limitk",
        /// A share of the series (experimental in Prometheus).
        LimitRatio = "limit_ratio",
    }
}

words! {
    /// Binary operators.
    BinaryOp {
        /// Addition.
        Add = "+",
        /// Subtraction.
        Sub = "-",
        /// Multiplication.
        Mul = "*",
        /// Division.
        Div = "/",
        /// Remainder.
        Mod = "%",
        /// Power, right-associative.
        Pow = "^",
        /// Arc tangent of lhs / rhs.
        Atan2 = "atan2",
        /// Equal.
        Eq = "==",
        /// Not equal.
        Ne = "!=",
        /// Greater.
        Gt = ">",
        /// Less.
        Lt = "<",
        /// Greater or equal.
        Ge = ">=",
        /// Less or equal.
        Le = "<=",
        /// Intersection of series.
        And = "and",
        /// Union of series.
        Or = "or",
        /// Complement of series.
        Unless = "unless",
    }
}

impl BinaryOp {
    /// Whether it compares (and so takes `bool`).
    #[must_use]
    pub const fn is_comparison(self) -> bool {
        matches!(self, Self::Eq | Self::Ne | Self::Gt | Self::Lt | Self::Ge | Self::Le)
    }

    /// Whether it combines sets of series.
    #[must_use]
    pub const fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }
}

words! {
    /// How the samples of one series in one bucket become one value.
    OverTime {
        /// Mean.
        Avg = "avg",
        /// Smallest; NaN only when all are.
        Min = "min",
        /// Largest; NaN only when all are.
        Max = "max",
        /// Sum.
        Sum = "sum",
        /// Number of samples.
        Count = "count",
        /// Earliest sample; of several at that instant the smallest.
        First = "first",
        /// Latest sample; of several at that instant the largest.
        Last = "last",
    }
}

words! {
    /// What an expression gives at one time, in Prometheus' words.
    ValueType {
        /// A number.
        Scalar = "scalar",
        /// A value for each series.
        Vector = "vector",
        /// Samples for each series.
        Matrix = "matrix",
        /// A string.
        Text = "string",
    }
}

impl ValueType {
    /// What Prometheus' documentation calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "a scalar",
            Self::Vector => "an instant vector",
            Self::Matrix => "a range vector",
            Self::Text => "a string",
        }
    }
}
