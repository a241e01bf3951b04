//! `POST /annotations` and `GET /annotations`: events.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::body::Json;
use super::{App, respond};
use crate::error::Error;
use crate::intake::{self, Moment};
use crate::render;
use crate::wire::request::Annotations;

pub(super) async fn posted(State(app): State<App>, Json(request): Json<Annotations>) -> Response {
    answer(&app, &request).await.unwrap_or_else(|error| respond::error(&error))
}

/// The members of a URL's query; all may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Params {
    from: Option<String>,
    to: Option<String>,
    query: Option<String>,
    tags: Option<String>,
}

pub(super) async fn got(
    State(app): State<App>,
    params: Result<Query<Params>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let Ok(Query(params)) = params else {
        return respond::error(&Error::new(crate::error::Kind::BadRequest, "the URL's query cannot be read"));
    };
    let request = Annotations {
        range: json!({"from": params.from, "to": params.to}),
        annotation: json!({"query": params.query}),
        tags: json!(params.tags),
    };
    answer(&app, &request).await.unwrap_or_else(|error| respond::error(&error))
}

async fn answer(app: &App, request: &Annotations) -> Result<Response, Error> {
    let engine = &app.engine;
    let snapshot = engine.snapshot()?;
    let moment = Moment { now: engine.clock.now(), zone: snapshot.zone() };
    let question = intake::annotations(request, moment)?;
    let rows = engine.annotations(&question).await?;
    Ok(respond::json(StatusCode::OK, &render::events(rows)))
}
