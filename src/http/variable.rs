//! `POST /variable` and `GET /variable`: the values of template variables.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::body::Json;
use super::params::Params;
use super::{App, respond};
use crate::engine::Listed;
use crate::error::Error;
use crate::intake;
use crate::render;
use crate::wire::request::Variable;

pub(super) async fn posted(State(app): State<App>, Json(request, _): Json<Variable>) -> Response {
    answer(&app, &request).await.unwrap_or_else(|error| respond::error(&error))
}

pub(super) async fn got(State(app): State<App>, params: Params) -> Response {
    let payload = params.object(&["target", "query", "metric", "label", "prefix", "limit"]);
    let request = Variable { payload, range: params.range() };
    answer(&app, &request).await.unwrap_or_else(|error| respond::error(&error))
}

async fn answer(app: &App, request: &Variable) -> Result<Response, Error> {
    let listed = list(app, request).await?;
    let mut response = respond::json(StatusCode::OK, &render::variable(&listed.texts));
    respond::warn(response.headers_mut(), cut(&listed));
    Ok(response)
}

/// The texts that a variable's query gives.
pub(super) async fn list(app: &App, request: &Variable) -> Result<Listed, Error> {
    let scope = app.engine.scope()?;
    scope.variable(&intake::variable(request, scope.moment(), scope.limits())?).await
}

/// What is to be said when there was more.
pub(super) fn cut(listed: &Listed) -> impl Iterator<Item = String> + use<> {
    let said = format!("only the first {} are listed; narrow them with matchers or a prefix", listed.texts.len());
    listed.cut.then_some(said).into_iter()
}
