//! `query` and `query_range`.

use axum::response::Response;

use super::super::buffers::{HeldDocument, JsonOf, answered};
use super::super::query::LARGE;
use super::super::{App, CallerApp, respond};
use super::form::FormParameters;
use crate::engine::PromQuestion;
use crate::error::Error;
use crate::intake::prometheus::{EvaluationQuery, query_error};
use crate::render::prometheus as render;

pub(super) async fn instant(CallerApp(app): CallerApp, FormParameters(parameters): FormParameters) -> Response {
    answered(answer(&app, EvaluationQuery::instant(&parameters, app.engine.clock.now())).await)
}

pub(super) async fn range(CallerApp(app): CallerApp, FormParameters(parameters): FormParameters) -> Response {
    answered(answer(&app, EvaluationQuery::range(&parameters, app.limits().points)).await)
}

async fn answer(app: &App, evaluation: Result<EvaluationQuery, Error>) -> Result<Response, Error> {
    let EvaluationQuery { text, steps, range_end_ms, lookback_ms, timeout, limit } = evaluation?;
    let question = PromQuestion { text, steps, lookback_ms, range_end_ms };
    let scope = app.scope().await?.within(timeout);
    let answer = scope.promql(&question).await;
    let answer = answer.map_err(|error| query_error("query", &question.text, error))?;
    let (timing, large) = (answer.timing, answer.value.points() > LARGE);
    let make = move || {
        let held = answer.held;
        Ok(HeldDocument(JsonOf(render::value(answer.value, limit, answer.warnings, answer.infos)), held))
    };
    let mut response = app.buffers.answer(large, make).await?;
    respond::timed(response.headers_mut(), timing, scope.outcome());
    Ok(response)
}
