//! An answer as the page draws it: the picture, and the numbers in it.

use axum::response::Response;

use super::super::buffers::{HeldDocument, JsonOf, answered};
use super::super::drawing::{DrawRequest, Drawing};
use super::super::params::Params;
use super::super::{App, CallerApp, respond};
use crate::engine::RequestScope;
use crate::error::Error;
use crate::frame::Frame;
use crate::render::chart::Mark;
use crate::render::explorer;
use crate::wire::explorer::{DrawnAnswer, DrawnMark};

/// About the bytes of a point in the answer.
const POINT: usize = 96;

pub(in super::super) async fn got(CallerApp(app): CallerApp, params: Params) -> Response {
    answered(drawn(&app, &params).await)
}

async fn drawn(app: &App, params: &Params) -> Result<Response, Error> {
    let scope = app.scope().await?;
    let mut asked = DrawRequest::read(params, &scope)?;
    asked.look.has_legend = false;
    let drawing = asked.answered(&scope).await?;
    // A plan that cannot be made was said with the answer.
    let relations = asked.relations(&scope).unwrap_or_default();
    let (timing, outcome) = (drawing.timing, scope.outcome());
    let mut response = app.buffers.answer(true, move || shown(drawing, relations, &scope)).await?;
    respond::timed(response.headers_mut(), timing, outcome);
    Ok(response)
}

fn shown(
    mut drawing: Drawing,
    relations: Vec<String>,
    scope: &RequestScope,
) -> Result<HeldDocument<JsonOf<DrawnAnswer>>, Error> {
    let mut held = scope.budget().held();
    held.pay(POINT * drawing.frames.iter().map(|frame| frame.points.len()).sum::<usize>())?;
    let picture = drawing.picture(scope)?;
    let rows = scope.rows();
    let Drawing { frames, marks, notices, executed, range, zone, look, held: mut all, .. } = drawing;
    all.push(held);
    let points: usize = frames.iter().map(|frame: &Frame| frame.points.len()).sum();
    let drawn = DrawnAnswer {
        width: look.width,
        plot: explorer::plot(&picture),
        svg: picture.svg,
        from: range.from,
        to: range.to,
        zone: zone.name(),
        series: explorer::lines(&frames, look.theme),
        undrawn: explorer::undrawn(&frames),
        count: frames.len(),
        points,
        marks: marks.into_iter().map(|Mark { from, until, text }| DrawnMark { from, until, text }).collect(),
        notices,
        rows,
        relations,
        statements: executed,
    };
    Ok(HeldDocument(JsonOf(drawn), all))
}
