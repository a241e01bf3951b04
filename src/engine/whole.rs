//! Answers that are read as a whole, because their samples cannot be merged from buckets: samples that are an answer
//! themselves, quantiles, counters that several sources carry, the newest samples before a range. Equal ones at the same
//! time are read once; of times that are settled they are kept.

use std::sync::Arc;

use super::RequestScope;
use super::buckets::origin;
use super::fetching::OfMetric;
use super::said::{skipped_values, too_many_series};
use super::streaming::Seams;
use crate::budget::{Budget, HeldBytes};
use crate::cache::{CacheOutcome, ShortAnswer, ShortOrigin, ShortRead, ShortValue};
use crate::db::SeriesRow;
use crate::error::{Error, Kind};
use crate::frame::{FetchSeries, KeptSeries, Reducer, Reduction};
use crate::plan::{Fetch, FetchGroup};
use crate::series::{Labels, Series};
use crate::sql;
use crate::time::{Millis, TimeRange};

/// What a label takes besides its texts.
const LABEL_BYTES: usize = 56;

/// Series whose samples are the answer.
pub(super) struct ReducedSeries {
    pub(super) kept: Vec<KeptSeries>,
    pub(super) held: HeldBytes,
    pub(super) notices: Vec<String>,
}

/// The samples that are kept of each series of one metric.
#[derive(Clone)]
struct KeptSamples {
    series: Vec<KeptSeries>,
    /// How many rows held what is no number.
    skipped: f64,
}

/// The series of a function over samples.
#[derive(Clone)]
struct FoldedSeries {
    series: Vec<Series>,
    skipped: f64,
    /// The cells of an answer that they were.
    cells: usize,
}

/// When the newest samples were, in microseconds since 1970.
#[derive(Clone)]
struct NewestTimes(Vec<i64>);

fn label_bytes(labels: &Labels) -> usize {
    labels.iter().map(|(_, value)| LABEL_BYTES + value.len()).sum()
}

impl ShortValue for KeptSamples {
    fn bytes(&self) -> usize {
        let one = |(labels, points): &KeptSeries| {
            size_of::<KeptSeries>() + label_bytes(labels) + points.len() * size_of::<(Millis, f64)>()
        };
        self.series.iter().map(one).sum()
    }
}

impl ShortValue for FoldedSeries {
    fn bytes(&self) -> usize {
        self.series.iter().map(Series::bytes).sum()
    }
}

impl ShortValue for NewestTimes {
    fn bytes(&self) -> usize {
        self.0.len() * size_of::<i64>()
    }
}

impl RequestScope {
    /// The series of a function that needs the samples themselves.
    pub(super) async fn folded(&self, part: OfMetric<'_>) -> Result<FetchSeries, Error> {
        let fetches = self.all_resolved(part.fetches).await?;
        let (named, then, answers) = (part.group.named, part.then().cloned(), part.group.answers);
        let asked = self.samples_question(&fetches, &format!("folded {named} {then:?} {answers}"));
        let own = fetches.clone();
        let work = move |scope: Self| async move {
            let samples = scope.streamed(named, &own, Seams::default()).await?;
            let work = samples.work();
            let finish = move |budget: &Budget| {
                let mut cells = 0;
                let mut take = || {
                    cells += usize::from(answers);
                    if answers { budget.take() } else { Ok(()) }
                };
                let FetchSeries { series, held, skipped } = samples.finish(budget, then.as_ref(), &mut take)?;
                let value = FoldedSeries { series, skipped, cells };
                Ok(ShortRead { value, held: Some(held), is_whole: true })
            };
            scope.compute(work, finish).await
        };
        let found = Box::pin(self.short(asked, work)).await?;
        self.count_whole(&fetches, found.origin, found.value.cells);
        self.budget.take_many(found.value.cells)?;
        let points = found.value.series.iter().map(|one| one.points.len() + 1).sum();
        let (FoldedSeries { series, skipped, .. }, held) = self.own(found, points).await?;
        Ok(FetchSeries { series, held, skipped })
    }

