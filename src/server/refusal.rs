//! Answers to requests that are no HTTP, or whose headers are too long. hyper gives them without a body.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::socket::Socket;
use crate::error::{Error, Kind};
use crate::render;

/// How long, and how many bytes, a refused client may still send.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 1 << 20;

/// A whole answer, as far as it was written.
pub(super) struct RefusalResponse {
    bytes: Vec<u8>,
    written: usize,
}

/// Whether hyper refuses a request with these bytes.
pub(super) fn is_empty_refusal(bytes: &[u8]) -> bool {
    bytes.starts_with(b"HTTP/1.1 4")
        && bytes.windows(19).any(|part| part.eq_ignore_ascii_case(b"content-length: 0\r\n"))
}

impl RefusalResponse {
    /// The answer that says in words what an empty one says by its status.
    pub(super) fn instead_of(empty: &[u8]) -> Self {
        let status = std::str::from_utf8(empty.get(9..12).unwrap_or_default()).unwrap_or_default();
        let (status, error) = match status {
            "414" => ("414 URI Too Long", Error::new(Kind::UriTooLong, "the URL is too long")),
            "431" => (
                "431 Request Header Fields Too Large",
                Error::new(Kind::HeadersTooLarge, "the URL and the headers are larger than 32 KiB together"),
            ),
            _ => ("400 Bad Request", Error::new(Kind::BadRequest, "the request is not HTTP/1.1")),
        };
        Self::of(status, &error)
    }

    /// The answer to a client that does not speak TLS where that is spoken.
    pub(super) fn of_plain_http() -> Self {
        let error = Error::new(Kind::BadRequest, "this port speaks HTTPS: ask with https:// instead of http://");
        Self::of("400 Bad Request", &error)
    }

    fn of(status: &str, error: &Error) -> Self {
        let body = serde_json::to_vec(&render::error(error)).unwrap_or_default();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        Self { bytes: [head.into_bytes(), body].concat(), written: 0 }
    }

    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    pub(super) const fn advance(&mut self, bytes: usize) {
        self.written += bytes;
    }
}

/// The end of a refused connection: what the client still sends is taken, for a while.
pub(super) struct LingeringClose {
    end: Pin<Box<Sleep>>,
    left: usize,
}

impl LingeringClose {
    pub(super) fn begin() -> Self {
        Self { end: Box::pin(sleep(LINGER)), left: LINGER_BYTES }
    }

    pub(super) fn poll(&mut self, socket: &mut Socket, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; 8192];
        loop {
            if self.end.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buf = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut *socket).poll_read(cx, &mut buf));
            let taken = buf.filled().len();
            self.left = self.left.saturating_sub(taken);
            if read.is_err() || taken == 0 || self.left == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
