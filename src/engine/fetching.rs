//! Fetches → series: settles patterns, runs the statements, merges what several sources and metrics gave.

use std::borrow::Cow;

use futures_util::{StreamExt as _, stream};

use super::{AT_ONCE, Scope};
use crate::catalog::{Filter, Source, Value};
use crate::db::{DbError, RowSink, SeriesRow};
use crate::error::{Error, Kind};
use crate::evaluate;
use crate::frame::{Collector, Kept, Reduced, Reducer, SampleCollector};
use crate::plan::{Fetch, FetchGroup, settle};
use crate::series::Series;
use crate::sql::{self, Statement};
use crate::time::TimeRange;

/// The most values of a label that a pattern is tried on.
const LABEL_VALUES: u32 = 100_000;

impl Scope {
    /// The series of each group, and what the person at the panel should know of them.
    pub(super) async fn run(&self, groups: &[FetchGroup]) -> Result<(Vec<Vec<Series>>, Vec<String>), Error> {
        let metrics = groups.iter().flat_map(|group| of_metrics(group).map(move |fetches| (fetches, group.named)));
        let one = |(fetches, named)| self.series(fetches, named);
        let running: Vec<_> = metrics.map(one).collect();
        let mut fetched = stream::iter(running).buffered(AT_ONCE);
        let (mut inputs, mut notices) = (Vec::with_capacity(groups.len()), Vec::new());
        for group in groups {
            let mut series = Vec::new();
            for fetches in of_metrics(group) {
                let Some(next) = fetched.next().await else { break };
                let (mut found, skipped) = next?;
                series.append(&mut found);
                notices.extend(fetches.first().and_then(|first| skipped_values(first, skipped)));
            }
            if let Some(aggregate) = &group.then {
                series = evaluate::aggregate(aggregate.op, &aggregate.grouping, &series);
            }
            if series.len() > self.limits.series as usize {
                return Err(too_many_series(self.limits.series));
            }
            series.sort_by(|a, b| a.labels.cmp(&b.labels));
            inputs.push(series);
        }
        notices.dedup();
        Ok((inputs, notices))
    }

    /// The fetches of one metric with every pattern turned into the values that pass it.
    async fn all_settled(&self, fetches: &[Fetch]) -> Result<Vec<Fetch>, Error> {
        let mut settled = Vec::with_capacity(fetches.len());
        for fetch in fetches {
            settled.push(self.settled(fetch).await?);
        }
        Ok(settled)
    }

    async fn settled(&self, fetch: &Fetch) -> Result<Fetch, Error> {
        let mut settled = fetch.clone();
        let Some(source) = self.snapshot.sources().get(fetch.source) else { return Ok(settled) };
        let rollup = fetch.rolled.as_ref().and_then(|rolled| source.rollups.get(rolled.number));
        let source = rollup.map_or(source, |rollup| &rollup.rows);
        let source = self.settled_source(source).await.map_err(|error| logged(&error, fetch))?;
        settled.joins.clone_from(&source.joins);
        let range = TimeRange { from: fetch.from, to: fetch.to };
        let done = self.settle(&source, &mut settled.filters, (&fetch.named(), Some(range))).await;
        done.map_err(|error| logged(&error, fetch))?;
        Ok(settled)
    }

