//! Answers and errors in the words of the Prometheus API.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use serde::Serialize;

use super::super::buffers::{HeldDocument, JsonOf};
use super::super::{App, respond};
use crate::budget::HeldBytes;
use crate::error::Error;
use crate::render::prometheus as render;

/// From here on a list takes milliseconds to write.
const LARGE: usize = 5000;

/// Says the errors of the API's paths in its words, whoever made them: every error passes here.
pub(in super::super) async fn in_its_words(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let (is_api, is_text) = (path.starts_with("/api/v1/"), path == "/api/v1/read");
    let takes_head = !is_api && path != "/federate";
    let response = next.run(request).await;
    let mut response = match response.extensions().get::<Error>() {
        Some(error) if is_api => spoken(&error.clone(), is_text, response),
        _ => response,
    };
    if !takes_head {
        response.extensions_mut().insert(NoHead);
    }
    response
}

/// Marks the answers of a path that takes no HEAD.
#[derive(Clone, Copy)]
struct NoHead;

/// A refusal of another method that does not offer HEAD where that is refused: the router offers it wherever it takes GET.
pub(in super::super) fn without_head(mut response: Response) -> Response {
    let is_marked = response.extensions().get::<NoHead>().is_some();
    let allowed = response.headers().get(ALLOW).and_then(|allowed| allowed.to_str().ok()).filter(|_| is_marked);
    let allowed = allowed.and_then(|allowed| HeaderValue::from_str(&allowed.replace(",HEAD", "")).ok());
    if let Some(allowed) = allowed {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

/// An error in a body of JSON; of plain text where clients show the body as it is.
fn spoken(error: &Error, is_text: bool, old: Response) -> Response {
    let status = StatusCode::from_u16(render::status(error.kind)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match is_text {
        false => respond::json(status, &render::failure(error)),
        true => respond::text(status, error.sentence()),
    };
    for (name, value) in old.headers() {
        if !response.headers().contains_key(name) && name != CONTENT_LENGTH && name != CONTENT_ENCODING {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response.extensions_mut().insert(error.clone());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A list, what is to be said of it, and the bytes that it takes.
pub(super) struct ListAnswer<T> {
    pub(super) entries: Vec<T>,
    pub(super) warnings: Vec<String>,
    pub(super) held: Vec<HeldBytes>,
}

/// A list as an answer.
pub(super) async fn list<T: Serialize + Send + 'static>(app: &App, said: ListAnswer<T>) -> Result<Response, Error> {
    let large = said.entries.len() > LARGE;
    let make = move || {
        let body = render::success(said.entries, said.warnings, Vec::new());
        Ok(HeldDocument(JsonOf(body), said.held))
    };
    app.buffers.answer(large, make).await
}

/// A value that is at hand as an answer.
pub(super) fn plain<T: Serialize>(data: T) -> Response {
    respond::json(StatusCode::OK, &render::success(data, Vec::new(), Vec::new()))
}
