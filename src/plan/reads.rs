//! Read requests + catalog → fetches of samples: which relation, which columns, which rows.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::fetch::{FetchScope, filters};
use super::metrics::{FetchCount, named_or_any};
use super::open::has_samples;
use super::window::BucketCut;
use super::{Buckets, Context, Fetch, Filter, partials};
use crate::ast::{MetricRef, OverTime};
use crate::catalog::{Carrier, MetricValue, Source};
use crate::error::{Error, Kind};
use crate::evaluate::{FoldPlan, RangeFunction};
use crate::lower::{Reads, SampleRead};
use crate::time::{Millis, StepRuns, TimeRange};

/// The most metrics that one selector may read.
const METRICS: usize = 500;

/// What to do instead of asking the Prometheus API how long rows last.
const ASK_A_PLUGIN: &str = "the Prometheus API cannot ask for it: use the JSON or Infinity plugin, or GET /query";

/// What is read of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricRead {
    /// The samples, one fetch per source.
    pub samples: Vec<Fetch>,
    /// The partials that give the same, one fetch per fold; empty where samples are to be read.
    pub partials: Vec<Fetch>,
}

/// The metrics of each request. A metric, label or value that does not exist gives none.
///
/// # Errors
/// A matcher makes no sense, the metric has no samples, or there is too much to read. `lookback_ms` replaces what the
/// sources say.
pub fn reads(
    context: &Context<'_>,
    wanted: Reads<'_>,
    lookback_ms: Option<i64>,
) -> Result<Vec<Vec<MetricRead>>, Error> {
    let mut bounded = FetchCount::default();
    let one = |(at, request): (usize, &SampleRead)| {
        let folded = wanted.folds.iter().filter(|fold| fold.read == at).map(|fold| fold.plan);
        let windows: Vec<FoldPlan> = folded.chain(request.kept.iter().copied()).collect();
        read(context, request, &windows, lookback_ms, &mut bounded)
    };
    wanted.requests.iter().enumerate().map(one).collect()
}

fn read(
    context: &Context<'_>,
    request: &SampleRead,
    windows: &[FoldPlan],
    lookback_ms: Option<i64>,
    bounded: &mut FetchCount,
) -> Result<Vec<MetricRead>, Error> {
    let selector = &request.selector;
    let is_named = matches!(selector.metric, MetricRef::Names(_));
    let (mut known, mut metrics, mut fetches) = (HashMap::<usize, Option<Vec<Filter>>>::new(), Vec::new(), 0);
    for carriers in named_or_any(context.naming(), selector, request.span)? {
        let is_alone = carriers.len() == 1;
        let (mut samples, mut partials) = (Vec::new(), Vec::new());
        for carrier in carriers {
            if let Entry::Vacant(entry) = known.entry(carrier.at) {
                entry.insert(filters(carrier.source, selector.matchers.iter(), context.patterns)?);
            }
            let Some(Some(filters)) = known.get(&carrier.at) else { continue };
            if matches!(carrier.metric.value, MetricValue::Overlap(_)) && !is_named {
                continue;
            }
            has_samples(carrier.metric).map_err(|error| error.at(request.span).hint(ASK_A_PLUGIN))?;
            let lookback_ms = lookback_ms.unwrap_or(carrier.source.staleness_ms(context.limits.lookback_ms));
            let plans: Vec<FoldPlan> = windows.iter().map(|plan| plan.with_lookback(lookback_ms)).collect();
            if is_alone && request.kept.is_empty() {
                let all = plans.iter().map(|plan| partials::fetch(context, plan, carrier, filters));
                partials = all.collect::<Option<Vec<Fetch>>>().unwrap_or_default();
            }
            samples.extend(fetch(context, &plans, lookback_ms, carrier, filters.clone()));
        }
        if samples.is_empty() {
            continue;
        }
        fetches += samples.len() + partials.len();
        level(&mut samples);
        metrics.push(MetricRead { samples, partials });
        if metrics.len() > METRICS {
            let message = format!("this selector reads more than {METRICS} metrics");
            return Err(Error::new(Kind::TooManyMetrics, message).hint("name the metrics").at(request.span));
        }
    }
    let added = bounded.add(context.limits, fetches, selector.matchers.len());
    added.map_err(|error| error.at(request.span))?;
    Ok(metrics)
}

