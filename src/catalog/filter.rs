//! Conditions on labels and columns. Patterns and ordered comparisons are evaluated here, in Rust, against the values
//! that exist; what reaches the database is a list of values.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use regex::{Regex, RegexBuilder};

use super::LabelValue;
use crate::ast::{Comparison, Matcher, Span, Test};

const PATTERN_BYTES: usize = 64 * 1024;
const PROGRAM_BYTES: usize = 1024 * 1024;

/// A condition on one label that the database evaluates. An absent label has the empty value.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Where the label's value is.
    pub value: LabelValue,
    /// What it must be.
    pub wanted: Wanted,
}

/// What a filter wants of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// One of these; the empty string stands for an absent label.
    OneOf(Vec<String>),
    /// None of these.
    NoneOf(Vec<String>),
    /// To be settled by [`settle`] when the label's values are known.
    Passing(Pattern),
}

/// A test that is applied to each value of a label.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// A fully anchored regular expression, and whether it must not match.
    Regex(Regex, bool),
    /// An ordered comparison.
    Compare(Comparison, String),
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Regex(a, x), Self::Regex(b, y)) => a.as_str() == b.as_str() && x == y,
            (Self::Compare(a, x), Self::Compare(b, y)) => a == b && x == y,
            _ => false,
        }
    }
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
fn storable(values: &[String]) -> Vec<String> {
    values.iter().filter(|value| !value.contains('\0')).cloned().collect()
}

fn compile(pattern: &str, span: Span) -> Result<Regex, BadMatcher> {
    if pattern.len() > PATTERN_BYTES {
        return Err(BadMatcher { message: "the regular expression is longer than 64 KiB".into(), span });
    }
    let pattern = &as_re2(pattern);
    let anchored = format!("^(?:{pattern})$");
    // Compiled alone first: `a)|(b` is only valid inside the anchors.
    let alone = RegexBuilder::new(pattern).dot_matches_new_line(true).size_limit(PROGRAM_BYTES).build();
    let whole = RegexBuilder::new(&anchored).dot_matches_new_line(true).size_limit(PROGRAM_BYTES).build();
    alone.and(whole).map_err(|error| BadMatcher { message: reason(&error), span })
}

/// RE2 reads `\<` and `\>` as the characters, the crate as the edges of a word; and a brace that begins no count as a
/// brace, where the crate sees a mistake.
fn as_re2(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let (mut escaped, mut named) = (false, false);
    for (at, c) in pattern.char_indices() {
        if escaped && matches!(c, '<' | '>') {
            out.pop();
        } else if c == '{' && !escaped && !named && !is_count(&pattern[at + 1..]) {
            out.push('\\');
        }
        // `\p{Greek}`, `\x{1F600}`
        named = escaped && matches!(c, 'p' | 'P' | 'x');
        escaped = c == '\\' && !escaped;
        out.push(c);
    }
    out
}

/// Whether what follows a brace is `n}`, `n,}` or `n,m}`.
fn is_count(rest: &str) -> bool {
    let Some((inside, _)) = rest.split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "the regular expression is too large when compiled".into(),
        regex::Error::Syntax(text) => {
            let last = text.lines().last().unwrap_or("").trim_start_matches("error: ");
            format!("the regular expression is not valid: {last}")
        }
        _ => "the regular expression is not valid".into(),
    }
}

impl Wanted {
    /// Whether a value passes; the empty one stands for an absent label.
    #[must_use]
    pub fn accepts(&self, value: &str) -> bool {
        match self {
            Self::OneOf(values) => values.iter().any(|v| v == value),
            Self::NoneOf(values) => values.iter().all(|v| v != value),
            Self::Passing(pattern) => pattern.accepts(value),
        }
    }
}

impl Pattern {
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
        matches!(self.wanted, Wanted::Passing(_)).then(|| Lookup { value: self.value.clone() })
    }
}

/// Turns a pattern into the values that pass it, given all (non-empty) values that the label has in the range.
#[must_use]
pub fn settle(filter: &Filter, values: &BTreeSet<String>) -> Filter {
    let Wanted::Passing(pattern) = &filter.wanted else { return filter.clone() };
    let with_absent = std::iter::once("").chain(values.iter().map(String::as_str).filter(|v| !v.is_empty()));
    let passing: Vec<String> = with_absent.filter(|value| pattern.accepts(value)).map(str::to_owned).collect();
    Filter { value: filter.value.clone(), wanted: Wanted::OneOf(passing) }
}

/// A matcher's test, its pattern compiled.
///
/// # Errors
/// The pattern is no regular expression, or too large.
pub fn wanted(matcher: &Matcher) -> Result<Wanted, BadMatcher> {
    Ok(match &matcher.test {
        Test::Everything => Wanted::NoneOf(Vec::new()),
        Test::Nothing => Wanted::OneOf(Vec::new()),
        Test::In(values) => Wanted::OneOf(storable(values)),
        Test::NotIn(values) => Wanted::NoneOf(storable(values)),
        Test::Match(pattern) => Wanted::Passing(Pattern::Regex(compile(pattern, matcher.span)?, false)),
        Test::NotMatch(pattern) => Wanted::Passing(Pattern::Regex(compile(pattern, matcher.span)?, true)),
        Test::Compare(comparison, value) => Wanted::Passing(Pattern::Compare(*comparison, value.clone())),
    })
}
