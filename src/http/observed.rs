//! What is known of a request when it is over goes to the log, the numbers and the audit.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tracing::Instrument as _;

use crate::error::Error;
use crate::observe::{self, Audit, InProgress, Observation, Observer, Record, UnderWay};

/// What is said of a request whose client left before the answer.
const LEFT: (u16, &str) = (499, "client_left");

/// Who is told of requests.
#[derive(Clone)]
pub(super) struct RequestObserver {
    pub(super) observer: Observer,
    pub(super) audit: Audit,
    /// The name of the database that is asked, where it has one.
    pub(super) database: Option<Arc<str>>,
}

/// Watches a request until the last byte of its answer was sent, or its client left.
pub(super) async fn observed(State(watching): State<RequestObserver>, mut request: Request, next: Next) -> Response {
    let mut watched = WatchedRequest::begin(watching, &request);
    request.extensions_mut().insert(watched.request.record.clone());
    let WatchedRequest { request: observe::Request { method, route, id, .. }, .. } = &watched;
    // The matched route, never the raw path or a body.
    let span = tracing::info_span!("request", method, route, id);
    let response = next.run(request).instrument(span).await;
    watched.answered(&response);
    response.map(|body| Body::new(Sent { is_whole: body.is_end_stream(), body, watched }))
}

/// A request that is being answered; what became of it is told when this is dropped.
struct WatchedRequest {
    watching: RequestObserver,
    begun: Instant,
    request: observe::Request,
    _counted: InProgress,
}

impl WatchedRequest {
    fn begin(watching: RequestObserver, request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or("");
        let request = observe::Request {
            method: method(request.method()),
            database: watching.database.clone(),
            route: route.to_owned(),
            status: LEFT.0,
            code: LEFT.1,
            taken: Duration::ZERO,
            bytes: 0,
            id: id.to_owned(),
            record: Record::new(watching.audit == Audit::Full),
        };
        Self { begun: Instant::now(), request, _counted: watching.observer.begin(UnderWay::Request), watching }
    }

    fn answered(&mut self, response: &Response) {
        let code = response.extensions().get::<Error>().map(|error| error.kind.code());
        self.request.taken = self.begun.elapsed();
        self.request.status = response.status().as_u16();
        self.request.code = code.unwrap_or(if response.status().as_u16() < 400 { "ok" } else { "other" });
    }
}

impl Drop for WatchedRequest {
    fn drop(&mut self) {
        if self.request.status == LEFT.0 {
            self.request.taken = self.begun.elapsed();
        }
        self.watching.observer.observe(&Observation::Request(&self.request));
        self.watching.audit.write(&self.request);
    }
}

/// The method; all outside of HTTP's own are counted as `other`.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

/// The body of an answer, whose bytes are counted while they are sent.
struct Sent {
    body: Body,
    watched: WatchedRequest,
    is_whole: bool,
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.watched.request.bytes += frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
                self.is_whole = self.body.is_end_stream();
            }
            Poll::Ready(None) => self.is_whole = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Sent {
    /// The status was sent: only the code tells that the rest was not.
    fn drop(&mut self) {
        if !self.is_whole && self.watched.request.code == "ok" && self.watched.request.method != "HEAD" {
            self.watched.request.code = LEFT.1;
        }
    }
}
