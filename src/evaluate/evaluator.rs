//! The walk over the tree.

use std::rc::Rc;
use std::sync::Arc;

use super::aggregate::aggregate;
use super::annotations::{Annotation, QueryAnnotations};
use super::binary::scalars;
use super::error::{EvaluateError, EvaluateErrorKind};
use super::labels::{Replacement, join, replace};
use super::node::Node;
use super::over::Samples;
use super::unique::{DuplicateLabels, distinct};
use super::value::{EvaluationGrid, FetchedSeries, Inputs, Scalar, Value};
use super::{rank, spread};
use crate::ast::Span;
use crate::budget::{Budget, HeldBytes};
use crate::series::{Labels, METRIC_NAME, Series};

/// Computes a tree over what its fetches gave, in the order of the fetches that lowering gave: the value, and the bytes that
/// it takes.
///
/// # Errors
/// Series do not pair up, clash in their labels, or the work is more than allowed.
pub fn evaluate(
    node: &Node,
    inputs: Vec<FetchedSeries>,
    buckets: &EvaluationGrid<'_>,
    budget: &Budget,
) -> Result<(Value, HeldBytes), EvaluateError> {
    let inputs = Inputs { folded: inputs, kept: Vec::new() };
    let mut evaluator = Evaluator::new(&[node], inputs, buckets, budget);
    if node.is_scalar() {
        return Ok((Value::Scalar(evaluator.scalar(node)?), budget.held()));
    }
    let FetchedSeries { mut series, held } = evaluator.owned(node)?;
    series.retain(|one| !one.points.is_empty());
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok((Value::Series(series), held))
}

/// What was computed, the bytes that it takes, and what may be wrong with it.
#[derive(Debug)]
pub struct ComputedValue<T> {
    /// The value.
    pub value: T,
    /// Its bytes.
    pub held: HeldBytes,
    /// What may be wrong with it.
    pub notes: QueryAnnotations,
}

/// Computes a tree over what its reads gave, at evenly spaced times. Series that the tree sorts keep their order.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_steps(
    node: &Node,
    inputs: Inputs,
    buckets: &EvaluationGrid<'_>,
    budget: &Budget,
) -> Result<ComputedValue<Value>, EvaluateError> {
    let mut evaluator = Evaluator::new(&[node], inputs, buckets, budget);
    if node.is_scalar() {
        let value = Value::Scalar(evaluator.scalar(node)?);
        return Ok(ComputedValue { value, held: budget.held(), notes: evaluator.notes });
    }
    let FetchedSeries { mut series, held } = evaluator.owned(node)?;
    series.retain(|one| !one.points.is_empty());
    if !(buckets.starts_ms.len() == 1 && node.is_ordered()) {
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
    }
    Ok(ComputedValue { value: Value::Series(series), held, notes: evaluator.notes })
}

/// How often each fetch stands in a tree.
fn count_uses(node: &Node, uses: &mut [usize]) {
    let at = match node {
        Node::Fetch(at) => Some(*at),
        Node::Over(over) => over.fold(),
        _ => None,
    };
    if let Some(uses) = at.and_then(|at| uses.get_mut(at)) {
        *uses += 1;
    }
    node.children().into_iter().for_each(|child| count_uses(child, uses));
}

pub(super) struct Evaluator<'a> {
    /// What was fetched, until it was used for the last time.
    pub(super) inputs: Vec<Option<Rc<FetchedSeries>>>,
    pub(super) uses: Vec<usize>,
    /// The samples that were read.
    pub(super) reads: Rc<[Rc<Samples>]>,
    pub(super) buckets: &'a EvaluationGrid<'a>,
    pub(super) budget: &'a Budget,
    /// Points that may still be read or produced.
    pub(super) left: usize,
    /// What may be wrong with the answer.
    pub(super) notes: QueryAnnotations,
}

pub(super) type Evaluated<T> = Result<T, EvaluateError>;

/// What an aggregation takes for each series besides the cells.
pub(super) const GROUPED_BYTES: usize = 96;

/// A value among those of its bucket.
pub(super) const SORTED_BYTES: usize = 24;

