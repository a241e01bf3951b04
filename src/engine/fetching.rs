//! Fetches → series: settles patterns, runs the statements, merges what several metrics gave.

use std::borrow::Cow;

use futures_util::{StreamExt as _, stream};

use super::budget::Budget;
use super::{AT_ONCE, Engine};
use crate::catalog::{Filter, Snapshot, Source};
use crate::db::{DbError, Deadline, RowSink, SeriesRow};
use crate::error::{Error, Kind};
use crate::evaluate;
use crate::frame::{Collector, Kept, Reduced, Reducer, SampleCollector};
use crate::plan::{Fetch, FetchGroup, settle};
use crate::series::Series;
use crate::sql::{self, Statement};
use crate::time::TimeRange;

/// The most values of a label that a pattern is tried on.
const LABEL_VALUES: u32 = 100_000;

impl Engine {
    /// The series of each group.
    pub(super) async fn run(
        &self,
        snapshot: &Snapshot,
        groups: &[FetchGroup],
        deadline: Deadline,
        budget: &Budget,
    ) -> Result<Vec<Vec<Series>>, Error> {
        let fetches = groups.iter().flat_map(|group| group.fetches.iter().map(move |fetch| (fetch, group.named)));
        let one = |(fetch, named)| self.series(snapshot, fetch, named, deadline, budget);
        let running: Vec<_> = fetches.map(one).collect();
        let mut fetched = stream::iter(running).buffered(AT_ONCE);
        let mut inputs = Vec::with_capacity(groups.len());
        for group in groups {
            let mut series = Vec::new();
            for _ in &group.fetches {
                let Some(next) = fetched.next().await else { break };
                series.append(&mut next?);
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
        Ok(inputs)
    }

    /// The fetch with every pattern turned into the values that pass it.
    async fn settled(&self, snapshot: &Snapshot, fetch: &Fetch, deadline: Deadline) -> Result<Fetch, Error> {
        let mut settled = fetch.clone();
        let Some((source, _)) = snapshot.metric(&fetch.metric) else { return Ok(settled) };
        let rollup = fetch.rolled.as_ref().and_then(|rolled| source.rollups.get(rolled.number));
        let source = rollup.map_or(source, |rollup| &rollup.rows);
        let source = self.settled_source(source, deadline).await.map_err(|error| logged(&error, fetch))?;
        settled.joins.clone_from(&source.joins);
        let range = TimeRange { from: fetch.from, to: fetch.to };
        let done = self.settle(&source, &mut settled.filters, (&fetch.named(), Some(range)), deadline).await;
        done.map_err(|error| logged(&error, fetch))?;
        Ok(settled)
    }

    /// The source with what its joined rows must be settled; itself where nothing is to be, as most are.
    pub(super) async fn settled_source<'a>(
        &self,
        source: &'a Source,
        deadline: Deadline,
    ) -> Result<Cow<'a, Source>, DbError> {
        if source.joins.iter().flat_map(|join| &join.filters).all(|filter| filter.lookup().is_none()) {
            return Ok(Cow::Borrowed(source));
        }
        let mut joins = source.joins.clone();
        for join in &mut joins {
            self.settle(source, &mut join.filters, (&[], None), deadline).await?;
        }
        Ok(Cow::Owned(Source { joins, ..source.clone() }))
    }

    /// Turns the patterns among filters into the values that pass them, of rows that pass others, in a range.
    pub(super) async fn settle(
        &self,
        source: &Source,
        filters: &mut [Filter],
        (others, range): (&[Filter], Option<TimeRange>),
        deadline: Deadline,
    ) -> Result<(), DbError> {
        for filter in filters {
            let Some(lookup) = filter.lookup() else { continue };
            let statement = sql::label_values(source, &lookup.value, others, range, LABEL_VALUES);
            let values = self.database.texts(&statement, deadline, LABEL_VALUES).await?;
            *filter = settle(filter, &values);
        }
        Ok(())
    }

    async fn series(
        &self,
        snapshot: &Snapshot,
        fetch: &Fetch,
        named: bool,
        deadline: Deadline,
        budget: &Budget,
    ) -> Result<Vec<Series>, Error> {
        if fetch.function.is_of_samples() {
            let fetch = self.settled(snapshot, fetch, deadline).await?;
            return self.folded(&fetch, named, deadline, budget).await;
        }
        let mut collector = Collector::new(fetch, named);
        // Rows that are merged into windows are bounded by themselves; what counts is what comes of them.
        let is_answer = fetch.windows.is_none();
        let mut sink = |row: SeriesRow<'_>| {
            if is_answer {
                budget.take()?;
            }
            collector.row(&row)
        };
        for part in fetch.parts() {
            let part = self.settled(snapshot, &part, deadline).await?;
            self.read(&part, &sql::fetch(&part), deadline, &mut sink).await?;
        }
        collector.finish(&mut || budget.take())
    }

    /// The series of a function that needs the samples themselves.
    async fn folded(
        &self,
        fetch: &Fetch,
        named: bool,
        deadline: Deadline,
        budget: &Budget,
    ) -> Result<Vec<Series>, Error> {
        let mut samples = SampleCollector::new(fetch, named);
        self.read(fetch, &sql::samples(fetch), deadline, &mut |row| samples.row(&row)).await?;
        if let Some(before) = samples.predecessors() {
            let mut latest = Collector::new(&before, named);
            self.read(&before, &sql::fetch(&before), deadline, &mut |row| latest.row(&row)).await?;
            samples.connect(latest.latest());
        }
        samples.finish(&mut || budget.take())
    }

    /// The samples that are kept of each series.
    pub(super) async fn kept(
        &self,
        snapshot: &Snapshot,
        group: &FetchGroup,
        wanted: Reduced,
        deadline: Deadline,
    ) -> Result<Vec<Kept>, Error> {
        let mut kept = Vec::new();
        for fetch in &group.fetches {
            let fetch = self.settled(snapshot, fetch, deadline).await?;
            let mut reducer = Reducer::new(&fetch, wanted);
            self.read(&fetch, &sql::samples(&fetch), deadline, &mut |row| reducer.row(&row)).await?;
            kept.append(&mut reducer.finish());
        }
        if kept.len() > self.limits.series as usize {
            return Err(too_many_series(self.limits.series));
        }
        Ok(kept)
    }

    async fn read(
        &self,
        fetch: &Fetch,
        statement: &Statement,
        deadline: Deadline,
        sink: &mut RowSink<'_>,
    ) -> Result<(), Error> {
        let done = self.database.series(statement, deadline, sink).await;
        done.map_err(|error| logged(&error, fetch))
    }
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
