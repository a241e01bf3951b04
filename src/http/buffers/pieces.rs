//! An answer as it is written, in pieces that are let go of one by one.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use super::{Buffers, WriteFailure, units};

/// A piece of an answer; it is let go of when it was sent. No piece is a byte longer: the allocator rounds that up by a quarter.
const PIECE: usize = 64 * 1024;
/// The room that an answer begins with.
const FIRST: usize = 4096;
/// How long an answer waits for others to be read.
const WAIT: Duration = Duration::from_secs(3);

/// An answer being written, in pieces that are let go of one by one.
pub(super) struct Pieces<'a> {
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

impl<'a> Pieces<'a> {
    /// For an answer that nothing is written of yet. With threads it may be waited for room.
    pub(super) const fn new(buffers: &'a Buffers, threads: Option<&'a Handle>) -> Self {
        Self { buffers, threads, done: VecDeque::new(), open: Vec::new(), size: 0, unwritten: None }
    }

    /// Writes all of it.
    pub(super) fn written(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        write(self)?;
        self.close()
    }

    /// Why it was given up.
    pub(super) const fn unwritten(&self) -> Option<WriteFailure> {
        self.unwritten
    }

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
            let usual = if self.done.is_empty() { (2 * needed).clamp(FIRST, PIECE) } else { PIECE };
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

    pub(super) fn into_body(mut self) -> Body {
        match self.done.len() {
            0 | 1 => Body::from(self.done.pop_front().unwrap_or_default()),
            _ => Body::new(WrittenBody { left: self.size, pieces: self.done }),
        }
    }
}

/// The pieces of an answer, whose length is known before it is sent.
struct WrittenBody {
    pieces: VecDeque<Bytes>,
    left: usize,
}

impl HttpBody for WrittenBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.pop_front();
        self.left -= piece.as_ref().map_or(0, Bytes::len);
        Poll::Ready(piece.map(Frame::data).map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}

impl Write for Pieces<'_> {
    /// What a writer of JSON says is a few bytes at a time.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (open, size) = (self.open.len() + bytes.len(), self.size + bytes.len());
        if open < self.open.capacity() && size <= self.buffers.largest {
            self.size = size;
            self.open.extend_from_slice(bytes);
            return Ok(());
        }
        self.write(bytes).map(drop)
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::HttpConfig;

    #[test]
    fn no_piece_takes_more_memory_than_it_pays_for() {
        let buffers = Buffers::new(&HttpConfig { answer_limit: 1 << 20, buffers: 1 << 20, ..HttpConfig::default() });
        let mut pieces = Pieces::new(&buffers, None);
        for length in [1, PIECE - 2, 3, 2 * PIECE + 5, 100] {
            pieces.write_all(&vec![b'x'; length]).unwrap();
            assert!(pieces.open.capacity() <= PIECE, "{}", pieces.open.capacity());
        }
        pieces.close().unwrap();
        let lengths: Vec<usize> = pieces.done.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [PIECE, PIECE, PIECE, 107]);
    }

    #[tokio::test]
    async fn the_length_of_an_answer_is_known_before_it_is_sent() {
        let buffers = Buffers::new(&HttpConfig { answer_limit: 1 << 20, buffers: 1 << 20, ..HttpConfig::default() });
        for length in [0, 5, PIECE, 3 * PIECE + 7] {
            let mut pieces = Pieces::new(&buffers, None);
            pieces.written(|out| (0..length).try_for_each(|at| out.write_all(&[b'a' + (at % 26) as u8]))).unwrap();
            let body = pieces.into_body();
            assert_eq!(body.size_hint().exact(), Some(length as u64));
            let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            assert!(bytes.iter().enumerate().all(|(at, byte)| *byte == b'a' + (at % 26) as u8), "{length}");
            assert_eq!(bytes.len(), length);
        }
    }

    #[test]
    fn an_answer_over_its_limit_is_given_up_whatever_it_is_written_in() {
        let buffers = Buffers::new(&HttpConfig { answer_limit: 10_000, buffers: 1 << 20, ..HttpConfig::default() });
        for part in [1, 7, 4096, 20_000] {
            let mut pieces = Pieces::new(&buffers, None);
            let written =
                pieces.written(|out| (0..20_000).step_by(part).try_for_each(|_| out.write_all(&vec![0; part])));
            assert!(written.is_err() && pieces.unwritten() == Some(WriteFailure::TooLarge), "{part}");
        }
    }
}
