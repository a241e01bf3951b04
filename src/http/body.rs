//! Bodies, read as JSON whatever their content type says.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_ENCODING;
use axum::response::Response;
use serde::de::DeserializeOwned;

use super::{App, respond};
use crate::error::{Error, Kind};
use crate::intake;

/// A body of that shape; an empty one is the default.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned + Default> FromRequest<App> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        read(request, app.body_limit).await.map(Self).map_err(|error| respond::error(&error))
    }
}

async fn read<T: DeserializeOwned + Default>(request: Request, limit: usize) -> Result<T, Error> {
    let encoding = request.headers().get(CONTENT_ENCODING).map(|value| value.as_bytes().to_ascii_lowercase());
    if encoding.is_some_and(|encoding| encoding != b"identity") {
        return Err(Error::new(Kind::UnsupportedEncoding, "compressed bodies are not read"));
    }
    let too_large = || {
        Error::new(Kind::BodyTooLarge, format!("the body is larger than {limit} bytes"))
            .hint("DATEBIN_BODY_LIMIT sets the limit")
    };
    let declared = request.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit as u64) {
        return Err(too_large());
    }
    let bytes = to_bytes(request.into_body(), limit).await.map_err(|error| {
        let mut causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
        if causes.clone().any(|cause| cause.is::<tower_http::timeout::TimeoutError>()) {
            return Error::new(Kind::BodyTimeout, "the body did not arrive in time");
        }
        let is_limit = causes.any(|cause| cause.to_string().contains("length limit"));
        if is_limit { too_large() } else { Error::new(Kind::BadRequest, "the body ended early") }
    })?;
    intake::body(&bytes)
}
