//! The seam: one question through all stages.

mod annotations;
mod budget;
mod builder;
mod fetching;
mod labels;
mod resolve;
mod show;
mod variable;

pub use variable::Listed;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};

use crate::catalog::Snapshot;
use crate::db::{Database, Deadline};
use crate::error::{Error, Kind};
use crate::evaluate;
use crate::frame;
use crate::intake::{Question, TargetQuestion};
use crate::plan::{self, Context, Limits};
use crate::refresh::Catalog;
use crate::render::Answered;
use crate::time::Clock;
use budget::Budget;

/// Targets of one request that run at once, so that one request cannot take the whole pool.
const AT_ONCE: usize = 4;

/// Answers questions.
#[derive(Clone)]
pub struct Engine {
    /// The database.
    pub database: Database,
    /// The catalog.
    pub catalog: Catalog,
    /// The bounds of an answer.
    pub limits: Limits,
    /// The time of questions.
    pub clock: Clock,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// Whether answers tell the SQL that was run.
    pub show_sql: bool,
}

/// The answer to a request: what could be answered, and the errors of the rest.
#[derive(Debug)]
pub struct Answer {
    /// The targets that were answered, in order.
    pub answered: Vec<Answered>,
    /// The errors of the others, in order.
    pub failed: Vec<Error>,
    /// Where the time went.
    pub timing: Timing,
}

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

impl Engine {
    /// The catalog as it is now.
    ///
    /// # Errors
    /// It has never been loaded.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        self.catalog.current().ok_or_else(|| {
            let message = "the catalog has not been loaded yet: the database has not answered";
            Error::new(Kind::NoCatalog, message).hint("try again in a few seconds")
        })
    }

    /// The moment by which a request that comes in now must be answered.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        Deadline::after(self.request_timeout)
    }

    /// Answers all targets of a question.
    ///
    /// # Errors
    /// There is no catalog, or no target could be answered: then the first one's error.
    pub async fn answer(&self, question: &Question) -> Result<Answer, Error> {
        let snapshot = self.snapshot()?;
        let deadline = self.deadline();
        let budget = Budget::new(self.limits.cells);
        let one = |target| self.one(&snapshot, question, target, deadline, &budget);
        let running: Vec<_> = question.targets.iter().map(one).collect();
        let results: Vec<_> = stream::iter(running).buffered(AT_ONCE).collect().await;
        let mut answer = Answer { answered: Vec::new(), failed: Vec::new(), timing: Timing::default() };
        for (target, result) in question.targets.iter().zip(results) {
            match result {
                Ok((answered, timing)) => {
                    answer.timing = answer.timing.longest(timing);
                    answer.answered.push(answered);
                }
                Err(error) => answer.failed.push(error.of_target(target.ref_id.as_deref())),
            }
        }
        if let Some(first) = answer.answered.first_mut() {
            first.notices.splice(0..0, question.notices.iter().cloned());
        }
        match answer.failed.first() {
            Some(error) if answer.answered.is_empty() => Err(error.clone()),
            _ => Ok(answer),
        }
    }

    /// One target: text → expression → fetches → series → frames.
    async fn one(
        &self,
        snapshot: &Snapshot,
        question: &Question,
        target: &TargetQuestion,
        deadline: Deadline,
        budget: &Budget,
    ) -> Result<(Answered, Timing), Error> {
        let engine = Self { database: self.database.metered(), ..self.clone() };
        let begun = Instant::now();
        let text = target.text.as_ref().map_err(Clone::clone)?;
        let expression = resolve::expression(snapshot, text)?;
        let lowered = evaluate::lower(&expression).map_err(resolve::refusal)?;
        let parsed_at = Instant::now();
        let planned = plan::fetches(&self.context(snapshot, question, target), &lowered.fetches)?;
        let planned_at = Instant::now();
        let inputs = engine.run(snapshot, &planned.groups, deadline, budget).await?;
        let read_at = Instant::now();
        let frames = frame::frames(&lowered.node, &inputs, &planned.grid, (text, self.limits.cells), snapshot);
        let frames = frames.map_err(|error| resolve::evaluation(&error))?;
        let wait = engine.database.waited().min(read_at - planned_at);
        let timing = Timing {
            parse: parsed_at - begun,
            plan: planned_at - parsed_at,
            wait,
            execute: read_at - planned_at - wait,
            frame: read_at.elapsed(),
        };
        let executed = self.show_sql.then(|| show::statements(&planned.groups));
        let (ref_id, format) = (target.ref_id.clone(), target.options.format);
        Ok((Answered { ref_id, format, frames, notices: planned.notices, executed }, timing))
    }

    fn context<'a>(&self, snapshot: &'a Snapshot, question: &'a Question, target: &'a TargetQuestion) -> Context<'a> {
        Context {
            snapshot,
            range: question.range,
            interval_ms: question.interval_ms,
            max_points: question.max_points,
            step: target.options.step,
            zone: target.options.zone.as_ref().unwrap_or(&question.zone),
            limits: self.limits,
            ad_hoc: &question.ad_hoc,
        }
    }
}

impl Timing {
    fn longest(self, other: Self) -> Self {
        Self {
            parse: self.parse.max(other.parse),
            plan: self.plan.max(other.plan),
            wait: self.wait.max(other.wait),
            execute: self.execute.max(other.execute),
            frame: self.frame.max(other.frame),
        }
    }
}
