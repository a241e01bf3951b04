//! What all requests share, and where long computations run: never on the threads that answer `/livez`.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::RequestScope;
use crate::budget::{Budget, ProcessBudget};
use crate::error::{Error, Kind};

/// Steps (points times what is computed of them) that take less than a millisecond: a hop to another thread would only
/// cost time.
const AT_ONCE_STEPS: usize = 20_000;

/// What all requests of the process share besides the database.
#[derive(Clone, Debug)]
pub struct Resources {
    /// The bytes that all requests may hold together.
    pub process: ProcessBudget,
    /// The bytes that one request may hold.
    pub request_bytes: usize,
    /// The turns of long computations: as many at once as the machine has processors.
    turns: Arc<Semaphore>,
}

impl Resources {
    /// Bytes for all requests and for one.
    #[must_use]
    pub fn new(process_bytes: usize, request_bytes: usize) -> Self {
        let threads = available_parallelism().map_or(2, |threads| threads.get().max(2));
        Self { process: ProcessBudget::new(process_bytes), request_bytes, turns: Arc::new(Semaphore::new(threads)) }
    }
}

impl Default for Resources {
    /// 128 MiB and 64 MiB.
    fn default() -> Self {
        Self::new(128 << 20, 64 << 20)
    }
}

/// Stops the work that nobody waits for any more.
struct AbandonedWork(Budget);

impl Drop for AbandonedWork {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl RequestScope {
    /// Computes: at once what takes few steps, the rest on one of a few threads of its own, until the deadline.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        steps: usize,
        work: impl FnOnce(&Budget) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        if steps <= AT_ONCE_STEPS {
            return work(&self.budget);
        }
        let too_late = || Error::new(Kind::Timeout, "the question took too long").hint("narrow the range");
        let turn = timeout(self.deadline.left(), Arc::clone(&self.resources.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| too_late())?;
        let budget = self.budget.stopped_alone();
        let _waiting = AbandonedWork(budget.clone());
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work(&budget)
        });
        match timeout(self.deadline.left(), task).await {
            Ok(Ok(done)) => done,
            Ok(Err(failed)) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            Ok(Err(_)) => Err(Error::new(Kind::Internal, "internal error")),
            Err(_) => Err(too_late()),
        }
    }
}
