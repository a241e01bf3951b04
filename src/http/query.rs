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
    let said = said(&answer);
    let timing = answer.timing;
    let mut elements = render::elements(answer.answered, &answer.failed);
    elements.append(&mut tables);
    let large = points(&elements) > LARGE;
    let mut response = written(large, move || respond::json(StatusCode::OK, &elements)).await;
    respond::warn(response.headers_mut(), said.into_iter());
    respond::timed(response.headers_mut(), timing);
    Ok(response)
}

/// What an answer has to say, for headers.
pub(super) fn said(answer: &Answer) -> Vec<String> {
    let notices = answer.answered.iter().flat_map(|target| target.notices.iter().cloned());
    answer.failed.iter().map(render::told).chain(notices).collect()
}

/// Writes an answer. A large one takes a while; other requests of this thread need not wait for it.
pub(super) async fn written(large: bool, write: impl FnOnce() -> Response + Send + 'static) -> Response {
    if !large {
        return write();
    }
    let done = tokio::task::spawn_blocking(write).await;
    done.unwrap_or_else(|_| respond::error(&Error::new(crate::error::Kind::Internal, "internal error")))
}

/// From here on an answer takes milliseconds to write.
pub(super) const LARGE: usize = 50_000;

fn points(elements: &[crate::wire::response::Element]) -> usize {
    use crate::wire::response::Element;
    elements
        .iter()
        .map(|element| match element {
            Element::Series(series) => series.datapoints.len(),
            Element::Table(table) => table.rows.len() * table.columns.len(),
        })
        .sum()
}
