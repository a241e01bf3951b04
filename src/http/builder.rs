//! `POST /metrics` and `POST /metric-payload-options`: the query builder of the JSON plugin.
//!
//! Neither shows an error to anybody, so what cannot be answered is an empty list.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::body::Json;
use super::{App, respond};
use crate::intake;
use crate::wire::request::{Metrics, PayloadOptions};

pub(super) async fn metrics(State(app): State<App>, Json(request): Json<Metrics>) -> Response {
    match app.engine.scope() {
        Ok(scope) => {
            let list = scope.builder_metrics(&intake::metric(&request.metric));
            respond::json(StatusCode::OK, &list)
        }
        Err(error) => respond::error(&error),
    }
}

pub(super) async fn options(State(app): State<App>, request: Result<Json<PayloadOptions>, Response>) -> Response {
    let (Ok(scope), Ok(Json(request))) = (app.engine.scope(), request) else {
        return respond::json(StatusCode::OK, &json!([]));
    };
    let choices = scope.builder_choices(&intake::opened(&request)).await;
    respond::json(StatusCode::OK, &choices)
}
