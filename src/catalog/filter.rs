//! Conditions on labels and columns. Patterns and ordered comparisons are evaluated here, in Rust, against the values
//! that exist; what reaches the database is a list of values.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use super::{BoundComparison, LabelValue};
use crate::ast::{Comparison, Matcher, Span, Test, Values};
use crate::budget::Budget;
use crate::error::Error;
use crate::pattern::{self, Patterns};

/// A condition on one label that the database evaluates. An absent label has the empty value.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Where the label's value is.
    pub value: LabelValue,
    /// What it must be.
    pub wanted: ValueCondition,
}

/// What a filter wants of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueCondition {
    /// One of these; the empty string stands for an absent label.
    OneOf(Values),
    /// None of these.
    NoneOf(Values),
    /// To stand so to a bound; NULL does not.
    Compared(BoundComparison),
    /// To be resolved by [`resolve_pattern`] when the label's values are known.
    Passing(ValueTest),
}

/// A test that is applied to each value of a label.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueTest {
    /// A regular expression for the whole value, and whether it must not match.
    Regex(pattern::Pattern, bool),
    /// An ordered comparison.
    Compare(Comparison, String),
}

/// A label whose values must be known before the statement can be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// Where its values are.
    pub value: LabelValue,
}

/// A matcher that makes no sense.
#[derive(Clone, Debug, PartialEq)]
pub struct BadMatcher {
    /// What is wrong, in a sentence.
    pub message: String,
    /// Where in the text it came from.
    pub span: Span,
}

/// The values that PostgreSQL can store: a text with a NUL equals nothing there, and is refused as a parameter.
fn storable(values: &Values) -> Values {
    if values.iter().any(|value| value.contains('\0')) {
        return values.iter().filter(|value| !value.contains('\0')).cloned().collect();
    }
    Arc::clone(values)
}

impl ValueCondition {
    /// Whether a value passes; the empty one stands for an absent label.
    #[must_use]
    pub fn accepts(&self, value: &str) -> bool {
        match self {
            Self::OneOf(values) => values.iter().any(|v| v == value),
            Self::NoneOf(values) => values.iter().all(|v| v != value),
            Self::Compared(_) => !value.is_empty(),
            Self::Passing(pattern) => pattern.accepts(value),
        }
    }
}

impl ValueTest {
    fn accepts(&self, value: &str) -> bool {
        match self {
            Self::Regex(regex, negated) => regex.is_match(value) != *negated,
            Self::Compare(..) if value.is_empty() => false,
            Self::Compare(comparison, bound) => compare(value, *comparison, bound),
        }
    }
}

/// Compares as numbers when both sides are, else by bytes.
fn compare(value: &str, comparison: Comparison, bound: &str) -> bool {
    let ordering = match (number(value), number(bound)) {
        (Some(a), Some(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
        _ => value.as_bytes().cmp(bound.as_bytes()),
    };
    match comparison {
        Comparison::Less => ordering.is_lt(),
        Comparison::LessOrEqual => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterOrEqual => ordering.is_ge(),
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

impl Filter {
    /// Whether only rows pass that have the label.
    #[must_use]
    pub fn wants_a_value(&self) -> bool {
        !self.wanted.accepts("")
    }

    /// The look-up that the filter still needs.
    #[must_use]
    pub fn lookup(&self) -> Option<Lookup> {
        matches!(self.wanted, ValueCondition::Passing(_)).then(|| Lookup { value: self.value.clone() })
    }
}

/// How many values are tried before the request's time is looked at again.
const BETWEEN_LOOKS: usize = 256;

/// Turns a pattern into the values that pass it, given all (non-empty) values that the label has in the range.
#[must_use]
pub fn resolve_pattern(filter: &Filter, values: &BTreeSet<String>) -> Filter {
    match tried(filter, values, || Ok::<(), Infallible>(())) {
        Ok(resolved) => resolved,
        Err(never) => match never {},
    }
}

/// As [`resolve_pattern`], as long as the request has time.
///
/// # Errors
/// The request's time is over.
pub fn resolve_within(filter: &Filter, values: &BTreeSet<String>, budget: &Budget) -> Result<Filter, Error> {
    tried(filter, values, || budget.go_on())
}

fn tried<E>(filter: &Filter, values: &BTreeSet<String>, mut go_on: impl FnMut() -> Result<(), E>) -> Result<Filter, E> {
    let ValueCondition::Passing(pattern) = &filter.wanted else { return Ok(filter.clone()) };
    let with_absent = std::iter::once("").chain(values.iter().map(String::as_str).filter(|v| !v.is_empty()));
    let mut passing = Vec::new();
    for (number, value) in with_absent.enumerate() {
        if number.is_multiple_of(BETWEEN_LOOKS) {
            go_on()?;
        }
        if pattern.accepts(value) {
            passing.push(value.to_owned());
        }
    }
    Ok(Filter { value: filter.value.clone(), wanted: ValueCondition::OneOf(passing.into()) })
}

/// A matcher's test, its pattern compiled.
///
/// # Errors
/// The pattern is no regular expression, or too large, or the request's patterns are too large together.
pub fn wanted(matcher: &Matcher, patterns: &Patterns) -> Result<ValueCondition, BadMatcher> {
    let regex = |pattern: &str, negated: bool| {
        let compiled = patterns.whole(pattern);
        let bad = |error: pattern::PatternError| BadMatcher { message: error.to_string(), span: matcher.span };
        Ok(ValueCondition::Passing(ValueTest::Regex(compiled.map_err(bad)?, negated)))
    };
    Ok(match &matcher.test {
        Test::Everything => ValueCondition::NoneOf(Values::default()),
        Test::Nothing => ValueCondition::OneOf(Values::default()),
        Test::In(values) => ValueCondition::OneOf(storable(values)),
        Test::NotIn(values) => ValueCondition::NoneOf(storable(values)),
        Test::Match(pattern) => regex(pattern, false)?,
        Test::NotMatch(pattern) => regex(pattern, true)?,
        Test::Compare(comparison, value) => ValueCondition::Passing(ValueTest::Compare(*comparison, value.clone())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::ProcessBudget;
    use crate::catalog::{Column, ColumnType, SourceRow};
    use crate::error::Kind;
    use crate::ident::Ident;

    #[test]
    fn values_are_tried_until_the_time_is_over() {
        let column =
            Column { name: Ident::new("x").unwrap(), ty: ColumnType::Text, nullable: true, row: SourceRow::Own };
        let wanted = ValueCondition::Passing(ValueTest::Compare(Comparison::Less, "12".into()));
        let filter = Filter { value: LabelValue::Column(column), wanted };
        let values: BTreeSet<String> = (0..100_000).map(|n| n.to_string()).collect();
        let budget = Budget::new(&ProcessBudget::new(1 << 20), 1 << 20, 1);
        let resolved = resolve_within(&filter, &values, &budget).unwrap();
        let below: Vec<String> =
            ["0", "1", "10", "11", "2", "3", "4", "5", "6", "7", "8", "9"].map(String::from).into();
        assert_eq!(resolved.wanted, ValueCondition::OneOf(below.into()));
        assert_eq!(resolve_pattern(&filter, &values), resolved);
        budget.stop();
        assert_eq!(resolve_within(&filter, &values, &budget).unwrap_err().kind, Kind::Timeout);
    }
}
