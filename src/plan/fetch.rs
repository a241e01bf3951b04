//! Fetch requests + catalog → fetches: which relation, which columns, which rows, how many at most.

use super::bounds::row_cap;
use super::matchers::{BadMatcher, Resolved, resolve};
use super::notices;
use super::{Buckets, Fetch, FetchAggregate, Filter, Limits, SeriesLabel, Wanted};
use crate::ast::{Grouping, Matcher, MetricRef, OverTime, Selector, Span, Window};
use crate::catalog::{Label, LabelValue, Metric, Snapshot, Source};
use crate::error::{Error, Kind};
use crate::evaluate::{FetchRequest, RangeFunction};
use crate::series::METRIC_NAME;
use crate::time::{Grid, GridRequest, Step, TimeRange, Zone, choose_grid};

const METRICS_PER_SELECTOR: usize = 100;

/// What a target's plan depends on besides its text.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The catalog.
    pub snapshot: &'a Snapshot,
    /// The range of the question.
    pub range: TimeRange,
    /// The client's wish for the step, in milliseconds.
    pub interval_ms: Option<i64>,
    /// The most points that a series may have.
    pub max_points: u32,
    /// The step that the question insists on.
    pub step: Option<Step>,
    /// The zone in which buckets are cut.
    pub zone: &'a Zone,
    /// The bounds of the answer.
    pub limits: Limits,
    /// Matchers for every series whose source has the label: a dashboard's ad hoc filters.
    pub ad_hoc: &'a [Matcher],
}

/// The fetches that answer one request: one per metric that its selector names.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchGroup {
    /// The fetches.
    pub fetches: Vec<Fetch>,
    /// An aggregation that the request wants and the database could not do, as it spans several metrics.
    pub then: Option<FetchAggregate>,
    /// Whether the series keep the metric's name.
    pub named: bool,
}

