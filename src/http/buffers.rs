//! The bytes of bodies and answers that the process holds, and the threads that work on large ones.

mod pieces;

use std::io::{self, Write};
use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::pieces::Pieces;
use super::respond;
use crate::budget::HeldBytes;
use crate::config::HttpConfig;
use crate::error::{Error, Kind};

/// What a permit stands for.
const UNIT: usize = 1024;
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

    /// Writes it, and may let go of each part that is written.
    fn write_out(self, out: &mut dyn Write) -> io::Result<()>
    where
        Self: Sized,
    {
        self.write(out)
    }
}

/// A value as JSON.
pub(super) struct JsonOf<T>(pub(super) T);

impl<T: serde::Serialize + Send + 'static> Document for JsonOf<T> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(out, &self.0).map_err(io::Error::from)
    }
}

/// A list as JSON. The parts of a large one are let go of one by one: the list and its text are not held together.
pub(super) struct JsonList<T>(pub(super) Vec<T>);

impl<T: serde::Serialize + Send + 'static> Document for JsonList<T> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(out, &self.0).map_err(io::Error::from)
    }

    fn write_out(self, out: &mut dyn Write) -> io::Result<()> {
        let mut before: &[u8] = b"[";
        for part in self.0 {
            out.write_all(before)?;
            serde_json::to_writer(&mut *out, &part)?;
            before = b",";
        }
        out.write_all(if before == b"[" { b"[]" } else { b"]" })
    }
}

/// A document, and the bytes of what it is made of.
pub(super) struct HeldDocument<D>(pub(super) D, pub(super) Vec<HeldBytes>);

impl<D: Document> Document for HeldDocument<D> {
    const TYPE: &'static str = D::TYPE;

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.0.write(out)
    }

    fn write_out(self, out: &mut dyn Write) -> io::Result<()> {
        self.0.write_out(out)
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
            return self.work(move || buffers.written(make()?, &threads)).await?;
        }
        let document = make()?;
        match self.tried(D::TYPE, None, |out| document.write(out)) {
            Err(WriteFailure::Full) => self.work(move || buffers.written(document, &threads)).await?,
            done => done.map_err(|unwritten| self.error(unwritten)),
        }
    }

    fn written<D: Document>(&self, document: D, threads: &Handle) -> Result<Response, Error> {
        let done = self.tried(D::TYPE, Some(threads), |out| document.write_out(out));
        done.map_err(|unwritten| self.error(unwritten))
    }

    fn tried(
        &self,
        content_type: &'static str,
        threads: Option<&Handle>,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<Response, WriteFailure> {
        let mut pieces = Pieces::new(self, threads);
        match (pieces.written(write), pieces.unwritten()) {
            (Ok(()), _) => {
                let content_type = (CONTENT_TYPE, HeaderValue::from_static(content_type));
                Ok((StatusCode::OK, [content_type], pieces.into_body()).into_response())
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
