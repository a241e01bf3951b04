//! `/tag-keys` and `/tag-values`: what the ad hoc pickers offer.
//!
//! SimpleJson's pickers hang on an error, so what cannot be answered is an empty list.

use axum::http::StatusCode;
use axum::response::Response;

use super::body::Json;
use super::params::Params;
use super::{App, CallerApp, respond};
use crate::error::Error;
use crate::intake::{self, PICKER};
use crate::wire::request::Tags;
use crate::wire::response::TagOption;

pub(super) async fn posted_keys(CallerApp(app): CallerApp, request: Result<Json<Tags>, Response>) -> Response {
    // Old Grafana sends no body at all.
    keys(&app, request.map(|Json(request, _)| request).unwrap_or_default()).await
}

pub(super) async fn got_keys(CallerApp(app): CallerApp, params: Params) -> Response {
    keys(&app, Tags { range: params.range(), ..Tags::default() }).await
}

pub(super) async fn posted_values(CallerApp(app): CallerApp, request: Result<Json<Tags>, Response>) -> Response {
    values(&app, request.map(|Json(request, _)| request).unwrap_or_default()).await
}

pub(super) async fn got_values(CallerApp(app): CallerApp, params: Params) -> Response {
    values(&app, Tags { key: params.value("key"), range: params.range(), ..Tags::default() }).await
}

async fn keys(app: &App, request: Tags) -> Response {
    let scope = match app.scope().await {
        Ok(scope) => scope,
        Err(error) => return none(&error),
    };
    let request = Tags { key: serde_json::Value::Null, ..request };
    let asked = match intake::label_scope(&request, scope.moment(), scope.limits()) {
        Ok(asked) => asked,
        Err(error) => return none(&error),
    };
    options(scope.label_keys(&asked).await.into_iter())
}

async fn values(app: &App, request: Tags) -> Response {
    let scope = match app.scope().await {
        Ok(scope) => scope,
        Err(error) => return none(&error),
    };
    let asked = match intake::label_scope(&request, scope.moment(), scope.limits()) {
        Ok(asked) => asked,
        Err(error) => return none(&error),
    };
    let found = scope.label_values(&asked).await;
    let mut response = options(found.values.into_iter());
    let late = found.partial.then(|| format!("not all values of {} were found in time", asked.label));
    let cut = found.cut.then(|| format!("only the first {PICKER} values of {} are listed", asked.label));
    respond::warn(response.headers_mut(), late.into_iter().chain(cut));
    response
}

/// No options, and why.
fn none(error: &Error) -> Response {
    let mut response = options(std::iter::empty());
    respond::warn(response.headers_mut(), std::iter::once(error.sentence()));
    response
}

fn options(texts: impl Iterator<Item = String>) -> Response {
    respond::json(StatusCode::OK, &texts.map(|text| TagOption { text }).collect::<Vec<_>>())
}
