//! Fetch requests + catalog → fetches: which relation, which columns, which rows, how many at most.

use super::bounds::row_cap;
use super::matchers::{ResolvedMatcher, resolve};
use super::metrics::bad_matcher;
use super::names::{NamedCarriers, named};
use super::rollup::with_one_more_each;
use super::window::{self, BucketCut};
use super::{
    Buckets, Caps, Context, Fetch, FetchAggregate, FetchFold, FetchRows, Filter, Guard, SeriesLabel, TimeAxis,
    ValueCondition, counted, notices, open,
};
use crate::ast::{Grouping, Matcher};
use crate::catalog::{Carrier, LabelValue, MetricValue, Source};
use crate::error::{Error, Kind};
use crate::evaluate::RangeFunction;
use crate::lower::FetchRequest;
use crate::pattern::Patterns;
use crate::series::METRIC_NAME;
use crate::time::{Grid, GridRequest, choose_grid};

/// The fetches that answer one request: one per source of each metric that its selector names.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchGroup {
    /// The fetches, those of one metric side by side.
    pub fetches: Vec<Fetch>,
    /// An aggregation that the request wants and the database could not do, as it spans several metrics.
    pub then: Option<FetchAggregate>,
    /// Whether the series keep the metric's name.
    pub named: bool,
    /// Whether its series are those of the answer: only then do the answer's own limits bound them.
    pub answers: bool,
}

/// A target's plan.
#[derive(Clone, Debug)]
pub struct TargetPlan {
    /// One group per request.
    pub groups: Vec<FetchGroup>,
    /// The grid of all of them.
    pub grid: Grid,
    /// What the person at the panel should know.
    pub notices: Vec<String>,
}

/// Plans all requests of one target on one grid.
///
/// # Errors
/// A metric is unknown, a function or modifier is not supported, a matcher makes no sense, or the grid has too many
/// points.
pub fn fetches(context: &Context<'_>, requests: &[FetchRequest]) -> Result<TargetPlan, Error> {
    let named = named(context.naming(), requests, context.ad_hoc.len())?;
    let sampling_ms = named.iter().flatten().flatten().filter_map(|carrier| carrier.source.interval_ms).max();
    planned(context, requests, &named, grid(context, sampling_ms)?)
}

/// As [`fetches`], but on a grid that is given.
///
/// # Errors
/// As [`fetches`].
pub fn fetches_on(context: &Context<'_>, requests: &[FetchRequest], grid: Grid) -> Result<TargetPlan, Error> {
    planned(context, requests, &named(context.naming(), requests, context.ad_hoc.len())?, grid)
}

fn planned(
    context: &Context<'_>,
    requests: &[FetchRequest],
    named: &NamedCarriers<'_>,
    grid: Grid,
) -> Result<TargetPlan, Error> {
    let mut notices = Vec::new();
    let mut groups = Vec::with_capacity(requests.len());
    for (request, metrics) in requests.iter().zip(named) {
        groups.push(group(context, request, metrics, &grid, &mut notices)?);
    }
    notices.dedup();
    Ok(TargetPlan { groups, grid, notices })
}

/// Plans a plain selector whose samples are wanted themselves, those of exactly the range.
///
/// # Errors
/// As [`fetches`].
pub fn samples(context: &Context<'_>, request: &FetchRequest) -> Result<TargetPlan, Error> {
    for carrier in
        named(context.naming(), std::slice::from_ref(request), context.ad_hoc.len())?.iter().flatten().flatten()
    {
        open::has_samples(carrier.metric)?;
    }
    let mut planned = fetches(context, std::slice::from_ref(request))?;
    for fetch in planned.groups.iter_mut().flat_map(|group| &mut group.fetches) {
        let offset_ms = planned.grid.start() - fetch.axis.from;
        let (from, to) = (context.range.from - offset_ms, context.range.to - offset_ms);
        (fetch.axis.from, fetch.axis.to, fetch.caps.rows) = (from, to, context.limits.cells);
        fetch.rollups.clear();
        fetch.axis.buckets = Buckets::Regular { origin_ms: from, step_ms: to - from, start_ms: from };
    }
    Ok(planned)
}

fn grid(context: &Context<'_>, sampling_ms: Option<i64>) -> Result<Grid, Error> {
    let request = GridRequest {
        range: context.range,
        interval_ms: context.interval_ms,
        sampling_ms,
        max_points: context.max_points.min(context.limits.points),
        explicit: context.step,
        zone: context.zone,
    };
    choose_grid(&request).map_err(|error| Error::new(Kind::TooManyPoints, error.to_string()))
}

