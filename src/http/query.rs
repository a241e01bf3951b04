//! `POST /query`: series and tables.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::body::Json;
use super::{App, respond};
use crate::error::Error;
use crate::intake::{self, Moment};
use crate::render;
use crate::wire::request::Query;

pub(super) async fn query(State(app): State<App>, Json(query): Json<Query>) -> Response {
    answer(&app, &query).await.unwrap_or_else(|error| respond::error(&error))
}

async fn answer(app: &App, query: &Query) -> Result<Response, Error> {
    let engine = &app.engine;
    let snapshot = engine.snapshot()?;
    let moment = Moment { now: engine.clock.now(), zone: snapshot.zone() };
    let question = intake::question(query, moment, engine.limits.targets)?;
    let answer = engine.answer(&question).await?;
    let notices: Vec<String> = answer.answered.iter().flat_map(|target| target.notices.iter().cloned()).collect();
    let failures: Vec<String> = answer.failed.iter().map(render::told).collect();
    let timing = answer.timing;
    let elements = render::elements(answer.answered, &answer.failed);
    // A large answer takes a while to write; other requests of this thread need not wait for it.
    let mut response = if points(&elements) > LARGE {
        let written = tokio::task::spawn_blocking(move || respond::json(StatusCode::OK, &elements)).await;
        written.unwrap_or_else(|_| respond::error(&Error::new(crate::error::Kind::Internal, "internal error")))
    } else {
        respond::json(StatusCode::OK, &elements)
    };
    respond::warn(response.headers_mut(), failures.into_iter().chain(notices));
    respond::timed(response.headers_mut(), timing);
    Ok(response)
}

/// From here on an answer takes milliseconds to write.
const LARGE: usize = 50_000;

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
