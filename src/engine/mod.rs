//! The pipeline: one question through all stages.

mod annotate;
mod annotations;
mod before;
mod buckets;
mod builder;
mod computing;
mod explain;
mod federate;
mod fetching;
mod hidden;
mod known;
mod labels;
mod metadata;
mod partial;
mod promql;
mod reading;
mod reducing;
mod remote;
mod resolve;
mod retried;
mod said;
mod scope;
mod short;
mod show;
mod slices;
mod steps;
mod streaming;
mod timing;
mod together;
mod unmatched;
mod variable;
mod whole;
mod work;

pub use variable::VariableValues;
pub use work::Resources;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::ast::{Format, Reduce};
use crate::budget::HeldBytes;
use crate::cache::Cache;
use crate::db::Database;
use crate::error::{Error, Kind};
use crate::frame;
use crate::intake::{Question, TargetQuestion};
use crate::lower;
use crate::observe::Observation;
use crate::plan::{self, Context, Limits};
use crate::refresh::Catalog;
use crate::render::TargetAnswer;
use crate::time::Clock;
pub use annotations::AnnotationList;
use computing::FetchedTarget;
pub use federate::NewestSamples;
pub use metadata::{LabelListing, ListCoverage, MetadataList};
pub use partial::LabelValues;
pub use promql::{PromAnswer, PromQuestion};
pub use remote::RemoteAnswer;
pub use scope::RequestScope;
pub use timing::Timing;

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
    /// What all requests share.
    pub resources: Resources,
    /// What is known already.
    pub cache: Cache,
}

/// The answer to a request: what could be answered, and the errors of the rest.
#[derive(Debug)]
pub struct Answer {
    /// The targets that were answered, in order.
    pub answered: Vec<TargetAnswer>,
    /// The errors of the others, in order.
    pub failed: Vec<Error>,
    /// Where the time went.
    pub timing: Timing,
    /// The bytes of the answer: they are to be held until it is written.
    pub held: Vec<HeldBytes>,
}

impl Answer {
    /// How many points it has.
    #[must_use]
    pub fn points(&self) -> usize {
        self.answered.iter().flat_map(|target| &target.frames).map(|frame| frame.points.len()).sum()
    }
}

/// An answered target.
struct AnsweredTarget {
    answered: TargetAnswer,
    timing: Timing,
    held: HeldBytes,
}

impl RequestScope {
    /// Answers all targets of a question.
    ///
    /// # Errors
    /// No target could be answered: then the first one's error.
    pub async fn answer(&self, question: &Question) -> Result<Answer, Error> {
        let one = async |target| {
            // Reading and planning a question takes no break of its own.
            tokio::task::yield_now().await;
            self.one_or_again(question, target).await
        };
        let results = match &*question.targets {
            [only] => vec![self.one_or_again(question, only).await],
            several => together::all(several.iter().map(|target| Box::pin(one(target))).collect()).await,
        };
        let mut answer =
            Answer { answered: Vec::new(), failed: Vec::new(), timing: Timing::default(), held: Vec::new() };
        for (target, result) in question.targets.iter().zip(results) {
            match result {
                Ok(done) => {
                    answer.timing = answer.timing.longest(done.timing);
                    answer.answered.push(done.answered);
                    answer.held.push(done.held);
                }
                Err(error) => {
                    let text = target.text.as_deref().unwrap_or_default();
                    self.observer().observe(&Observation::Target(error.kind.code()));
                    answer.failed.push(error.of_target(target.ref_id.as_deref()).shown_in(text));
                }
            }
        }
        if let Some(first) = answer.answered.first_mut() {
            first.notices.splice(0..0, question.notices.iter().cloned());
        }
        match answer.failed.first() {
            Some(error) if answer.answered.is_empty() => Err(error.clone()),
            _ => {
                answer.timing.tell(self.observer());
                Ok(answer)
            }
        }
    }

