//! Which metrics a selector names.

use crate::ast::{MetricRef, Selector, Span};
use crate::catalog::filter::{BadMatcher, wanted};
use crate::catalog::{Carrier, Snapshot};
use crate::error::{Error, Kind};

const METRICS_PER_SELECTOR: usize = 100;

/// The metrics that a selector names, in order of name, each with the sources that carry it.
pub(super) fn metrics<'a>(
    snapshot: &'a Snapshot,
    selector: &Selector,
    span: Span,
) -> Result<Vec<Vec<Carrier<'a>>>, Error> {
    let mut names: Vec<&str> = match &selector.metric {
        MetricRef::Any => {
            let error = Error::new(Kind::BadTarget, "this selector names no metric").at(span);
            return Err(error.hint("put a metric's name in front of the braces"));
        }
        MetricRef::Names(names) => names.iter().map(String::as_str).collect(),
        MetricRef::Matching(matchers) => {
            let tests = matchers.iter().map(wanted).collect::<Result<Vec<_>, _>>();
            let tests = tests.map_err(|bad| bad_matcher(bad, span))?;
            let matching: Vec<&str> =
                snapshot.names().filter(|name| tests.iter().all(|test| test.accepts(name))).collect();
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
        let carriers: Vec<Carrier<'a>> = snapshot.carriers(name).collect();
        if carriers.is_empty() { Err(unknown_metric(snapshot, name).at(span)) } else { Ok(carriers) }
    };
    names.into_iter().map(find).collect()
}

/// The error for a name that no metric has, with those that look like it.
pub(crate) fn unknown_metric(snapshot: &Snapshot, name: &str) -> Error {
    let shown: String = name.chars().take(120).collect();
    let error = Error::new(Kind::UnknownMetric, format!("no metric is called {shown:?}"));
    let nearest = snapshot.nearest(name);
    if nearest.is_empty() {
        return error.hint("POST /search lists the metrics that exist");
    }
    error.hint(format!("did you mean {}?", nearest.join(", ")))
}

pub(super) fn bad_matcher(bad: BadMatcher, fallback: Span) -> Error {
    let span = if bad.span == Span::default() { fallback } else { bad.span };
    Error::new(Kind::BadTarget, bad.message).at(span)
}
