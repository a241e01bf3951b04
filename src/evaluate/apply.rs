//! Functions of points and of labels, and binary operators, in the walk over the tree.

use super::binary::with_scalar;
use super::error::{EvaluateError, EvaluateErrorKind};
use super::evaluator::{Evaluated, Evaluator, at, bytes};
use super::function::limited;
use super::matching::matched;
use super::node::{BinaryNode, Limiter, Node};
use super::sets::set;
use super::unique::{distinct, unique};
use super::value::{FetchedSeries, Scalar};
use crate::ast::Span;
use crate::series::{Labels, METRIC_NAME, Point};

impl Evaluator<'_> {
    /// A function of each point; the result is no longer the metric.
    pub(super) fn mapped(
        &mut self,
        child: &Node,
        span: Span,
        value: impl Fn(&Point) -> Option<f64>,
    ) -> Evaluated<FetchedSeries> {
        let mut own = self.owned(child)?;
        for one in &mut own.series {
            self.budget.go_on()?;
            one.labels.retain(|name| name != METRIC_NAME);
            one.points.retain_mut(|point| {
                let result = value(point);
                point.value = result.unwrap_or(point.value);
                result.is_some()
            });
        }
        own.series = unique(own.series, EvaluateErrorKind::SameLabels).map_err(at(span))?;
        Ok(own)
    }

    pub(super) fn limited(
        &mut self,
        function: Limiter,
        child: &Node,
        args: &[Node],
        span: Span,
    ) -> Evaluated<FetchedSeries> {
        let args = args.iter().map(|arg| self.scalar(arg)).collect::<Evaluated<Vec<Scalar>>>()?;
        let arg = |at: usize, bucket: u32| args.get(at).map_or(f64::NAN, |arg| arg.at(bucket));
        self.mapped(child, span, |point| limited(function, point.value, [arg(0, point.bucket), arg(1, point.bucket)]))
    }

    pub(super) fn relabelled(
        &mut self,
        child: &Node,
        joins: bool,
        span: Span,
        relabel: impl Fn(&mut Labels) -> bool,
    ) -> Evaluated<FetchedSeries> {
        let mut own = self.owned(child)?;
        for one in &mut own.series {
            if !relabel(&mut one.labels) {
                return Err(EvaluateError::new(EvaluateErrorKind::TooLong, Labels::default(), span));
            }
            // Long values are paid for like points.
            let long: usize = one.labels.iter().map(|(_, value)| value.len()).sum();
            own.held.pay(long)?;
            self.charge(long / 64)?;
        }
        let relabelled = if joins { unique(own.series, EvaluateErrorKind::SameLabels) } else { distinct(own.series) };
        self.made(relabelled.map_err(at(span))?, own.held)
    }

    pub(super) fn binary(&mut self, node: &BinaryNode) -> Evaluated<FetchedSeries> {
        let (scalar, series, flipped) = match (node.lhs.is_scalar(), node.rhs.is_scalar()) {
            (true, _) => (&node.lhs, &node.rhs, true),
            (false, true) => (&node.rhs, &node.lhs, false),
            (false, false) => {
                let (lhs, rhs) = (self.series(&node.lhs)?, self.series(&node.rhs)?);
                // A result is about as large as its larger side.
                let held = self.budget.paid(bytes(&lhs.series).max(bytes(&rhs.series)))?;
                let results = if node.op.is_set() { set } else { matched };
                return self.made(results(node, &lhs.series, &rhs.series).map_err(at(node.span))?, held);
            }
        };
        let (scalar, mut own) = (self.scalar(scalar)?, self.owned(series)?);
        with_scalar(node.op, node.returns_bool, &mut own.series, &scalar, flipped);
        own.series = unique(own.series, EvaluateErrorKind::SameLabels).map_err(at(node.span))?;
        Ok(own)
    }
}
