//! `POST /annotations` and `GET /annotations`: events. `POST /annotation` adds one.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::json;

use super::body::Json;
use super::buffers::{JsonOf, answered};
use super::params::Params;
use super::query::EVENTS;
use super::{App, CallerApp, respond};
use crate::access::Caller;
use crate::engine::AnnotationList;
use crate::error::{Error, Kind};
use crate::intake;
use crate::render;
use crate::wire::request::{Annotations, NewAnnotation};

pub(super) async fn posted(CallerApp(app): CallerApp, Json(request, _): Json<Annotations>) -> Response {
    answered(shown(&app, &request, true).await)
}

/// All members of a URL.
const PARAMETERS: &[&str] = &["from", "to", "query", "tags", "tz", "format"];

/// Infinity makes one text of a list of tags, so that here they are one; `format=events` gives what POST gives.
pub(super) async fn got(CallerApp(app): CallerApp, params: Params) -> Response {
    let request = Annotations {
        range: params.range(),
        annotation: json!({"query": params.value("query")}),
        tags: params.value("tags"),
        timezone: params.value("tz"),
    };
    let mut response = answered(shown(&app, &request, params.first("format") == Some("events")).await);
    respond::warn(response.headers_mut(), params.unknown(PARAMETERS).into_iter());
    response
}

async fn shown(app: &App, request: &Annotations, as_events: bool) -> Result<Response, Error> {
    let scope = app.scope().await?;
    let question = intake::annotations(request, scope.moment())?;
    let mut found = scope.annotations(&[question]).await?.pop().unwrap_or_default();
    found.notices.extend(found.divided().filter(|_| !as_events));
    let AnnotationList { rows, notices } = found;
    let large = rows.len() > EVENTS;
    let mut response = if as_events {
        app.buffers.answer(large, move || Ok(JsonOf(render::events(rows)))).await?
    } else {
        app.buffers.answer(large, move || Ok(JsonOf(render::flat_events(rows)))).await?
    };
    respond::warn(response.headers_mut(), notices.into_iter());
    Ok(response)
}

/// A request that may add an annotation; known before its body is read.
pub(super) struct AnnotationWrite;

impl<S: Send + Sync> FromRequestParts<S> for AnnotationWrite {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        if !parts.extensions.get::<Caller>().is_some_and(Caller::may_write) {
            let error = Error::new(Kind::Forbidden, "annotations are added with a token that may write");
            return Err(respond::error(&error.hint("`write = true` in the file of tokens allows it")));
        }
        // A form of another page cannot send this type, though a browser adds a password that it knows.
        let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
            let error = Error::new(Kind::BadRequest, "an annotation is sent as JSON, and this request says otherwise");
            return Err(respond::error(&error.hint("send the header Content-Type: application/json")));
        }
        Ok(Self)
    }
}

pub(super) async fn added(
    CallerApp(app): CallerApp,
    _: AnnotationWrite,
    Json(request, _): Json<NewAnnotation>,
) -> Response {
    match add(&app, &request).await {
        Ok(id) => respond::json(StatusCode::CREATED, &json!({ "id": id })),
        Err(error) => respond::error(&error),
    }
}

async fn add(app: &App, request: &NewAnnotation) -> Result<String, Error> {
    let scope = app.engine.scope_of(&app.caller, &app.record)?;
    let annotation = intake::new_annotation(request, scope.moment())?;
    scope.annotate(&annotation).await
}
