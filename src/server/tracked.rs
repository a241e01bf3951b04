//! Bodies that report their end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use super::activity::Activity;

/// A body, and whom its end is told.
pub(super) struct TrackedBody {
    body: Body,
    activity: Arc<Activity>,
    ended: fn(&Activity),
}

impl TrackedBody {
    /// The body of a request that has just arrived.
    pub(super) fn question(body: Body, activity: Arc<Activity>) -> Self {
        activity.asked(!body.is_end_stream());
        Self { body, activity, ended: Activity::body_ended }
    }

    /// The body of an answer.
    pub(super) const fn answer(body: Body, activity: Arc<Activity>) -> Self {
        Self { body, activity, ended: Activity::answered }
    }
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for TrackedBody {
    fn drop(&mut self) {
        (self.ended)(&self.activity);
    }
}
