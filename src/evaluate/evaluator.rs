//! The walk over the tree.

use std::borrow::Cow;
use std::sync::Arc;

use super::aggregate::aggregate;
use super::binary::{scalars, with_scalar};
use super::error::{EvaluateError, EvaluateErrorKind};
use super::function::limited;
use super::labels::{insertions, join, nameless, replace};
use super::matching::matched;
use super::node::{BinaryNode, Limiter, Node};
use super::sets::set;
use super::unique::{Clash, unique};
use super::value::{Buckets, Scalar, Value};
use super::{histogram, rank, spread};
use crate::ast::Span;
use crate::series::{Labels, Point, Series};

/// Computes a tree over what its fetches gave, in the order of [`super::Lowered::fetches`].
///
/// # Errors
/// Series do not pair up, clash in their labels, or the work is more than allowed.
pub fn evaluate(node: &Node, inputs: &[Vec<Series>], buckets: &Buckets<'_>) -> Result<Value, EvaluateError> {
    let mut evaluator = Evaluator { inputs, buckets, left: buckets.max_points };
    if node.is_scalar() {
        return evaluator.scalar(node).map(Value::Scalar);
    }
    let mut series = evaluator.series(node)?.into_owned();
    series.retain(|one| !one.points.is_empty());
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(Value::Series(series))
}

struct Evaluator<'a> {
    inputs: &'a [Vec<Series>],
    buckets: &'a Buckets<'a>,
    /// Points that may still be read or produced.
    left: usize,
}

type Evaluated<T> = Result<T, EvaluateError>;

impl<'a> Evaluator<'a> {
    fn charge(&mut self, points: usize) -> Evaluated<()> {
        let kind = EvaluateErrorKind::TooMuch;
        let error = EvaluateError { kind, labels: Labels::default(), span: Span::default() };
        self.left = self.left.checked_sub(points).ok_or(error)?;
        Ok(())
    }

