//! Functions of samples over the windows of a step: instant and range selectors, and subqueries.

use std::rc::Rc;

use super::annotations::Annotation;
use super::error::{EvaluateError, EvaluateErrorKind};
use super::evaluator::{Evaluated, Evaluator, at};
use super::fold::{Fold, FoldPlan};
use super::node::Node;
use super::unique::distinct;
use super::value::{EvaluationGrid, FetchedSeries, Scalar};
use crate::ast::Span;
use crate::budget::HeldBytes;
use crate::range::{Function, Sample, Window, is_stale, value};
use crate::series::{Labels, METRIC_NAME, Point, Series};
use crate::time::{Millis, Steps};

/// A function of samples, window by window.
#[derive(Clone, Debug, PartialEq)]
pub struct OverNode {
    /// What becomes of the samples of a window.
    pub function: OverFunction,
    /// The function's numbers.
    pub args: Vec<Node>,
    /// The samples.
    pub of: OverInput,
    /// The length of a window; of no meaning for an instant selector, whose series say how far back a sample counts.
    pub window_ms: i64,
    /// How long before the time of evaluation a window ends.
    pub offset_ms: i64,
    /// The time that stands for every time of evaluation.
    pub at_ms: Option<Millis>,
    /// Where the function or the selector stands.
    pub span: Span,
    /// Where the samples stand.
    pub range: Span,
    /// Where the function's first number stands.
    pub number: Span,
}

/// What becomes of the samples of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverFunction {
    /// The newest sample counts for a while, unless it is a staleness marker.
    Instant,
    /// The time of that sample, in seconds since 1970.
    InstantTime,
    /// A function of a range; staleness markers are left out.
    Range(Function),
}

/// Where samples come from.
#[derive(Clone, Debug, PartialEq)]
pub enum OverInput {
    /// A read whose samples were folded into these windows as they came, by the number of the fold.
    Folded(usize),
    /// A read whose samples were kept, by its number.
    Read(usize),
    /// An expression at times of its own.
    Subquery {
        /// The expression.
        child: Box<Node>,
        /// The times.
        steps: Steps,
    },
}

/// One series as its samples.
#[derive(Clone, Debug, PartialEq)]
pub struct SampledSeries {
    /// Its labels, the metric's name among them.
    pub labels: Labels,
    /// Its samples in order of time, staleness markers among them; no two share a millisecond.
    pub samples: Vec<Sample>,
}

/// What a read gave.
#[derive(Debug)]
pub struct Samples {
    /// The series, sorted by labels.
    pub series: Vec<SampledSeries>,
    /// The bytes that they take.
    pub held: HeldBytes,
}

impl OverNode {
    pub(super) fn children(&self) -> Vec<&Node> {
        let child = match &self.of {
            OverInput::Folded(_) | OverInput::Read(_) => None,
            OverInput::Subquery { child, .. } => Some(&**child),
        };
        self.args.iter().chain(child).collect()
    }

    /// The number of the fold that it looks at.
    pub(super) const fn fold(&self) -> Option<usize> {
        match self.of {
            OverInput::Folded(at) => Some(at),
            OverInput::Read(_) | OverInput::Subquery { .. } => None,
        }
    }

    fn keeps_name(&self) -> bool {
        match self.function {
            OverFunction::Instant => true,
            OverFunction::InstantTime => false,
            OverFunction::Range(function) => function.keeps_name(),
        }
    }

    /// The windows of all steps.
    #[must_use]
    pub fn windows(&self, steps: &Steps) -> FoldPlan {
        let steps = self.at_ms.map_or(*steps, Steps::instant);
        let ends = Steps { start_ms: steps.start_ms.saturating_sub(self.offset_ms), ..steps };
        let window_ms = matches!(self.function, OverFunction::Range(_)).then_some(self.window_ms);
        FoldPlan { function: self.function, args: [0.0; 2], ends, window_ms }
    }

    /// The windows with constant numbers; none where the numbers differ from step to step, or are not accepted.
    #[must_use]
    pub fn folded(&self, steps: &Steps) -> Option<FoldPlan> {
        let numbers = self.args.iter().map(Node::constant).collect::<Option<Vec<f64>>>()?;
        let looks_ahead = self.function == OverFunction::Range(Function::PredictLinear);
        if looks_ahead && self.at_ms.is_some() {
            return None;
        }
        let number = |at: usize| numbers.get(at).copied().unwrap_or_default();
        let second = if looks_ahead { self.offset_ms as f64 / 1000.0 } else { number(1) };
        let args = [number(0), second];
        // An error of numbers is one where there are samples only.
        let is_accepted = !matches!(self.function, OverFunction::Range(function) if !function.accepts(args));
        is_accepted.then(|| FoldPlan { args, ..self.windows(steps) })
    }
}

