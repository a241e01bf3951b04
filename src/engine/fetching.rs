//! Fetches → series: resolves patterns, runs the statements, merges what several sources and metrics gave.

use std::borrow::Cow;
use std::sync::Arc;

use futures_util::StreamExt as _;

use super::buckets::FetchedBuckets;
use super::said::{logged, skipped_values, too_many_series};
use super::short::TextList;
use super::{RequestScope, together};
use crate::catalog::{Filter, LabelValue, Source};
use crate::db::{DbError, RowSink, SeriesRow};
use crate::error::Error;
use crate::evaluate::FetchedSeries;
use crate::frame::{self, Collector, FetchSeries};
use crate::plan::{BucketRest, Fetch, FetchAggregate, FetchGroup, Guard, resolve_within};
use crate::sql::{self, Statement};
use crate::time::TimeRange;

impl RequestScope {
    /// The series of each group, and what the person at the panel should know of them.
    pub(super) async fn run(&self, groups: &[FetchGroup]) -> Result<(Vec<FetchedSeries>, Vec<String>), Error> {
        let running: Vec<_> = groups.iter().flat_map(OfMetric::all).map(|part| Box::pin(self.series(part))).collect();
        let mut fetched = together::in_order(running);
        let (mut inputs, mut notices) = (Vec::with_capacity(groups.len()), Vec::new());
        for group in groups {
            let mut parts = Vec::new();
            for part in OfMetric::all(group) {
                let Some(next) = fetched.next().await else { break };
                let found = next?;
                notices.extend(part.fetches.first().and_then(|first| skipped_values(first, found.skipped)));
                parts.push(found);
            }
            inputs.push(self.joined(group, parts).await?);
        }
        notices.dedup();
        Ok((inputs, notices))
    }

    /// The series of the metrics of a group as one list.
    async fn joined(&self, group: &FetchGroup, mut parts: Vec<FetchSeries>) -> Result<FetchedSeries, Error> {
        if group.answers && parts.iter().map(|part| part.series.len()).sum::<usize>() > self.limits.series as usize {
            return Err(too_many_series(self.limits.series));
        }
        if parts.len() == 1
            && let Some(FetchSeries { series, held, .. }) = parts.pop()
        {
            return Ok(FetchedSeries { series, held });
        }
        let points = parts.iter().flat_map(|part| &part.series).map(|one| one.points.len() + 1).sum();
        let then = group.then.clone();
        self.compute(points, move |budget| frame::joined(parts, then.as_ref(), budget)).await
    }

    /// The fetches of one metric with every pattern turned into the values that pass it. Parts that one rollup answers
    /// differ in nothing but their range.
    pub(super) async fn all_resolved(&self, fetches: &[Fetch]) -> Result<Vec<Fetch>, Error> {
        let mut resolved: Vec<Fetch> = Vec::with_capacity(fetches.len());
        for fetch in fetches {
            self.record.metric(&fetch.rows.metric);
            self.record.range(fetch.axis.from, fetch.axis.to);
            let (source, rolled) = (fetch.rows.source, &fetch.rows.rolled);
            let is_alike =
                |other: &&Fetch| rolled.is_some() && other.rows.source == source && other.rows.rolled == *rolled;
            let known = resolved.iter().find(is_alike);
            let mut one = match known {
                Some(known) => known.within(TimeRange { from: fetch.axis.from, to: fetch.axis.to }),
                None => {
                    let to = fetches.iter().filter(is_alike).map(|other| other.axis.to).max().unwrap_or(fetch.axis.to);
                    self.resolved(fetch, TimeRange { from: fetch.axis.from, to }).await?
                }
            };
            one.rest = match &fetch.rest {
                Some(rest) => {
                    let range = TimeRange { from: rest.from, to: fetch.axis.to };
                    let own = self.resolved(&rest.fetch, range).await?;
                    Some(Box::new(BucketRest { from: rest.from, fetch: own }))
                }
                None => None,
            };
            resolved.push(one);
        }
        Ok(resolved)
    }

    async fn resolved(&self, fetch: &Fetch, range: TimeRange) -> Result<Fetch, Error> {
        let mut resolved = fetch.clone();
        let Some(source) = self.snapshot.sources().get(fetch.rows.source) else { return Ok(resolved) };
        let rollup = fetch.rows.rolled.as_ref().and_then(|rolled| source.rollups.get(rolled.number));
        let source = rollup.map_or(source, |rollup| &rollup.rows);
        let source = self.resolved_source(source).await.map_err(|error| logged(&error, fetch))?;
        resolved.rows.joins.clone_from(&source.joins);
        let source = if source.time == fetch.rows.time {
            source
        } else {
            Cow::Owned(Source { time: fetch.rows.time.clone(), ..source.into_owned() })
        };
        let done = self.resolve_patterns(&source, &mut resolved.rows.filters, &fetch.named(), Some(range)).await;
        done.map_err(|error| logged(&error, fetch))?;
        Ok(resolved)
    }

