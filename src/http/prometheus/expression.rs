//! `format_query` and `parse_query`: an expression in its canonical form, and as a tree. Neither needs the database.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::super::App;
use super::super::buffers::{JsonOf, answered};
use super::form::FormParameters;
use crate::ast::Expr;
use crate::error::Error;
use crate::intake::prometheus::{Parameters, expression};
use crate::language::{canonical, tree};
use crate::render::prometheus as render;

/// From here on a text takes milliseconds to read and to write.
const LARGE: usize = 4096;

pub(super) async fn formatted(State(app): State<App>, FormParameters(parameters): FormParameters) -> Response {
    answered(written(&app, parameters, canonical).await)
}

pub(super) async fn parsed(State(app): State<App>, FormParameters(parameters): FormParameters) -> Response {
    answered(written(&app, parameters, tree).await)
}

async fn written<T: Serialize + Send + 'static>(
    app: &App,
    parameters: Parameters,
    write: fn(&Expr) -> T,
) -> Result<Response, Error> {
    let large = parameters.query().len() > LARGE;
    let make = move || Ok(JsonOf(render::success(write(&expression(&parameters)?), Vec::new(), Vec::new())));
    app.buffers.answer(large, make).await
}