    /// One target; once more where a relation turns out to be another than the catalog says, as one that was made anew,
    /// and where a number leaves the range of float8 in an aggregation that the database does: here it need not.
    async fn one_or_again(&self, question: &Question, target: &TargetQuestion) -> Result<AnsweredTarget, Error> {
        let asked = self.retried(|scope| async move { scope.one(question, target).await }).await;
        match asked {
            Err(error) if error.kind == Kind::BadData => {
                self.without_pushing().metered().one(question, target).await.map_err(|_| error)
            }
            other => other,
        }
    }

    /// One target: text → expression → fetches → series → frames.
    async fn one(&self, question: &Question, target: &TargetQuestion) -> Result<AnsweredTarget, Error> {
        let begun = Instant::now();
        let text = target.text.as_ref().map_err(Clone::clone)?;
        self.record.target(text);
        let (options, fill) = (&target.options, frame::fill_of(&target.options));
        let mut notices = target.notices.clone();
        let expression = target.builder.around(resolve::expression(&self.snapshot, text)?, &mut notices)?;
        let lowered = Arc::new(lower::lower(&expression, &self.patterns).map_err(resolve::refusal)?);
        let parsed_at = Instant::now();
        let context = self.context(question, target);
        if let Some(request) = reducing::plain(&lowered, options) {
            return self.reduced(&context, target, &lowered, text, request, begun).await;
        }
        if options.reduce != Reduce::Bucket && options.format != Format::Instant {
            notices.push("`reduce` is ignored: it keeps samples of a plain selector, and this target computes".into());
        }
        notices.extend(said::empty_ranking(&lowered.node));
        let planned = plan::fetches(&context, &lowered.fetches)?;
        let planned_at = Instant::now();
        let (inputs, skipped) = self.run(&planned.groups).await?;
        let before = self.before(&context, &lowered, &planned, fill).await?;
        let read_at = Instant::now();
        notices.extend(plan::undecided(&self.snapshot));
        notices.extend(planned.notices.iter().cloned().chain(skipped).chain(before.notice));
        let executed = self.show_sql.then(|| show::statements(&planned.groups));
        let is_carried = !before.values.is_empty();
        let is_empty = |at: usize| inputs.get(at).is_some_and(|input| input.series.is_empty());
        let looks = self.looks(&context, &lowered.fetches, &planned.groups, is_empty);
        let steps = computing::steps(&lowered, &planned, &inputs);
        let computing = FetchedTarget {
            snapshot: Arc::clone(&self.snapshot),
            lowered,
            planned,
            limits: self.limits,
            options: options.clone(),
            text: text.clone(),
        };
        let carried = before.values;
        let (frames, held) = self.compute(steps, move |budget| computing.frames(inputs, carried, budget)).await?;
        notices.extend(said::unknown_legend(options, &frames));
        if frames.is_empty() && !is_carried {
            notices.extend(self.unmatched(&looks).await);
        }
        let wait = self.database.waited().min(read_at - planned_at);
        let timing = Timing {
            parse: parsed_at - begun,
            plan: planned_at - parsed_at,
            wait,
            execute: read_at - planned_at - wait,
            frame: read_at.elapsed(),
        };
        let answered =
            TargetAnswer { ref_id: target.ref_id.clone(), format: options.format, frames, notices, executed };
        Ok(AnsweredTarget { answered, timing, held })
    }

    fn context<'a>(&'a self, question: &'a Question, target: &'a TargetQuestion) -> Context<'a> {
        Context {
            snapshot: &self.snapshot,
            range: question.range,
            interval_ms: question.interval_ms,
            max_points: question.max_points,
            step: target.options.step,
            zone: target.options.zone.as_ref().unwrap_or(&question.zone),
            limits: self.limits,
            now: self.moment().now,
            ad_hoc: &question.ad_hoc,
            pushes: self.pushes,
            patterns: &self.patterns,
        }
    }
}
