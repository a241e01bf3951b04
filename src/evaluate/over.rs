//! Functions of samples over the windows of a step: instant and range selectors, and subqueries.

use std::rc::Rc;

use super::error::EvaluateError;
use super::evaluator::{Evaluated, Evaluator, at};
use super::node::Node;
use super::unique::distinct;
use super::value::{Buckets, Fetched, Scalar};
use crate::ast::Span;
use crate::budget::{Budget, Held};
use crate::range::{Function, Sample, Sliding, Window, is_stale, value};
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
    /// A read, by its number.
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
    /// How long a sample counts at later times, in milliseconds.
    pub lookback_ms: i64,
    /// Its samples in order of time, staleness markers among them; no two share a millisecond.
    pub samples: Vec<Sample>,
}

/// What a read gave.
#[derive(Debug)]
pub struct Samples {
    /// The series, sorted by labels.
    pub series: Vec<SampledSeries>,
    /// The bytes that they take.
    pub held: Held,
}

impl OverNode {
    pub(super) fn children(&self) -> Vec<&Node> {
        let child = match &self.of {
            OverInput::Read(_) => None,
            OverInput::Subquery { child, .. } => Some(&**child),
        };
        self.args.iter().chain(child).collect()
    }

    fn keeps_name(&self) -> bool {
        match self.function {
            OverFunction::Instant => true,
            OverFunction::InstantTime => false,
            OverFunction::Range(function) => function.keeps_name(),
        }
    }

    /// The windows of all steps.
    fn windows(&self, steps: &Steps) -> Windows {
        let steps = self.at_ms.map_or(*steps, Steps::instant);
        let start_ms = steps.start_ms.saturating_sub(self.offset_ms);
        Windows { ends: Steps { start_ms, ..steps }, length_ms: self.window_ms }
    }
}

/// Windows that end at evenly spaced times.
#[derive(Clone, Copy)]
struct Windows {
    ends: Steps,
    length_ms: i64,
}

impl Windows {
    /// Whether each sample is in many windows.
    const fn overlap(&self) -> bool {
        self.ends.len > 1 && self.length_ms > self.ends.step_ms.saturating_mul(8)
    }

    fn of(&self, step: u32) -> Window {
        let end_ms = self.ends.at(step);
        Window { start_ms: end_ms.saturating_sub(self.length_ms), end_ms }
    }
}

