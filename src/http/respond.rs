//! Answers and errors as HTTP.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use crate::engine::Timing;
use crate::error::{Error, Kind};
use crate::render;

/// The most notices that go into headers; the body has them all.
const NOTICES: usize = 10;

/// A JSON answer.
pub(super) fn json<T: Serialize>(status: StatusCode, body: &T) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes).into_response(),
        Err(failure) => {
            tracing::error!(error = %failure, "an answer cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// An answer in plain text.
pub(super) fn text(status: StatusCode, text: String) -> Response {
    (status, [(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))], text).into_response()
}

/// An error as JSON, with the time to wait where waiting helps.
pub(super) fn error(error: &Error) -> Response {
    let status = StatusCode::from_u16(error.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, &render::error(error));
    if matches!(error.kind, Kind::Unavailable | Kind::Busy | Kind::NoCatalog | Kind::Stale | Kind::TooManyRequests) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    }
    // Paths with words of their own say it in those.
    response.extensions_mut().insert(error.clone());
    response
}

/// A JSON document that stands in the program.
pub(super) fn document(text: &'static str) -> Response {
    (StatusCode::OK, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}

/// Says notices in headers, for clients that show none of the body's.
pub(super) fn warn(headers: &mut HeaderMap, notices: impl Iterator<Item = String>) {
    for notice in notices.take(NOTICES) {
        let plain: String = notice
            .chars()
            .map(|c| {
                if c == '"' {
                    '\''
                } else if c.is_ascii_graphic() || c == ' ' {
                    c
                } else {
                    ' '
                }
            })
            .take(300)
            .collect();
        if let Ok(value) = HeaderValue::try_from(format!("199 datebin \"{plain}\"")) {
            headers.append(HeaderName::from_static("warning"), value);
        }
    }
}

/// Says where the time went, and whether the cache knew the answer.
pub(super) fn timed(headers: &mut HeaderMap, timing: Timing, cache: Option<&str>) {
    let Timing { parse, plan, wait, execute, frame } = timing;
    let stages = [("parse", parse), ("plan", plan), ("wait", wait), ("execute", execute), ("frame", frame)];
    let stages = stages.map(|(stage, time)| format!("{stage};dur={:.2}", time.as_secs_f64() * 1000.0));
    let cache = cache.map_or_else(String::new, |word| format!(", cache;desc=\"{word}\""));
    let value = stages.join(", ") + &cache;
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert("server-timing", value);
    }
}

/// What a document that stands alone in a browser may do: nothing.
pub(super) fn sealed(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