impl<'a> Evaluator<'a> {
    /// Computes some trees over their inputs.
    pub(super) fn new(nodes: &[&Node], inputs: Inputs, buckets: &'a EvaluationGrid<'a>, budget: &'a Budget) -> Self {
        let mut uses = vec![0; inputs.folded.len()];
        nodes.iter().for_each(|node| count_uses(node, &mut uses));
        let reads = inputs.kept.into_iter().map(Rc::new).collect();
        let inputs = inputs.folded.into_iter().map(|input| Some(Rc::new(input))).collect();
        let notes = QueryAnnotations::default();
        Self { inputs, uses, reads, buckets, budget, left: buckets.max_points, notes }
    }
}

impl Evaluator<'_> {
    pub(super) fn charge(&mut self, points: usize) -> Evaluated<()> {
        let error = || EvaluateError::new(EvaluateErrorKind::TooMuch, Labels::default(), Span::default());
        self.left = self.left.checked_sub(points).ok_or_else(error)?;
        Ok(self.budget.go_on()?)
    }

    /// Every value is paid for once, so that neither depth nor repetition makes a small question large.
    pub(super) fn series(&mut self, node: &Node) -> Evaluated<Rc<FetchedSeries>> {
        let value = match node {
            Node::Fetch(at) => self.input(*at),
            _ => Rc::new(self.computed(node)?),
        };
        self.charge(points(&value.series))?;
        Ok(value)
    }

    /// What a fetch gave; its last use takes it.
    pub(super) fn input(&mut self, at: usize) -> Rc<FetchedSeries> {
        let uses = self.uses.get_mut(at);
        let is_last = uses.is_none_or(|uses| {
            *uses = uses.saturating_sub(1);
            *uses == 0
        });
        let input = self.inputs.get_mut(at);
        let taken = input.and_then(|input| if is_last { input.take() } else { input.clone() });
        taken.unwrap_or_else(|| Rc::new(FetchedSeries { series: Vec::new(), held: self.budget.held() }))
    }

    /// The series of a node, to be changed in place.
    pub(super) fn owned(&mut self, node: &Node) -> Evaluated<FetchedSeries> {
        let shared = self.series(node)?;
        self.own(shared)
    }

    /// Series that nobody else looks at.
    pub(super) fn own(&self, shared: Rc<FetchedSeries>) -> Evaluated<FetchedSeries> {
        match Rc::try_unwrap(shared) {
            Ok(own) => Ok(own),
            Err(shared) => {
                let held = self.budget.paid(bytes(&shared.series))?;
                Ok(FetchedSeries { series: shared.series.clone(), held })
            }
        }
    }

    /// Series that were computed, with what was paid for computing them.
    pub(super) fn made(&self, series: Vec<Series>, mut held: HeldBytes) -> Evaluated<FetchedSeries> {
        held.set(bytes(&series))?;
        Ok(FetchedSeries { series, held })
    }

    fn computed(&mut self, node: &Node) -> Evaluated<FetchedSeries> {
        let buckets = self.buckets.starts_ms.len();
        match node {
            Node::Fetch(_) | Node::Number(_) | Node::Time | Node::Scalar(_) => {
                self.made(Vec::new(), self.budget.held())
            }
            Node::Vector(child) => {
                let series = self.scalar(child)?.into_series(self.buckets);
                self.made(series, self.budget.held())
            }
            Node::Math { function, child, span } => {
                self.mapped(child, *span, |point| Some((function.apply)(point.value)))
            }
            Node::Limit { function, child, args, span } => self.limited(*function, child, args, *span),
            Node::Timestamp { child, span } => {
                let buckets = self.buckets;
                self.mapped(child, *span, |point| Some(buckets.seconds(point.bucket)))
            }
            Node::Over(_) | Node::Nameless { .. } | Node::Sorted { .. } | Node::RankAtStep { .. } => self.stepped(node),
            Node::Absent { child, labels } => {
                self.charge(buckets)?;
                let series = spread::absent(labels, &self.series(child)?.series, buckets);
                self.made(series, self.budget.held())
            }
            Node::LabelReplace { child, target, replacement, source, pattern, joins, span } => {
                let target: Arc<str> = Arc::from(target.as_str());
                let replacement = Replacement::of(replacement);
                self.relabelled(child, *joins, *span, |labels| replace(labels, &target, &replacement, source, pattern))
            }
            Node::LabelJoin { child, target, separator, sources, joins, span } => {
                let target: Arc<str> = Arc::from(target.as_str());
                self.relabelled(child, *joins, *span, |labels| join(labels, &target, separator, sources))
            }
            Node::Binary(binary) => self.binary(binary),
            Node::HistogramQuantile { .. } | Node::HistogramFraction { .. } | Node::OfNativeHistograms(_) => {
                self.of_histograms(node)
            }
            _ => self.aggregated(node),
        }
    }

    /// The nodes of Prometheus' meaning: apart, so that the frames of a deep tree stay small.
    fn stepped(&mut self, node: &Node) -> Evaluated<FetchedSeries> {
        match node {
            Node::Over(over) => self.over(over),
            Node::Nameless { child, span } => {
                let mut own = self.owned(child)?;
                own.series.iter_mut().for_each(|one| one.labels.retain(|name| name != METRIC_NAME));
                own.series = distinct(own.series).map_err(at(*span))?;
                Ok(own)
            }
            Node::Sorted { descending, child } => self.sorted(*descending, child),
            Node::RankAtStep { .. } => self.ranked_at_step(node),
            _ => self.made(Vec::new(), self.budget.held()),
        }
    }

    /// The aggregations: what a group takes while it is computed is paid before.
    fn aggregated(&mut self, node: &Node) -> Evaluated<FetchedSeries> {
        let phi = match node {
            Node::Quantile { phi, phi_span, .. } => {
                let phi = self.scalar(phi)?;
                self.note_quantiles(&phi, self.buckets.indices(), *phi_span);
                Some(phi)
            }
            _ => None,
        };
        let children = node.children();
        let Some(child) = children.last() else { return self.made(Vec::new(), self.budget.held()) };
        let child = self.series(child)?;
        let series = &child.series;
        let sorted = if matches!(node, Node::Aggregate { .. } | Node::Rank { .. }) { 0 } else { SORTED_BYTES };
        let held = self.budget.paid(series.len() * GROUPED_BYTES + points(series) * sorted)?;
        let phi = phi.unwrap_or(Scalar::Constant(f64::NAN));
        let series = match node {
            Node::Aggregate { op, grouping, .. } => aggregate(*op, grouping, series),
            Node::Quantile { nan, grouping, .. } => spread::quantile(&phi, grouping, series, *nan),
            Node::CountValues { label, grouping, .. } => spread::count_values(label, grouping, series),
            Node::Rank { top, k, grouping, .. } => rank::rank(*top, *k, grouping, series),
            _ => Vec::new(),
        };
        self.made(series, held)
    }

    /// Notes each φ that is not from 0 to 1, at some steps.
    pub(super) fn note_quantiles(&mut self, phi: &Scalar, steps: impl Iterator<Item = u32>, span: Span) {
        let steps = if matches!(phi, Scalar::Constant(_)) { steps.take(1) } else { steps.take(usize::MAX) };
        for note in steps.filter_map(|step| Annotation::of_quantile(phi.at(step))) {
            self.notes.add(note, span);
        }
    }

    pub(super) fn scalar(&mut self, node: &Node) -> Evaluated<Scalar> {
        let scalar = match node {
            Node::Number(number) => Scalar::Constant(*number),
            Node::Time => {
                Scalar::PerBucket(self.buckets.indices().map(|bucket| self.buckets.seconds(bucket)).collect())
            }
            Node::Scalar(child) => spread::scalar(&self.series(child)?.series, self.buckets.starts_ms.len()),
            Node::Math { function, child, .. } => self.scalar(child)?.map(function.apply),
            Node::Binary(binary) => {
                let (lhs, rhs) = (self.scalar(&binary.lhs)?, self.scalar(&binary.rhs)?);
                scalars(binary.op, &lhs, &rhs)
            }
            // Lowering has checked the types.
            _ => Scalar::Constant(f64::NAN),
        };
        if let Scalar::PerBucket(numbers) = &scalar {
            self.charge(numbers.len())?;
        }
        Ok(scalar)
    }
}

pub(super) fn bytes(series: &[Series]) -> usize {
    series.iter().map(Series::bytes).sum()
}

/// Points and series.
pub(super) fn points(series: &[Series]) -> usize {
    series.iter().map(|one| one.points.len() + 1).sum()
}

pub(super) fn at(span: Span) -> impl Fn(DuplicateLabels) -> EvaluateError {
    move |(kind, labels)| EvaluateError::new(kind, labels, span)
}
