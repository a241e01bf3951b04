//! Which metrics a selector names.

use std::collections::HashSet;

use super::Limits;
use super::names::matching;
use crate::ast::{MetricRef, Selector, Span};
use crate::catalog::filter::BadMatcher;
use crate::catalog::{Carrier, Snapshot};
use crate::error::{Error, Kind};
use crate::pattern::Patterns;

const METRICS_PER_SELECTOR: usize = 100;
/// The most fetches of one target.
const FETCHES: usize = 2000;
/// The most filters of all fetches of one target together.
const ALL_FILTERS: usize = 100_000;
/// The most metrics that all selectors of a list mean together.
const ALL_NAMED: usize = 1_000_000;

/// What names are resolved with.
#[derive(Clone, Copy, Debug)]
pub struct NameResolution<'a> {
    /// The catalog.
    pub snapshot: &'a Snapshot,
    /// The patterns of the request.
    pub patterns: &'a Patterns,
    /// The bounds of the answer.
    pub limits: Limits,
}

/// What the fetches of a target come to, counted before anything is made of them.
#[derive(Debug, Default)]
pub(super) struct FetchCount {
    fetches: usize,
    filters: usize,
    named: usize,
}

impl FetchCount {
    /// Counts fetches with so many filters on each.
    pub(super) fn add(&mut self, limits: Limits, fetches: usize, filters: usize) -> Result<(), Error> {
        few_enough(limits, filters)?;
        self.fetches += fetches;
        if self.fetches > FETCHES {
            let message = format!("this target reads metrics more than {FETCHES} times");
            return Err(Error::new(Kind::TooManyMetrics, message).hint("name fewer metrics, or split the target"));
        }
        self.filtered(fetches, filters)
    }

    /// Counts the metrics that a selector means in one source.
    pub(super) fn named(&mut self, metrics: usize) -> Result<(), Error> {
        self.named = self.named.saturating_add(metrics);
        if self.named <= ALL_NAMED {
            return Ok(());
        }
        let message = format!("the selectors of this question mean more than {ALL_NAMED} metrics together");
        Err(Error::new(Kind::TooManyMetrics, message).hint("use fewer selectors, or narrower ones"))
    }

    /// Counts the filters on relations.
    pub(super) fn filtered(&mut self, relations: usize, filters: usize) -> Result<(), Error> {
        self.filters = self.filters.saturating_add(relations.saturating_mul(filters));
        if self.filters <= ALL_FILTERS {
            return Ok(());
        }
        let message = format!("the relations of this question have more than {ALL_FILTERS} filters together");
        Err(Error::new(Kind::TooManyFilters, message).hint("use fewer filters, or fewer selectors"))
    }
}

/// Holds the filters of one selector to their bound.
pub(super) fn few_enough(limits: Limits, filters: usize) -> Result<(), Error> {
    let most = limits.filters as usize;
    if filters > most { Err(too_many_filters(filters, most)) } else { Ok(()) }
}

/// The error for more filters than are allowed, and for more labels of an aggregation.
#[must_use]
pub fn too_many_filters(found: usize, most: usize) -> Error {
    let message = format!("{found} filters or labels in one question; at most {most} are allowed");
    Error::new(Kind::TooManyFilters, message)
        .hint("DATEBIN_MAX_FILTERS sets the limit; one filter takes any number of values")
}

/// The metrics that a selector names, in order of name, each with the sources that carry it.
pub(super) fn metrics<'a>(
    naming: NameResolution<'a>,
    selector: &Selector,
    span: Span,
) -> Result<Vec<Vec<Carrier<'a>>>, Error> {
    let snapshot = naming.snapshot;
    let mut names: Vec<&str> = match &selector.metric {
        MetricRef::Any => {
            let error = Error::new(Kind::BadTarget, "this selector names no metric").at(span);
            return Err(error.hint("put a metric's name in front of the braces"));
        }
        MetricRef::Names(names) => names.iter().map(String::as_str).collect(),
        MetricRef::Matching(matchers) => {
            complete(snapshot)?;
            let matching = matching(naming, matchers, span)?;
            if matching.is_empty() {
                return Err(Error::new(Kind::UnknownMetric, "no metric's name matches").at(span));
            }
            matching
        }
    };
    // A metric that is named twice is still one.
    names.sort_unstable();
    names.dedup();
    if names.len() > METRICS_PER_SELECTOR {
        let message =
            format!("this selector names {} metrics; at most {METRICS_PER_SELECTOR} are allowed", names.len());
        return Err(Error::new(Kind::TooManyMetrics, message).at(span));
    }
    let find = |name: &str| {
        let carriers = carriers(snapshot, name)?;
        if carriers.is_empty() { Err(unknown_metric(snapshot, name).at(span)) } else { Ok(carriers) }
    };
    names.into_iter().map(find).collect()
}

