//! `POST /variable` and `GET /variable`: the values of template variables.

use axum::http::StatusCode;
use axum::response::Response;

use super::body::Json;
use super::params::Params;
use super::{App, CallerApp, respond};
use crate::engine::VariableValues;
use crate::error::Error;
use crate::intake;
use crate::render;
use crate::wire::request::Variable;

pub(super) async fn posted(CallerApp(app): CallerApp, Json(request, _): Json<Variable>) -> Response {
    answer(&app, &request).await.unwrap_or_else(|error| respond::error(&error))
}

pub(super) async fn got(CallerApp(app): CallerApp, params: Params) -> Response {
    let request = Variable { payload: params.object(MEMBERS), range: params.range() };
    let mut response = answer(&app, &request).await.unwrap_or_else(|error| respond::error(&error));
    let known = [MEMBERS, &["from", "to"]].concat();
    respond::warn(response.headers_mut(), params.unknown(&known).into_iter());
    response
}

/// The members of a URL that are the question.
const MEMBERS: &[&str] = &["target", "query", "metric", "label", "prefix", "limit"];

async fn answer(app: &App, request: &Variable) -> Result<Response, Error> {
    let scope = app.scope().await?;
    let listed = scope.variable(&intake::variable(request, scope.moment(), scope.limits())?).await?;
    let mut response = respond::json(StatusCode::OK, &render::variable(&listed.texts, listed.is_open));
    respond::warn(response.headers_mut(), cut(&listed));
    Ok(response)
}

/// What is to be said when there are more.
pub(super) fn cut(listed: &VariableValues) -> impl Iterator<Item = String> + use<> {
    let said = format!("only the first {} are listed; narrow them with matchers or a prefix", listed.texts.len());
    let partial = "the list is not exact: time was up before all values were found and narrowed";
    let partial = listed.partial.then(|| partial.to_owned());
    partial.into_iter().chain(listed.cut.then_some(said)).chain(listed.notice.clone())
}
