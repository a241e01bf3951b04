//! The samples that questions need: read → plan → fetch.

use std::pin::pin;
use std::sync::Arc;

use futures_util::StreamExt as _;

use super::said::{shared_times, skipped_values};
use super::{RequestScope, together};
use crate::budget::Budget;
use crate::error::{Error, Kind};
use crate::evaluate::{FetchedSeries, Inputs, Samples};
use crate::frame::{self, FetchSeries, ReadPlan, ReadSeries, SampleReader};
use crate::lower::Reads;
use crate::plan::{Context, Fetch, MetricRead};
use crate::time::TimeRange;

impl RequestScope {
    /// What reads of samples are planned with.
    pub(super) fn samples_context(&self, range: TimeRange) -> Context<'_> {
        Context {
            snapshot: &self.snapshot,
            range,
            interval_ms: None,
            max_points: self.limits.points,
            step: None,
            zone: self.snapshot.zone(),
            limits: self.limits,
            now: self.moment().now,
            ad_hoc: &[],
            pushes: self.pushes,
            patterns: &self.patterns,
        }
    }

    /// What each fold and each read gives, and what is to be said of them; some reads are done side by side.
    pub(super) async fn read_all(&self, wanted: Reads<'_>, reads: &[Vec<MetricRead>]) -> Result<ReadSamples, Error> {
        let plans: Vec<ReadPlan> = (0..reads.len()).map(|at| plan_of(wanted, at)).collect();
        let metrics = reads.iter().zip(&plans).flat_map(|(metrics, plan)| metrics.iter().map(move |one| (one, plan)));
        let metrics: Vec<_> = metrics.map(|(metric, plan)| self.metric(metric, plan)).collect();
        let mut running = pin!(together::in_order(metrics));
        let none = || FetchedSeries { series: Vec::new(), held: self.budget.held() };
        let mut inputs = Inputs { folded: wanted.folds.iter().map(|_| none()).collect(), kept: Vec::new() };
        let (mut warnings, mut infos, mut from_partials) = (Vec::new(), Vec::new(), 0);
        for (metrics, plan) in reads.iter().zip(&plans) {
            let mut parts = Vec::new();
            for metric in metrics {
                let Some(next) = running.next().await else { break };
                let MetricSamples { series, skipped, is_from_partials } = next?;
                parts.push(series);
                from_partials += usize::from(is_from_partials);
                let Some(first) = metric.samples.first() else { continue };
                warnings.extend(skipped_values(first, skipped));
                let shares = self.snapshot.has_shared_times(first.rows.source);
                infos.extend(shares.then(|| shared_times(&first.rows.metric)));
            }
            let series = |part: &ReadSeries| {
                part.kept.series.len() + part.folded.iter().map(|fold| fold.series.len()).sum::<usize>()
            };
            let work = parts.iter().map(series).sum();
            let of = plan.clone();
            let read = self.compute(work, move |budget| Ok(frame::united(parts, &of, budget))).await?;
            for ((number, _), fold) in plan.folds.iter().zip(read.folded) {
                if let Some(to) = inputs.folded.get_mut(*number) {
                    *to = fold;
                }
            }
            inputs.kept.push(read.kept);
        }
        infos.dedup();
        Ok(ReadSamples { inputs, warnings, infos, from_partials })
    }

    /// What one metric gives: from partials where these are exact.
    async fn metric(&self, metric: &MetricRead, plan: &ReadPlan) -> Result<MetricSamples, Error> {
        let is_whole = |fetch: &Fetch| !self.snapshot.has_fine_times(fetch.rows.source);
        if metric.partials.first().is_some_and(is_whole)
            && let Some(series) = self.partials(&metric.partials).await?
        {
            return Ok(MetricSamples { series, skipped: 0.0, is_from_partials: true });
        }
        self.sampled(&metric.samples, plan).await
    }

    /// The series of folds whose partials the database computes; none where these may not be what samples come to.
    async fn partials(&self, fetches: &[Fetch]) -> Result<Option<ReadSeries>, Error> {
        let mut folded = Vec::with_capacity(fetches.len());
        for fetch in self.all_resolved(fetches).await? {
            let collector = match self.collected(&fetch).await {
                Err(error) if error.kind == Kind::BadData => return Ok(None),
                collected => collected?,
            };
            if collector.has_fine_times() {
                self.snapshot.learn_fine_times(fetch.rows.source);
            }
            if collector.is_vague() {
                return Ok(None);
            }
            let work = collector.work();
            let finish = move |budget: &Budget| collector.finish(budget, None, &mut || Ok(()));
            let FetchSeries { series, held, .. } = self.compute(work, finish).await?;
            folded.push(FetchedSeries { series, held });
        }
        Ok(Some(ReadSeries { folded, kept: Samples { series: Vec::new(), held: self.budget.held() } }))
    }

    /// What the samples of one metric give.
    async fn sampled(&self, fetches: &[Fetch], plan: &ReadPlan) -> Result<MetricSamples, Error> {
        let fetches = self.all_resolved(fetches).await?;
        if self.keeps_steps(&fetches, plan) {
            return Box::pin(self.steps(&fetches, plan)).await;
        }
        fetches.iter().for_each(|fetch| self.uncached(fetch));
        let reader = self.read_samples(fetches, plan).await?;
        let skipped = reader.skipped();
        let series = self.compute(reader.work(), move |budget| reader.finish(budget)).await?;
        Ok(MetricSamples { series, skipped, is_from_partials: false })
    }

    /// The samples of the fetches of one metric, given to the windows of a plan.
    pub(super) async fn read_samples(&self, mut fetches: Vec<Fetch>, plan: &ReadPlan) -> Result<SampleReader, Error> {
        loop {
            let Some(first) = fetches.first() else { return Err(Error::new(Kind::Internal, "internal error")) };
            let mut reader = SampleReader::new(&fetches, &Arc::new(first.clone()), plan, &self.budget);
            for fetch in &fetches {
                reader.next_source(fetch);
                reader = self.samples(fetch, reader).await?;
            }
            // Rows of several stretches come in their order, which SQL does not promise.
            if reader.is_disordered() && fetches.iter().any(|fetch| !fetch.axis.stretches.is_empty()) {
                fetches.iter_mut().for_each(|fetch| fetch.axis.stretches.clear());
                continue;
            }
            if let Some(first) = fetches.first().filter(|_| reader.shares_times()) {
                self.snapshot.learn_shared_times(first.rows.source);
            }
            return Ok(reader);
        }
    }
}

/// What all reads gave.
pub(super) struct ReadSamples {
    /// The series of each fold, and the samples of each read that keeps them.
    pub(super) inputs: Inputs,
    /// What may be wrong with it.
    pub(super) warnings: Vec<String>,
    /// What else there is to know of it.
    pub(super) infos: Vec<String>,
    /// How many metrics the database computed itself.
    pub(super) from_partials: usize,
}

/// What one metric gave.
pub(super) struct MetricSamples {
    pub(super) series: ReadSeries,
    /// How many rows held what is no number.
    pub(super) skipped: f64,
    pub(super) is_from_partials: bool,
}

/// What becomes of the samples of a read.
fn plan_of(wanted: Reads<'_>, at: usize) -> ReadPlan {
    let own = wanted.folds.iter().enumerate().filter(|(_, fold)| fold.read == at);
    let keeps = wanted.requests.get(at).is_some_and(|read| !read.kept.is_empty());
    ReadPlan { folds: own.map(|(number, fold)| (number, fold.plan)).collect(), keeps, blocks: false }
}
