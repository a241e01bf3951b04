//! The metrics of all selectors of a target, within bounds, and those whose names pass matchers on `__name__`.

use std::collections::HashSet;

use super::ValueCondition;
use super::metrics::{FetchCount, NameResolution, bad_matcher, metrics};
use crate::ast::{Matcher, Span};
use crate::catalog::Carrier;
use crate::catalog::filter::wanted;
use crate::error::{Error, Kind};
use crate::lower::FetchRequest;

/// The metrics of each request, each with the sources that carry it.
pub(super) type NamedCarriers<'a> = Vec<Vec<Vec<Carrier<'a>>>>;

/// The metrics of each request of a target whose ad hoc filters are so many.
pub(super) fn named<'a>(
    naming: NameResolution<'a>,
    requests: &[FetchRequest],
    ad_hoc: usize,
) -> Result<NamedCarriers<'a>, Error> {
    let mut bounded = FetchCount::default();
    let one = |request: &FetchRequest| {
        let metrics = metrics(naming, &request.selector, request.span)?;
        let fetches = metrics.iter().map(Vec::len).sum();
        let labels = request.pushed.as_ref().map_or(0, |pushed| pushed.grouping.labels().len());
        let filters = (request.selector.matchers.len() + ad_hoc).max(labels);
        bounded.add(naming.limits, fetches, filters).map_err(|error| error.at(request.span))?;
        Ok(metrics)
    };
    requests.iter().map(one).collect()
}

/// A matcher on names, fast for lists of any length.
enum NameTest<'a> {
    Listed { names: HashSet<&'a str>, wanted: bool },
    Tried(&'a ValueCondition),
}

/// The names that pass all matchers. What is tried is paid for, so that many matchers on many names end.
pub(super) fn matching<'a>(
    naming: NameResolution<'a>,
    matchers: &[Matcher],
    span: Span,
) -> Result<Vec<&'a str>, Error> {
    let tests = matchers.iter().map(|matcher| wanted(matcher, naming.patterns)).collect::<Result<Vec<_>, _>>();
    let tests = tests.map_err(|bad| bad_matcher(bad, span))?;
    let tests: Vec<NameTest<'_>> = tests.iter().map(NameTest::of).collect();
    let tried = tests.iter().filter(|test| matches!(test, NameTest::Tried(_))).count();
    let paid = naming.patterns.tried(tried.saturating_mul(naming.snapshot.names().count()));
    paid.map_err(|error| Error::new(Kind::AnswerTooLarge, error.to_string()).at(span))?;
    Ok(naming.snapshot.names().filter(|name| tests.iter().all(|test| test.accepts(name))).collect())
}

impl<'a> NameTest<'a> {
    fn of(wanted: &'a ValueCondition) -> Self {
        let set = |names: &'a [String]| names.iter().map(String::as_str).collect();
        match wanted {
            ValueCondition::OneOf(names) => Self::Listed { names: set(names), wanted: true },
            ValueCondition::NoneOf(names) => Self::Listed { names: set(names), wanted: false },
            ValueCondition::Passing(_) | ValueCondition::Compared(_) => Self::Tried(wanted),
        }
    }

    fn accepts(&self, name: &str) -> bool {
        match self {
            Self::Listed { names, wanted } => names.contains(name) == *wanted,
            Self::Tried(wanted) => wanted.accepts(name),
        }
    }
}
