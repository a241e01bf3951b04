//! `/search`: the names of the metrics; also what SimpleJson's query variables ask.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::body::Json;
use super::params::Params;
use super::variable::cut;
use super::{App, CallerApp, respond};
use crate::error::Error;
use crate::intake::{self, VariableQuestion};
use crate::plan;
use crate::render;
use crate::wire::request::{Search, Variable};

pub(super) async fn posted(CallerApp(app): CallerApp, Json(search, _): Json<Search>) -> Response {
    answer(&app, intake::search(&search)).await.unwrap_or_else(|error| respond::error(&error))
}

pub(super) async fn got(CallerApp(app): CallerApp, params: Params) -> Response {
    let text = params.first("target").or_else(|| params.first("query")).unwrap_or_default().to_owned();
    let mut response = answer(&app, text).await.unwrap_or_else(|error| respond::error(&error));
    respond::warn(response.headers_mut(), params.unknown(&["target", "query"]).into_iter());
    response
}

/// All names, or those that contain the text typed so far, in any case; of a variable's query its values. Plain
/// strings: the client mangles anything else.
async fn answer(app: &App, typed: String) -> Result<Response, Error> {
    let scope = app.scope().await?;
    // A metric may be called like a query.
    if !intake::is_variable(&typed) || scope.snapshot().metric(typed.trim()).is_some() {
        let mut response = respond::json(StatusCode::OK, &scope.metric_names(&typed)?);
        let missing = plan::left_out(scope.snapshot(), &[]);
        respond::warn(response.headers_mut(), missing.iter().map(Error::sentence));
        return Ok(response);
    }
    let request = Variable { payload: Value::from(typed), range: Value::Null };
    // The client has no range to send.
    let question = VariableQuestion { is_ranged: false, ..intake::variable(&request, scope.moment(), scope.limits())? };
    let listed = scope.variable(&question).await?;
    let mut response = respond::json(StatusCode::OK, &render::searched(&listed.texts, listed.is_open));
    respond::warn(response.headers_mut(), cut(&listed));
    Ok(response)
}
