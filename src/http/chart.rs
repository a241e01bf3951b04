//! `GET /chart.svg`: the answer as a picture, for mails, wikis and chat.

use std::io::{self, Write};

use axum::response::Response;

use super::buffers::{Document, HeldDocument, answered};
use super::drawing::DrawRequest;
use super::params::Params;
use super::{App, CallerApp, respond};
use crate::error::Error;

pub(super) async fn got(CallerApp(app): CallerApp, params: Params) -> Response {
    answered(drawn(&app, &params).await)
}

async fn drawn(app: &App, params: &Params) -> Result<Response, Error> {
    let scope = app.scope().await?;
    let asked = DrawRequest::read(params, &scope)?;
    let mut drawing = asked.answered(&scope).await?;
    let (said, timing, outcome) = (drawing.notices.clone(), drawing.timing, scope.outcome());
    let make = move || {
        let picture = drawing.picture(&scope)?;
        Ok(HeldDocument(Svg(picture.svg), drawing.held))
    };
    let mut response = app.buffers.answer(true, make).await?;
    respond::warn(response.headers_mut(), said.into_iter());
    respond::timed(response.headers_mut(), timing, outcome);
    respond::sealed(response.headers_mut());
    Ok(response)
}

/// A picture.
struct Svg(String);

impl Document for Svg {
    const TYPE: &'static str = "image/svg+xml; charset=utf-8";

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        // In pieces, so that each finds room by itself.
        self.0.as_bytes().chunks(16 * 1024).try_for_each(|piece| out.write_all(piece))
    }
}
