//! Bodies, read as JSON whatever their content type says.

use std::time::Duration;

use axum::body::{BodyDataStream, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, EXPECT};
use axum::response::Response;
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout, timeout_at};

use super::buffers::Buffers;
use super::{App, respond};
use crate::error::{Error, Kind};
use crate::intake;

/// How long a body may take to arrive, all of it.
const ARRIVES: Duration = Duration::from_secs(15);
/// Room is taken in steps: a body may arrive byte by byte.
const STEP: usize = 16 * 1024;
/// From here on reading a body takes milliseconds.
pub(super) const LARGE: usize = 64 * 1024;
/// How long, and how many bytes, a client may still send after its body was refused.
const REFUSED: Duration = Duration::from_secs(10);
/// A refused client that sends nothing for so long is done.
const SILENT: Duration = Duration::from_secs(1);
const REFUSED_BYTES: usize = 64 << 20;

/// A body of that shape, and whether it is long; an empty one is the default.
pub(super) struct Json<T>(pub(super) T, pub(super) bool);

impl<T: DeserializeOwned + Default + Send + 'static> FromRequest<App> for Json<T> {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        read(request, app).await.map(|(value, long)| Self(value, long)).map_err(|error| respond::error(&error))
    }
}

async fn read<T: DeserializeOwned + Default + Send + 'static>(request: Request, app: &App) -> Result<(T, bool), Error> {
    let received = received(request, app).await?;
    if received.bytes.len() < LARGE {
        return Ok((intake::body(&received.bytes)?, false));
    }
    app.buffers
        .work(move || {
            let read = intake::body(&received.bytes);
            drop(received);
            Ok((read?, true))
        })
        .await?
}

/// A body that arrived, and the room that it takes.
pub(super) struct ReceivedBody {
    pub(super) bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

/// How a body may be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyEncoding {
    /// Not at all.
    Plainly,
    /// In Snappy's block format, which its reader decompresses; the header may be absent.
    Snappy,
}

/// The body of a request, whatever it is.
pub(super) async fn received(request: Request, app: &App) -> Result<ReceivedBody, Error> {
    received_as(BodyEncoding::Plainly, request, app).await
}

/// The body of a request as it was sent, encoded in one way.
pub(super) async fn received_as(encoded: BodyEncoding, request: Request, app: &App) -> Result<ReceivedBody, Error> {
    let refusal = refusal(&request, encoded, app.body_limit);
    // A client that waits to be told to go on sends nothing before.
    let sends = !request.headers().contains_key(EXPECT);
    let mut body =
        ArrivingBody { stream: request.into_body().into_data_stream(), bytes: Vec::new(), room: None, reserved: 0 };
    let received = match refusal {
        Some(error) => Err(error),
        None => body.receive(app.body_limit, &app.buffers).await,
    };
    if let Err(error) = received {
        if sends && error.kind != Kind::BodyTimeout {
            tokio::spawn(drain(body.stream));
        }
        return Err(error);
    }
    Ok(ReceivedBody { bytes: body.bytes, _room: body.room })
}

/// Why a body is not read at all.
fn refusal(request: &Request, encoded: BodyEncoding, limit: usize) -> Option<Error> {
    let (usual, message) = match encoded {
        BodyEncoding::Plainly => ("identity", "compressed bodies are not read"),
        BodyEncoding::Snappy => ("snappy", "the body is read with the content encoding snappy only"),
    };
    let encoding = request.headers().get(CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(usual.as_bytes())) {
        return Some(Error::new(Kind::UnsupportedEncoding, message));
    }
    let declared = request.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    declared.is_some_and(|length| length > limit as u64).then(|| too_large(limit))
}

fn too_large(limit: usize) -> Error {
    Error::new(Kind::BodyTooLarge, format!("the body is larger than {limit} bytes"))
        .hint("DATEBIN_BODY_LIMIT sets the limit")
}

/// A body that arrives, and the room that it takes.
struct ArrivingBody {
    stream: BodyDataStream,
    bytes: Vec<u8>,
    room: Option<OwnedSemaphorePermit>,
    /// For how many bytes there is room.
    reserved: usize,
}

impl ArrivingBody {
    async fn receive(&mut self, limit: usize, buffers: &Buffers) -> Result<(), Error> {
        let end = Instant::now() + ARRIVES;
        loop {
            let next = timeout_at(end, self.stream.next()).await;
            let next = next.map_err(|_| Error::new(Kind::BodyTimeout, "the body did not arrive in time"))?;
            let Some(piece) = next else { return Ok(()) };
            let piece: Bytes = piece.map_err(|_| Error::new(Kind::BadRequest, "the body ended early"))?;
            if self.bytes.len() + piece.len() > limit {
                return Err(too_large(limit));
            }
            self.reserve(self.bytes.len() + piece.len(), buffers)?;
            self.bytes.extend_from_slice(&piece);
        }
    }

    fn reserve(&mut self, bytes: usize, buffers: &Buffers) -> Result<(), Error> {
        if bytes <= self.reserved {
            return Ok(());
        }
        let more = (bytes - self.reserved).next_multiple_of(STEP);
        let full = || Error::new(Kind::Busy, "too many bodies are being read").hint("try again in a few seconds");
        let room = buffers.room(more).ok_or_else(full)?;
        match &mut self.room {
            Some(all) => all.merge(room),
            none => *none = Some(room),
        }
        self.reserved += more;
        Ok(())
    }
}

/// Takes what a client still sends, so that it comes to read why its body was refused.
async fn drain(mut stream: BodyDataStream) {
    let taken = async {
        let mut left = REFUSED_BYTES;
        while let Ok(Some(Ok(piece))) = timeout(SILENT, stream.next()).await {
            left = left.saturating_sub(piece.len());
            if left == 0 {
                return;
            }
        }
    };
    let _in_time = timeout(REFUSED, taken).await;
}