/// A sample counts for as long as in the source where it counts longest.
fn level(fetches: &mut [Fetch]) {
    let lookback_ms = fetches.iter().map(|fetch| fetch.fold.lookback_ms).max().unwrap_or_default();
    fetches.iter_mut().for_each(|fetch| fetch.fold.lookback_ms = lookback_ms);
}

/// The fetch of the samples of one metric of one source; none where there is no time to read.
fn fetch(
    context: &Context<'_>,
    windows: &[FoldPlan],
    lookback_ms: i64,
    carrier: Carrier<'_>,
    filters: Vec<Filter>,
) -> Option<Fetch> {
    // Its times follow.
    let cut = BucketCut { buckets: Buckets::Edges(vec![0, 1]), len: 1, windows: None };
    let scope = FetchScope { context, carrier, cut: &cut, answers: false, is_alone: false };
    let mut fetch = scope.fetch(filters, RangeFunction::OverTime(OverTime::Last), None);
    let markers = carrier.source.null_ends && matches!(fetch.rows.value, MetricValue::Column(_));
    (fetch.rows.markers, fetch.fold.lookback_ms) = (markers, lookback_ms);
    fetch.of_windows(windows, carrier.source)
}

impl Fetch {
    /// The same samples as far as some windows have them; none where there is no time to read.
    #[must_use]
    pub fn of_windows(&self, windows: &[FoldPlan], source: &Source) -> Option<Self> {
        let stretches = stretches(windows);
        let (from, to) = (stretches.first()?.from, stretches.last()?.to);
        let read: i64 = stretches.iter().map(|stretch| stretch.to - stretch.from).sum();
        // Each stretch is found by an index, or the whole table is read for each.
        let is_sparse = read <= (to - from) / SPARSE && source.is_indexed_by_time();
        let mut part = self.within(TimeRange { from, to });
        part.axis.buckets = Buckets::Regular { origin_ms: from, step_ms: to - from, start_ms: from };
        part.axis.stretches = if is_sparse { stretches } else { Vec::new() };
        Some(part)
    }
}

/// Time is read in stretches where they are at most one part of so many of the whole.
const SPARSE: i64 = 2;

/// The most stretches that are told apart.
const STRETCHES: usize = 20_000;

/// The times of the rows that lie in some window, in order, none touching the next.
fn stretches(windows: &[FoldPlan]) -> Vec<TimeRange> {
    // Times are whole milliseconds: after one is from the next on.
    let stretch = |from: Millis, to: Millis| TimeRange {
        from: from.saturating_add(1).clamp(TimeRange::EARLIEST, TimeRange::LATEST),
        to: to.saturating_add(1).clamp(TimeRange::EARLIEST, TimeRange::LATEST),
    };
    let mut all = Vec::new();
    for plan in windows.iter().filter(|plan| plan.ends.len > 0) {
        let StepRuns { len, every_ms } = plan.ends.runs();
        let reach_ms = plan.window_ms.unwrap_or_default().saturating_add(plan.ends.at(len - 1) - plan.ends.start_ms);
        if reach_ms < every_ms && all.len() + (plan.ends.len / len) as usize <= STRETCHES {
            let run = |first| stretch(plan.window(first).start_ms, plan.ends.at(first + len - 1));
            all.extend((0..plan.ends.len).step_by(len as usize).map(run));
        } else {
            all.push(stretch(plan.window(0).start_ms, plan.ends.end_ms()));
        }
    }
    all.retain(|stretch| stretch.from < stretch.to);
    all.sort_by_key(|stretch| stretch.from);
    all.dedup_by(|next, kept| {
        let touches = next.from <= kept.to;
        if touches {
            kept.to = kept.to.max(next.to);
        }
        touches
    });
    all
}
