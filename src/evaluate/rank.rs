//! `topk` and `bottomk`: a chart, not confetti.

use std::cmp::Ordering;

use super::aggregate::mean;
use super::labels::grouped;
use crate::ast::Grouping;
use crate::series::Series;

/// The k series of each group that rank highest (or lowest) by the mean of their points, whole, sorted by labels.
/// A mean that is NaN ranks last either way; equal means rank by labels.
pub(super) fn rank(top: bool, k: usize, grouping: &Grouping, series: &[Series]) -> Vec<Series> {
    let mut chosen: Vec<Series> = Vec::new();
    for members in grouped(grouping, series).into_values() {
        let mut ranked: Vec<(f64, &Series)> = members.into_iter().map(|one| (mean(one), one)).collect();
        ranked.sort_by(|a, b| order(top, a.0, b.0).then_with(|| a.1.labels.cmp(&b.1.labels)));
        chosen.extend(ranked.into_iter().take(k).map(|(_, one)| one.clone()));
    }
    chosen.sort_by(|a, b| a.labels.cmp(&b.labels));
    chosen
}

fn order(top: bool, a: f64, b: f64) -> Ordering {
    let by_value = if top { b.partial_cmp(&a) } else { a.partial_cmp(&b) };
    by_value.unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}