fn group(
    context: &Context<'_>,
    request: &FetchRequest,
    metrics: &[Vec<Carrier<'_>>],
    grid: &Grid,
    notices: &mut Vec<String>,
) -> Result<FetchGroup, Error> {
    let sampling_ms = metrics.iter().flatten().filter_map(|carrier| carrier.source.interval_ms).max();
    let covers = open::covers(request, metrics);
    let cut = open::cut(context, request, covers, window::cut(context, request, grid, sampling_ms)?);
    let pushed = request.pushed.as_ref().map(|p| FetchAggregate { op: p.op, grouping: p.grouping.clone() });
    let counts_rows = metrics.iter().flatten().all(|carrier| carrier.metric.value == MetricValue::Rows);
    let is_simple =
        |function: RangeFunction| function.over_time().is_some() || (counts_rows && counted::counts(function));
    let in_database = context.pushes && cut.windows.is_none() && (covers || request.function.is_none_or(is_simple));
    // Series that several sources share are merged before anything is computed of them.
    let pushable = in_database
        && matches!(metrics, [only] if only.len() == 1)
        && pushed.as_ref().is_none_or(|p| !mentions_name(&p.grouping));
    let (inside, then) = if pushable { (pushed, None) } else { (None, pushed) };
    // Series that something is computed of are bounded by the bytes that they take.
    let answers = request.answers && then.is_none();
    let mut fetches = Vec::with_capacity(metrics.len());
    for carriers in metrics.iter().filter(|_| !cut.is_empty()) {
        notices::unknown_labels(carriers, request, notices);
        let ad_hoc = notices::ad_hoc(context, carriers, notices);
        let first = fetches.len();
        for carrier in carriers {
            let matchers = request.selector.matchers.iter().chain(ad_hoc.iter().copied());
            let Some(filters) = filters(carrier.source, matchers.clone(), context.patterns)? else { continue };
            let asked = counted::asked(request.function, carrier.metric).map_err(|e| e.at(request.function_span))?;
            let covered = open::asked(asked.function, carrier.metric, &cut).map_err(|e| e.at(request.function_span))?;
            let is_alone = carriers.len() == 1;
            let scope = FetchScope { context, carrier: *carrier, cut: &cut, answers, is_alone };
            let mut fetch = scope.fetch(filters, covered.function, inside.clone());
            (fetch.fold.per_second, fetch.fold.mean) = (asked.per_second, covered.mean);
            // A mean of rows that last is of their own times.
            fetch.rollups = if covered.mean { Vec::new() } else { scope.rolled_up(&fetch, matchers)? };
            if fetch.rollups.last().is_some_and(|part| part.rest.is_some()) {
                fetch.caps.rows = with_one_more_each(fetch.caps.rows, context.limits);
            }
            fetches.push(fetch);
        }
        if fetches.len() == first {
            notices::excluded(carriers, request.selector.matchers.iter().chain(ad_hoc.iter().copied()), notices);
        }
        level(&mut fetches[first..], context.limits.cells);
    }
    let named = (request.function.is_none() || metrics.len() > 1) && (then.is_some() || inside.is_none());
    Ok(FetchGroup { fetches, then, named, answers })
}

/// Sources of one metric connect the samples of their series alike, and keep to one cap.
fn level(fetches: &mut [Fetch], cells: u32) {
    let lookback_ms = fetches.iter().map(|fetch| fetch.fold.lookback_ms).max().unwrap_or(0);
    let reach_ms = fetches.iter().map(|fetch| fetch.axis.reach_ms).max().unwrap_or(0);
    let rows = fetches.iter().fold(0_u32, |rows, fetch| rows.saturating_add(fetch.caps.rows));
    for fetch in fetches {
        (fetch.fold.lookback_ms, fetch.axis.reach_ms) = (lookback_ms, reach_ms);
        fetch.caps.rows = rows.min(cells.max(fetch.caps.rows));
    }
}

fn mentions_name(grouping: &Grouping) -> bool {
    matches!(grouping, Grouping::By(labels) if labels.iter().any(|label| label == METRIC_NAME))
}

/// All filters on one source; none when no row can pass.
pub(super) fn filters<'a>(
    source: &Source,
    matchers: impl Iterator<Item = &'a Matcher>,
    patterns: &Patterns,
) -> Result<Option<Vec<Filter>>, Error> {
    let mut filters = source.filters.clone();
    for matcher in matchers {
        match resolve(source, matcher, patterns).map_err(|bad| bad_matcher(bad, matcher.span))? {
            ResolvedMatcher::Always => {}
            ResolvedMatcher::Never => return Ok(None),
            ResolvedMatcher::Filter(filter) => filters.push(*filter),
        }
    }
    Ok(Some(filters))
}

