//! Everything worth observing is one enum. From it come the numbers of `GET /metrics` and the log.
//!
//! What happens is an [`Observation`]: it counts, and where an operator should read of it, it is a line of the log. What
//! lasts (a request at work, a session in use) is [`UnderWay`]. What is known at the time of asking (the catalog, the memory)
//! is added to the page when the page is asked for.

mod audit;
mod by_token;
mod log;
mod numbers;
mod page;
mod process;
mod record;

use std::sync::Arc;
use std::time::Duration;

pub use audit::Audit;
pub use by_token::TokenRequests;
pub use numbers::InProgress;
use numbers::ServerMetrics;
pub use page::{MetricsPage, PageFormat, exposition};
use prometheus_client::registry::Registry;
pub use record::{Record, Request};

/// Something that happened.
#[derive(Debug)]
pub enum Observation<'a> {
    /// A request was answered, or its client left before.
    Request(&'a Request),
    /// A stage of a question took so long.
    Stage(Stage, Duration),
    /// One target of a question failed with this code, whether or not others were answered.
    Target(&'static str),
    /// A statement ended, so long after it began.
    Statement(StatementOutcome, Duration),
    /// So many rows were read.
    Rows(u64),
    /// A question was asked once more.
    Retry(Retry),
    /// The server was asked to stop the statement of this process, which nobody waits for any more; whether that worked.
    Cancelled(i32, bool),
    /// A session was opened.
    Opened,
    /// A session could not be opened.
    Unopened,
    /// The database at this place answers, which it did not before.
    Up(&'a str),
    /// The database does not answer.
    Down {
        /// Where it is.
        place: &'a str,
        /// Why.
        cause: &'a str,
        /// Whether it answered, or was not asked, before.
        is_first: bool,
    },
}

/// A part of the work on a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Text → expression.
    Parse,
    /// Expression → plan.
    Plan,
    /// Waiting for a session of the database.
    Wait,
    /// Reading the database's rows.
    Execute,
    /// Series → frames.
    Frame,
}

/// How a statement ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementOutcome {
    /// All of its rows were read, or as many as were wanted.
    Answered,
    /// The server refused it, or its session broke.
    Failed,
    /// It took longer than it may.
    TimedOut,
    /// Nobody waited for it any more.
    Abandoned,
}

/// Why a question was asked once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Its rows broke off.
    CutOff,
    /// Its session was dead.
    DeadSession,
    /// The server rolled its statement back.
    RolledBack,
    /// A relation was another one than the catalog said.
    ChangedRelation,
}

/// Something that lasts for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnderWay {
    /// A request is being answered.
    Request,
    /// A session is being opened.
    Opening,
    /// A statement has a session.
    Session,
}

/// Who is told of everything. Clones tell the same numbers.
#[derive(Clone, Debug, Default)]
pub struct Observer(Arc<ServerMetrics>);

impl Observer {
    /// One whose numbers have the name of a database.
    #[must_use]
    pub fn of_database(name: &str) -> Self {
        Self(Arc::new(ServerMetrics::of_database(Some(name))))
    }

    /// One of the requests that are no database's.
    #[must_use]
    pub fn of_root() -> Self {
        Self(Arc::new(ServerMetrics::of_root()))
    }

    /// Counts something that happened, and writes the line of the log that it is worth.
    pub fn observe(&self, what: &Observation<'_>) {
        self.0.count(what);
        log::write(what);
    }

    /// Counts something as under way until the answer is dropped.
    #[must_use]
    pub fn begin(&self, what: UnderWay) -> InProgress {
        self.0.begin(what)
    }

    /// How many are under way.
    #[must_use]
    pub fn under_way(&self, what: UnderWay) -> i64 {
        self.0.under_way(what)
    }

    /// How often the requests of each token ended with each code.
    #[must_use]
    pub fn token_requests(&self) -> Vec<TokenRequests> {
        self.0.token_requests()
    }

    /// All numbers.
    fn registry(&self) -> &Registry {
        self.0.registry()
    }
}
