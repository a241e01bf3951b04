//! Where the time of a request goes.

use std::time::Duration;

use crate::observe::{Observation, Observer, Stage};

/// Where the time of a request went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    /// Text → expression.
    pub parse: Duration,
    /// Expression → plan.
    pub plan: Duration,
    /// Waiting for a session of the database.
    pub wait: Duration,
    /// Reading the database's rows; targets run side by side, so the longest.
    pub execute: Duration,
    /// Series → frames.
    pub frame: Duration,
}

impl Timing {
    /// Tells how long each stage took.
    pub(super) fn tell(self, observer: &Observer) {
        let Self { parse, plan, wait, execute, frame } = self;
        let stages = [
            (Stage::Parse, parse),
            (Stage::Plan, plan),
            (Stage::Wait, wait),
            (Stage::Execute, execute),
            (Stage::Frame, frame),
        ];
        stages.into_iter().for_each(|(stage, taken)| observer.observe(&Observation::Stage(stage, taken)));
    }

    /// The longer of each.
    #[must_use]
    pub fn longest(self, other: Self) -> Self {
        Self {
            parse: self.parse.max(other.parse),
            plan: self.plan.max(other.plan),
            wait: self.wait.max(other.wait),
            execute: self.execute.max(other.execute),
            frame: self.frame.max(other.frame),
        }
    }
}