    /// The source with what its joined rows must be settled; itself where nothing is to be, as most are.
    pub(super) async fn settled_source<'a>(&self, source: &'a Source) -> Result<Cow<'a, Source>, DbError> {
        if source.joins.iter().flat_map(|join| &join.filters).all(|filter| filter.lookup().is_none()) {
            return Ok(Cow::Borrowed(source));
        }
        let mut joins = source.joins.clone();
        for join in &mut joins {
            self.settle(source, &mut join.filters, (&[], None)).await?;
        }
        Ok(Cow::Owned(Source { joins, ..source.clone() }))
    }

    /// Turns the patterns among filters into the values that pass them, of rows that pass others, in a range.
    pub(super) async fn settle(
        &self,
        source: &Source,
        filters: &mut [Filter],
        (others, range): (&[Filter], Option<TimeRange>),
    ) -> Result<(), DbError> {
        for filter in filters {
            let Some(lookup) = filter.lookup() else { continue };
            let statement = sql::label_values(source, &lookup.value, others, range, LABEL_VALUES);
            let values = self.database.texts(&statement, self.deadline, LABEL_VALUES).await?;
            *filter = settle(filter, &values);
        }
        Ok(())
    }

    /// The series of one metric; those with equal labels in several of its sources are one.
    async fn series(&self, fetches: &[Fetch], named: bool) -> Result<(Vec<Series>, f64), Error> {
        let Some(first) = fetches.first() else { return Ok((Vec::new(), 0.0)) };
        if first.function.is_of_samples() {
            let fetches = self.all_settled(fetches).await?;
            return self.folded(&fetches, named).await;
        }
        let parts: Vec<Fetch> = fetches.iter().flat_map(Fetch::parts).collect();
        let parts = self.all_settled(&parts).await?;
        let mut collector = Collector::new(first, named);
        // Rows that are merged into windows are bounded by themselves; what counts is what comes of them.
        let is_answer = first.windows.is_none();
        for part in &parts {
            collector.turn(part);
            let mut sink = |row: SeriesRow<'_>| {
                if is_answer {
                    self.budget.take()?;
                }
                collector.row(&row)
            };
            self.read(part, &sql::fetch(part), &mut sink).await?;
        }
        let skipped = collector.skipped();
        Ok((collector.finish(&mut || self.budget.take())?, skipped))
    }

    /// The series of a function that needs the samples themselves.
    async fn folded(&self, fetches: &[Fetch], named: bool) -> Result<(Vec<Series>, f64), Error> {
        let Some(first) = fetches.first() else { return Ok((Vec::new(), 0.0)) };
        let mut samples = SampleCollector::new(first, named, fetches.len() > 1);
        for fetch in fetches {
            samples.turn(fetch);
            self.read(fetch, &sql::samples(fetch), &mut |row| samples.row(&row)).await?;
        }
        samples.mix()?;
        let before: Vec<Fetch> = fetches.iter().filter_map(|fetch| samples.predecessors(fetch)).collect();
        if let Some(first) = before.first() {
            let mut latest = Collector::new(first, named);
            for fetch in &before {
                latest.turn(fetch);
                self.read(fetch, &sql::fetch(fetch), &mut |row| latest.row(&row)).await?;
            }
            samples.connect(latest.latest());
        }
        let skipped = samples.skipped();
        Ok((samples.finish(&mut || self.budget.take())?, skipped))
    }

    /// The samples that are kept of each series, and what the person at the panel should know of them.
    pub(super) async fn kept(&self, group: &FetchGroup, wanted: Reduced) -> Result<(Vec<Kept>, Vec<String>), Error> {
        let (mut kept, mut notices) = (Vec::new(), Vec::new());
        for fetches in of_metrics(group) {
            let fetches = self.all_settled(fetches).await?;
            let Some(first) = fetches.first() else { continue };
            let mut reducer = Reducer::new(first, wanted, fetches.len() > 1);
            for fetch in &fetches {
                reducer.turn(fetch);
                self.read(fetch, &sql::samples(fetch), &mut |row| reducer.row(&row)).await?;
            }
            reducer.mix()?;
            notices.extend(skipped_values(first, reducer.skipped()));
            kept.append(&mut reducer.finish());
        }
        if kept.len() > self.limits.series as usize {
            return Err(too_many_series(self.limits.series));
        }
        Ok((kept, notices))
    }

    async fn read(&self, fetch: &Fetch, statement: &Statement, sink: &mut RowSink<'_>) -> Result<(), Error> {
        let done = self.database.series(statement, self.deadline, sink).await;
        done.map_err(|error| logged(&error, fetch))
    }
}

/// The fetches of a group, those of one metric together.
fn of_metrics(group: &FetchGroup) -> impl Iterator<Item = &[Fetch]> {
    group.fetches.chunk_by(|one, next| one.metric == next.metric)
}

/// Says how many values were no numbers, or how many rows end before they begin.
fn skipped_values(fetch: &Fetch, skipped: f64) -> Option<String> {
    if matches!(fetch.value, Value::Overlap(_) | Value::Lasts(_)) {
        let rows = if skipped > 1.0 {
            format!("{skipped:.0} rows end before they begin and were")
        } else {
            "1 row ends before it begins and was".to_owned()
        };
        let hint = "an end that means still going on is declared as `open` of `time_end`";
        return (skipped > 0.0).then(|| format!("{}: {rows} skipped; {hint}", fetch.metric));
    }
    let (are, many) =
        if skipped > 1.0 { ("values are no numbers and were", skipped) } else { ("value is no number and was", 1.0) };
    (skipped > 0.0).then(|| format!("{}: {many:.0} {are} skipped", fetch.metric))
}

/// Each metric keeps to the limit, all of them together do not.
fn too_many_series(cap: u32) -> Error {
    let message = format!("the metrics of this selector have more than {cap} series here, the limit of one target");
    Error::new(Kind::TooManySeries, message).hint("name fewer metrics, narrow them with matchers, or aggregate them")
}

/// The error as the client may see it; what the server said goes to the log.
fn logged(error: &DbError, fetch: &Fetch) -> Error {
    if !error.is_no_news() {
        tracing::warn!(metric = fetch.metric, relation = %fetch.relation, %error, "a fetch failed");
    }
    error.public()
}
