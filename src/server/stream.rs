//! A socket that reports its state.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::Activity;
use super::refusal::{LingeringClose, RefusalResponse, is_empty_refusal};
use super::socket::Socket;

/// A client's socket.
pub(super) struct ClientStream {
    socket: Socket,
    activity: Arc<Activity>,
    /// What is said instead of hyper's empty answer to a request that it cannot read.
    refusal: Option<RefusalResponse>,
    linger: Option<LingeringClose>,
}

impl ClientStream {
    pub(super) const fn new(socket: Socket, activity: Arc<Activity>) -> Self {
        Self { socket, activity, refusal: None, linger: None }
    }

    fn counted(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(bytes)) => self.activity.sent(*bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.activity.is_full(),
        }
        written
    }

    /// Writes what takes the place of an empty answer, and says that the answer was written.
    fn poll_refusal(&mut self, cx: &mut Context<'_>, empty: &[u8]) -> Poll<io::Result<usize>> {
        let refusal = self.refusal.get_or_insert_with(|| RefusalResponse::instead_of(empty));
        while !refusal.rest().is_empty() {
            let written = ready!(Pin::new(&mut self.socket).poll_write(cx, refusal.rest()))?;
            refusal.advance(written);
        }
        Poll::Ready(Ok(empty.len()))
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.activity.received();
        }
        read
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.activity.is_before_any_question() && is_empty_refusal(buf) {
            return self.poll_refusal(cx, buf);
        }
        let written = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.counted(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bufs.iter().find(|buf| !buf.is_empty()).map_or(&[][..], |buf| buf);
        if self.activity.is_before_any_question() && is_empty_refusal(first) {
            return self.poll_refusal(cx, first);
        }
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.counted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        if flushed.is_ready() {
            self.activity.flushed();
        }
        flushed
    }

    /// A client that still sends sees a refusal only if what it sends is taken.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.socket).poll_shutdown(cx))?;
        let Self { socket, refusal, linger, .. } = &mut *self;
        if refusal.is_none() {
            return Poll::Ready(Ok(()));
        }
        linger.get_or_insert_with(LingeringClose::begin).poll(socket, cx)
    }
}
