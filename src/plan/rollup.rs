//! Which rollup answers which parts of a fetch.

use super::fetch::{FetchScope, filters};
use super::window::BucketCut;
use super::{BucketRest, Buckets, Caps, Fetch, FetchAggregate, FetchRows, Guard, Limits, RolledUp};
use crate::ast::{AggregateOp, Grouping, Matcher, OverTime};
use crate::catalog::{Carrier, MetricValue, Rollup, RollupColumns, RollupCoverage};
use crate::error::Error;
use crate::evaluate::RangeFunction;
use crate::time::{Millis, TimeRange};

/// How far apart samples are taken to be where nobody says.
const SAMPLING_MS: i64 = 10_000;
/// The most parts of a fetch that a rollup answers, the longest ones: each is a statement, and so is each gap.
const PARTS: usize = 8;

/// A rollup that has what a fetch asks for.
struct UsableRollup<'a> {
    number: usize,
    rollup: &'a Rollup,
    columns: &'a RollupColumns,
}

/// A rollup and the parts of a fetch that it answers.
struct ServedParts<'a> {
    usable: &'a UsableRollup<'a>,
    parts: Vec<TimeRange>,
}

/// A bucket of which a rollup holds the beginning.
struct BegunBucket<'a> {
    usable: &'a UsableRollup<'a>,
    bucket: TimeRange,
    /// Where the source's own rows begin.
    own_from: Millis,
}

