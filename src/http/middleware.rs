//! What every request passes through, in order.

use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, ORIGIN};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::classify::ServerErrorsFailureClass;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;

use super::auth::{Gate, admitted};
use super::prometheus::in_its_words;
use super::{Crowded, respond};
use crate::config::{HttpConfig, Origins};
use crate::error::{Error, Kind};

/// What the engine's own deadline is given before the connection's answer is forced.
const GRACE: Duration = Duration::from_secs(2);
/// Smaller answers are not worth compressing.
const WORTH_COMPRESSING: u64 = 1024;

/// Wraps the routes. Layers added later are outer: the last line meets a request first.
pub(super) fn layers(routes: Router, config: &HttpConfig) -> Router {
    let request_id = HeaderName::from_static("x-request-id");
    let compression = CompressionLayer::new()
        .quality(tower_http::CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(WORTH_COMPRESSING));
    routes
        // Innermost, so that what leaves is compressed once.
        .layer(compression)
        // The engine answers 504 before this does.
        .layer(from_fn_with_state(config.request_timeout + GRACE, in_time))
        .layer(from_fn(if_there_is_room))
        // Before a body is read and a session of the database is wanted, and for paths that there are none of too.
        .layer(from_fn_with_state(Gate::of(config), admitted))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| panicked()))
        .layer(from_fn(in_its_words))
        // Outside of everything that makes errors: a browser shows an error only with CORS headers.
        .layer(cors(&config.origins))
        .layer(PropagateRequestIdLayer::new(request_id.clone()))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(failed))
        .layer(SetRequestIdLayer::new(request_id, MakeRequestUuid))
}

async fn in_time(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(limit, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        let error = Error::new(Kind::Timeout, "the request took too long");
        respond::error(&error.hint("ask for less, or try again in a few seconds"))
    })
}

/// How the process is, is told to everybody.
async fn if_there_is_room(request: Request, next: Next) -> Response {
    let is_crowded = request.extensions().get::<Crowded>().is_some();
    if is_crowded && !matches!(request.uri().path(), "/livez" | "/readyz" | "/metrics" | "/-/healthy" | "/-/ready") {
        let error = Error::new(Kind::Busy, "all connections are at work");
        return respond::error(&error.hint("try again in a few seconds; DATEBIN_MAX_CONNECTIONS sets the limit"));
    }
    next.run(request).await
}

/// 503 and 504 are answers as any other: whoever made them has logged their cause, once.
fn failed(class: ServerErrorsFailureClass, latency: Duration, _: &tracing::Span) {
    match class {
        ServerErrorsFailureClass::StatusCode(StatusCode::INTERNAL_SERVER_ERROR) => {
            tracing::error!(?latency, "answered 500");
        }
        class => tracing::debug!(%class, ?latency, "not answered well"),
    }
}

fn panicked() -> Response {
    respond::error(&Error::new(Kind::Internal, "internal error"))
}

/// The matched route, never the raw path or a body.
fn span(request: &Request) -> tracing::Span {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or("");
    tracing::info_span!("request", method = %request.method(), route, id)
}

/// Direct access from browsers; preflights are answered on every path, before anything else looks at them.
fn cors(origins: &Origins) -> CorsLayer {
    let layer =
        CorsLayer::new().allow_methods([Method::GET, Method::POST, Method::OPTIONS]).max_age(Duration::from_secs(600));
    let named = [ACCEPT, AUTHORIZATION, CONTENT_TYPE, ORIGIN];
    match origins {
        Origins::Any => layer.allow_headers(named).allow_origin(tower_http::cors::Any),
        Origins::Loopback => {
            let local = AllowOrigin::predicate(|origin: &HeaderValue, _: &Parts| is_loopback(origin));
            layer.allow_headers(named).allow_origin(local).allow_credentials(true).vary([ORIGIN])
        }
        Origins::Listed(list) => {
            let list = list.iter().filter_map(|origin| HeaderValue::try_from(origin.as_str()).ok());
            layer.allow_headers(named).allow_origin(AllowOrigin::list(list)).allow_credentials(true).vary([ORIGIN])
        }
    }
}

fn is_loopback(origin: &HeaderValue) -> bool {
    let host = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok()?.host().map(str::to_owned));
    matches!(host.as_deref(), Some("localhost" | "127.0.0.1" | "[::1]" | "::1"))
}
