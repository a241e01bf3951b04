//! What an expression means.

use crate::time::{Millis, Steps};

/// The meaning that lowering gives to one grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Semantics {
    /// Buckets of a panel: a bare name is the metric's own function over each, counters telescope, the database
    /// aggregates.
    Panel,
    /// Prometheus 3: instant and range selectors at steps.
    Prometheus(EvaluationTimes),
}

/// When an expression is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvaluationTimes {
    /// The times of the part at hand: the question's, or those of the subquery that it stands in.
    pub steps: Steps,
    /// Where the question's range begins: `@ start()`.
    pub start_ms: Millis,
    /// Where it ends: `@ end()`. The last step may lie before that.
    pub end_ms: Millis,
}

impl EvaluationTimes {
    /// A whole question.
    #[must_use]
    pub const fn of(steps: Steps, end_ms: Millis) -> Self {
        Self { steps, start_ms: steps.start_ms, end_ms }
    }
}

/// The step of a subquery that gives none, in milliseconds: Prometheus' default evaluation interval.
pub(super) const SUBQUERY_STEP_MS: i64 = 60_000;

/// The most times at which a subquery is evaluated.
pub(super) const SUBQUERY_STEPS: u32 = 1_000_000;