/// A target's plan.
#[derive(Clone, Debug)]
pub struct Planned {
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
pub fn fetches(context: &Context<'_>, requests: &[FetchRequest]) -> Result<Planned, Error> {
    let mut named = Vec::with_capacity(requests.len());
    for request in requests {
        named.push(metrics(context.snapshot, &request.selector, request.span)?);
    }
    let sampling_ms = named.iter().flatten().filter_map(|(source, _)| source.interval_ms).max();
    let grid = grid(context, sampling_ms)?;
    let mut notices = Vec::new();
    let mut groups = Vec::with_capacity(requests.len());
    for (request, metrics) in requests.iter().zip(&named) {
        groups.push(group(context, request, metrics, &grid, &mut notices)?);
    }
    notices.dedup();
    Ok(Planned { groups, grid, notices })
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

/// The metrics that a selector names, in order of name, with the sources that carry them.
pub(super) fn metrics<'a>(
    snapshot: &'a Snapshot,
    selector: &Selector,
    span: Span,
) -> Result<Vec<(&'a Source, &'a Metric)>, Error> {
    let mut names: Vec<&str> = match &selector.metric {
        MetricRef::Any => {
            let error = Error::new(Kind::BadTarget, "this selector names no metric").at(span);
            return Err(error.hint("put a metric's name in front of the braces"));
        }
        MetricRef::Names(names) => names.iter().map(String::as_str).collect(),
        MetricRef::Matching(matchers) => {
            let tests = matchers.iter().map(super::matchers::wanted).collect::<Result<Vec<_>, _>>();
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
    let find = |name: &str| snapshot.metric(name).ok_or_else(|| unknown_metric(snapshot, name).at(span));
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

fn bad_matcher(bad: BadMatcher, fallback: Span) -> Error {
    let span = if bad.span == Span::default() { fallback } else { bad.span };
    Error::new(Kind::BadTarget, bad.message).at(span)
}

fn group(
    context: &Context<'_>,
    request: &FetchRequest,
    metrics: &[(&Source, &Metric)],
    grid: &Grid,
    notices: &mut Vec<String>,
) -> Result<FetchGroup, Error> {
    let function = over_time(request)?;
    check_window(context, request, metrics, grid)?;
    let pushed = request.pushed.as_ref().map(|p| FetchAggregate { op: p.op, grouping: p.grouping.clone() });
    let pushable = metrics.len() == 1 && pushed.as_ref().is_none_or(|p| !mentions_name(&p.grouping));
    let (inside, then) = if pushable { (pushed, None) } else { (None, pushed) };
    // What is aggregated later is bounded by its cells, as it is where the database aggregates.
    let series_cap = if then.is_some() { context.limits.cells } else { context.limits.series };
    let mut fetches = Vec::with_capacity(metrics.len());
    for (source, metric) in metrics {
        notices::unknown_labels(source, metric, request, notices);
        let ad_hoc = notices::ad_hoc(context, source, metric, notices);
        let matchers = request.selector.matchers.iter().chain(ad_hoc);
        let Some(filters) = filters(source, matchers)? else { continue };
        let over_time = function.unwrap_or(metric.over_time);
        let fetch = Scope { context, source, metric, grid, series_cap };
        fetches.push(fetch.fetch(filters, over_time, inside.clone()));
    }
    let named = (function.is_none() || metrics.len() > 1) && (then.is_some() || inside.is_none());
    Ok(FetchGroup { fetches, then, named })
}

fn mentions_name(grouping: &Grouping) -> bool {
    matches!(grouping, Grouping::By(labels) if labels.iter().any(|label| label == METRIC_NAME))
}

/// All filters on one source; none when no row can pass.
pub(super) fn filters<'a>(
    source: &Source,
    matchers: impl Iterator<Item = &'a Matcher>,
) -> Result<Option<Vec<Filter>>, Error> {
    let mut filters = Vec::new();
    for matcher in matchers {
        match resolve(source, matcher).map_err(|bad| bad_matcher(bad, matcher.span))? {
            Resolved::Always => {}
            Resolved::Never => return Ok(None),
            Resolved::Filter(filter) => filters.push(filter),
        }
    }
    Ok(Some(filters))
}

/// The over-time function of a request; none means the metric's own.
fn over_time(request: &FetchRequest) -> Result<Option<OverTime>, Error> {
    match request.function {
        None => Ok(None),
        Some(RangeFunction::OverTime(function)) => Ok(Some(function)),
        Some(later) => {
            let message = format!("`{}` is not supported yet", later.word());
            Err(Error::new(Kind::Unsupported, message).at(request.function_span))
        }
    }
}

fn check_window(
    context: &Context<'_>,
    request: &FetchRequest,
    metrics: &[(&Source, &Metric)],
    grid: &Grid,
) -> Result<(), Error> {
    let modifiers = &request.selector.modifiers;
    if let Some(span) = modifiers.span {
        let word = if modifiers.at.is_some() { "@" } else { "offset" };
        return Err(Error::new(Kind::Unsupported, format!("`{word}` is not supported yet")).at(span));
    }
    let step_ms = grid.step().length_ms();
    let window_ms = match request.selector.window {
        Some(Window::Millis(window_ms)) => window_ms,
        Some(Window::Range) => context.range.to - context.range.from,
        // Without a known sampling interval it is the step.
        Some(Window::RateInterval) => {
            let sampling_ms = metrics.iter().filter_map(|(source, _)| source.interval_ms).max();
            sampling_ms.map_or(step_ms, |sampling_ms| step_ms.saturating_add(sampling_ms).max(4 * sampling_ms))
        }
        Some(Window::Interval) | None => return Ok(()),
    };
    if window_ms <= step_ms {
        return Ok(());
    }
    let (window, step) = (Step::Millis(window_ms), grid.step());
    let message = format!("a window of {window} over a step of {step} is not supported yet");
    let hint = "a window not longer than the step means the bucket itself; `[$__interval]` always does";
    Err(Error::new(Kind::Unsupported, message).at(request.span).hint(hint))
}

/// One metric of one source under one question.
struct Scope<'a> {
    context: &'a Context<'a>,
    source: &'a Source,
    metric: &'a Metric,
    grid: &'a Grid,
    series_cap: u32,
}

impl Scope<'_> {
    fn fetch(&self, filters: Vec<Filter>, over_time: OverTime, aggregate: Option<FetchAggregate>) -> Fetch {
        let limits = Limits { series: self.series_cap, ..self.context.limits };
        let labels: Vec<SeriesLabel> = self.source.labels.iter().map(series_label).collect();
        let row_cap = row_cap(limits, self.grid, &labels, aggregate.as_ref());
        Fetch {
            relation: self.source.relation.clone(),
            time: self.source.time.clone(),
            value: self.metric.value.clone(),
            stored: self.source.name_column.clone().zip(self.metric.stored_name.clone()),
            metric: self.metric.name.clone(),
            labels,
            filters,
            from: self.grid.start(),
            to: self.grid.end(),
            buckets: Buckets::of(self.grid),
            over_time,
            aggregate: aggregate.map(|a| self.confirmed(a)),
            row_cap,
            series_cap: limits.series,
        }
    }

    /// Leaves only labels that the source has: the others are empty on every row.
    fn confirmed(&self, aggregate: FetchAggregate) -> FetchAggregate {
        let known = |labels: Vec<String>| {
            let mut known: Vec<String> = labels.into_iter().filter(|l| self.source.label(l).is_some()).collect();
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

fn series_label(label: &Label) -> SeriesLabel {
    match label {
        Label::One { name, value } => SeriesLabel::One { name: name.clone(), value: value.clone() },
        Label::Members { column } => SeriesLabel::Members { column: column.clone() },
    }
}

impl Fetch {
    /// The condition that a row of a narrow source carries this metric.
    #[must_use]
    pub fn named(&self) -> Vec<Filter> {
        let stored = self.stored.iter();
        let named = |(column, name): &(crate::catalog::Column, String)| Filter {
            value: LabelValue::Column(column.clone()),
            wanted: Wanted::OneOf(vec![name.clone()]),
        };
        stored.map(named).collect()
    }
}