    /// Every value is paid for once, so that neither depth nor repetition makes a small question large.
    fn series(&mut self, node: &Node) -> Evaluated<Cow<'a, [Series]>> {
        let series = match node {
            Node::Fetch(at) => Cow::Borrowed(self.inputs.get(*at).map_or([].as_slice(), Vec::as_slice)),
            _ => Cow::Owned(self.computed(node)?),
        };
        self.charge(series.iter().map(|one| one.points.len() + 1).sum())?;
        Ok(series)
    }

    fn computed(&mut self, node: &Node) -> Evaluated<Vec<Series>> {
        let buckets = self.buckets.starts_ms.len();
        Ok(match node {
            Node::Fetch(_) | Node::Number(_) | Node::Time | Node::Scalar(_) => Vec::new(),
            Node::Vector(child) => self.scalar(child)?.into_series(self.buckets),
            Node::Math { function, child, span } => {
                self.mapped(child, *span, |point| Some((function.apply)(point.value)))?
            }
            Node::Limit { function, child, args, span } => self.limited(*function, child, args, *span)?,
            Node::Timestamp { child, span } => {
                let buckets = self.buckets;
                self.mapped(child, *span, |point| Some(buckets.seconds(point.bucket)))?
            }
            Node::Absent { child, labels } => {
                self.charge(buckets)?;
                spread::absent(labels, &self.series(child)?, buckets)
            }
            Node::LabelReplace { child, target, replacement, source, pattern, span } => {
                let target: Arc<str> = Arc::from(target.as_str());
                let replacement = (replacement.as_str(), insertions(replacement));
                self.relabelled(child, *span, |labels| replace(labels, &target, replacement, source, pattern))?
            }
            Node::LabelJoin { child, target, separator, sources, span } => {
                let target: Arc<str> = Arc::from(target.as_str());
                self.relabelled(child, *span, |labels| join(labels, &target, separator, sources))?
            }
            Node::HistogramQuantile { phi, child } => {
                histogram::histogram_quantile(&self.scalar(phi)?, &self.series(child)?)
            }
            Node::Aggregate { op, grouping, child } => aggregate(*op, grouping, &self.series(child)?),
            Node::Quantile { phi, grouping, child } => {
                spread::quantile(&self.scalar(phi)?, grouping, &self.series(child)?)
            }
            Node::CountValues { label, grouping, child } => spread::count_values(label, grouping, &self.series(child)?),
            Node::Rank { top, k, grouping, child } => rank::rank(*top, *k, grouping, &self.series(child)?),
            Node::Binary(binary) => self.binary(binary)?,
        })
    }

    fn scalar(&mut self, node: &Node) -> Evaluated<Scalar> {
        let scalar = match node {
            Node::Number(number) => Scalar::Constant(*number),
            Node::Time => {
                Scalar::PerBucket(self.buckets.indices().map(|bucket| self.buckets.seconds(bucket)).collect())
            }
            Node::Scalar(child) => spread::scalar(&self.series(child)?, self.buckets.starts_ms.len()),
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

    /// A function of each point; the result is no longer the metric.
    fn mapped(&mut self, child: &Node, span: Span, value: impl Fn(&Point) -> Option<f64>) -> Evaluated<Vec<Series>> {
        let point = |point: &Point| value(point).map(|value| Point { bucket: point.bucket, value });
        let one = |one: &Series| Series {
            labels: nameless(&one.labels),
            points: one.points.iter().filter_map(point).collect(),
        };
        let mapped = self.series(child)?.iter().map(one).collect();
        unique(mapped, EvaluateErrorKind::SameLabels).map_err(at(span))
    }

    fn limited(&mut self, function: Limiter, child: &Node, args: &[Node], span: Span) -> Evaluated<Vec<Series>> {
        let args = args.iter().map(|arg| self.scalar(arg)).collect::<Evaluated<Vec<Scalar>>>()?;
        let arg = |at: usize, bucket: u32| args.get(at).map_or(f64::NAN, |arg| arg.at(bucket));
        self.mapped(child, span, |point| limited(function, point.value, [arg(0, point.bucket), arg(1, point.bucket)]))
    }

    fn relabelled(
        &mut self,
        child: &Node,
        span: Span,
        relabel: impl Fn(&mut Labels) -> bool,
    ) -> Evaluated<Vec<Series>> {
        let mut series = self.series(child)?.into_owned();
        for one in &mut series {
            if !relabel(&mut one.labels) {
                return Err(EvaluateError { kind: EvaluateErrorKind::TooLong, labels: Labels::default(), span });
            }
            // Long values are paid for like points.
            self.charge(one.labels.iter().map(|(_, value)| value.len() / 64).sum())?;
        }
        unique(series, EvaluateErrorKind::SameLabels).map_err(at(span))
    }

    fn binary(&mut self, node: &BinaryNode) -> Evaluated<Vec<Series>> {
        let operator = (node.op, node.returns_bool);
        let (scalar, series, flipped) = match (node.lhs.is_scalar(), node.rhs.is_scalar()) {
            (true, _) => (&node.lhs, &node.rhs, true),
            (false, true) => (&node.rhs, &node.lhs, false),
            (false, false) => {
                let (lhs, rhs) = (self.series(&node.lhs)?, self.series(&node.rhs)?);
                let results = if node.op.is_set() { set(node, &lhs, &rhs) } else { matched(node, &lhs, &rhs) };
                return results.map_err(at(node.span));
            }
        };
        let (scalar, series) = (self.scalar(scalar)?, self.series(series)?);
        let results = with_scalar(operator, &series, &scalar, flipped);
        unique(results, EvaluateErrorKind::SameLabels).map_err(at(node.span))
    }
}

fn at(span: Span) -> impl Fn(Clash) -> EvaluateError {
    move |(kind, labels)| EvaluateError { kind, labels, span }
}
