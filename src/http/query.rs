//! `POST /query`: series and tables.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::body::Json;
use super::{App, respond};
use crate::engine::Answer;
use crate::error::Error;
use crate::intake;
use crate::render;
use crate::wire::request::Query;

pub(super) async fn posted(State(app): State<App>, Json(query): Json<Query>) -> Response {
    answer(&app, query).await.unwrap_or_else(|error| respond::error(&error))
}

async fn answer(app: &App, mut query: Query) -> Result<Response, Error> {
    let scope = app.engine.scope()?;
    let mut tables = Vec::new();
    for question in intake::annotation_targets(&mut query, scope.moment())? {
        tables.push(render::event_table(scope.annotations(&question).await?));
    }
    let question = intake::question(&query, scope.moment(), scope.limits().targets)?;
    let answer = scope.answer(&question).await?;
    let (said, timing, points) = (said(&answer), answer.timing, answer.points());
    let write = move || {
        let mut elements = render::elements(answer.answered, &answer.failed);
        elements.append(&mut tables);
        respond::json(StatusCode::OK, &elements)
    };
    let mut response = scope.write(points, write).await?;
    respond::warn(response.headers_mut(), said.into_iter());
    respond::timed(response.headers_mut(), timing);
    Ok(response)
}

/// What an answer has to say, for headers.
pub(super) fn said(answer: &Answer) -> Vec<String> {
    let notices = answer.answered.iter().flat_map(|target| target.notices.iter().cloned());
    answer.failed.iter().map(render::told).chain(notices).collect()
}