impl Evaluator<'_> {
    /// The series of a function over samples.
    pub(super) fn over(&mut self, node: &OverNode) -> Evaluated<Fetched> {
        let args = node.args.iter().map(|arg| self.scalar(arg)).collect::<Evaluated<Vec<Scalar>>>()?;
        let windows = node.windows(&self.buckets.steps());
        let mut made = Fetched { series: Vec::new(), held: self.budget.held() };
        match &node.of {
            OverInput::Read(at) => {
                let Some(read) = self.reads.get(*at).map(Rc::clone) else { return Ok(made) };
                for one in &read.series {
                    let windows = match node.function {
                        OverFunction::Range(_) => windows,
                        _ => Windows { length_ms: one.lookback_ms, ..windows },
                    };
                    let points = self.points(node, &args, windows, &one.samples)?;
                    self.push(&mut made, &one.labels, points)?;
                }
            }
            OverInput::Subquery { child, steps } => {
                let inner = self.at_steps(steps, child)?;
                let mut samples = Vec::new();
                for one in &inner.series {
                    samples.clear();
                    let sample = |point: &Point| Sample { ms: steps.at(point.bucket), value: point.value };
                    samples.extend(one.points.iter().map(sample));
                    let points = self.points(node, &args, windows, &samples)?;
                    self.push(&mut made, &one.labels, points)?;
                }
            }
        }
        if !node.keeps_name() {
            made.series.iter_mut().for_each(|one| one.labels.retain(|name| name != METRIC_NAME));
            made.series = distinct(made.series).map_err(at(node.span))?;
        }
        Ok(made)
    }

    /// An expression at other times.
    fn at_steps(&mut self, steps: &Steps, child: &Node) -> Evaluated<Fetched> {
        let times: Vec<Millis> = steps.times().collect();
        let _held = self.budget.paid(times.len() * size_of::<Millis>())?;
        let max_points = self.left;
        let mut inner = Evaluator {
            inputs: Vec::new(),
            uses: Vec::new(),
            reads: self.reads.clone(),
            buckets: &Buckets { starts_ms: &times, max_points },
            budget: self.budget,
            left: max_points,
        };
        let series = if child.is_scalar() {
            let series = inner.scalar(child)?.into_series(inner.buckets);
            inner.made(series, self.budget.held())?
        } else {
            inner.owned(child)?
        };
        self.left = inner.left;
        Ok(series)
    }

    fn push(&mut self, made: &mut Fetched, labels: &Labels, points: Vec<Point>) -> Evaluated<()> {
        if !points.is_empty() {
            let one = Series { labels: labels.clone(), points };
            made.held.pay(one.bytes())?;
            made.series.push(one);
        }
        Ok(())
    }

    /// The points of one series.
    fn points(
        &mut self,
        node: &OverNode,
        args: &[Scalar],
        windows: Windows,
        samples: &[Sample],
    ) -> Evaluated<Vec<Point>> {
        self.charge(samples.len() / 8)?;
        let points = match node.function {
            OverFunction::Instant => instants(windows, samples, |sample| sample.value),
            OverFunction::InstantTime => instants(windows, samples, |sample| sample.ms as f64 / 1000.0),
            OverFunction::Range(function) => self.ranges(function, args, (node, windows), samples)?,
        };
        self.charge(points.len())?;
        if node.at_ms.is_none() || points.len() != 1 || self.is_per_step(node, args) {
            return Ok(points);
        }
        let value = points[0].value;
        self.charge(self.buckets.starts_ms.len())?;
        Ok(self.buckets.indices().map(|bucket| Point { bucket, value }).collect())
    }

    /// Whether a fixed window has a value of its own at each step.
    fn is_per_step(&self, node: &OverNode, args: &[Scalar]) -> bool {
        let looks_ahead = node.function == OverFunction::Range(Function::PredictLinear);
        node.at_ms.is_some() && (looks_ahead || args.iter().any(|arg| matches!(arg, Scalar::PerBucket(_))))
    }

    fn ranges(
        &mut self,
        function: Function,
        args: &[Scalar],
        (node, windows): (&OverNode, Windows),
        samples: &[Sample],
    ) -> Evaluated<Vec<Point>> {
        let fresh: Vec<Sample>;
        let samples = if samples.iter().any(|sample| is_stale(sample.value)) {
            fresh = samples.iter().copied().filter(|sample| !is_stale(sample.value)).collect();
            &fresh
        } else {
            samples
        };
        let per_step = self.is_per_step(node, args);
        let constant = args.iter().all(|arg| matches!(arg, Scalar::Constant(_)));
        if constant && function != Function::PredictLinear && windows.overlap() {
            return self.slid(Sliding::new(function, numbers(args, 0), windows.length_ms), windows, samples);
        }
        let mut points = Vec::new();
        let (mut from, mut to) = (0, 0);
        let steps = if per_step { self.buckets.indices() } else { 0..windows.ends.len };
        for bucket in steps {
            let window = windows.of(if per_step { 0 } else { bucket });
            // Windows move forward only.
            from += samples[from..].partition_point(|sample| sample.ms <= window.start_ms);
            to = to.max(from);
            to += samples[to..].partition_point(|sample| sample.ms <= window.end_ms);
            self.charge((to - from) / 8)?;
            let mut numbers = numbers(args, bucket);
            if function == Function::PredictLinear {
                let at = self.buckets.starts_ms.get(bucket as usize).copied().unwrap_or(window.end_ms);
                numbers[1] = at.saturating_sub(window.end_ms) as f64 / 1000.0;
            }
            points.extend(value(function, numbers, &samples[from..to], window).map(|value| Point { bucket, value }));
        }
        Ok(points)
    }

    /// The points of windows that share most of their samples with the next one.
    fn slid(&mut self, mut sliding: Sliding, windows: Windows, samples: &[Sample]) -> Evaluated<Vec<Point>> {
        let mut points = Vec::new();
        let mut next = 0;
        let mut step = samples.first().map_or(windows.ends.len, |first| windows.ends.first_from(first.ms));
        while step < windows.ends.len {
            self.budget.go_on()?;
            let window = windows.of(step);
            while let Some(sample) = samples.get(next).filter(|sample| sample.ms <= window.end_ms) {
                sliding.push(*sample);
                next += 1;
            }
            points.extend(sliding.value_at(window.end_ms).map(|value| Point { bucket: step, value }));
            step += 1;
            // Steps whose windows are empty are passed over.
            if step < windows.ends.len && !reaches(&samples[..next], windows.of(step)) {
                step =
                    samples.get(next).map_or(windows.ends.len, |sample| windows.ends.first_from(sample.ms)).max(step);
            }
        }
        Ok(points)
    }
}

