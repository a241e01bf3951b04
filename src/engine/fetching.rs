//! Fetches → series: settles patterns, runs the statements, merges what several metrics gave.

use super::Engine;
use super::budget::Budget;
use crate::catalog::{Filter, Join, Snapshot, Source};
use crate::db::{DbError, Deadline};
use crate::error::{Error, Kind};
use crate::evaluate;
use crate::frame::Collector;
use crate::plan::{Fetch, FetchGroup, settle};
use crate::series::Series;
use crate::sql;
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
        let mut inputs = Vec::with_capacity(groups.len());
        for group in groups {
            let mut series = Vec::new();
            for fetch in &group.fetches {
                let settled = self.settled(snapshot, fetch, deadline).await?;
                series.append(&mut self.series(&settled, group.named, deadline, budget).await?);
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
        self.settle_joins(source, &mut settled.joins, deadline).await.map_err(|error| logged(&error, fetch))?;
        let range = TimeRange { from: fetch.from, to: fetch.to };
        let source = Source { joins: settled.joins.clone(), ..source.clone() };
        let done = self.settle(&source, &mut settled.filters, (&fetch.named(), Some(range)), deadline).await;
        done.map_err(|error| logged(&error, fetch))?;
        Ok(settled)
    }

    /// Settles what the joined rows of a source must be.
    pub(super) async fn settle_joins(
        &self,
        source: &Source,
        joins: &mut [Join],
        deadline: Deadline,
    ) -> Result<(), DbError> {
        for join in joins {
            self.settle(source, &mut join.filters, (&[], None), deadline).await?;
        }
        Ok(())
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
        fetch: &Fetch,
        named: bool,
        deadline: Deadline,
        budget: &Budget,
    ) -> Result<Vec<Series>, Error> {
        let statement = sql::fetch(fetch);
        let mut collector = Collector::new(fetch, named);
        let mut sink = |row: crate::db::SeriesRow<'_>| {
            budget.take()?;
            collector.row(&row)
        };
        let done = self.database.series(&statement, deadline, &mut sink).await;
        done.map_err(|error| logged(&error, fetch))?;
        Ok(collector.finish())
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
