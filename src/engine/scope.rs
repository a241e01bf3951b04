//! The scope of one request. Everything below the handlers takes it instead of separate parameters.

use std::sync::Arc;
use std::time::Duration;

use super::together::AT_ONCE;
use super::{Engine, Resources};
use crate::access::Caller;
use crate::budget::Budget;
use crate::cache::{Cache, CacheOutcome, CacheTally, FetchOrigin, FlightSharing};
use crate::catalog::{Snapshot, Source};
use crate::db::{Database, Deadline};
use crate::error::{Error, Kind};
use crate::identity::Identity;
use crate::intake::Moment;
use crate::observe::{Observer, Record};
use crate::pattern::Patterns;
use crate::plan::{Limits, NameResolution};
use crate::refresh::Catalog;
use crate::time::{Millis, Zone};

/// One request: its caller, the catalog as that caller sees it, the database with the sessions it may hold at once, the moment by
/// which it must be answered, and what its answer may cost.
#[derive(Clone)]
pub struct RequestScope {
    pub(super) caller: Caller,
    /// The catalog as the caller sees it.
    pub(super) snapshot: Arc<Snapshot>,
    /// All of the catalog: what is asked of it never reaches the caller.
    pub(super) whole: Arc<Snapshot>,
    pub(super) catalog: Catalog,
    pub(super) database: Database,
    pub(super) deadline: Deadline,
    pub(super) limits: Limits,
    pub(super) budget: Budget,
    pub(super) resources: Resources,
    /// What is known already.
    pub(super) cache: Cache,
    /// Which statements of others it may share.
    pub(super) since: FlightSharing,
    /// Where its buckets came from.
    pub(super) tally: CacheTally,
    pub(super) show_sql: bool,
    /// Whether the database may aggregate.
    pub(super) pushes: bool,
    pub(super) patterns: Arc<Patterns>,
    pub(super) now: Millis,
    /// What is written down of the request.
    pub(super) record: Record,
}

impl Engine {
    /// The scope of a request that comes in now, of nobody in particular.
    ///
    /// # Errors
    /// The catalog has never been loaded.
    pub fn scope(&self) -> Result<RequestScope, Error> {
        self.scope_of(&Caller::default(), &Record::default())
    }

    /// The scope of a caller's request that comes in now, and what is written down of it.
    ///
    /// # Errors
    /// The catalog has never been loaded.
    pub fn scope_of(&self, caller: &Caller, record: &Record) -> Result<RequestScope, Error> {
        record.question();
        let limits = caller.limits(self.limits);
        let budget = Budget::new(&self.resources.process, self.resources.request_bytes, limits.cells);
        let whole = self.snapshot()?;
        Ok(RequestScope {
            snapshot: caller.view(&whole),
            whole,
            catalog: self.catalog.clone(),
            database: self.database.of_request(AT_ONCE, &budget).of_caller(caller.identity(), record),
            deadline: Deadline::after(self.request_timeout),
            limits,
            budget,
            resources: self.resources.clone(),
            cache: self.cache.clone(),
            since: FlightSharing::now(0),
            tally: CacheTally::default(),
            // The SQL has the conditions that a token adds.
            show_sql: self.show_sql && !caller.hides_rows(),
            pushes: true,
            patterns: Arc::default(),
            now: self.clock.now(),
            caller: caller.clone(),
            record: record.clone(),
        })
    }

    /// The catalog as it is now.
    ///
    /// # Errors
    /// It has never been loaded.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        self.catalog.current().ok_or_else(|| {
            let health = self.database.health();
            let why = health.reason().or_else(|| self.catalog.failure_reason());
            let why = why.unwrap_or(if health.is_up() { "it is being read" } else { "the database has not answered" });
            let message = format!("the catalog has not been loaded yet: {why}");
            Error::new(Kind::NoCatalog, message).hint("try again in a few seconds; datebin's log has the details")
        })
    }
}

impl RequestScope {
    /// Who asks. What was read for one identity answers no other.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        self.caller.identity()
    }

    /// Whether the caller sees some rows of a source only: then nothing may answer that knows all of them, such as
    /// statistics.
    #[must_use]
    pub fn hides_rows_of(&self, source: &Source) -> bool {
        self.caller.hides_rows_of(source)
    }

    /// Who is told of what happens.
    pub(super) fn observer(&self) -> &Observer {
        self.database.observer()
    }

    /// The catalog of the request.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// What the request may hold.
    #[must_use]
    pub const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The bounds of an answer.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// What names are resolved with.
    pub(super) fn naming(&self) -> NameResolution<'_> {
        NameResolution { snapshot: &self.snapshot, patterns: &self.patterns, limits: self.limits }
    }

    /// The time of the request, and the zone that applies where it names none.
    #[must_use]
    pub fn moment(&self) -> Moment<'_> {
        self.moment_in(self.snapshot.zone())
    }

    /// The time of the request in another zone.
    #[must_use]
    pub const fn moment_in<'a>(&self, zone: &'a Zone) -> Moment<'a> {
        Moment { now: self.now, zone }
    }

    /// The same request, which asks the database for what is known as well, where it says so.
    #[must_use]
    pub fn fresh(mut self, is_fresh: bool) -> Self {
        self.since.is_fresh = is_fresh;
        self
    }

    /// The same request of a client, by the number of its connection.
    #[must_use]
    pub const fn of_client(mut self, client: u64) -> Self {
        self.since.client = client;
        self
    }

    /// Where the buckets of its answer came from, in one word; none where nothing was fetched.
    #[must_use]
    pub fn outcome(&self) -> Option<&'static str> {
        if self.cache.is_on() { self.tally.worst().map(CacheOutcome::word) } else { Some("off") }
    }

    /// How many rows of the database the request has read so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.record.rows()
    }

    /// Where the buckets of each fetch came from.
    #[must_use]
    pub fn origins(&self) -> Vec<FetchOrigin> {
        self.tally.origins()
    }

    /// The time of the request by the earlier of the two clocks.
    pub(super) fn earlier_now(&self) -> Millis {
        self.now.min(self.now.saturating_add(self.snapshot.skew_ms()))
    }

    /// The same request with less time, where it says so.
    #[must_use]
    pub fn within(self, timeout: Option<Duration>) -> Self {
        let deadline = timeout.map_or(self.deadline, |timeout| self.deadline.within(timeout));
        Self { deadline, ..self }
    }

    /// The same request with a newer catalog.
    pub(super) fn with(&self, whole: Arc<Snapshot>) -> Self {
        Self { snapshot: self.caller.view(&whole), whole, ..self.clone() }
    }

    /// The same request with everything computed here of samples.
    #[must_use]
    pub fn without_pushing(&self) -> Self {
        Self { pushes: false, ..self.clone() }
    }

    /// The same request with a measure of its own of the time that is waited for sessions.
    pub(super) fn metered(&self) -> Self {
        Self { database: self.database.metered(), ..self.clone() }
    }

    /// The same request with as many cells again: values that are carried into a range are not cells of its answer.
    pub(super) fn with_cells_of_its_own(&self) -> Self {
        Self { budget: self.budget.with_cells_of_its_own(), ..self.clone() }
    }
}
