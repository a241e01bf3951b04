//! Read requests + catalog → fetches of samples: which relation, which columns, which rows.

use std::collections::HashMap;

use super::fetch::{Scope, filters};
use super::metrics::{Bounded, named_or_any};
use super::open::has_samples;
use super::window::Cut;
use super::{Buckets, Context, Fetch, Filter};
use crate::ast::{MetricRef, OverTime};
use crate::catalog::{Carrier, Value};
use crate::error::{Error, Kind};
use crate::evaluate::RangeFunction;
use crate::lower::{ReadRequest, Stretch};
use crate::time::Millis;

/// The most metrics that one selector may read.
const METRICS: usize = 500;

/// What is read lies between these, about the years -1000 and 11000.
const EARLIEST: Millis = -93_000_000_000_000;
const LATEST: Millis = 285_000_000_000_000;

/// The fetches of each request, those of one metric side by side. A metric, label or value that does not exist gives none.
///
/// # Errors
/// A matcher makes no sense, the metric has no samples, or there is too much to read. `lookback_ms` replaces what the
/// sources say.
pub fn reads(
    context: &Context<'_>,
    requests: &[ReadRequest],
    lookback_ms: Option<i64>,
) -> Result<Vec<Vec<Fetch>>, Error> {
    let mut bounded = Bounded::default();
    requests.iter().map(|request| read(context, request, lookback_ms, &mut bounded)).collect()
}

fn read(
    context: &Context<'_>,
    request: &ReadRequest,
    lookback_ms: Option<i64>,
    bounded: &mut Bounded,
) -> Result<Vec<Fetch>, Error> {
    let selector = &request.selector;
    let is_named = matches!(selector.metric, MetricRef::Names(_));
    let (mut known, mut fetches, mut metrics) = (HashMap::<usize, Option<Vec<Filter>>>::new(), Vec::new(), 0);
    for carriers in named_or_any(context.naming(), selector, request.span)? {
        let first = fetches.len();
        for carrier in carriers {
            if let std::collections::hash_map::Entry::Vacant(entry) = known.entry(carrier.at) {
                entry.insert(filters(carrier.source, selector.matchers.iter(), context.patterns)?);
            }
            let Some(Some(filters)) = known.get(&carrier.at) else { continue };
            if matches!(carrier.metric.value, Value::Overlap(_)) && !is_named {
                continue;
            }
            has_samples(carrier.metric).map_err(|error| error.at(request.span))?;
            fetches.extend(fetch(context, request, carrier, filters.clone(), lookback_ms));
        }
        if fetches.len() > first {
            metrics += 1;
        }
        if metrics > METRICS {
            let message = format!("this selector reads more than {METRICS} metrics");
            return Err(Error::new(Kind::TooManyMetrics, message).hint("name the metrics").at(request.span));
        }
    }
    let added = bounded.add(context.limits, fetches.len(), selector.matchers.len());
    added.map_err(|error| error.at(request.span))?;
    Ok(fetches)
}

/// The fetch of the samples of one metric of one source; none where there is no time to read.
fn fetch(
    context: &Context<'_>,
    request: &ReadRequest,
    carrier: Carrier<'_>,
    filters: Vec<Filter>,
    lookback_ms: Option<i64>,
) -> Option<Fetch> {
    let lookback_ms = lookback_ms.unwrap_or(carrier.source.staleness_ms());
    let back = |ends: Stretch| Stretch { from_ms: ends.from_ms.saturating_sub(lookback_ms), ..ends };
    let stretch = match (request.instants.map(back), request.ranges) {
        (Some(instants), Some(ranges)) => instants.around(ranges),
        (instants, ranges) => instants.or(ranges)?,
    };
    // Times are whole milliseconds: after one is from the next on.
    let from = stretch.from_ms.saturating_add(1).clamp(EARLIEST, LATEST);
    let to = stretch.to_ms.saturating_add(1).clamp(EARLIEST, LATEST);
    if from >= to {
        return None;
    }
    let buckets = Buckets::Regular { origin_ms: from, step_ms: to - from, start_ms: from };
    let cut = Cut { buckets, len: 1, windows: None };
    let scope = Scope { context, carrier, cut: &cut, answers: false, is_alone: false };
    let fetch = scope.fetch(filters, RangeFunction::OverTime(OverTime::Last), None);
    let markers = carrier.source.null_ends && matches!(fetch.value, Value::Column(_));
    Some(Fetch { lookback_ms, markers, ..fetch })
}
