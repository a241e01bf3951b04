//! Target text to [`Expr`]: PromQL's whole grammar, read as Prometheus reads it or as Grafana's
//! JSON data sources interpolate it.
//!
//! ```text
//! text -> lexer (tokens, never fails: a flaw is the last token) -> parser -> Expr
//!                                             quoted strings -> reading  -> Test
//! ```
//!
//! Everything here is total, linear in the text and free of recursion. The text is at most
//! [`MAX_BYTES`] long, in at most [`MAX_TOKENS`] tokens, and the tree at most [`MAX_DEPTH`] deep, so that
//! whoever walks it may recurse. [`parse`] checks syntax only; [`promql`] also checks functions, types and selectors, as
//! Prometheus does before it reads any data.

mod bracket;
mod call;
mod canonical;
mod check;
mod duration;
mod error;
mod exact;
mod finite;
mod glob;
mod length;
mod lexer;
mod list;
mod literal;
mod matcher;
mod matching;
mod nest;
mod number;
mod operand;
mod parser;
mod pile;
mod quoted;
mod reading;
mod signature;
mod token;
mod tree;
mod variable;

#[cfg(test)]
mod tests;

use crate::ast::{Expr, Span};
use crate::pattern::Patterns;

pub use canonical::{canonical, quoted};
pub use check::check;
pub use duration::duration_ms;
pub use error::ParseError;
pub use reading::{equal_test, names, regex_test, unescape, words};
pub use signature::{Signature, signature};
pub use tree::tree;
pub use variable::{HINT as UNREPLACED_HINT, Reference, is_all, opened, unreplaced};

/// The longest text that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// The deepest tree that is built: the number of steps from the root to the farthest leaf.
pub const MAX_DEPTH: usize = 200;

/// The most tokens that are read, so that a text of nothing but commas is answered as fast as any
/// other. A string or a list of names is one token, however long.
pub const MAX_TOKENS: usize = 8_192;

/// How strings and names are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Text that Grafana has interpolated with its `regex` or `glob` format: `\x` means x in names
    /// and values, and `(a|b)` means any of several.
    Json,
    /// Text exactly as Prometheus would receive it.
    PromQl,
}

/// Reads a whole text exactly as Prometheus 3.5 does: what it refuses without data is refused here.
///
/// Larger than Prometheus' language: functions that it keeps behind a flag. Smaller: the limits of [`parse`], ranges
/// below a millisecond, and strings with a NUL or with bytes that are no UTF-8.
///
/// # Errors
/// As [`parse`]; a function is unknown, arguments are of the wrong number or type, a pattern cannot be compiled, or a
/// selector would select everything.
pub fn promql(text: &str, patterns: &Patterns) -> Result<Expr, ParseError> {
    let expr = parse(text, Dialect::PromQl)?;
    check(&expr, patterns)?;
    Ok(expr)
}

/// Reads a whole text as one expression.
///
/// # Errors
/// The text is too long or nested too deeply, contains a NUL, or is not an expression of the
/// dialect from its first to its last character.
pub fn parse(text: &str, dialect: Dialect) -> Result<Expr, ParseError> {
    if text.len() > MAX_BYTES {
        let span = Span { start: text.floor_char_boundary(MAX_BYTES), end: text.len() };
        return Err(ParseError::new(span, format!("the text is longer than {MAX_BYTES} bytes")));
    }
    if let Some(at) = text.find('\0') {
        return Err(ParseError::new(Span { start: at, end: at + 1 }, "the text contains a NUL character"));
    }
    parser::Parser::new(text, dialect).whole().map_err(|error| *error)
}
