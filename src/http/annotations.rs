//! `POST /annotations` and `GET /annotations`: events.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::body::Json;
use super::params::Params;
use super::{App, respond};
use crate::db::AnnotationRow;
use crate::error::Error;
use crate::intake;
use crate::render;
use crate::wire::request::Annotations;

pub(super) async fn posted(State(app): State<App>, Json(request): Json<Annotations>) -> Response {
    let rows = answer(&app, &request).await;
    rows.map_or_else(|error| respond::error(&error), |rows| respond::json(StatusCode::OK, &render::events(rows)))
}

/// Infinity makes one text of a list of tags, so that here they are one; `format=events` gives what POST gives.
pub(super) async fn got(State(app): State<App>, params: Params) -> Response {
    let request = Annotations {
        range: params.range(),
        annotation: json!({"query": params.value("query")}),
        tags: params.value("tags"),
    };
    match answer(&app, &request).await {
        Ok(rows) if params.first("format") == Some("events") => respond::json(StatusCode::OK, &render::events(rows)),
        Ok(rows) => respond::json(StatusCode::OK, &render::flat_events(rows)),
        Err(error) => respond::error(&error),
    }
}

async fn answer(app: &App, request: &Annotations) -> Result<Vec<AnnotationRow>, Error> {
    let scope = app.engine.scope()?;
    scope.annotations(&intake::annotations(request, scope.moment())?).await
}
