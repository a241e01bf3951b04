//! One question in Prometheus' language through all stages: read → plan → fetch → evaluate.

use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt as _, stream};

use super::{AT_ONCE, Scope, Timing, resolve};
use crate::budget::Held;
use crate::error::{Error, Kind};
use crate::evaluate::{SampledSeries, Samples};
use crate::frame::{self, Asked, PromValue, SampleReader};
use crate::language::{self, Dialect};
use crate::lower::{self, LoweredSteps, Root};
use crate::plan::{self, Context, Fetch};
use crate::sql;
use crate::time::{Steps, TimeRange};

/// A question.
#[derive(Clone, Debug)]
pub struct PromQuestion {
    /// The expression.
    pub text: String,
    /// When it is evaluated.
    pub steps: Steps,
    /// How long a sample counts, where the question says.
    pub lookback_ms: Option<i64>,
    /// Whether it is asked over a range, so that the answer is a matrix.
    pub is_range: bool,
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
    /// The bytes of the answer: they are to be held until it is written.
    pub held: Vec<Held>,
    /// Where the time went.
    pub timing: Timing,
}

/// Points that evaluation may touch for every cell that an answer may have.
const POINTS_PER_CELL: usize = 64;

impl Scope {
    /// Answers a question in Prometheus' language.
    ///
    /// # Errors
    /// The text is no expression, its series do not fit together, or a bound is reached.
    pub async fn promql(&self, question: &PromQuestion) -> Result<PromAnswer, Error> {
        let begun = Instant::now();
        let parsed = language::parse(&question.text, Dialect::PromQl).map_err(|error| unreadable(&error))?;
        let lowered = lower::lower_steps(&parsed, question.steps, &self.patterns).map_err(resolve::refused_steps)?;
        check(&lowered.root, question, &parsed)?;
        let lowered = Arc::new(lowered);
        let parsed_in = begun.elapsed();
        self.retried(|scope| {
            let lowered = Arc::clone(&lowered);
            async move { scope.stepped(question, &lowered, parsed_in).await }
        })
        .await
    }

    async fn stepped(
        &self,
        question: &PromQuestion,
        lowered: &Arc<LoweredSteps>,
        parse: std::time::Duration,
    ) -> Result<PromAnswer, Error> {
        let begun = Instant::now();
        let fetches = plan::reads(&self.steps_context(question), &lowered.reads, question.lookback_ms)?;
        let planned_at = Instant::now();
        let mut reads = Vec::with_capacity(fetches.len());
        let mut warnings = Vec::new();
        for read in self.read_all(&fetches).await? {
            warnings.extend(read.skipped.iter().filter_map(|(metric, skipped)| skipped_values(metric, *skipped)));
            reads.push(read.samples);
        }
        let read_at = Instant::now();
        let max_points = POINTS_PER_CELL.saturating_mul(self.limits.cells as usize);
        let asked = Asked { steps: question.steps, is_range: question.is_range, max_points };
        let held: usize = reads.iter().flat_map(|read| &read.series).map(|one| one.samples.len() + 1).sum();
        let steps = held.saturating_add(question.steps.len as usize).saturating_mul(4);
        let tree = Arc::clone(lowered);
        let (value, held) = self
            .compute(steps, move |budget| {
                frame::answer(&tree.root, reads, asked, budget).map_err(|error| resolve::execution(&error))
            })
            .await?;
        self.bounded(&value)?;
        let wait = self.database.waited().min(read_at - planned_at);
        let (plan, execute) = (planned_at - begun, read_at - planned_at - wait);
        let timing = Timing { parse, plan, wait, execute, frame: read_at.elapsed() };
        Ok(PromAnswer { value, warnings, infos: Vec::new(), held: vec![held], timing })
    }

    /// The limits of an answer.
    fn bounded(&self, value: &PromValue) -> Result<(), Error> {
        let (PromValue::Vector(series) | PromValue::Matrix(series)) = value else { return Ok(()) };
        self.budget.take_many(series.iter().map(|one| one.points.len()).sum())
    }

    fn steps_context(&self, question: &PromQuestion) -> Context<'_> {
        let Steps { start_ms, .. } = question.steps;
        let range = TimeRange { from: start_ms, to: question.steps.end_ms().saturating_add(1) };
        Context {
            snapshot: &self.snapshot,
            range,
            interval_ms: None,
            max_points: self.limits.points,
            step: None,
            zone: self.snapshot.zone(),
            limits: self.limits,
            now: self.moment().now,
            ad_hoc: &[],
            pushes: false,
            patterns: &self.patterns,
        }
    }

    /// The samples of each read; some reads are done side by side.
    async fn read_all(&self, reads: &[Vec<Fetch>]) -> Result<Vec<Read>, Error> {
        let metrics: Vec<&[Fetch]> =
            reads.iter().flat_map(|fetches| fetches.chunk_by(|one, next| one.metric == next.metric)).collect();
        let mut running = stream::iter(metrics.into_iter().map(|fetches| self.sampled(fetches))).buffered(AT_ONCE);
        let mut done = Vec::with_capacity(reads.len());
        for fetches in reads {
            let mut parts = Vec::new();
            let mut skipped = Vec::new();
            for metric in fetches.chunk_by(|one, next| one.metric == next.metric) {
                let Some(next) = running.next().await else { break };
                let (samples, count) = next?;
                parts.push(samples);
                skipped.extend(metric.first().map(|fetch| (fetch.metric.clone(), count)));
            }
            let samples: Vec<&SampledSeries> = parts.iter().flat_map(|part| &part.series).collect();
            let (work, held) = (samples.len(), self.budget.held());
            let samples = self.compute(work, move |_| Ok(frame::united(parts, held))).await?;
            done.push(Read { samples, skipped });
        }
        Ok(done)
    }

    /// The samples of one metric, and how many rows held what is no number.
    async fn sampled(&self, fetches: &[Fetch]) -> Result<(Samples, f64), Error> {
        let fetches = self.all_settled(fetches).await?;
        let Some(first) = fetches.first() else {
            return Ok((Samples { series: Vec::new(), held: self.budget.held() }, 0.0));
        };
        let mut reader = SampleReader::new(Arc::new(first.clone()), &self.budget);
        for fetch in &fetches {
            reader.next_source(fetch);
            self.read(fetch, &sql::samples(fetch), &mut |row| reader.row(&row)).await?;
        }
        let skipped = reader.skipped();
        let samples = self.compute(reader.work(), move |budget| reader.finish(budget)).await?;
        Ok((samples, skipped))
    }
}

/// What a read gave.
struct Read {
    samples: Samples,
    /// By metric, how many rows held what is no number.
    skipped: Vec<(String, f64)>,
}

fn skipped_values(metric: &str, skipped: f64) -> Option<String> {
    (skipped > 0.0).then(|| format!("{metric}: values that are no numbers were skipped ({skipped:.0})"))
}

/// Whether the kind of value can be asked for like this.
fn check(root: &Root, question: &PromQuestion, expr: &crate::ast::Expr) -> Result<(), Error> {
    let kind = match root {
        Root::Node(_) => return Ok(()),
        _ if !question.is_range => return Ok(()),
        Root::Text(_) => "string",
        Root::Range(_) => "range vector",
    };
    let message = format!("invalid expression type \"{kind}\" for range query, must be Scalar or instant Vector");
    Err(Error::new(Kind::BadTarget, message).at(expr.span))
}

fn unreadable(error: &language::ParseError) -> Error {
    let out = Error::new(Kind::BadTarget, error.to_string()).at(error.span);
    match &error.hint {
        Some(hint) => out.hint(hint.clone()),
        None => out,
    }
}
