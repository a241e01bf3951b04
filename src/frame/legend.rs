//! What series are called.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::series::{Labels, METRIC_NAME, Series};

/// One legend per series: the metric's name (else the question) when there is one series, otherwise
/// `name{differing labels}`.
#[must_use]
pub(super) fn legends(series: &[Series], question: &str) -> Vec<String> {
    let names: BTreeSet<&str> = series.iter().map(|s| s.labels.get(METRIC_NAME)).collect();
    let differing = differing(series);
    series.iter().map(|s| legend(&s.labels, &differing, series.len() == 1, names.len() > 1, question)).collect()
}

/// The labels whose value is not the same on all series.
fn differing(series: &[Series]) -> BTreeSet<&str> {
    let all: BTreeSet<&str> = series.iter().flat_map(|s| s.labels.iter().map(|(name, _)| &**name)).collect();
    let same = |name: &&str| series.windows(2).all(|pair| pair[0].labels.get(name) == pair[1].labels.get(name));
    all.into_iter().filter(|name| *name != METRIC_NAME && !same(name)).collect()
}

fn legend(labels: &Labels, differing: &BTreeSet<&str>, alone: bool, names_differ: bool, question: &str) -> String {
    let name = labels.get(METRIC_NAME);
    if alone && name.is_empty() {
        return question.to_owned();
    }
    let mut legend = name.to_owned();
    if alone || (differing.is_empty() && names_differ) {
        return legend;
    }
    let shown = labels.iter().filter(|(name, _)| differing.contains(&***name));
    legend.push('{');
    for (at, (name, value)) in shown.enumerate() {
        let separator = if at == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        let _written = write!(legend, "{separator}{name}={value:?}");
    }
    legend.push('}');
    legend
}
