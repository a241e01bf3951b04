//! The numbers that observations add up to.

use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::by_token::{ByToken, TokenRequests};
use super::page::registry;
use super::{Observation, Request, Retry, Stage, StatementOutcome, UnderWay};

/// The upper edges of a histogram of times, in seconds: from what nobody notices to Grafana's patience.
const SECONDS: [f64; 10] = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// A histogram of times for each value of a label.
type Times<L> = Family<L, Histogram, fn() -> Histogram>;

/// All numbers that are counted as things happen.
#[derive(Debug)]
pub(super) struct ServerMetrics {
    requests: Family<RequestLabels, Counter>,
    request_times: Times<OfRoute>,
    answer_bytes: Counter,
    stages: Times<OfStage>,
    failed_targets: Family<WithCode, Counter>,
    statements: Family<WithOutcome, Counter>,
    statement_times: Histogram,
    rows: Counter,
    retries: Family<WithReason, Counter>,
    cancellations: Family<WithResult, Counter>,
    opened: Counter,
    unopened: Counter,
    outages: Counter,
    by_token: ByToken,
    requests_in_flight: Gauge,
    opening: Gauge,
    sessions: Gauge,
    registry: Registry,
}

/// Something under way; it has ended when this is dropped.
#[derive(Debug)]
pub struct InProgress(Gauge);

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRoute {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStage {
    stage: Stage,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WithCode {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WithOutcome {
    outcome: StatementOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WithReason {
    reason: Retry,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WithResult {
    result: &'static str,
}

/// Writes a word as the value of a label.
macro_rules! words {
    ($type:ty { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $type {
            /// All of them: each has a series before it happens, because `rate` does not count the first event of a series that
            /// starts at 1.
            const ALL: &[Self] = &[$(Self::$variant),+];
        }

        impl EncodeLabelValue for $type {
            fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
                EncodeLabelValue::encode(&match self { $(Self::$variant => $word),+ }, encoder)
            }
        }
    };
}

words!(Stage { Parse => "parse", Plan => "plan", Wait => "wait", Execute => "execute", Frame => "frame" });
words!(StatementOutcome { Answered => "answered", Failed => "failed", TimedOut => "timed_out", Abandoned => "abandoned" });
words!(Retry { CutOff => "cut_off", DeadSession => "dead_session", RolledBack => "rolled_back", ChangedRelation => "changed_relation" });

fn times() -> Histogram {
    Histogram::new(SECONDS)
}

impl Default for ServerMetrics {
    fn default() -> Self {
        Self::of_database(None)
    }
}

impl ServerMetrics {
    /// Those of a database, with its name where there are several.
    pub(super) fn of_database(name: Option<&str>) -> Self {
        let mut numbers = Self::unregistered();
        numbers.begin_at_zero();
        numbers.registry = numbers.registered(name);
        numbers
    }

    /// Those of requests alone.
    pub(super) fn of_root() -> Self {
        let mut numbers = Self::unregistered();
        numbers.registry = numbers.with_requests(None);
        numbers
    }

    fn unregistered() -> Self {
        let constructor: fn() -> Histogram = times;
        Self {
            requests: Family::default(),
            request_times: Family::new_with_constructor(constructor),
            answer_bytes: Counter::default(),
            stages: Family::new_with_constructor(constructor),
            failed_targets: Family::default(),
            statements: Family::default(),
            statement_times: times(),
            rows: Counter::default(),
            retries: Family::default(),
            cancellations: Family::default(),
            opened: Counter::default(),
            unopened: Counter::default(),
            outages: Counter::default(),
            by_token: ByToken::default(),
            requests_in_flight: Gauge::default(),
            opening: Gauge::default(),
            sessions: Gauge::default(),
            registry: Registry::default(),
        }
    }

    fn begin_at_zero(&self) {
        for stage in Stage::ALL {
            drop(self.stages.get_or_create(&OfStage { stage: *stage }));
        }
        for outcome in StatementOutcome::ALL {
            drop(self.statements.get_or_create(&WithOutcome { outcome: *outcome }));
        }
        for reason in Retry::ALL {
            drop(self.retries.get_or_create(&WithReason { reason: *reason }));
        }
        for result in [DONE, FAILED] {
            drop(self.cancellations.get_or_create(&WithResult { result }));
        }
    }

    fn with_requests(&self, database: Option<&str>) -> Registry {
        let mut registry = registry(database);
        registry.register("requests", "Requests by route, status and error code", self.requests.clone());
        registry.register(
            "request_duration_seconds",
            "Time from a request's headers to those of its answer",
            self.request_times.clone(),
        );
        registry.register("requests_in_flight", "Requests that are being answered", self.requests_in_flight.clone());
        registry.register(
            "answer_bytes",
            "Bytes of answers as they were sent, after compression",
            self.answer_bytes.clone(),
        );
        registry
    }

    fn registered(&self, database: Option<&str>) -> Registry {
        let mut registry = self.with_requests(database);
        registry.register("stage_duration_seconds", "Time of each stage of a question", self.stages.clone());
        registry.register(
            "failed_targets",
            "Targets of the Grafana plugins' questions that failed, whether or not others of the question were answered",
            self.failed_targets.clone(),
        );
        registry.register("statements", "Statements by how they ended", self.statements.clone());
        registry.register(
            "statement_duration_seconds",
            "Time from sending a statement to its last row",
            self.statement_times.clone(),
        );
        registry.register("rows_read", "Rows that were read from the database", self.rows.clone());
        registry.register("retries", "Questions that were asked once more", self.retries.clone());
        registry.register(
            "cancellations",
            "Abandoned statements that the server was asked to stop",
            self.cancellations.clone(),
        );
        registry.register("sessions_opened", "Sessions of the pool that were opened", self.opened.clone());
        registry.register("sessions_failed", "Sessions of the pool that could not be opened", self.unopened.clone());
        registry.register("pool_opening", "Sessions of the pool that are being opened", self.opening.clone());
        registry.register("pool_in_use", "Sessions of the pool that run a statement", self.sessions.clone());
        registry.register("database_outages", "Times that the database was found away", self.outages.clone());
        registry
    }

    pub(super) const fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(super) fn count(&self, what: &Observation<'_>) {
        match *what {
            Observation::Request(request) => self.request(request),
            Observation::Stage(stage, taken) => self.stages.get_or_create(&OfStage { stage }).observe(seconds(taken)),
            Observation::Target(code) => drop(self.failed_targets.get_or_create(&WithCode { code }).inc()),
            Observation::Statement(outcome, taken) => {
                self.statements.get_or_create(&WithOutcome { outcome }).inc();
                self.statement_times.observe(seconds(taken));
            }
            Observation::Rows(rows) => drop(self.rows.inc_by(rows)),
            Observation::Retry(reason) => drop(self.retries.get_or_create(&WithReason { reason }).inc()),
            Observation::Cancelled(_, is_done) => {
                let result = if is_done { DONE } else { FAILED };
                self.cancellations.get_or_create(&WithResult { result }).inc();
            }
            Observation::Opened => drop(self.opened.inc()),
            Observation::Unopened => drop(self.unopened.inc()),
            Observation::Down { is_first, .. } => drop(self.outages.inc_by(is_first.into())),
            Observation::Up(_) => {}
        }
    }

    fn request(&self, request: &Request) {
        let Request { method, route, status, code, record, .. } = request;
        if let Some(token) = &record.identity().token {
            self.by_token.count(token, code);
        }
        let labels = RequestLabels { method, route: route.clone(), status: *status, code };
        self.requests.get_or_create(&labels).inc();
        self.request_times.get_or_create(&OfRoute { route: route.clone() }).observe(seconds(request.taken));
        self.answer_bytes.inc_by(request.bytes);
    }

    pub(super) fn token_requests(&self) -> Vec<TokenRequests> {
        self.by_token.all()
    }

    fn gauge(&self, what: UnderWay) -> &Gauge {
        match what {
            UnderWay::Request => &self.requests_in_flight,
            UnderWay::Opening => &self.opening,
            UnderWay::Session => &self.sessions,
        }
    }

    pub(super) fn begin(&self, what: UnderWay) -> InProgress {
        let gauge = self.gauge(what).clone();
        gauge.inc();
        InProgress(gauge)
    }

    pub(super) fn under_way(&self, what: UnderWay) -> i64 {
        self.gauge(what).get()
    }
}

const DONE: &str = "done";
const FAILED: &str = "failed";

const fn seconds(taken: Duration) -> f64 {
    taken.as_secs_f64()
}
