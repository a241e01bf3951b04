//! The parameters of a request: in its URL, and in a form that is its body.

use axum::extract::{FromRequest, Request};
use axum::http::Method;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;

use super::super::body::{self, LARGE};
use super::super::{App, respond};
use crate::error::Error;
use crate::intake::prometheus::Parameters;

/// The parameters of a request; what its body says counts before its URL.
pub(super) struct FormParameters(pub(super) Parameters);

impl FromRequest<App> for FormParameters {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        read(request, app).await.map(Self).map_err(|error| respond::error(&error))
    }
}

async fn read(request: Request, app: &App) -> Result<Parameters, Error> {
    let url = request.uri().query().unwrap_or_default().as_bytes().to_vec();
    let most = app.engine.limits.filters as usize;
    let is_form = is_form(&request);
    // A body that is left unread would take the connection with it.
    let received = body::received(request, app).await?;
    if !is_form {
        return Parameters::read(&[&url], most);
    }
    if received.bytes.len() < LARGE {
        return Parameters::read(&[&received.bytes, &url], most);
    }
    app.buffers.work(move || Parameters::read(&[&received.bytes, &url], most)).await?
}

/// Whether the body has parameters.
fn is_form(request: &Request) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    request.method() == Method::POST && kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