impl Evaluator<'_> {
    /// The series of a function over samples.
    pub(super) fn over(&mut self, node: &OverNode) -> Evaluated<FetchedSeries> {
        let mut made = FetchedSeries { series: Vec::new(), held: self.budget.held() };
        let args = self.numbers(node)?;
        match &node.of {
            OverInput::Folded(at) => {
                let input = self.input(*at);
                self.charge(input.series.iter().map(|one| one.points.len() + 1).sum())?;
                made = self.own(input)?;
                if node.at_ms.is_some() {
                    for one in &mut made.series {
                        one.points = self.everywhere(&one.points)?;
                    }
                    made.held.set(made.series.iter().map(Series::bytes).sum())?;
                }
            }
            OverInput::Read(at) => {
                let Some(read) = self.reads.get(*at).map(Rc::clone) else { return Ok(made) };
                for one in &read.series {
                    let points = self.points(node, &args, &one.samples, &mut made.held)?;
                    self.push(&mut made, &one.labels, points)?;
                }
            }
            OverInput::Subquery { child, steps: inner } => {
                let child = self.at_steps(inner, child)?;
                let mut samples = Vec::new();
                for one in &child.series {
                    samples.clear();
                    let sample = |point: &Point| Sample { ms: inner.at(point.bucket), value: point.value };
                    samples.extend(one.points.iter().map(sample));
                    let points = self.points(node, &args, &samples, &mut made.held)?;
                    self.push(&mut made, &one.labels, points)?;
                }
            }
        }
        self.note_range(node, &args, &made.series);
        if !node.keeps_name() {
            made.series.iter_mut().for_each(|one| one.labels.retain(|name| name != METRIC_NAME));
            made.series = distinct(made.series).map_err(at(node.span))?;
        }
        Ok(made)
    }

    /// Notes what may be wrong with a function of a range that gave these series.
    fn note_range(&mut self, node: &OverNode, args: &[Scalar], series: &[Series]) {
        match node.function {
            OverFunction::Range(Function::Rate | Function::Increase) => {
                let names = series.iter().map(|one| one.labels.get(METRIC_NAME));
                names.filter_map(Annotation::of_counter).for_each(|note| self.notes.add(note, node.range));
            }
            OverFunction::Range(Function::Quantile) => {
                if let Some(phi) = args.first() {
                    let steps = series.iter().flat_map(|one| &one.points).map(|point| point.bucket);
                    self.note_quantiles(phi, steps, node.number);
                }
            }
            _ => {}
        }
    }

    /// An expression at other times.
    pub(super) fn at_steps(&mut self, steps: &Steps, child: &Node) -> Evaluated<FetchedSeries> {
        let times: Vec<Millis> = steps.times().collect();
        let _held = self.budget.paid(times.len() * size_of::<Millis>())?;
        let mut inner = Evaluator {
            inputs: std::mem::take(&mut self.inputs),
            uses: std::mem::take(&mut self.uses),
            reads: Rc::clone(&self.reads),
            buckets: &EvaluationGrid { starts_ms: &times, runs: steps.runs, max_points: self.left },
            budget: self.budget,
            left: self.left,
            notes: std::mem::take(&mut self.notes),
        };
        let series = if child.is_scalar() {
            let series = inner.scalar(child)?.into_series(inner.buckets);
            inner.made(series, self.budget.held())?
        } else {
            inner.owned(child)?
        };
        let Evaluator { inputs, uses, left, notes, .. } = inner;
        (self.inputs, self.uses, self.left, self.notes) = (inputs, uses, left, notes);
        Ok(series)
    }

    fn push(&mut self, made: &mut FetchedSeries, labels: &Labels, points: Vec<Point>) -> Evaluated<()> {
        if !points.is_empty() {
            let one = Series { labels: labels.clone(), points };
            made.held.pay(one.bytes())?;
            made.series.push(one);
        }
        Ok(())
    }

    /// The function's numbers, for all series.
    fn numbers(&mut self, node: &OverNode) -> Evaluated<Vec<Scalar>> {
        node.args.iter().map(|arg| self.scalar(arg)).collect()
    }

    /// The points of one series.
    fn points(
        &mut self,
        node: &OverNode,
        args: &[Scalar],
        samples: &[Sample],
        held: &mut HeldBytes,
    ) -> Evaluated<Vec<Point>> {
        self.charge(samples.len() / 8)?;
        let Some(plan) = node.folded(&self.buckets.steps()) else {
            return self.step_by_step(node, args, samples);
        };
        let mut fold = Fold::new(&plan);
        for sample in samples {
            fold.push(&plan, *sample, held)?;
        }
        let points = fold.finish(&plan, held)?;
        self.charge(points.len())?;
        if node.at_ms.is_some() { self.everywhere(&points) } else { Ok(points) }
    }

    /// The value of a fixed window, at each step.
    fn everywhere(&mut self, points: &[Point]) -> Evaluated<Vec<Point>> {
        let Some(value) = points.first().map(|point| point.value) else { return Ok(Vec::new()) };
        self.charge(self.buckets.starts_ms.len())?;
        Ok(self.buckets.indices().map(|bucket| Point { bucket, value }).collect())
    }

    /// Windows whose function has numbers of its own at each step.
    fn step_by_step(&mut self, node: &OverNode, args: &[Scalar], samples: &[Sample]) -> Evaluated<Vec<Point>> {
        let OverFunction::Range(function) = node.function else { return Ok(Vec::new()) };
        let samples: Vec<Sample> = samples.iter().copied().filter(|sample| !is_stale(sample.value)).collect();
        let windows = node.windows(&self.buckets.steps());
        let mut points = Vec::new();
        for bucket in self.buckets.indices() {
            let window: Window = windows.window(if node.at_ms.is_some() { 0 } else { bucket });
            let from = samples.partition_point(|sample| sample.ms <= window.start_ms);
            let to = samples.partition_point(|sample| sample.ms <= window.end_ms);
            self.charge(to.saturating_sub(from) / 8)?;
            let number = |at: usize| args.get(at).map_or(0.0, |arg| arg.at(bucket));
            let mut numbers = [number(0), number(1)];
            if from < to && !function.accepts(numbers) {
                return Err(EvaluateError::new(EvaluateErrorKind::BadFactor, Labels::default(), node.span));
            }
            if function == Function::PredictLinear {
                let at = self.buckets.starts_ms.get(bucket as usize).copied().unwrap_or(window.end_ms);
                numbers[1] = at.saturating_sub(window.end_ms) as f64 / 1000.0;
            }
            let inside = samples.get(from..to).unwrap_or_default();
            points.extend(value(function, numbers, inside, window).map(|value| Point { bucket, value }));
        }
        Ok(points)
    }
}
