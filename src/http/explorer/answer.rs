//! An answer as the page draws it: the picture, and the numbers in it.

use axum::response::Response;

use super::super::buffers::{Holding, JsonOf, answered};
use super::super::drawing::{Drawing, Wanted};
use super::super::params::Params;
use super::super::{App, Asked, respond};
use crate::engine::Scope;
use crate::error::Error;
use crate::frame::Frame;
use crate::render::chart::Mark;
use crate::render::explorer;
use crate::wire::explorer::{Drawn, DrawnMark};

/// About the bytes of a point in the answer.
const POINT: usize = 96;

pub(in super::super) async fn got(Asked(app): Asked, params: Params) -> Response {
    answered(drawn(&app, &params).await)
}

async fn drawn(app: &App, params: &Params) -> Result<Response, Error> {
    let scope = app.scope().await?;
    let mut asked = Wanted::read(params, &scope)?;
    asked.look.has_legend = false;
    let drawing = asked.answered(&scope).await?;
    // A plan that cannot be made was said with the answer.
    let relations = asked.relations(&scope).unwrap_or_default();
    let (timing, outcome) = (drawing.timing, scope.outcome());
    let mut response = app.buffers.answer(true, move || shown(drawing, relations, &scope)).await?;
    respond::timed(response.headers_mut(), timing, outcome);
    Ok(response)
}

fn shown(mut drawing: Drawing, relations: Vec<String>, scope: &Scope) -> Result<Holding<JsonOf<Drawn>>, Error> {
    let mut held = scope.budget().held();
    held.pay(POINT * drawing.frames.iter().map(|frame| frame.points.len()).sum::<usize>())?;
    let picture = drawing.picture(scope)?;
    let Drawing { frames, marks, notices, executed, range, zone, look, held: mut all, .. } = drawing;
    all.push(held);
    let points: usize = frames.iter().map(|frame: &Frame| frame.points.len()).sum();
    let drawn = Drawn {
        width: look.width,
        plot: explorer::plot(&picture),
        svg: picture.svg,
        from: range.from,
        to: range.to,
        zone: zone.name(),
        series: explorer::lines(&frames, look.theme),
        count: frames.len(),
        points,
        marks: marks.into_iter().map(|Mark { from, until, text }| DrawnMark { from, until, text }).collect(),
        notices,
        relations,
        statements: executed,
    };
    Ok(Holding(JsonOf(drawn), all))
}
