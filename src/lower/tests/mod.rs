//! What becomes a fetch, what a node, and what is refused where.

mod lowering;

use super::*;
use crate::ast::Expr;
use crate::language::{Dialect, parse};
use crate::pattern::Patterns;

fn expr(text: &str) -> Expr {
    parse(text, Dialect::Json).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn lowered(text: &str) -> Lowered {
    lower(&expr(text), &Patterns::default()).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"))
}
