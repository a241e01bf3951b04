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
                none_missing(snapshot)?;
                return Err(with_hint_of_missing(
                    snapshot,
                    Error::new(Kind::UnknownMetric, "no metric's name matches"),
                )
                .at(span));
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

/// The sources of a metric. One that is not known may be of a relation whose names are missing, and while they may be found
/// soon, so may a part of one that rows name.
fn carriers<'a>(snapshot: &'a Snapshot, name: &str) -> Result<Vec<Carrier<'a>>, Error> {
    let carriers: Vec<Carrier<'a>> = snapshot.carriers(name).collect();
    if carriers.iter().all(|carrier| carrier.source.name_value().is_some()) {
        complete(snapshot)?;
    }
    if carriers.is_empty() {
        none_missing(snapshot)?;
    }
    Ok(carriers)
}

/// What to say while some names are not known: a metric that is known may have more series among them.
#[must_use]
pub fn undecided(snapshot: &Snapshot) -> Option<String> {
    snapshot.missing().of_caller.first().map(|error| error.message.clone())
}

/// Refuses what depends on all names while some are not known that may be found soon. Those of a relation that fails are left
/// out, unless there are no others.
///
/// # Errors
/// The names that the caller may see were not found in time, or no name is known since none could be read.
pub fn complete(snapshot: &Snapshot) -> Result<(), Error> {
    found_in_time(snapshot)?;
    match snapshot.names().next() {
        None => left_out(snapshot, &[]).into_iter().next().map_or(Ok(()), Err),
        Some(_) => Ok(()),
    }
}

/// Refuses what depends on all names while some are not known that may be found soon.
///
/// # Errors
/// The names that the caller may see were not found in time.
pub fn found_in_time(snapshot: &Snapshot) -> Result<(), Error> {
    let passes = |error: &&Error| matches!(error.kind, Kind::Timeout | Kind::Stale);
    snapshot.missing().of_caller.iter().find(passes).cloned().map_or(Ok(()), Err)
}

/// Refuses a name that nothing has while names are missing that the caller may see: it may be one of them.
fn none_missing(snapshot: &Snapshot) -> Result<(), Error> {
    snapshot.missing().of_caller.first().cloned().map_or(Ok(()), Err)
}

/// Why names are missing in what some selectors mean; without one, in all names. A selector of known names lacks none.
#[must_use]
pub fn left_out(snapshot: &Snapshot, selectors: &[Selector]) -> Vec<Error> {
    let is_known = |selector: &Selector| matches!(&selector.metric, MetricRef::Names(names) if names.iter().all(|name| snapshot.metric(name).is_some()));
    if !selectors.is_empty() && selectors.iter().all(is_known) {
        return Vec::new();
    }
    let missing = snapshot.missing();
    let of_catalog = missing.is_of_catalog.then(|| Error::new(Kind::Broken, MISSING).hint(SEE_LOG));
    missing.of_caller.iter().cloned().chain(of_catalog).collect()
}

const MISSING: &str = "the names of some metrics could not be read";
const SEE_LOG: &str = "the operator finds the reason in the log and with `datebin check`";

/// The error for an unknown name, which says that names are missing.
fn with_hint_of_missing(snapshot: &Snapshot, error: Error) -> Error {
    if !snapshot.missing().is_of_catalog {
        return error;
    }
    let hint = error.hint.iter().map(String::as_str).chain([MISSING, SEE_LOG]).collect::<Vec<_>>().join("; ");
    error.hint(hint)
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
    let error = if nearest.is_empty() {
        error.hint(METRICS_LISTED)
    } else {
        error.hint(format!("did you mean {}?", nearest.join(", ")))
    };
    with_hint_of_missing(snapshot, error)
}

pub(super) fn bad_matcher(bad: BadMatcher, fallback: Span) -> Error {
    let span = if bad.span == Span::default() { fallback } else { bad.span };
    Error::new(Kind::BadTarget, bad.message).at(span)
}
