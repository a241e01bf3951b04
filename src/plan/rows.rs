//! Whose labels are asked for: the rows of each source that a selector means.

use std::collections::BTreeMap;

use super::fetch::filters;
use super::metrics::{Bounded, Naming, few_enough, metrics};
use super::{Filter, Wanted};
use crate::ast::{Matcher, MetricRef, Selector, Span};
use crate::catalog::filter::wanted;
use crate::catalog::{Metric, Snapshot, Source};
use crate::error::Error;

/// The rows of one source that are asked about.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    /// The source.
    pub source: &'a Source,
    /// The metrics of it that are meant, in order of name.
    pub metrics: Vec<&'a Metric>,
    /// Conditions on the rows, besides those that the metrics' names are.
    pub filters: Vec<Filter>,
    /// Whether the metrics were chosen; otherwise they are all of the source's.
    chosen: bool,
}

impl Rows<'_> {
    /// The conditions on the rows, the metrics' names among them.
    #[must_use]
    pub fn conditions(&self) -> Vec<Filter> {
        let mut all = self.filters.clone();
        if let Some(value) = self.source.name_value().filter(|_| self.chosen) {
            let names = self.metrics.iter().filter_map(|metric| metric.stored_name.clone()).collect();
            all.push(Filter { value, wanted: Wanted::OneOf(names) });
        }
        // Of several metrics any row may be one's.
        if let ([only], true) = (self.metrics.as_slice(), self.chosen) {
            all.extend(only.filters.iter().cloned());
        }
        all
    }
}

/// The rows that a selector means; without one, all.
///
/// `others` are the filters that a dashboard has besides: one on a label that nothing has is ignored, as in a panel.
///
/// # Errors
/// A metric is unknown or a matcher makes no sense.
pub fn rows<'a>(naming: Naming<'a>, selector: Option<&Selector>, others: &[Matcher]) -> Result<Vec<Rows<'a>>, Error> {
    let snapshot = naming.snapshot;
    let chosen = selector.is_some_and(|selector| selector.metric != MetricRef::Any);
    let mut of_source: BTreeMap<usize, Vec<&Metric>> = BTreeMap::new();
    if let Some(selector) = selector.filter(|_| chosen) {
        for carrier in metrics(naming, selector, Span::default())?.into_iter().flatten() {
            of_source.entry(carrier.at).or_default().push(carrier.metric);
        }
    } else {
        of_source
            .extend(snapshot.sources().iter().enumerate().map(|(at, source)| (at, source.metrics.iter().collect())));
    }
    let own = selector.map(|selector| selector.matchers.as_slice()).unwrap_or_default();
    let others: Vec<&Matcher> =
        others.iter().filter(|matcher| is_known(snapshot, &of_source, &matcher.label)).collect();
    few_enough(naming.limits, own.len() + others.len())?;
    let mut bounded = Bounded::default();
    let mut all = Vec::with_capacity(of_source.len());
    for (at, metrics) in of_source {
        let source = &snapshot.sources()[at];
        if let Some(filters) = filters(source, own.iter().chain(others.iter().copied()), naming.patterns)? {
            bounded.filtered(1, filters.len())?;
            all.push(Rows { source, metrics, filters, chosen });
        }
    }
    Ok(all)
}

fn is_known(snapshot: &Snapshot, of_source: &BTreeMap<usize, Vec<&Metric>>, label: &str) -> bool {
    of_source.keys().any(|at| snapshot.sources()[*at].has_label(label))
}

/// Whether a matcher can be tried at all: its pattern is one, and not too large.
#[must_use]
pub fn is_sensible(naming: Naming<'_>, matcher: &Matcher) -> bool {
    wanted(matcher, naming.patterns).is_ok()
}
