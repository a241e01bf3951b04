//! One question in Prometheus' language through all stages: read → plan → fetch → evaluate.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::reading::ReadSamples;
use super::said::within_token;
use super::{RequestScope, Timing, resolve};
use crate::ast::Expr;
use crate::budget::HeldBytes;
use crate::db::DbError;
use crate::error::{Error, Kind};
use crate::evaluate::{AnnotationTexts, ComputedValue};
use crate::frame::{self, EvaluationForm, PromValue};
use crate::language;
use crate::lower::{self, EvaluationTimes, LoweredSteps, Root};
use crate::plan;
use crate::time::{Millis, Steps, TimeRange};

/// A question.
#[derive(Clone, Debug)]
pub struct PromQuestion {
    /// The expression.
    pub text: String,
    /// When it is evaluated.
    pub steps: Steps,
    /// How long a sample counts, where the question says.
    pub lookback_ms: Option<i64>,
    /// Where the range ends that it is asked over, at the last step or behind it; none at one instant. The answer over a
    /// range is a matrix.
    pub range_end_ms: Option<Millis>,
}

impl PromQuestion {
    fn evaluation(&self) -> EvaluationTimes {
        EvaluationTimes::of(self.steps, self.range_end_ms.unwrap_or(self.steps.start_ms))
    }
}

/// Its answer.
#[derive(Debug)]
pub struct PromAnswer {
    /// The value.
    pub value: PromValue,
    /// What may be wrong with it.
    pub warnings: Vec<String>,
    /// What may be wrong with the question.
    pub infos: Vec<String>,
    /// How many metrics the database computed itself.
    pub from_partials: usize,
    /// The bytes of the answer: they are to be held until it is written.
    pub held: Vec<HeldBytes>,
    /// Where the time went.
    pub timing: Timing,
}

/// Points that evaluation may touch for every cell that an answer may have.
const POINTS_PER_CELL: usize = 64;

impl RequestScope {
    /// Answers a question in Prometheus' language.
    ///
    /// # Errors
    /// The text is no expression, its series do not fit together, or a bound is reached.
    pub async fn promql(&self, question: &PromQuestion) -> Result<PromAnswer, Error> {
        let begun = Instant::now();
        self.record.target(&question.text);
        let parsed = language::promql(&question.text, &self.patterns)?;
        let lowered =
            lower::lower_steps(&parsed, question.evaluation(), &self.patterns).map_err(resolve::refused_steps)?;
        check(&lowered.root, question, &parsed)?;
        if self.deadline.left().is_zero() {
            return Err(DbError::Deadline.public());
        }
        let lowered = Arc::new(lowered);
        let parsed_in = begun.elapsed();
        self.retried(|scope| {
            let lowered = Arc::clone(&lowered);
            async move { scope.stepped(question, &lowered, parsed_in).await }
        })
        .await
    }

    /// The relations that a question reads, each once; a rollup is named where it may serve.
    ///
    /// # Errors
    /// As [`Self::promql`].
    pub fn promql_relations(&self, question: &PromQuestion) -> Result<Vec<String>, Error> {
        let parsed = language::promql(&question.text, &self.patterns)?;
        let lowered =
            lower::lower_steps(&parsed, question.evaluation(), &self.patterns).map_err(resolve::refused_steps)?;
        let context = self.samples_context(range_of(&question.steps));
        let reads = plan::reads(&context, lowered.wanted(), question.lookback_ms)?;
        let fetches = reads.iter().flatten().flat_map(|read| read.samples.iter().chain(&read.partials));
        let relations: BTreeSet<String> =
            fetches.flat_map(plan::Fetch::parts).map(|part| part.rows.relation.to_string()).collect();
        Ok(relations.into_iter().collect())
    }

    async fn stepped(
        &self,
        question: &PromQuestion,
        lowered: &Arc<LoweredSteps>,
        parse: Duration,
    ) -> Result<PromAnswer, Error> {
        let begun = Instant::now();
        let context = self.samples_context(range_of(&question.steps));
        let fetches = plan::reads(&context, lowered.wanted(), question.lookback_ms)?;
        let planned_at = Instant::now();
        let ReadSamples { inputs, mut warnings, mut infos, from_partials } =
            self.read_all(lowered.wanted(), &fetches).await?;
        let read_at = Instant::now();
        let max_points = POINTS_PER_CELL.saturating_mul(self.limits.cells as usize);
        let asked = EvaluationForm { steps: question.steps, is_range: question.range_end_ms.is_some(), max_points };
        let points: usize = inputs.folded.iter().flat_map(|fold| &fold.series).map(|one| one.points.len() + 1).sum();
        let kept: usize = inputs.kept.iter().flat_map(|kept| &kept.series).map(|one| one.samples.len() + 1).sum();
        let steps = (points + kept).saturating_add(question.steps.len as usize).saturating_mul(4);
        let tree = Arc::clone(lowered);
        let ComputedValue { value, held, notes } = self
            .compute(steps, move |budget| {
                frame::answer(&tree.root, inputs, asked, budget).map_err(|error| resolve::execution(&error))
            })
            .await?;
        self.bounded(&value)?;
        let wait = self.database.waited().min(read_at - planned_at);
        let (plan, execute) = (planned_at - begun, read_at - planned_at - wait);
        let timing = Timing { parse, plan, wait, execute, frame: read_at.elapsed() };
        timing.tell(self.observer());
        warnings.extend(plan::undecided(&self.snapshot).filter(|_| !fetches.is_empty()));
        if fetches.iter().any(Vec::is_empty) && self.snapshot.missing().is_of_catalog {
            warnings.extend(plan::left_out(&self.snapshot, &[]).last().map(Error::sentence));
        }
        let AnnotationTexts { warnings: more, infos: noted } = notes.texts(&question.text);
        warnings.extend(more);
        infos.extend(noted);
        Ok(PromAnswer { value, warnings, infos, from_partials, held: vec![held], timing })
    }

    /// The limits of an answer.
    fn bounded(&self, value: &PromValue) -> Result<(), Error> {
        let (PromValue::Vector(series) | PromValue::Matrix(series)) = value else { return Ok(()) };
        within_token(self.limits, series.len())?;
        self.budget.take_many(series.iter().map(|one| one.points.len()).sum())
    }
}

/// The times of evaluation as a range.
const fn range_of(steps: &Steps) -> TimeRange {
    TimeRange { from: steps.start_ms, to: steps.end_ms().saturating_add(1) }
}

/// Whether the kind of value can be asked for like this.
fn check(root: &Root, question: &PromQuestion, expr: &Expr) -> Result<(), Error> {
    let kind = match root {
        Root::Node(_) => return Ok(()),
        _ if question.range_end_ms.is_none() => return Ok(()),
        Root::Text(_) => "string",
        Root::Range(_) => "range vector",
    };
    let message = format!("invalid expression type \"{kind}\" for range query, must be Scalar or instant Vector");
    Err(Error::new(Kind::BadTarget, message).at(expr.span))
}
