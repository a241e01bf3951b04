//! The rows of each source whose labels are listed.

use std::collections::BTreeMap;

use super::fetch::filters;
use super::metrics::{FetchCount, NameResolution, complete, few_enough, known, metrics};
use super::{Filter, ValueCondition};
use crate::ast::{Matcher, MetricRef, Selector, Span};
use crate::catalog::filter::wanted;
use crate::catalog::{Metric, Snapshot, Source};
use crate::error::Error;

/// The rows of one source that are asked about.
#[derive(Clone, Debug)]
pub struct SourceRows<'a> {
    /// The number of the source in the catalog.
    pub at: usize,
    /// The source.
    pub source: &'a Source,
    /// The metrics of it that are meant, in order of name.
    pub metrics: Vec<&'a Metric>,
    /// Conditions on the rows, besides those that the metrics' names are.
    pub filters: Vec<Filter>,
    /// Whether the metrics were chosen; otherwise they are all of the source's.
    chosen: bool,
}

impl SourceRows<'_> {
    /// The conditions on the rows, the metrics' names among them.
    #[must_use]
    pub fn conditions(&self) -> Vec<Filter> {
        let mut all = self.filters.clone();
        all.extend(self.name_condition());
        // Of several metrics any row may be one's.
        if let ([only], true) = (self.metrics.as_slice(), self.chosen) {
            all.extend(only.filters.iter().cloned());
        }
        all
    }

    /// The condition that a row carries the name of one of the metrics, where they were chosen.
    pub(super) fn name_condition(&self) -> Option<Filter> {
        let value = self.source.name_value().filter(|_| self.chosen)?;
        let names = self.metrics.iter().filter_map(|metric| metric.stored_name.clone()).collect();
        Some(Filter { value, wanted: ValueCondition::OneOf(names) })
    }

    /// Whether its metrics were chosen by their names.
    #[must_use]
    pub const fn is_chosen(&self) -> bool {
        self.chosen
    }
}

/// The rows that a selector means; without one, all.
///
/// `others` are the filters that a dashboard has besides: one on a label that nothing has is ignored, as in a panel.
///
/// # Errors
/// A metric is unknown or a matcher makes no sense.
pub fn rows<'a>(
    naming: NameResolution<'a>,
    selector: Option<&Selector>,
    others: &[Matcher],
) -> Result<Vec<SourceRows<'a>>, Error> {
    let snapshot = naming.snapshot;
    let chosen = selector.is_some_and(|selector| selector.metric != MetricRef::Any);
    let mut of_source: BTreeMap<usize, Vec<&Metric>> = BTreeMap::new();
    if let Some(selector) = selector.filter(|_| chosen) {
        for carrier in metrics(naming, selector, Span::default())?.into_iter().flatten() {
            of_source.entry(carrier.at).or_default().push(carrier.metric);
        }
    } else {
        complete(snapshot)?;
        of_source.extend(every(snapshot));
    }
    passing(naming, MeantMetrics { of_source, chosen }, selector, others, &mut FetchCount::default())
}

/// The rows that some selector means, however many metrics that are; without one, all. A name that nothing has means none.
///
/// # Errors
/// A matcher makes no sense.
pub fn found<'a>(naming: NameResolution<'a>, selectors: &[Selector]) -> Result<Vec<SourceRows<'a>>, Error> {
    let mut bounded = FetchCount::default();
    if selectors.is_empty() {
        return found_by(naming, None, &mut bounded);
    }
    let mut rows = Vec::new();
    for selector in selectors {
        rows.extend(found_by(naming, Some(selector), &mut bounded)?);
    }
    Ok(rows)
}

fn found_by<'a>(
    naming: NameResolution<'a>,
    selector: Option<&Selector>,
    bounded: &mut FetchCount,
) -> Result<Vec<SourceRows<'a>>, Error> {
    let chosen = selector.is_some_and(|selector| selector.metric != MetricRef::Any);
    let mut of_source: BTreeMap<usize, Vec<&Metric>> = BTreeMap::new();
    match selector.filter(|_| chosen) {
        Some(selector) => {
            for carrier in known(naming, selector)? {
                of_source.entry(carrier.at).or_default().push(carrier.metric);
            }
        }
        None => {
            complete(naming.snapshot)?;
            of_source.extend(every(naming.snapshot));
        }
    }
    passing(naming, MeantMetrics { of_source, chosen }, selector, &[], bounded)
}

/// The metrics of every source.
fn every(snapshot: &Snapshot) -> impl Iterator<Item = (usize, Vec<&Metric>)> {
    snapshot.sources().iter().enumerate().map(|(at, source)| (at, source.metrics.iter().collect()))
}

/// The metrics that are meant.
struct MeantMetrics<'a> {
    /// Those of each source.
    of_source: BTreeMap<usize, Vec<&'a Metric>>,
    /// Whether they were chosen by their names.
    chosen: bool,
}

/// Those of the rows that can pass the matchers of a selector, and others.
fn passing<'a>(
    naming: NameResolution<'a>,
    meant: MeantMetrics<'a>,
    selector: Option<&Selector>,
    others: &[Matcher],
    bounded: &mut FetchCount,
) -> Result<Vec<SourceRows<'a>>, Error> {
    let snapshot = naming.snapshot;
    let MeantMetrics { of_source, chosen } = meant;
    let own = selector.map(|selector| selector.matchers.as_slice()).unwrap_or_default();
    let others: Vec<&Matcher> =
        others.iter().filter(|matcher| is_known(snapshot, &of_source, &matcher.label)).collect();
    few_enough(naming.limits, own.len() + others.len())?;
    let mut all = Vec::with_capacity(of_source.len());
    for (at, metrics) in of_source {
        let source = &snapshot.sources()[at];
        if let Some(filters) = filters(source, own.iter().chain(others.iter().copied()), naming.patterns)? {
            bounded.filtered(1, filters.len())?;
            bounded.named(metrics.len())?;
            all.push(SourceRows { at, source, metrics, filters, chosen });
        }
    }
    Ok(all)
}

fn is_known(snapshot: &Snapshot, of_source: &BTreeMap<usize, Vec<&Metric>>, label: &str) -> bool {
    of_source.keys().any(|at| snapshot.sources()[*at].has_label(label))
}

/// Whether a matcher can be tried at all: its pattern is one, and not too large.
#[must_use]
pub fn is_sensible(naming: NameResolution<'_>, matcher: &Matcher) -> bool {
    wanted(matcher, naming.patterns).is_ok()
}
