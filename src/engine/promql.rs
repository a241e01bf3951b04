//! One question in Prometheus' language through all stages: read → plan → fetch → evaluate.

use std::sync::Arc;
use std::time::Instant;

use futures_util::{StreamExt as _, stream};

use super::{AT_ONCE, Scope, Timing, resolve};
use crate::budget::{Budget, Held};
use crate::error::{Error, Kind};
use crate::evaluate::{Fetched, Samples};
use crate::frame::{self, Asked, Collector, Gathered, PromValue, ReadPlan, ReadSeries, SampleReader};
use crate::language;
use crate::lower::{self, LoweredSteps, Root};
use crate::plan::{self, Context, Fetch, MetricRead};
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
    /// How many metrics the database computed itself.
    pub from_partials: usize,
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
        let parsed = language::promql(&question.text).map_err(|error| unreadable(&error))?;
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
        let context = self.steps_context(question);
        let fetches = plan::reads(&context, (&lowered.reads, &lowered.folds), question.lookback_ms)?;
        let planned_at = Instant::now();
        let Read { read, warnings, from_partials } = self.read_all(lowered, &fetches).await?;
        let read_at = Instant::now();
        let max_points = POINTS_PER_CELL.saturating_mul(self.limits.cells as usize);
        let asked = Asked { steps: question.steps, is_range: question.is_range, max_points };
        let points: usize = read.0.iter().flat_map(|fold| &fold.series).map(|one| one.points.len() + 1).sum();
        let kept: usize = read.1.iter().flat_map(|kept| &kept.series).map(|one| one.samples.len() + 1).sum();
        let steps = (points + kept).saturating_add(question.steps.len as usize).saturating_mul(4);
        let tree = Arc::clone(lowered);
        let (value, held) = self
            .compute(steps, move |budget| {
                frame::answer(&tree.root, read, asked, budget).map_err(|error| resolve::execution(&error))
            })
            .await?;
        self.bounded(&value)?;
        let wait = self.database.waited().min(read_at - planned_at);
        let (plan, execute) = (planned_at - begun, read_at - planned_at - wait);
        let timing = Timing { parse, plan, wait, execute, frame: read_at.elapsed() };
        Ok(PromAnswer { value, warnings, infos: Vec::new(), from_partials, held: vec![held], timing })
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
            pushes: self.pushes,
            patterns: &self.patterns,
        }
    }

    /// What each fold and each read gives, and what is to be said of them; some reads are done side by side.
    async fn read_all(&self, lowered: &LoweredSteps, reads: &[Vec<MetricRead>]) -> Result<Read, Error> {
        let plans: Vec<ReadPlan> = (0..reads.len()).map(|at| plan_of(lowered, at)).collect();
        let metrics = reads.iter().zip(&plans).flat_map(|(metrics, plan)| metrics.iter().map(move |one| (one, plan)));
        let metrics: Vec<_> = metrics.map(|(metric, plan)| self.metric(metric, plan)).collect();
        let mut running = stream::iter(metrics).buffered(AT_ONCE);
        let none = || Fetched { series: Vec::new(), held: self.budget.held() };
        let mut given: Given = (lowered.folds.iter().map(|_| none()).collect(), Vec::new());
        let (mut warnings, mut from_partials) = (Vec::new(), 0);
        for (metrics, plan) in reads.iter().zip(&plans) {
            let mut parts = Vec::new();
            for metric in metrics {
                let Some(next) = running.next().await else { break };
                let Metric { series, skipped, is_from_partials } = next?;
                parts.push(series);
                from_partials += usize::from(is_from_partials);
                warnings.extend(metric.samples.first().and_then(|fetch| skipped_values(&fetch.metric, skipped)));
            }
            let work = parts.iter().flat_map(|part| &part.folded).map(|fold| fold.series.len()).sum();
            let of = plan.clone();
            let read = self.compute(work, move |budget| Ok(frame::united(parts, &of, budget))).await?;
            for ((number, _), fold) in plan.folds.iter().zip(read.folded) {
                if let Some(to) = given.0.get_mut(*number) {
                    *to = fold;
                }
            }
            given.1.push(read.kept);
        }
        Ok(Read { read: given, warnings, from_partials })
    }

    /// What one metric gives: from partials where these are exact.
    async fn metric(&self, metric: &MetricRead, plan: &ReadPlan) -> Result<Metric, Error> {
        if !metric.partials.is_empty()
            && let Some(series) = self.partials(&metric.partials).await?
        {
            return Ok(Metric { series, skipped: 0.0, is_from_partials: true });
        }
        let (series, skipped) = self.sampled(&metric.samples, plan).await?;
        Ok(Metric { series, skipped, is_from_partials: false })
    }

    /// The series of folds whose partials the database computes; none where these may not be what samples come to.
    async fn partials(&self, fetches: &[Fetch]) -> Result<Option<ReadSeries>, Error> {
        let mut folded = Vec::with_capacity(fetches.len());
        for fetch in self.all_settled(fetches).await? {
            let mut collector = Collector::new(Arc::new(fetch.clone()), true, &self.budget);
            match self.read(&fetch, &sql::fetch(&fetch), &mut |row| collector.row(&row)).await {
                Err(error) if error.kind == Kind::BadData => return Ok(None),
                done => done?,
            }
            if collector.is_vague() {
                return Ok(None);
            }
            let work = collector.work();
            let finish = move |budget: &Budget| collector.finish(budget, None, &mut || Ok(()));
            let Gathered { series, held, .. } = self.compute(work, finish).await?;
            folded.push(Fetched { series, held });
        }
        Ok(Some(ReadSeries { folded, kept: Samples { series: Vec::new(), held: self.budget.held() } }))
    }

    /// What the samples of one metric give, and how many rows held what is no number.
    async fn sampled(&self, fetches: &[Fetch], plan: &ReadPlan) -> Result<(ReadSeries, f64), Error> {
        let mut fetches = self.all_settled(fetches).await?;
        loop {
            let Some(first) = fetches.first() else { return Ok((frame::united(Vec::new(), plan, &self.budget), 0.0)) };
            let mut reader = SampleReader::new(&fetches, &Arc::new(first.clone()), plan, &self.budget);
            let mut done = Ok(());
            for fetch in &fetches {
                reader.next_source(fetch);
                done = self.read(fetch, &sql::samples(fetch), &mut |row| reader.row(&row)).await;
                if done.is_err() {
                    break;
                }
            }
            // Rows of several stretches come in their order, which SQL does not promise.
            if reader.is_disordered() && fetches.iter().any(|fetch| !fetch.stretches.is_empty()) {
                fetches.iter_mut().for_each(|fetch| fetch.stretches.clear());
                continue;
            }
            done?;
            let skipped = reader.skipped();
            let read = self.compute(reader.work(), move |budget| reader.finish(budget)).await?;
            return Ok((read, skipped));
        }
    }
}

/// What all reads gave.
struct Read {
    read: Given,
    warnings: Vec<String>,
    from_partials: usize,
}

/// What one metric gave.
struct Metric {
    series: ReadSeries,
    /// How many rows held what is no number.
    skipped: f64,
    is_from_partials: bool,
}

/// What was read: the series of each fold, and the samples of each read.
type Given = (Vec<Fetched>, Vec<Samples>);

/// What becomes of the samples of a read.
fn plan_of(lowered: &LoweredSteps, at: usize) -> ReadPlan {
    let own = lowered.folds.iter().enumerate().filter(|(_, fold)| fold.read == at);
    let keeps = lowered.reads.get(at).is_some_and(|read| !read.kept.is_empty());
    ReadPlan { folds: own.map(|(number, fold)| (number, fold.plan)).collect(), keeps }
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
