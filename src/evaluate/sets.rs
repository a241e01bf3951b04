//! `and`, `or`, `unless`: which series have a value at a bucket decides, never the value.

use super::error::EvaluateErrorKind;
use super::matching::{MatchGroup, groups, width};
use super::node::BinaryNode;
use super::unique::{DuplicateLabels, unique};
use crate::ast::BinaryOp;
use crate::series::{Point, Series};

/// The results, sorted by labels; series keep their labels and the metric's name.
pub(super) fn set(node: &BinaryNode, left: &[Series], right: &[Series]) -> Result<Vec<Series>, DuplicateLabels> {
    let mut present = vec![false; width([left, right])];
    let mut results = Vec::new();
    for MatchGroup { left, right } in groups(&node.matching, left, right).into_values() {
        // What decides about the other side.
        let deciding = if node.op == BinaryOp::Or { &left } else { &right };
        mark(&mut present, deciding, true);
        let sifted = |series: &Series, wanted: bool| {
            let passes = |point: &&Point| present[point.bucket as usize] == wanted;
            Series { labels: series.labels.clone(), points: series.points.iter().filter(passes).copied().collect() }
        };
        match node.op {
            BinaryOp::Or => {
                results.extend(left.iter().map(|series| (*series).clone()));
                results.extend(right.iter().map(|series| sifted(series, false)));
            }
            op => results.extend(left.iter().map(|series| sifted(series, op == BinaryOp::And))),
        }
        mark(&mut present, deciding, false);
    }
    unique(results, EvaluateErrorKind::SameLabels)
}

fn mark(present: &mut [bool], series: &[&Series], mark: bool) {
    for point in series.iter().flat_map(|one| &one.points) {
        present[point.bucket as usize] = mark;
    }
}
