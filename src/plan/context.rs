//! Everything that a plan depends on.

use super::{Limits, NameResolution};
use crate::ast::Matcher;
use crate::catalog::Snapshot;
use crate::pattern::Patterns;
use crate::time::{Millis, Step, TimeRange, Zone};

/// What a target's plan depends on besides its text.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The catalog.
    pub snapshot: &'a Snapshot,
    /// The range of the question.
    pub range: TimeRange,
    /// The client's wish for the step, in milliseconds.
    pub interval_ms: Option<i64>,
    /// The most points that a series may have.
    pub max_points: u32,
    /// The step that the question insists on.
    pub step: Option<Step>,
    /// The zone in which buckets are cut.
    pub zone: &'a Zone,
    /// The bounds of the answer.
    pub limits: Limits,
    /// The time of the question.
    pub now: Millis,
    /// Matchers for every series whose source has the label: a dashboard's ad hoc filters.
    pub ad_hoc: &'a [Matcher],
    /// Whether the database may aggregate; it cannot where the sum on the way leaves the range of float8.
    pub pushes: bool,
    /// The patterns of the request.
    pub patterns: &'a Patterns,
}

impl<'a> Context<'a> {
    pub(super) const fn naming(&self) -> NameResolution<'a> {
        NameResolution { snapshot: self.snapshot, patterns: self.patterns, limits: self.limits }
    }
}
