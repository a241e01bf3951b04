//! `POST /annotations` and `GET /annotations`: events.

use axum::response::Response;
use serde_json::json;

use super::body::Json;
use super::buffers::{JsonOf, answered};
use super::params::Params;
use super::query::EVENTS;
use super::{App, Asked, respond};
use crate::engine::Events;
use crate::error::Error;
use crate::intake;
use crate::render;
use crate::wire::request::Annotations;

pub(super) async fn posted(Asked(app): Asked, Json(request, _): Json<Annotations>) -> Response {
    answered(shown(&app, &request, true).await)
}

/// Infinity makes one text of a list of tags, so that here they are one; `format=events` gives what POST gives.
pub(super) async fn got(Asked(app): Asked, params: Params) -> Response {
    let request = Annotations {
        range: params.range(),
        annotation: json!({"query": params.value("query")}),
        tags: params.value("tags"),
        timezone: params.value("tz"),
    };
    answered(shown(&app, &request, params.first("format") == Some("events")).await)
}

async fn shown(app: &App, request: &Annotations, as_events: bool) -> Result<Response, Error> {
    let scope = app.scope().await?;
    let question = intake::annotations(request, scope.moment())?;
    let Events { rows, notices } = scope.annotations(&[question]).await?.pop().unwrap_or_default();
    let large = rows.len() > EVENTS;
    let mut response = if as_events {
        app.buffers.answer(large, move || Ok(JsonOf(render::events(rows)))).await?
    } else {
        app.buffers.answer(large, move || Ok(JsonOf(render::flat_events(rows)))).await?
    };
    respond::warn(response.headers_mut(), notices.into_iter());
    Ok(response)
}