/// The filters of a source with more matchers; none where no row can pass, or a matcher makes no sense.
#[must_use]
pub fn narrowed(source: &Source, matchers: &[Matcher], patterns: &Patterns) -> Option<Vec<Filter>> {
    filters(source, matchers.iter(), patterns).ok().flatten()
}

/// One metric of one source under one question.
pub(super) struct FetchScope<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) carrier: Carrier<'a>,
    pub(super) cut: &'a BucketCut,
    pub(super) answers: bool,
    /// Whether no other source carries the metric.
    pub(super) is_alone: bool,
}

impl FetchScope<'_> {
    pub(super) fn fetch(
        &self,
        filters: Vec<Filter>,
        function: RangeFunction,
        aggregate: Option<FetchAggregate>,
    ) -> Fetch {
        let limits = self.context.limits;
        let Carrier { at, source, metric } = self.carrier;
        let filters = filters.into_iter().chain(metric.filters.iter().cloned()).collect();
        let labels: Vec<SeriesLabel> = source.labels.iter().map(SeriesLabel::of).collect();
        // A series of nothing but what is no number is none, and the database does not know.
        let bounded = || row_cap(limits, self.cut.len, &labels, aggregate.as_ref());
        let row_cap = match (self.answers, metric.value.may_skip()) {
            (false, _) => limits.samples,
            (true, true) => limits.cells,
            (true, false) => bounded(),
        };
        let rows = FetchRows {
            source: at,
            relation: source.relation.clone(),
            version: source.version,
            joins: source.joins.clone(),
            time: metric.value.placed_at(&source.time).seen_in(self.context.zone),
            value: metric.value.seen_in(self.context.zone),
            adjustment: metric.adjustment.clone(),
            elements: source.elements.clone(),
            skip_nan: source.skip_nan,
            markers: false,
            stored: source.name_value().zip(metric.stored_name.clone()),
            metric: metric.name.clone(),
            labels,
            filters,
            rolled: None,
            is_remote: source.is_divided_by_labels(),
        };
        let axis = TimeAxis {
            from: self.cut.from(),
            to: self.cut.to(),
            buckets: self.cut.buckets.clone(),
            windows: self.cut.windows.clone(),
            stretches: Vec::new(),
            reach_ms: if function.is_of_pairs() { window::reach(source, self.cut.range()) } else { 0 },
            now: self.context.now,
        };
        let fold = FetchFold {
            function,
            per_second: false,
            mean: false,
            lookback_ms: source.lookback_ms,
            guard: Guard::Exact,
            aggregate: aggregate.map(|a| self.confirmed(a)),
        };
        let series = if self.answers { limits.series } else { u32::MAX };
        let caps = Caps { rows: row_cap, series, samples: limits.samples };
        Fetch { rows, axis, fold, caps, rollups: Vec::new(), rest: None }
    }

    /// Leaves only labels that the source has: the others are empty on every row.
    fn confirmed(&self, aggregate: FetchAggregate) -> FetchAggregate {
        let known = |labels: Vec<String>| {
            let mut known: Vec<String> =
                labels.into_iter().filter(|l| self.carrier.source.label(l).is_some()).collect();
            known.sort();
            known.dedup();
            known
        };
        let grouping = match aggregate.grouping {
            Grouping::By(labels) => Grouping::By(known(labels)),
            Grouping::Without(labels) => Grouping::Without(known(labels)),
        };
        FetchAggregate { op: aggregate.op, grouping }
    }
}

impl Fetch {
    /// The condition that a row of a narrow source carries this metric.
    #[must_use]
    pub fn named(&self) -> Vec<Filter> {
        let stored = self.rows.stored.iter();
        let named = |(value, name): &(LabelValue, String)| Filter {
            value: value.clone(),
            wanted: ValueCondition::OneOf([name.clone()].into()),
        };
        stored.map(named).collect()
    }
}
