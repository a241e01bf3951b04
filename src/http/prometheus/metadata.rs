//! `metadata` and `query_exemplars`.

use axum::response::Response;
use serde_json::Value;

use super::super::buffers::{JsonOf, answered};
use super::super::{App, Asked};
use super::form::Form;
use super::words::plain;
use crate::error::Error;
use crate::intake::prometheus::{Described, Parameters};
use crate::render::prometheus as render;

/// From here on the list takes milliseconds to make.
const LARGE: usize = 2000;

pub(super) async fn described(Asked(app): Asked, Form(parameters): Form) -> Response {
    answered(describe(&app, &parameters).await)
}

async fn describe(app: &App, parameters: &Parameters) -> Result<Response, Error> {
    let described = Described::read(parameters)?;
    let scope = app.scope().await?;
    let large = described.metric.is_none() && scope.snapshot().names().count() > LARGE;
    let make = move || Ok(JsonOf(render::success(scope.describe(&described), Vec::new(), Vec::new())));
    app.buffers.answer(large, make).await
}

/// There are none. Grafana asks for them when it starts, with times that nothing can be read from.
pub(super) async fn exemplars(_: Form) -> Response {
    plain(Vec::<Value>::new())
}
