//! The bytes of bodies and answers that the process holds, and the threads that work on large ones.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::respond;
use crate::budget::HeldBytes;
use crate::config::HttpConfig;
use crate::error::{Error, Kind};

/// What a permit stands for.
const UNIT: usize = 1024;
/// A piece of an answer; it is let go of when it was sent. No piece is a byte longer: the allocator rounds that up by a quarter.
const PIECE: usize = 64 * 1024;
/// How long an answer waits for others to be read.
const WAIT: Duration = Duration::from_secs(3);
/// Large pieces of work that run at once.
const JOBS: usize = 4;

/// What is held, and what is worked on.
#[derive(Clone, Debug)]
pub(super) struct Buffers {
    units: Arc<Semaphore>,
    jobs: Arc<Semaphore>,
    /// How many units there are.
    whole: usize,
    /// The largest answer.
    largest: usize,
}

/// A document that an answer is.
pub(super) trait Document: Send + 'static {
    /// Its content type.
    const TYPE: &'static str = "application/json";

    /// Writes it.
    fn write(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// A value as JSON.
pub(super) struct JsonOf<T>(pub(super) T);

impl<T: serde::Serialize + Send + 'static> Document for JsonOf<T> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(out, &self.0).map_err(io::Error::from)
    }
}

/// A document, and the bytes of what it is made of.
pub(super) struct HeldDocument<D>(pub(super) D, pub(super) Vec<HeldBytes>);

impl<D: Document> Document for HeldDocument<D> {
    const TYPE: &'static str = D::TYPE;

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.0.write(out)
    }
}

/// Why an answer was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WriteFailure {
    TooLarge,
    Full,
    Failed,
}

impl Buffers {
    pub(super) fn new(config: &HttpConfig) -> Self {
        let units = config.buffers.div_ceil(UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(units)),
            jobs: Arc::new(Semaphore::new(JOBS)),
            whole: units,
            largest: config.answer_limit,
        }
    }

    /// The bytes that are held now.
    pub(super) fn held(&self) -> usize {
        self.whole.saturating_sub(self.units.available_permits()) * UNIT
    }

    /// Room for so many bytes; none while others hold too many.
    pub(super) fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.units).try_acquire_many_owned(units(bytes)).ok()
    }

    /// Does work that takes long on a thread where nobody else waits for it.
    pub(super) async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let job = Arc::clone(&self.jobs).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(job);
            done
        });
        done.await.map_err(|_| Error::new(Kind::Internal, "internal error"))
    }

    /// The answer that a document is. A large one is made and written where nobody else waits for that.
    pub(super) async fn answer<D: Document>(
        &self,
        large: bool,
        make: impl FnOnce() -> Result<D, Error> + Send + 'static,
    ) -> Result<Response, Error> {
        let (buffers, threads) = (self.clone(), Handle::current());
        if large {
            return self.work(move || buffers.written(&make()?, Some(&threads))).await?;
        }
        let document = make()?;
        match self.tried(&document, None) {
            Err(WriteFailure::Full) => self.work(move || buffers.written(&document, Some(&threads))).await?,
            done => done.map_err(|unwritten| self.error(unwritten)),
        }
    }

    fn written<D: Document>(&self, document: &D, threads: Option<&Handle>) -> Result<Response, Error> {
        self.tried(document, threads).map_err(|unwritten| self.error(unwritten))
    }

    fn tried<D: Document>(&self, document: &D, threads: Option<&Handle>) -> Result<Response, WriteFailure> {
        let mut pieces =
            Pieces { buffers: self, threads, done: VecDeque::new(), open: Vec::new(), size: 0, unwritten: None };
        let written = document.write(&mut pieces).and_then(|()| pieces.close());
        match (written, pieces.unwritten) {
            (Ok(()), _) => {
                Ok((StatusCode::OK, [(CONTENT_TYPE, HeaderValue::from_static(D::TYPE))], pieces.body()).into_response())
            }
            (Err(_), Some(unwritten)) => Err(unwritten),
            (Err(error), None) => {
                tracing::error!(%error, "an answer cannot be written");
                Err(WriteFailure::Failed)
            }
        }
    }

    fn error(&self, unwritten: WriteFailure) -> Error {
        match unwritten {
            WriteFailure::TooLarge => {
                let message = format!("the answer is larger than {} bytes", self.largest);
                Error::new(Kind::AnswerTooLarge, message)
                    .hint("ask for fewer series or points; DATEBIN_ANSWER_LIMIT sets the limit")
            }
            WriteFailure::Full => Error::new(Kind::Busy, "too many answers wait to be read by their clients")
                .hint("try again in a few seconds; DATEBIN_BUFFERS sets how many bytes may wait"),
            WriteFailure::Failed => Error::new(Kind::Internal, "internal error"),
        }
    }
}

