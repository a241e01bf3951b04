//! A selector as it was written: names in their places, values before they are interpreted.

use super::Span;

words! {
    /// How a matcher compares.
    MatchOp {
        /// The value is equal.
        Equal = "=",
        /// The value is not equal.
        NotEqual = "!=",
        /// The whole value matches a regular expression.
        Matches = "=~",
        /// The whole value does not match it.
        MatchesNot = "!~",
    }
}

/// What stands in a selector's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The metric's name in front of the braces.
    pub name: Option<String>,
    /// What stands in the braces, in order; a name in quotes is a matcher on `__name__`.
    pub matchers: Vec<WrittenMatcher>,
}

/// A matcher's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenMatcher {
    /// The label's name, unquoted.
    pub label: String,
    /// How it compares.
    pub op: MatchOp,
    /// The value, unquoted: a pattern stays a pattern.
    pub value: String,
    /// Where the matcher stands.
    pub span: Span,
}
