//! `POST /query`: series and tables.

use axum::response::Response;

use super::body::Json;
use super::buffers::{HeldDocument, JsonList, answered};
use super::{App, CallerApp, respond};
use crate::engine::{Answer, RequestScope};
use crate::error::Error;
use crate::intake::{self, AnnotationQuestion, Question};
use crate::render;
use crate::wire::request::Query;

pub(super) async fn posted(CallerApp(app): CallerApp, Json(query, long): Json<Query>) -> Response {
    answered(answer(&app, query, long).await)
}

async fn answer(app: &App, query: Query, long: bool) -> Result<Response, Error> {
    let scope = app.scope().await?;
    let asked = scope.clone();
    let read = move || read(query, &asked);
    let (questions, question) = if long { app.buffers.work(read).await?? } else { read()? };
    let mut events = scope.annotations(&questions).await?;
    events.iter_mut().for_each(|events| events.notices.extend(events.divided()));
    let ignored: Vec<String> = events.iter().flat_map(|events| events.notices.iter().cloned()).collect();
    let answer = scope.answer(&question).await?;
    let said: Vec<String> = said(&answer).into_iter().chain(ignored).collect();
    let (timing, points) = (answer.timing, answer.points());
    let large = points > LARGE || events.iter().map(|events| events.rows.len()).sum::<usize>() > EVENTS;
    let elements = move || {
        let mut elements = render::elements(answer.answered, &answer.failed)?;
        elements.extend(events.into_iter().map(|events| render::event_table(events.rows, events.notices)));
        Ok(HeldDocument(JsonList(elements), answer.held))
    };
    let mut response = app.buffers.answer(large, elements).await?;
    respond::warn(response.headers_mut(), said.into_iter());
    respond::timed(response.headers_mut(), timing, scope.outcome());
    Ok(response)
}

/// The questions for annotations and for series.
fn read(mut query: Query, scope: &RequestScope) -> Result<(Vec<AnnotationQuestion>, Question), Error> {
    let annotations = intake::annotation_targets(&mut query, scope.moment(), scope.limits())?;
    Ok((annotations, intake::question(&query, scope.moment(), scope.limits())?))
}

/// What an answer has to say, for headers.
pub(super) fn said(answer: &Answer) -> Vec<String> {
    let notices = answer.answered.iter().flat_map(|target| target.notices.iter().cloned());
    answer.failed.iter().map(render::error_text).chain(notices).collect()
}

/// From here on an answer takes milliseconds to write.
pub(super) const LARGE: usize = 20_000;
/// The same of annotations.
pub(super) const EVENTS: usize = 200;