impl FetchScope<'_> {
    /// The parts of a fetch that a rollup answers, in order; the rest is read from the source's own rows.
    pub(super) fn rolled_up<'m>(
        &self,
        fetch: &Fetch,
        matchers: impl Iterator<Item = &'m Matcher> + Clone,
    ) -> Result<Vec<Fetch>, Error> {
        let usable = self.usable(fetch, matchers.clone());
        let mut all = Vec::new();
        if let Some(served) = self.served(&usable) {
            let Some(whole) = self.of_rollup(served.usable, fetch, matchers.clone())? else { return Ok(all) };
            all.extend(served.parts.iter().map(|range| whole.within(*range)));
        }
        let held_to = all.last().map_or(self.cut.from(), |part| part.axis.to);
        if let Some(begun) = self.begun(&usable, fetch).filter(|begun| begun.bucket.from >= held_to) {
            let Some(whole) = self.of_rollup(begun.usable, fetch, matchers)? else { return Ok(all) };
            all.push(begun.fetch(&whole, fetch, self.context.limits));
        }
        Ok(all)
    }

    /// A fetch as one of a rollup; none where no row can pass.
    fn of_rollup<'m>(
        &self,
        usable: &UsableRollup<'_>,
        fetch: &Fetch,
        matchers: impl Iterator<Item = &'m Matcher>,
    ) -> Result<Option<Fetch>, Error> {
        let rows = &usable.rollup.rows;
        let scope = FetchScope { carrier: Carrier { source: rows, ..self.carrier }, ..*self };
        let Some(filters) = filters(rows, matchers, self.context.patterns)? else { return Ok(None) };
        let mut whole = scope.fetch(filters, fetch.fold.function, fetch.fold.aggregate.clone());
        let skip_nan = self.carrier.source.skip_nan;
        let rolled = RolledUp { number: usable.number, columns: usable.columns.clone(), skip_nan };
        // Its columns are numbers, whatever the source reads its own out of.
        let (time, rolled) = (rows.time.clone(), Some(rolled));
        whole.rows =
            FetchRows { value: MetricValue::Rows, time, elements: None, skip_nan: false, rolled, ..whole.rows };
        whole.fold.per_second = fetch.fold.per_second;
        whole.fold.guard = self.guard(fetch.fold.function);
        Ok(Some(whole))
    }

    /// Which rows of a rollup do not tell what the samples of their interval come to.
    fn guard(&self, function: RangeFunction) -> Guard {
        let Carrier { source, metric, .. } = self.carrier;
        // NaN is PostgreSQL's largest number, and a sum that has met it is NaN.
        let hides = source.skip_nan || function == RangeFunction::OverTime(OverTime::Max);
        if hides && metric.value.may_be_nan() { Guard::HiddenByNan } else { Guard::Exact }
    }

    /// The rollups that have what a fetch asks for.
    fn usable<'m>(&self, fetch: &Fetch, matchers: impl Iterator<Item = &'m Matcher> + Clone) -> Vec<UsableRollup<'_>> {
        let source = self.carrier.source;
        if source.time.seen_in(self.context.zone) != source.time {
            // What it holds is known by the days of the catalog's zone.
            return Vec::new();
        }
        let rollups = source.rollups.iter().enumerate();
        let fit = rollups.filter_map(|(number, rollup)| {
            let columns = rollup.columns_of(self.carrier.metric)?;
            columns.needed(fetch.fold.function)?;
            let is_exact =
                rollup.is_exact_for(fetch.fold.function) && (self.is_alone || !is_edge_of(fetch.fold.function));
            let has_labels = needs_no_more(rollup, fetch, matchers.clone());
            (is_exact && has_labels).then_some(UsableRollup { number, rollup, columns })
        });
        fit.collect()
    }

    /// The rollup that leaves the fewest rows to read; of several the coarsest.
    fn served<'r>(&self, usable: &'r [UsableRollup<'r>]) -> Option<ServedParts<'r>> {
        let served = usable.iter().map(|usable| ServedParts { usable, parts: parts(self.cut, usable.rollup) });
        let rows = |served: &ServedParts<'_>| {
            let held: i64 = served.parts.iter().map(|part| part.to - part.from).sum();
            self.rows(served.usable, (self.cut.to() - self.cut.from()) - held, held)
        };
        served.filter(|served| !served.parts.is_empty()).min_by_key(rows)
    }

    /// How many rows of a series are read of so much time, some of it out of a rollup.
    fn rows(&self, usable: &UsableRollup<'_>, own_ms: i64, held_ms: i64) -> i64 {
        let sampling_ms = self.carrier.source.interval_ms.unwrap_or(SAMPLING_MS).max(1);
        own_ms / sampling_ms.min(usable.rollup.step_ms) + held_ms / usable.rollup.step_ms
    }

    /// The rollup that holds the beginning of the last bucket and leaves the fewest rows to read. Without it each refresh
    /// would read all rows of that bucket, which is days long in a panel of a year.
    fn begun<'r>(&self, usable: &'r [UsableRollup<'r>], fetch: &Fetch) -> Option<BegunBucket<'r>> {
        if !matches!(fetch.rows.value, MetricValue::Column(_) | MetricValue::Rows) {
            return None;
        }
        let last = self.cut.len.checked_sub(1)?;
        let bucket = TimeRange { from: self.cut.buckets.edge(last), to: self.cut.buckets.edge(self.cut.len) };
        let until = self.context.now.clamp(bucket.from, bucket.to);
        // Labels that a rollup lacks are in the rows that complete it.
        let whole = usable.iter().filter(|usable| usable.rollup.lacks.is_empty());
        let begun = whole.filter_map(|usable| {
            let own_from = usable.rollup.held_from(bucket.from).filter(|to| *to < bucket.to)?;
            Some(BegunBucket { usable, bucket, own_from })
        });
        begun.min_by_key(|begun| self.rows(begun.usable, (until - begun.own_from).max(0), begun.own_from - bucket.from))
    }
}

impl BegunBucket<'_> {
    /// Its fetch: of a rollup, completed by the source's own rows. A series has a row of each.
    fn fetch(&self, rolled: &Fetch, own: &Fetch, limits: Limits) -> Fetch {
        let rest = BucketRest { from: self.own_from, fetch: Fetch { rollups: Vec::new(), ..own.within(self.bucket) } };
        let caps = Caps { rows: with_one_more_each(rolled.caps.rows, limits), ..rolled.caps };
        Fetch { rest: Some(Box::new(rest)), caps, ..rolled.within(self.bucket) }
    }
}

/// A limit of rows with one more row for each series.
pub(super) fn with_one_more_each(rows: u32, limits: Limits) -> u32 {
    rows.saturating_add(limits.series).min(limits.cells.max(rows))
}

/// Whether a function picks a sample by its time, which the rows of a rollup do not tell.
const fn is_edge_of(function: RangeFunction) -> bool {
    matches!(function, RangeFunction::OverTime(OverTime::First | OverTime::Last))
}