/// The metrics that a selector names, or all where it names none, in order of name; names that no metric has are left out.
pub(super) fn named_or_any<'a>(
    naming: NameResolution<'a>,
    selector: &Selector,
    span: Span,
) -> Result<Vec<Vec<Carrier<'a>>>, Error> {
    if !matches!(selector.metric, MetricRef::Names(_)) {
        complete(naming.snapshot)?;
    }
    let mut names: Vec<&str> = match &selector.metric {
        MetricRef::Any => naming.snapshot.names().collect(),
        MetricRef::Names(names) => names.iter().map(String::as_str).collect(),
        MetricRef::Matching(matchers) => matching(naming, matchers, span)?,
    };
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| carriers(naming.snapshot, name)).collect()
}

/// The sources of a metric. One that is not known may be of a relation whose names were not found in time, and so may a
/// part of one that rows name.
fn carriers<'a>(snapshot: &'a Snapshot, name: &str) -> Result<Vec<Carrier<'a>>, Error> {
    let carriers: Vec<Carrier<'a>> = snapshot.carriers(name).collect();
    if carriers.iter().all(|carrier| carrier.source.name_value().is_some()) {
        complete(snapshot)?;
    }
    Ok(carriers)
}

/// What to say while some names are not known: a metric that is known may have more series among them.
#[must_use]
pub fn undecided(snapshot: &Snapshot) -> Option<String> {
    let relation = snapshot.undecided().first()?;
    Some(format!("the metrics of {relation} that you may see were not found in time"))
}

/// Refuses what depends on all names while some are not known.
///
/// # Errors
/// The names that the caller may see were not found in time.
pub fn complete(snapshot: &Snapshot) -> Result<(), Error> {
    // A name that was not found in time is not one that does not exist.
    let Some(message) = undecided(snapshot) else { return Ok(()) };
    Err(Error::new(Kind::Timeout, message)
        .hint("the table may be locked, or lack the index that `datebin check` names; other metrics are answered"))
}

/// The sources of each metric that a selector names and that exists, however many those are.
pub(super) fn known<'a>(naming: NameResolution<'a>, selector: &Selector) -> Result<Vec<Carrier<'a>>, Error> {
    let named = named_or_any(naming, selector, Span::default())?;
    // Two of the names may be one metric's.
    let mut seen = HashSet::new();
    let is_new = |carrier: &Carrier<'a>| seen.insert((carrier.at, carrier.metric.name.as_str()));
    Ok(named.into_iter().flatten().filter(is_new).collect())
}

/// Where a client finds the names of metrics.
pub(crate) const METRICS_LISTED: &str = "POST /search lists the metrics that exist";

/// The error for a name that no metric has, with those that look like it.
pub(crate) fn unknown_metric(snapshot: &Snapshot, name: &str) -> Error {
    let shown: String = name.chars().take(120).collect();
    let error = Error::new(Kind::UnknownMetric, format!("no metric is called {shown:?}"));
    let nearest = snapshot.nearest(name);
    if nearest.is_empty() {
        return error.hint(METRICS_LISTED);
    }
    error.hint(format!("did you mean {}?", nearest.join(", ")))
}

pub(super) fn bad_matcher(bad: BadMatcher, fallback: Span) -> Error {
    let span = if bad.span == Span::default() { fallback } else { bad.span };
    Error::new(Kind::BadTarget, bad.message).at(span)
}
