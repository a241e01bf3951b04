//! Comparisons on a column, which the database evaluates in the column's own type.

/// What a value is to a bound. NULL and NaN are nothing to any.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundComparison {
    /// How it must stand.
    pub order: Order,
    /// The bound, as PostgreSQL reads it.
    pub bound: String,
    /// The type that the bound is read as.
    pub ty: BoundType,
}

/// How a value stands to a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// The types of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is PostgreSQL's type of that name")]
pub enum BoundType {
    Int8,
    Numeric,
    Float4,
    Float8,
    Timestamptz,
    Timestamp,
    Date,
}

impl Order {
    const ALL: [Self; 6] =
        [Self::LessOrEqual, Self::GreaterOrEqual, Self::NotEqual, Self::Less, Self::Greater, Self::Equal];

    /// The operator in the file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "=",
            Self::NotEqual => "!=",
        }
    }

    /// The operator that a text begins with, and the rest.
    #[must_use]
    pub fn read(text: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|order| Some((order, text.strip_prefix(order.word())?)))
    }

    /// Whether NaN, which PostgreSQL sorts above every number, would pass.
    #[must_use]
    pub const fn lets_nan_pass(self) -> bool {
        matches!(self, Self::Greater | Self::GreaterOrEqual | Self::NotEqual)
    }
}