/// Whether a question can do without the labels that a rollup lacks: no matcher looks at them, and the database
/// aggregates them away in a way that makes no difference between samples of one series and of several.
fn needs_no_more<'m>(rollup: &Rollup, fetch: &Fetch, mut matchers: impl Iterator<Item = &'m Matcher>) -> bool {
    if rollup.lacks.is_empty() {
        return true;
    }
    let Some(FetchAggregate { op, grouping }) = &fetch.fold.aggregate else { return false };
    let pools = match (op, fetch.fold.function) {
        (AggregateOp::Sum, RangeFunction::OverTime(OverTime::Sum | OverTime::Count))
        | (AggregateOp::Max, RangeFunction::OverTime(OverTime::Max))
        | (AggregateOp::Min, RangeFunction::OverTime(OverTime::Min)) => true,
        (AggregateOp::Group, function) => !is_edge_of(function),
        _ => false,
    };
    let survives = |label: &String| match grouping {
        Grouping::By(labels) => labels.contains(label),
        Grouping::Without(labels) => !labels.contains(label),
    };
    pools && !rollup.lacks.iter().any(survives) && matchers.all(|matcher| !rollup.lacks.contains(&matcher.label))
}

/// The longest runs of whole buckets that a rollup holds and whose edges are all edges of its own, in order.
fn parts(cut: &BucketCut, rollup: &Rollup) -> Vec<TimeRange> {
    let RollupCoverage::Ranges(held) = &rollup.held else { return Vec::new() };
    let mut runs: Vec<TimeRange> = Vec::new();
    let mut start: Option<Millis> = Some(cut.buckets.edge(0)).filter(|edge| rollup.is_edge(*edge));
    for bucket in 1..=cut.len {
        let edge = cut.buckets.edge(bucket);
        let is_edge = rollup.is_edge(edge);
        if let (Some(from), true) = (start, is_edge && edge > cut.buckets.edge(bucket - 1)) {
            let range = TimeRange { from, to: edge };
            match runs.last_mut() {
                _ if !is_within(held, range) => {}
                Some(last) if last.to == from && is_within(held, TimeRange { from: last.from, to: edge }) => {
                    last.to = edge
                }
                _ => runs.push(range),
            }
        }
        start = is_edge.then_some(edge);
    }
    runs.sort_by_key(|run| std::cmp::Reverse(run.to - run.from));
    runs.truncate(PARTS);
    runs.sort_by_key(|run| run.from);
    runs
}

/// Whether one of the ranges, which ascend, holds all of another.
fn is_within(held: &[TimeRange], range: TimeRange) -> bool {
    let at = held.partition_point(|held| held.to < range.to);
    held.get(at).is_some_and(|held| held.from <= range.from)
}

impl Fetch {
    /// The same of the buckets of a part of its range.
    #[must_use]
    pub fn within(&self, range: TimeRange) -> Self {
        let mut part = self.clone();
        (part.axis.from, part.axis.to) = (range.from, range.to);
        part
    }

    /// The same of a part of its buckets alone, which are counted from the first of these.
    #[must_use]
    pub fn alone(&self, range: TimeRange) -> Self {
        let mut part = self.within(range);
        part.axis.windows = None;
        part.axis.buckets = match &self.axis.buckets {
            Buckets::Regular { origin_ms, step_ms, .. } => {
                Buckets::Regular { origin_ms: *origin_ms, step_ms: *step_ms, start_ms: range.from }
            }
            Buckets::Edges(edges) => {
                Buckets::Edges(edges.iter().copied().filter(|edge| (range.from..=range.to).contains(edge)).collect())
            }
        };
        part
    }

    /// The statements that it takes: the parts that a rollup answers, and between them those of its own rows. Each
    /// bucket is of one of them; the last one may be begun by a rollup and completed by its own rows.
    #[must_use]
    pub fn parts(&self) -> Vec<Self> {
        let own = |from, to| (from < to).then(|| Self { rollups: Vec::new(), ..self.within(TimeRange { from, to }) });
        let mut parts = Vec::with_capacity(2 * self.rollups.len() + 1);
        let mut from = self.axis.from;
        for rollup in &self.rollups {
            parts.extend(own(from, rollup.axis.from));
            parts.push(rollup.clone());
            from = rollup.axis.to;
        }
        parts.extend(own(from, self.axis.to));
        parts
    }
}
