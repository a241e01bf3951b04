//! What every request passes through, in order.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, ORIGIN};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};

use super::auth::{Gate, admitted};
use super::observed::{RequestObserver, observed};
use super::prometheus::in_its_words;
use super::{OverLimit, respond};
use crate::access::AccessTarget;
use crate::config::{HttpConfig, Origins};
use crate::error::{Error, Kind};

/// What the engine's own deadline is given before the connection's answer is forced.
const GRACE: Duration = Duration::from_secs(2);
/// Smaller answers are not worth compressing.
const WORTH_COMPRESSING: u64 = 1024;

/// Where a client may put an id of its own, and the most bytes of it.
const REQUEST_ID: &str = "x-request-id";
const LONGEST_ID: usize = 128;

/// Wraps the routes; the first line meets a request first. One layer of the router's holds them all: the router boxes each of
/// its own, and clones every one inside of it for each request.
pub(super) fn layers(routes: Router, config: &HttpConfig, watching: RequestObserver, place: AccessTarget) -> Router {
    let request_id = HeaderName::from_static(REQUEST_ID);
    let compression = CompressionLayer::new()
        .quality(tower_http::CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(WORTH_COMPRESSING));
    let layers = ServiceBuilder::new()
        .map_request(with_short_id)
        .layer(SetRequestIdLayer::new(request_id.clone(), MakeRequestUuid))
        // Around all that answers, so that it sees what leaves.
        .layer(from_fn_with_state(watching, observed))
        .layer(PropagateRequestIdLayer::new(request_id))
        // Outside of everything that makes errors: a browser shows an error only with CORS headers.
        .layer(cors(&config.origins))
        .layer(from_fn(in_its_words))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| panicked()))
        // Before a body is read and a session of the database is wanted, and for paths that there are none of too.
        .layer(from_fn_with_state(Arc::new(Gate::of(config, place)), admitted))
        // The engine answers 504 before this does.
        .layer(from_fn_with_state(config.request_timeout + GRACE, in_time_where_there_is_room))
        // Innermost, so that what leaves is compressed once.
        .layer(compression);
    routes.layer(layers)
}

/// A client's own id stands in every line about its request; a long one is replaced.
fn with_short_id(mut request: Request) -> Request {
    if request.headers().get(REQUEST_ID).is_some_and(|id| id.len() > LONGEST_ID) {
        request.headers_mut().remove(REQUEST_ID);
    }
    request
}

/// How the process is, is told to everybody.
async fn in_time_where_there_is_room(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    let is_crowded = request.extensions().get::<OverLimit>().is_some();
    if is_crowded && !matches!(request.uri().path(), "/livez" | "/readyz" | "/metrics" | "/-/healthy" | "/-/ready") {
        let error = Error::new(Kind::Busy, "all connections are at work");
        return respond::error(&error.hint("try again in a few seconds; DATEBIN_MAX_CONNECTIONS sets the limit"));
    }
    let answer = tokio::time::timeout(limit, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        let error = Error::new(Kind::Timeout, "the request took too long");
        respond::error(&error.hint("ask for less, or try again in a few seconds"))
    })
}

fn panicked() -> Response {
    respond::error(&Error::new(Kind::Internal, "internal error"))
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

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;
    use crate::observe::{Audit, MetricsPage, Observer, PageFormat, exposition};

    #[tokio::test]
    async fn a_panic_costs_one_request() {
        let observer = Observer::default();
        let watching = RequestObserver { observer: observer.clone(), audit: Audit::Off, database: None };
        let routes = Router::new()
            .route(
                "/bad",
                get(async || {
                    if std::hint::black_box(true) {
                        panic!("the secret words")
                    }
                }),
            )
            .route("/good", get(async || "good"));
        let service = layers(routes, &HttpConfig::default(), watching, AccessTarget::Root);
        for (path, status) in [("/bad", 500), ("/good", 200), ("/bad", 500)] {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            let response = service.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{path}");
            assert!(response.headers().contains_key("x-request-id"), "{path}");
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            assert!(!String::from_utf8_lossy(&body).contains("secret"), "{path}");
        }
        let page = exposition(&[MetricsPage::of_database(None, &observer)], PageFormat::Text);
        let counted = "datebin_requests_total{method=\"GET\",route=\"/bad\",status=\"500\",code=\"internal\"} 2";
        assert!(page.contains(counted), "{page}");
    }
}
