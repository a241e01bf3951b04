//! Work outside of the request's span.

use tracing::Span;

/// Does something as if the current span was not entered.
///
/// A stream of rows enters the span in which it was made, or first polled, for each row twice. To look the span up in the filter of
/// the log takes about as long as to read the row's numbers.
pub(super) fn outside_of_span<T>(work: impl FnOnce() -> T) -> T {
    let _left = LeftSpan::new(Span::current());
    work()
}

/// A span that was left; it is entered again when this is dropped.
struct LeftSpan(Span);

impl LeftSpan {
    fn new(span: Span) -> Self {
        span.with_subscriber(|(id, subscriber)| subscriber.exit(id));
        Self(span)
    }
}

impl Drop for LeftSpan {
    fn drop(&mut self) {
        self.0.with_subscriber(|(id, subscriber)| subscriber.enter(id));
    }
}