/// How many permits so many bytes take.
fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

/// An answer being written, in pieces that are let go of one by one.
struct Pieces<'a> {
    buffers: &'a Buffers,
    /// Where waiting is allowed, the runtime to wait on.
    threads: Option<&'a Handle>,
    done: VecDeque<Bytes>,
    open: Vec<u8>,
    size: usize,
    unwritten: Option<WriteFailure>,
}

/// A piece and the room that it takes.
struct WrittenPiece {
    bytes: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for WrittenPiece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Pieces<'_> {
    fn close(&mut self) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.open);
        if bytes.is_empty() {
            return Ok(());
        }
        bytes.shrink_to_fit();
        let Some(room) = self.room(bytes.len()) else { return Err(self.refused(WriteFailure::Full)) };
        self.done.push_back(Bytes::from_owner(WrittenPiece { bytes, _room: room }));
        Ok(())
    }

    /// Makes the open piece larger where so many bytes have no room: to twice the need, or to a whole piece after a full one.
    fn grow(&mut self, bytes: usize) {
        let needed = self.open.len() + bytes;
        if needed > self.open.capacity() {
            let usual = if self.done.is_empty() { (2 * needed).min(PIECE) } else { PIECE };
            self.open.reserve_exact(usual - self.open.len());
        }
    }

    fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        self.buffers.room(bytes).or_else(|| {
            let room = Arc::clone(&self.buffers.units).acquire_many_owned(units(bytes));
            self.threads?.block_on(tokio::time::timeout(WAIT, room)).ok()?.ok()
        })
    }

    fn refused(&mut self, unwritten: WriteFailure) -> io::Error {
        self.unwritten = Some(unwritten);
        io::Error::other("the answer is given up")
    }

    fn body(mut self) -> Body {
        match self.done.len() {
            0 | 1 => Body::from(self.done.pop_front().unwrap_or_default()),
            _ => Body::from_stream(futures_util::stream::iter(self.done.into_iter().map(Ok::<_, Infallible>))),
        }
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.size += bytes.len();
        if self.size > self.buffers.largest {
            return Err(self.refused(WriteFailure::TooLarge));
        }
        let mut left = bytes;
        while !left.is_empty() {
            let (now, later) = left.split_at(left.len().min(PIECE - self.open.len()));
            self.grow(now.len());
            self.open.extend_from_slice(now);
            if self.open.len() == PIECE {
                self.close()?;
            }
            left = later;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An answer or the error in its place.
pub(super) fn answered(answer: Result<Response, Error>) -> Response {
    answer.unwrap_or_else(|error| respond::error(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffers(answer_limit: usize, buffers: usize) -> Buffers {
        Buffers::new(&HttpConfig { answer_limit, buffers, ..HttpConfig::default() })
    }

    async fn size(answer: Response) -> usize {
        axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap().len()
    }

    #[tokio::test]
    async fn no_piece_takes_more_memory_than_it_pays_for() {
        let buffers = buffers(1 << 20, 1 << 20);
        let mut pieces = Pieces {
            buffers: &buffers,
            threads: None,
            done: VecDeque::new(),
            open: Vec::new(),
            size: 0,
            unwritten: None,
        };
        for length in [1, PIECE - 2, 3, 2 * PIECE + 5, 100] {
            pieces.write_all(&vec![b'x'; length]).unwrap();
            assert!(pieces.open.capacity() <= PIECE, "{}", pieces.open.capacity());
        }
        pieces.close().unwrap();
        let lengths: Vec<usize> = pieces.done.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [PIECE, PIECE, PIECE, 107]);
    }

    #[tokio::test]
    async fn what_is_sent_is_let_go_of() {
        let buffers = buffers(1 << 20, 512 << 10);
        let text = |length: usize| move || Ok(JsonOf("x".repeat(length)));
        let first = buffers.answer(true, text(400 << 10)).await.unwrap();
        assert!(buffers.units.available_permits() < 120, "{}", buffers.units.available_permits());
        let refused = buffers.answer(false, text(200 << 10)).await.map(drop).map_err(|error| error.kind);
        assert_eq!(refused, Err(Kind::Busy));
        assert_eq!(size(first).await, (400 << 10) + 2);
        assert_eq!(buffers.units.available_permits(), 512);
        assert_eq!(size(buffers.answer(false, text(200 << 10)).await.unwrap()).await, (200 << 10) + 2);
        let refused = buffers.answer(false, text(2 << 20)).await.map(drop).map_err(|error| error.kind);
        assert_eq!(refused, Err(Kind::AnswerTooLarge));
        assert_eq!(buffers.units.available_permits(), 512);
    }
}