/// Whether the newest of the samples lies within a window.
fn reaches(samples: &[Sample], window: Window) -> bool {
    samples.last().is_some_and(|sample| sample.ms > window.start_ms)
}

fn numbers(args: &[Scalar], bucket: u32) -> [f64; 2] {
    let number = |at: usize| args.get(at).map_or(0.0, |arg| arg.at(bucket));
    [number(0), number(1)]
}

/// The newest sample of each window, unless it is a staleness marker.
fn instants(windows: Windows, samples: &[Sample], of: impl Fn(Sample) -> f64) -> Vec<Point> {
    let mut points = Vec::new();
    for (at, sample) in samples.iter().enumerate() {
        if is_stale(sample.value) {
            continue;
        }
        // The steps from this sample on: until the next one, and as long as it counts.
        let until = sample.ms.saturating_add(windows.length_ms);
        let until = samples.get(at + 1).map_or(until, |next| until.min(next.ms));
        let (first, last) = (windows.ends.first_from(sample.ms), windows.ends.first_from(until));
        points.extend((first..last).map(|bucket| Point { bucket, value: of(*sample) }));
    }
    points
}

/// The samples of a range at a time of evaluation, each at its own time.
///
/// # Errors
/// As [`super::evaluate`].
pub fn range_samples(
    node: &OverNode,
    reads: Vec<Samples>,
    buckets: &Buckets<'_>,
    budget: &Budget,
) -> Result<Samples, EvaluateError> {
    let window = node.windows(&buckets.steps()).of(0);
    let reads = reads.into_iter().map(Rc::new).collect();
    let left = buckets.max_points;
    let mut evaluator = Evaluator { inputs: Vec::new(), uses: Vec::new(), reads, buckets, budget, left };
    let mut found = Samples { series: Vec::new(), held: budget.held() };
    let inside = |sample: &Sample| window.start_ms < sample.ms && sample.ms <= window.end_ms;
    let mut push = |labels: &Labels, samples: Vec<Sample>| {
        if samples.is_empty() {
            return Ok(());
        }
        found.held.pay(samples.len() * size_of::<Sample>() + SERIES_BYTES)?;
        found.series.push(SampledSeries { labels: labels.clone(), lookback_ms: 0, samples });
        budget.go_on()
    };
    match &node.of {
        OverInput::Read(at) => {
            let read = evaluator.reads.get(*at).map(Rc::clone);
            for one in read.iter().flat_map(|read| &read.series) {
                let kept = one.samples.iter().filter(|sample| inside(sample) && !is_stale(sample.value));
                push(&one.labels, kept.copied().collect())?;
            }
        }
        OverInput::Subquery { child, steps } => {
            let inner = evaluator.at_steps(steps, child)?;
            let sample = |point: &Point| Sample { ms: steps.at(point.bucket), value: point.value };
            for one in &inner.series {
                push(&one.labels, one.points.iter().map(sample).filter(inside).collect())?;
            }
        }
    }
    found.series.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(found)
}

/// What a series takes besides its samples.
const SERIES_BYTES: usize = 256;
