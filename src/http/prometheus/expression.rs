//! `format_query` and `parse_query`: an expression in its canonical form, and as a tree. Neither needs the database.

use axum::response::Response;

use super::super::buffers::answered;
use super::form::Form;
use super::words::plain;
use crate::intake::prometheus::expression;
use crate::language::{canonical, tree};

pub(super) async fn formatted(Form(parameters): Form) -> Response {
    answered(expression(&parameters).map(|expression| plain(canonical(&expression))))
}

pub(super) async fn parsed(Form(parameters): Form) -> Response {
    answered(expression(&parameters).map(|expression| plain(tree(&expression))))
}
