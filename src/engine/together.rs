//! The parts of a request side by side.
//!
//! `buffered` wakes the task that waits for it at each of its futures that has to wait, as it takes that for a yield. So the task runs
//! once more for nothing, and a second thread wakes for it. Most requests have one part, for which none of that is needed.

use futures_util::future::join_all;
use futures_util::{Stream, StreamExt as _, stream};

/// How many run at the same time, so that one request cannot take the whole pool.
pub(super) const AT_ONCE: usize = 4;

/// The results of all, in their order.
pub(super) async fn all<F: Future>(parts: Vec<F>) -> Vec<F::Output> {
    if parts.len() <= AT_ONCE { join_all(parts).await } else { in_order(parts).collect().await }
}

/// The results in their order, each when it is there.
pub(super) fn in_order<F: Future>(mut parts: Vec<F>) -> impl Stream<Item = F::Output> {
    match parts.pop() {
        Some(only) if parts.is_empty() => stream::once(only).left_stream(),
        last => stream::iter(parts.into_iter().chain(last)).buffered(AT_ONCE).right_stream(),
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often a task is woken that waits for what never comes.
    fn wakes<T>(waiting: impl Future<Output = T>) -> usize {
        let wakes = Arc::new(Wakes::default());
        assert!(pin!(waiting).poll(&mut Context::from_waker(&Waker::from(Arc::clone(&wakes)))).is_pending());
        wakes.0.load(Ordering::Relaxed)
    }

    #[test]
    fn who_waits_sleeps_until_something_is_there() {
        assert_eq!(wakes(async { pin!(in_order(vec![pending::<()>()])).next().await }), 0);
        for parts in 1..=AT_ONCE {
            assert_eq!(wakes(all((0..parts).map(|_| pending::<()>()).collect())), 0, "{parts}");
        }
    }

    #[tokio::test]
    async fn results_come_in_the_order_of_their_parts() {
        for parts in [0, 1, AT_ONCE, 3 * AT_ONCE] {
            // The later ones are there first.
            let part = async |at: usize| {
                for _ in at..parts {
                    tokio::task::yield_now().await;
                }
                at
            };
            let expected: Vec<usize> = (0..parts).collect();
            assert_eq!(all((0..parts).map(part).collect()).await, expected);
            assert_eq!(in_order((0..parts).map(part).collect()).collect::<Vec<_>>().await, expected);
        }
    }
}
