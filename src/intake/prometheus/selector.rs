//! Expressions and selectors as parameters, and what is wrong with them, in Prometheus' words.

use super::{Parameters, shortened};
use crate::ast::{Expr, ExprKind, Modifiers, Selector};
use crate::error::{Error, Kind};
use crate::language;
use crate::pattern::Patterns;

/// The parameter that selectors stand in.
const SELECTOR: &str = "match[]";
/// The one of expressions.
const EXPRESSION: &str = "query";

/// Reads the expression of a request that asks for nothing but its form.
///
/// # Errors
/// It is none.
pub fn expression(parameters: &Parameters) -> Result<Expr, Error> {
    // There is no request's scope: nothing is read.
    read(EXPRESSION, parameters.text(EXPRESSION), &Patterns::default())
}

/// Reads a selector: a metric's name, matchers in braces, or both, of which one must not match an absent label.
///
/// # Errors
/// It is something else, or every series passes it.
pub fn selector(text: &str, patterns: &Patterns) -> Result<Selector, Error> {
    let expression = read(SELECTOR, text, patterns)?;
    match expression.kind {
        ExprKind::Selector(selector) if selector.window.is_none() && selector.modifiers == Modifiers::default() => {
            Ok(selector)
        }
        _ => {
            let message = format!("{:?} is not a selector such as up or {{job=\"api\"}}", shortened(text));
            Err(query_error(SELECTOR, text, Error::new(Kind::BadTarget, message).at(expression.span)))
        }
    }
}

fn read(name: &str, text: &str, patterns: &Patterns) -> Result<Expr, Error> {
    language::promql(text, patterns).map_err(|error| query_error(name, text, error.into()))
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
