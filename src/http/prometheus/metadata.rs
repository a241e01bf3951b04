//! `metadata` and `query_exemplars`.

use axum::response::Response;
use serde_json::Value;

use super::super::buffers::{JsonOf, answered};
use super::super::{App, CallerApp};
use super::form::FormParameters;
use super::words::plain;
use crate::error::Error;
use crate::intake::prometheus::{MetadataQuery, Parameters};
use crate::plan;
use crate::render::prometheus as render;

/// From here on the list takes milliseconds to make.
const LARGE: usize = 2000;

pub(super) async fn described(CallerApp(app): CallerApp, FormParameters(parameters): FormParameters) -> Response {
    answered(describe(&app, &parameters).await)
}

async fn describe(app: &App, parameters: &Parameters) -> Result<Response, Error> {
    let described = MetadataQuery::read(parameters)?;
    let scope = app.whole_scope().await?;
    let large = described.metric.is_none() && scope.snapshot().names().count() > LARGE;
    // A metric that is known lacks no name.
    let is_known = described.metric.as_ref().is_some_and(|name| scope.snapshot().metric(name).is_some());
    let missing = if is_known { Vec::new() } else { plan::left_out(scope.snapshot(), &[]) };
    let warnings = missing.iter().map(Error::sentence).collect();
    let make = move || Ok(JsonOf(render::success(scope.describe(&described), warnings, Vec::new())));
    app.buffers.answer(large, make).await
}

/// There are none. Grafana asks for them when it starts, with times that nothing can be read from.
pub(super) async fn exemplars(_: FormParameters) -> Response {
    plain(Vec::<Value>::new())
}
