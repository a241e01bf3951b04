//! Connections: accepted, bounded, and ended in time.

mod activity;
mod certificate;
mod connections;
mod handshake;
mod refusal;
mod socket;
mod stream;
mod tracked;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::util::{MapRequest, MapResponse};

use crate::config::HttpConfig;
use crate::http::{ConnectionNumber, OverLimit, Service};
use activity::Activity;
pub use certificate::Certificate;
use connections::{Admission, ConnectionSeat, Connections};
use socket::Socket;
use stream::ClientStream;
use tracked::TrackedBody;

/// The most bytes of a request's headers.
const HEADER_BYTES: usize = 32 * 1024;
/// After a failed accept, e.g. without a free descriptor, there is no point in trying at once.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);
/// How often the connections is looked at for somebody to leave.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How often a connection is looked at for whether its time is up.
const TICK: Duration = Duration::from_millis(500);

/// The stack of a thread in bytes: expressions are trees of up to two hundred levels, and their walk recurses.
pub const STACK: usize = 16 << 20;

/// What every connection is given.
#[derive(Clone)]
struct ConnectionContext {
    service: Service,
    certificate: Option<Certificate>,
    /// Ends with the server.
    stopping: watch::Receiver<()>,
}

/// Serves until `shutdown`, then lets running requests end for a while. With a certificate all connections are secured.
///
/// A client that goes away ends the future of its request, and with that its statement. Connections beyond the limit
/// take the place of the one that has been silent for longest; where all of them are at work a few more are served, but
/// told only how the process is.
pub async fn run(
    listener: TcpListener,
    service: Service,
    config: HttpConfig,
    certificate: Option<Certificate>,
    shutdown: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let connections = Arc::new(Connections::new(&config));
    let (running, stopping) = watch::channel(());
    let host = ConnectionContext { service, certificate, stopping };
    tokio::pin!(shutdown);
    loop {
        let arrived = tokio::select! {
            () = &mut shutdown => break,
            arrived = arrived(&listener, &connections) => arrived,
        };
        if let Some(arrival) = arrived {
            tokio::spawn(connected(arrival, host.clone(), graceful.watcher()));
        }
    }
    drop((listener, running));
    if tokio::time::timeout(config.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
}

/// A connection from its beginning to its end.
async fn connected(arrival: NewConnection, host: ConnectionContext, watcher: Watcher) {
    let NewConnection { stream, member, room } = arrival;
    let ConnectionContext { service, certificate, mut stopping } = host;
    let socket = match certificate {
        None => Socket::Plain(stream),
        Some(certificate) => tokio::select! {
            socket = handshake::secured(stream, &certificate) => match socket {
                Some(socket) => socket,
                None => return,
            },
            () = overdue(&member) => return tracing::debug!("a connection was ended: it said too little to be secured"),
            // Nothing was asked yet.
            _ = stopping.changed() => return,
        },
    };
    let activity = Arc::clone(member.activity());
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .keep_alive(room == Admission::Usual)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(
            TokioIo::new(ClientStream::new(socket, Arc::clone(&activity))),
            TowerToHyperService::new(adapted(service, activity, room, ConnectionNumber(member.number()))),
        );
    tokio::select! {
        ended = watcher.watch(connection) => if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended badly");
        },
        () = overdue(&member) => tracing::debug!("a connection was ended: it was silent for too long"),
    }
}

/// Resolves when the connection must leave, or has let its time pass.
async fn overdue(member: &ConnectionSeat) {
    loop {
        tokio::select! {
            () = member.asked_to_leave() => return,
            () = tokio::time::sleep(TICK) => {}
        }
        if member.activity().is_overdue() {
            return;
        }
    }
}

/// hyper's requests and bodies as axum's, both followed by the connection's activity.
fn adapted(
    service: Service,
    activity: Arc<Activity>,
    room: Admission,
    number: ConnectionNumber,
) -> impl tower::Service<Request<Incoming>, Response = Response<Body>, Error = std::convert::Infallible, Future: Send> + Clone
{
    let asked = Arc::clone(&activity);
    let service = MapResponse::new(service, move |response: Response<Body>| {
        response.map(|body| Body::new(TrackedBody::answer(body, Arc::clone(&activity))))
    });
    MapRequest::new(service, move |request: Request<Incoming>| {
        let mut request = request.map(|body| Body::new(TrackedBody::question(Body::new(body), Arc::clone(&asked))));
        request.extensions_mut().insert(number);
        if room == Admission::Extra {
            request.extensions_mut().insert(OverLimit);
        }
        request
    })
}

/// A new connection, and the room that it was found.
struct NewConnection {
    stream: TcpStream,
    member: ConnectionSeat,
    room: Admission,
}

/// The next connection.
async fn arrived(listener: &TcpListener, connections: &Arc<Connections>) -> Option<NewConnection> {
    let stream = match listener.accept().await {
        Ok((stream, _)) => stream,
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            tokio::time::sleep(ACCEPT_AGAIN).await;
            return None;
        }
    };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    loop {
        if let Some((member, room)) = connections.enter() {
            return Some(NewConnection { stream, member, room });
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
