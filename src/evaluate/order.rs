//! The order of series at one step: `sort`, `sort_desc`, and `topk` and `bottomk` of each step by itself.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::aggregate::by_bucket;
use super::error::{EvaluateError, EvaluateErrorKind};
use super::evaluator::{Evaluated, Evaluator};
use super::labels::grouped;
use super::node::Node;
use super::value::FetchedSeries;
use crate::series::{Labels, Point, Series};

impl Evaluator<'_> {
    /// Series in the order of their first points.
    pub(super) fn sorted(&mut self, descending: bool, child: &Node) -> Evaluated<FetchedSeries> {
        let mut own = self.owned(child)?;
        let first = |one: &Series| one.points.first().map_or(f64::NAN, |point| point.value);
        own.series.retain(|one| !one.points.is_empty());
        own.series.sort_by(|a, b| order(descending, first(a), first(b)));
        Ok(own)
    }

    /// The k highest or lowest of each group at each step, in that order where there is one step.
    pub(super) fn ranked_at_step(&mut self, node: &Node) -> Evaluated<FetchedSeries> {
        let Node::RankAtStep { top, k, grouping, child, span } = node else {
            return self.made(Vec::new(), self.budget.held());
        };
        let k = self.scalar(k)?;
        let child = self.series(child)?;
        let points: usize = child.series.iter().map(|one| one.points.len()).sum();
        let held = self.budget.paid(points * 48)?;
        let mut chosen: Vec<Series> = Vec::new();
        for members in grouped(grouping, &child.series).into_values() {
            let mut kept: BTreeMap<usize, Vec<Point>> = BTreeMap::new();
            let mut ranks = Vec::new();
            for run in by_bucket(&members).chunk_by_mut(|a, b| a.same_bucket(b)) {
                self.budget.go_on()?;
                // Of no matter at steps without a value.
                if !is_countable(k.at(run[0].bucket)) {
                    return Err(EvaluateError::new(EvaluateErrorKind::BadNumber, Labels::default(), *span));
                }
                run.sort_by(|a, b| order(*top, a.value, b.value));
                // The cast keeps to the type's range: below 1 is none, beyond it is all.
                for sample in run.iter().take(k.at(run[0].bucket) as usize) {
                    if !kept.contains_key(&sample.series) {
                        ranks.push(sample.series);
                    }
                    kept.entry(sample.series).or_default().push(Point { bucket: sample.bucket, value: sample.value });
                }
            }
            let series = |at: usize| Some(Series { labels: members[at].labels.clone(), points: kept.remove(&at)? });
            chosen.extend(ranks.into_iter().filter_map(series));
        }
        self.made(chosen, held)
    }
}

/// Whether a number is within the range of whole numbers of 64 bits.
fn is_countable(number: f64) -> bool {
    number < i64::MAX as f64 && number >= i64::MIN as f64
}

/// NaN comes last either way.
fn order(descending: bool, a: f64, b: f64) -> Ordering {
    let by_value = if descending { b.partial_cmp(&a) } else { a.partial_cmp(&b) };
    by_value.unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}