    /// When the newest sample of each series was, in microseconds since 1970, of fetches of the latest samples.
    pub(super) async fn latest(&self, group: &FetchGroup) -> Result<Vec<i64>, Error> {
        let mut times = Vec::new();
        for fetch in self.all_resolved(&group.fetches).await? {
            let asked = self.samples_question(std::slice::from_ref(&fetch), "latest");
            let found = self.short(asked, move |scope: Self| async move { scope.newest_times(&fetch).await }).await?;
            times.extend_from_slice(&found.value.0);
        }
        Ok(times)
    }

    async fn newest_times(&self, fetch: &Fetch) -> Result<ShortRead<NewestTimes>, Error> {
        let (mut times, mut held) = (Vec::new(), self.budget.held());
        let mut sink = |row: SeriesRow<'_>| {
            // The time stands behind the labels and the bucket.
            let seconds = row.value(fetch.rows.labels.len() + 1).map_err(|error| error.public())?;
            held.pay(size_of::<i64>())?;
            times.extend(seconds.map(|seconds| (seconds * 1e6).round() as i64));
            Ok(())
        };
        self.read(fetch, &sql::fetch(fetch), &mut sink).await?;
        Ok(ShortRead { value: NewestTimes(times), held: Some(held), is_whole: true })
    }

    /// The samples that are kept of each series, and what the person at the panel should know of them.
    pub(super) async fn kept(&self, group: &FetchGroup, wanted: Reduction) -> Result<ReducedSeries, Error> {
        let mut all = ReducedSeries { kept: Vec::new(), held: self.budget.held(), notices: Vec::new() };
        for part in OfMetric::all(group) {
            let fetches = self.all_resolved(part.fetches).await?;
            let Some(first) = fetches.first() else { continue };
            let (asked, own) = (self.samples_question(&fetches, &format!("{wanted:?}")), fetches.clone());
            let work = move |scope: Self| async move { scope.reduced_samples(&own, wanted).await };
            let found = Box::pin(self.short(asked, work)).await?;
            let points = found.value.series.iter().map(|(_, points)| points.len()).sum();
            self.count_whole(&fetches, found.origin, points);
            self.budget.take_many(points)?;
            let (KeptSamples { mut series, skipped }, held) = self.own(found, points).await?;
            all.notices.extend(skipped_values(first, skipped));
            all.kept.append(&mut series);
            all.held.absorb(held);
        }
        if all.kept.len() > self.limits.series as usize {
            return Err(too_many_series(self.limits.series));
        }
        Ok(all)
    }

    async fn reduced_samples(&self, fetches: &[Fetch], wanted: Reduction) -> Result<ShortRead<KeptSamples>, Error> {
        let first = fetches.first().cloned().map(Arc::new);
        let first = first.ok_or_else(|| Error::new(Kind::Internal, "internal error"))?;
        let mut reducer = Reducer::new(first, wanted, &self.budget);
        if fetches.len() > 1 {
            reducer = reducer.of_several(&self.budget);
        }
        for fetch in fetches {
            reducer.next_source(fetch);
            reducer = self.samples(fetch, reducer).await?;
        }
        let skipped = reducer.skipped();
        let (series, held) = self.compute(reducer.work(), move |budget| reducer.finish(budget)).await?;
        Ok(ShortRead { value: KeptSamples { series, skipped }, held: Some(held), is_whole: true })
    }

    /// What was read for several, as one's own: a copy unless nobody else has it, and paid by this request. Until then those
    /// who read it pay.
    async fn own<T: ShortValue + Clone>(&self, found: ShortAnswer<T>, points: usize) -> Result<(T, HeldBytes), Error> {
        let ShortAnswer { value, held: theirs, .. } = found;
        self.compute(points, move |budget| {
            let own = budget.paid(value.bytes())?;
            let value = Arc::unwrap_or_clone(value);
            drop(theirs);
            Ok((value, own))
        })
        .await
    }

    /// Counts what was read as a whole.
    fn count_whole(&self, fetches: &[Fetch], came: ShortOrigin, points: usize) {
        let is_known = came == ShortOrigin::Known;
        for fetch in fetches {
            let range = TimeRange { from: fetch.axis.from, to: fetch.axis.to };
            let counted = if is_known {
                origin(fetch, CacheOutcome::Hit, points, Vec::new())
            } else {
                origin(fetch, CacheOutcome::Miss, 0, vec![range])
            };
            // The statement was counted where it was saved.
            self.counted(counted, 0);
        }
    }
}
