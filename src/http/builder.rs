//! `POST /metrics` and `POST /metric-payload-options`: the query builder of the JSON plugin.
//!
//! Neither shows an error to anybody, so what cannot be answered is an empty list.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::body::Json;
use super::buffers::{JsonOf, answered};
use super::{App, CallerApp, respond};
use crate::error::Error;
use crate::intake;
use crate::plan;
use crate::wire::request::{Metrics, PayloadOptions};

/// From here on a list takes milliseconds to make.
const MANY: usize = 500;

pub(super) async fn metrics(CallerApp(app): CallerApp, Json(request, _): Json<Metrics>) -> Response {
    answered(listed(&app, request).await)
}

async fn listed(app: &App, request: Metrics) -> Result<Response, Error> {
    let scope = app.whole_scope().await?;
    let large = scope.snapshot().names().take(MANY + 1).count() > MANY;
    let missing = plan::left_out(scope.snapshot(), &[]);
    let list = move || Ok(JsonOf(scope.builder_metrics(&intake::metric(&request.metric))));
    let mut response = app.buffers.answer(large, list).await?;
    respond::warn(response.headers_mut(), missing.iter().map(Error::sentence));
    Ok(response)
}

pub(super) async fn options(CallerApp(app): CallerApp, request: Result<Json<PayloadOptions>, Response>) -> Response {
    let (Ok(scope), Ok(Json(request, _))) = (app.scope().await, request) else {
        return respond::json(StatusCode::OK, &json!([]));
    };
    let mut response;
    let notice = match intake::opened(&request, scope.limits()) {
        Ok(opened) => {
            let found = scope.builder_choices(&opened).await;
            response = respond::json(StatusCode::OK, &found.choices);
            found.partial.then(|| "the list is not complete".to_owned())
        }
        Err(error) => {
            response = respond::json(StatusCode::OK, &json!([]));
            Some(error.sentence())
        }
    };
    respond::warn(response.headers_mut(), notice.into_iter());
    response
}