    /// The source with what its joined rows must be resolved; itself where nothing is to be, as most are.
    pub(super) async fn resolved_source<'a>(&self, source: &'a Source) -> Result<Cow<'a, Source>, DbError> {
        if source.joins.iter().flat_map(|join| &join.filters).all(|filter| filter.lookup().is_none()) {
            return Ok(Cow::Borrowed(source));
        }
        let mut joins = source.joins.clone();
        for join in &mut joins {
            self.resolve_patterns(source, &mut join.filters, &[], None).await?;
        }
        Ok(Cow::Owned(Source { joins, ..source.clone() }))
    }

    /// Turns the patterns among filters into the values that pass them, of rows that pass others, in a range.
    pub(super) async fn resolve_patterns(
        &self,
        source: &Source,
        filters: &mut [Filter],
        others: &[Filter],
        range: Option<TimeRange>,
    ) -> Result<(), DbError> {
        let mut known: Option<(LabelValue, Arc<TextList>)> = None;
        for filter in filters {
            let Some(lookup) = filter.lookup() else { continue };
            // Several patterns on one label are tried on the same values.
            let read = known.take().filter(|(value, _)| *value == lookup.value);
            let (value, values) = match read {
                Some(read) => read,
                None => {
                    let found = self.tried_values(source, &lookup.value, others, range).await?;
                    (lookup.value, found)
                }
            };
            // About a step for each byte that a pattern looks at.
            let steps = values.texts.iter().map(|value| value.len() + 1).sum();
            let (asked, tried) = (filter.clone(), Arc::clone(&values));
            *filter = self.compute(steps, move |budget| resolve_within(&asked, &tried.texts, budget)).await?;
            known = Some((value, values));
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// The series of one metric; those with equal labels in several of its sources are one.
    async fn series(&self, part: OfMetric<'_>) -> Result<FetchSeries, Error> {
        let Some(first) = part.fetches.first() else { return Ok(FetchSeries::none(&self.budget)) };
        let of_samples = first.fold.function.is_of_samples();
        if of_samples && !(part.fetches.len() == 1 && first.fold.function.is_of_pairs() && self.is_cached(first)) {
            return Box::pin(self.folded(part)).await;
        }
        let split = part.fetches.iter().flat_map(|own| own.parts().into_iter().map(move |part| (own, part)));
        let (owns, parts): (Vec<&Fetch>, Vec<Fetch>) = split.unzip();
        let parts = self.all_resolved(&parts).await?;
        let mut collector = Collector::new(Arc::new(first.clone()), part.group.named, &self.budget);
        // Rows that are merged into windows are not those of the answer; what counts is what comes of them.
        let are_cells = part.group.answers && first.axis.windows.is_none();
        let mut known = Vec::new();
        for (own, fetch) in owns.into_iter().zip(&parts) {
            if fetch.fold.guard == Guard::HiddenByNan {
                known.extend(Box::pin(self.unhidden(own, fetch)).await?);
                continue;
            }
            if self.is_cached(fetch) {
                known.push(Box::pin(self.buckets(fetch)).await?);
                continue;
            }
            self.uncached(fetch);
            collector.next_source(fetch);
            let mut sink = |row: SeriesRow<'_>| {
                if are_cells {
                    self.budget.take()?;
                }
                collector.row(&row)
            };
            self.read(fetch, &sql::fetch(fetch), &mut sink).await?;
        }
        let (then, answers) = (part.then().cloned(), part.group.answers);
        let work = collector.work() + known.iter().map(FetchedBuckets::work).sum::<usize>();
        self.compute(work, move |budget| {
            let pays = are_cells.then_some(budget);
            known.into_iter().try_for_each(|known| known.into_collector(&mut collector, pays))?;
            collector.finish(budget, then.as_ref(), &mut || if answers { budget.take() } else { Ok(()) })
        })
        .await
    }

    pub(super) async fn read(&self, fetch: &Fetch, statement: &Statement, sink: &mut RowSink<'_>) -> Result<(), Error> {
        let done = self.database.series(statement, self.deadline, sink).await;
        done.map_err(|error| logged(&error, fetch))
    }
}

/// The fetches of one metric of a group.
#[derive(Clone, Copy)]
pub(super) struct OfMetric<'a> {
    pub(super) group: &'a FetchGroup,
    pub(super) fetches: &'a [Fetch],
    is_only: bool,
}

impl<'a> OfMetric<'a> {
    pub(super) fn all(group: &'a FetchGroup) -> impl Iterator<Item = Self> {
        let metrics = || group.fetches.chunk_by(|one, next| one.rows.metric == next.rows.metric);
        let is_only = metrics().count() == 1;
        metrics().map(move |fetches| Self { group, fetches, is_only })
    }

    /// The aggregation of the group, where no other metric's series are part of it.
    pub(super) fn then(self) -> Option<&'a FetchAggregate> {
        self.group.then.as_ref().filter(|_| self.is_only)
    }
}
