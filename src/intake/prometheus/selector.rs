//! `match[]`: selectors, and what is wrong with a text, in Prometheus' words.

use super::shortened;
use crate::ast::{Expr, ExprKind, Modifiers, Selector, Test};
use crate::ast::{Matcher, MetricRef};
use crate::error::{Error, Kind};
use crate::language::{self, Dialect};
use crate::pattern::Patterns;

/// The parameter that selectors stand in.
const NAME: &str = "match[]";

/// Reads a selector: a metric's name, matchers in braces, or both, of which one must not match an absent label.
///
/// # Errors
/// It is something else, or every series passes it.
pub fn selector(text: &str, patterns: &Patterns) -> Result<Selector, Error> {
    let expression = language::parse(text, Dialect::PromQl).map_err(|error| {
        let unreadable = Error::new(Kind::BadTarget, error.to_string()).at(error.span);
        query_error(NAME, text, unreadable)
    })?;
    let selector = plain(expression, text)?;
    if matches_something(&selector, patterns).map_err(|error| query_error(NAME, text, error))? {
        return Ok(selector);
    }
    let message = "match[] must contain at least one non-empty matcher";
    Err(query_error(NAME, text, Error::new(Kind::BadTarget, message)))
}

/// An expression that is nothing but a selector.
fn plain(expression: Expr, text: &str) -> Result<Selector, Error> {
    match expression.kind {
        ExprKind::Selector(selector) if selector.window.is_none() && selector.modifiers == Modifiers::default() => {
            Ok(selector)
        }
        _ => {
            let message = format!("{:?} is not a selector such as up or {{job=\"api\"}}", shortened(text));
            Err(query_error(NAME, text, Error::new(Kind::BadTarget, message).at(expression.span)))
        }
    }
}

/// Whether some matcher fails on an absent label; all patterns are tried.
fn matches_something(selector: &Selector, patterns: &Patterns) -> Result<bool, Error> {
    let (mut selects, of_name): (bool, &[Matcher]) = match &selector.metric {
        MetricRef::Names(names) => (names.iter().all(|name| !name.is_empty()), &[]),
        MetricRef::Any => (false, &[]),
        MetricRef::Matching(matchers) => (false, matchers),
    };
    for matcher in of_name.iter().chain(&selector.matchers) {
        let accepts_empty = match &matcher.test {
            Test::In(values) => values.iter().any(String::is_empty),
            Test::NotIn(values) => values.iter().all(|value| !value.is_empty()),
            Test::Match(pattern) => compiled(pattern, matcher, patterns)?.is_match(""),
            Test::NotMatch(pattern) => !compiled(pattern, matcher, patterns)?.is_match(""),
            Test::Everything => true,
            Test::Nothing | Test::Compare(..) => false,
        };
        selects |= !accepts_empty;
    }
    Ok(selects)
}

fn compiled(pattern: &str, matcher: &Matcher, patterns: &Patterns) -> Result<crate::pattern::Pattern, Error> {
    patterns.whole(pattern).map_err(|error| Error::new(Kind::BadTarget, error.to_string()).at(matcher.span))
}

/// An error of an expression, with the parameter that it stands in and its place, counted in lines and bytes from 1.
#[must_use]
pub fn query_error(name: &str, text: &str, error: Error) -> Error {
    if error.kind != Kind::BadTarget {
        return error;
    }
    let place = match error.span.map(|span| text.floor_char_boundary(span.start)) {
        _ if text.is_empty() => "unknown position: ".to_owned(),
        None => String::new(),
        Some(at) => {
            let line = text[..at].matches('\n').count() + 1;
            let column = at - text[..at].rfind('\n').map_or(0, |end| end + 1) + 1;
            format!("{line}:{column}: ")
        }
    };
    Error { message: format!("invalid parameter {name:?}: {place}parse error: {}", error.message), ..error }
}
