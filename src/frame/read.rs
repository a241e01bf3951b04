//! Rows of samples → series with their samples, for functions over windows.

use std::sync::Arc;

use super::index::{SeriesIndex, SeriesOfRows};
use super::slice::SampleSink;
use super::steps::SkippedRows;
use crate::budget::{Budget, HeldBytes};
use crate::catalog::MetricValue;
use crate::db::Timed;
use crate::error::Error;
use crate::evaluate::{FetchedSeries, Fold, FoldPlan, SampledSeries, Samples};
use crate::plan::Fetch;
use crate::range::{STALE, Sample};
use crate::series::{Labels, Series};
use crate::time::Millis;

/// What becomes of the samples of a read.
#[derive(Clone, Debug)]
pub struct ReadPlan {
    /// The windows into which they are folded as they come, each with its number in the question.
    pub folds: Arc<[(usize, FoldPlan)]>,
    /// Whether they are kept as well.
    pub keeps: bool,
    /// Whether what was read becomes blocks, which know how many rows of each step held what is no number.
    pub blocks: bool,
}

/// What a read gave.
#[derive(Debug)]
pub struct ReadSeries {
    /// The series of each fold of its plan.
    pub folded: Vec<FetchedSeries>,
    /// The samples, where they are kept.
    pub kept: Samples,
}

/// What is known of one series.
#[derive(Default)]
struct State {
    folds: Vec<Fold>,
    /// Its samples, where they are kept, or where those of several sources must be brought into one order.
    samples: Vec<Sample>,
    newest_ms: Option<Millis>,
    /// The value at that time.
    newest: f64,
    /// The number of the source of its newest sample.
    source: u32,
}

/// Reads the samples of the series of one metric.
pub struct SampleReader {
    index: SeriesIndex<State>,
    /// The folds, for the source's own lookback.
    pub(super) folds: Vec<FoldPlan>,
    keeps: bool,
    /// Whether there is more than one source.
    several: bool,
    /// Whether rows are counted: those of one series at one millisecond are one sample of their number.
    counts_rows: bool,
    /// Whether a NULL of the source at hand ends its series.
    null_ends: bool,
    /// Whether a sample came before an earlier one of its series.
    disordered: bool,
    /// Whether several rows of one series stand at one millisecond, of which the last is the sample.
    shares_times: bool,
    samples: u32,
    /// The number of the source at hand, from 1.
    source: u32,
    skipped: f64,
    /// The same rows for each fold, where blocks are wanted of them.
    pub(super) skipped_rows: Vec<SkippedRows>,
}

impl SampleReader {
    /// Reads for the fetches of a metric.
    #[must_use]
    pub fn new(fetches: &[Fetch], first: &Arc<Fetch>, plan: &ReadPlan, budget: &Budget) -> Self {
        let folds: Vec<FoldPlan> =
            plan.folds.iter().map(|(_, fold)| fold.with_lookback(first.fold.lookback_ms)).collect();
        let skipped_rows = folds.iter().filter(|_| plan.blocks).map(|_| SkippedRows::default()).collect();
        let index = SeriesIndex::new(Arc::clone(first), true, budget);
        Self {
            index,
            folds,
            keeps: plan.keeps,
            several: fetches.len() > 1,
            counts_rows: matches!(first.rows.value, MetricValue::Rows),
            null_ends: false,
            disordered: false,
            shares_times: false,
            samples: 0,
            source: 0,
            skipped: 0.0,
            skipped_rows,
        }
    }

    /// Goes on with the samples of another source of the same metric.
    pub fn next_source(&mut self, fetch: &Fetch) {
        self.null_ends = fetch.rows.markers;
        self.source += 1;
        self.index.next_source(fetch);
    }

    /// Whether a sample came before an earlier one of its series: then what was read is nothing.
    #[must_use]
    pub const fn is_disordered(&self) -> bool {
        self.disordered
    }

    /// Whether several rows of one series stand at one millisecond, of which the last is the sample.
    #[must_use]
    pub const fn shares_times(&self) -> bool {
        self.shares_times
    }

    /// How much there is to finish: samples.
    #[must_use]
    pub const fn work(&self) -> usize {
        self.samples as usize
    }

    /// How many rows held what is no number.
    #[must_use]
    pub const fn skipped(&self) -> f64 {
        self.skipped
    }

    /// The series, in no order.
    ///
    /// # Errors
    /// Time is over, or more bytes would be held.
    pub fn finish(self, budget: &Budget) -> Result<ReadSeries, Error> {
        let Self { index, folds, keeps, several, counts_rows, .. } = self;
        let (keys, states, mut held) = index.into_parts();
        let mut folded: Vec<FetchedSeries> =
            folds.iter().map(|_| FetchedSeries { series: Vec::new(), held: budget.held() }).collect();
        let mut kept = Samples { series: Vec::new(), held: budget.held() };
        for (at, mut state) in states.into_iter().enumerate() {
            budget.go_on()?;
            if several {
                merge(&mut state.samples, counts_rows);
                let samples = std::mem::take(&mut state.samples);
                samples.iter().try_for_each(|sample| fold(&folds, &mut state, *sample, &mut held))?;
                state.samples = samples;
            }
            let labels = keys.labels(at, |_| true);
            for ((fold, plan), to) in state.folds.into_iter().zip(&folds).zip(&mut folded) {
                let points = fold.finish(plan, &mut held)?;
                if !points.is_empty() {
                    let one = Series { labels: labels.clone(), points };
                    to.held.pay(size_of::<Series>() + label_bytes(&labels))?;
                    to.series.push(one);
                }
            }
            if keeps {
                kept.held.pay(size_of::<SampledSeries>() + label_bytes(&labels))?;
                kept.series.push(SampledSeries { labels, samples: state.samples });
            }
        }
        // The points and the samples were paid for as they came.
        match folded.first_mut() {
            Some(first) => first.held.absorb(held),
            None => kept.held.absorb(held),
        }
        Ok(ReadSeries { folded, kept })
    }
}

/// Times are kept to the millisecond; of several samples of one series at one millisecond the last counts, and rows add up.
impl SampleSink for SampleReader {
    fn series(&mut self) -> (&mut dyn SeriesOfRows, &mut u32) {
        (&mut self.index, &mut self.samples)
    }

    fn number(&mut self, sample: Timed) -> Option<f64> {
        // Of other sources a row without a number is no sample.
        let value = sample.value.or(self.null_ends.then_some(STALE));
        if value.is_none() {
            self.skipped += 1.0;
            let ms = sample.micros.div_euclid(1000);
            self.skipped_rows.iter_mut().zip(&self.folds).for_each(|(rows, fold)| rows.add(fold, ms));
        }
        value
    }

    fn sample(&mut self, series: usize, micros: i64, value: f64) -> Result<(), Error> {
        let Some((state, held)) = self.index.state(series) else { return Ok(()) };
        let mut sample = Sample { ms: micros.div_euclid(1000), value };
        let newest_ms = state.newest_ms.replace(sample.ms);
        let is_shared = newest_ms == Some(sample.ms);
        self.shares_times |= is_shared && !self.counts_rows;
        if self.several {
            // Which of two sources' samples counts is decided when all are there.
            let is_of_same = std::mem::replace(&mut state.source, self.source) == self.source;
            let samples = &mut state.samples;
            return if is_of_same { keep(samples, sample, self.counts_rows, held) } else { add(samples, sample, held) };
        }
        if self.counts_rows && is_shared {
            sample.value += state.newest;
        }
        state.newest = sample.value;
        self.disordered |= newest_ms.is_some_and(|newest| newest > sample.ms);
        if self.keeps {
            keep(&mut state.samples, sample, false, held)?;
        }
        fold(&self.folds, state, sample, held)
    }
}

fn fold(folds: &[FoldPlan], state: &mut State, sample: Sample, held: &mut HeldBytes) -> Result<(), Error> {
    if state.folds.is_empty() && !folds.is_empty() {
        held.pay(folds.len() * FOLD_BYTES)?;
        state.folds.extend(folds.iter().map(Fold::new));
    }
    for (fold, plan) in state.folds.iter_mut().zip(folds) {
        fold.push(plan, sample, held)?;
    }
    Ok(())
}

/// Keeps a sample. It replaces the one of the same millisecond, or is added to it.
fn keep(samples: &mut Vec<Sample>, sample: Sample, adds: bool, held: &mut HeldBytes) -> Result<(), Error> {
    if let Some(last) = samples.last_mut().filter(|last| last.ms == sample.ms) {
        last.value = if adds { last.value + sample.value } else { sample.value };
        return Ok(());
    }
    add(samples, sample, held)
}

fn add(samples: &mut Vec<Sample>, sample: Sample, held: &mut HeldBytes) -> Result<(), Error> {
    if samples.len() == samples.capacity() {
        let more = samples.len().max(1);
        held.pay(more * size_of::<Sample>())?;
        samples.reserve_exact(more);
    }
    samples.push(sample);
    Ok(())
}

/// What a series under way takes for each fold.
const FOLD_BYTES: usize = size_of::<Fold>() + 192;

fn label_bytes(labels: &Labels) -> usize {
    labels.iter().map(|(_, value)| 56 + value.len()).sum()
}

/// Brings the samples of several sources into one order; of several at one millisecond the last by value counts.
/// Counted rows add up.
fn merge(samples: &mut Vec<Sample>, counts_rows: bool) {
    if counts_rows {
        samples.sort_by_key(|sample| sample.ms);
        samples.dedup_by(|next, kept| {
            let is_same = next.ms == kept.ms;
            kept.value += if is_same { next.value } else { 0.0 };
            is_same
        });
        return;
    }
    samples.sort_by(|a, b| {
        a.ms.cmp(&b.ms).then_with(|| a.value.is_nan().cmp(&b.value.is_nan())).then_with(|| a.value.total_cmp(&b.value))
    });
    samples.reverse();
    samples.dedup_by_key(|sample| sample.ms);
    samples.reverse();
}

/// What the metrics of a read gave, as one: series sorted by labels.
#[must_use]
pub fn united(parts: Vec<ReadSeries>, plan: &ReadPlan, budget: &Budget) -> ReadSeries {
    let none = || FetchedSeries { series: Vec::new(), held: budget.held() };
    let mut folded: Vec<FetchedSeries> = plan.folds.iter().map(|_| none()).collect();
    let mut kept = Samples { series: Vec::new(), held: budget.held() };
    for mut part in parts {
        for (to, mut from) in folded.iter_mut().zip(part.folded) {
            to.series.append(&mut from.series);
            to.held.absorb(from.held);
        }
        kept.series.append(&mut part.kept.series);
        kept.held.absorb(part.kept.held);
    }
    folded.iter_mut().for_each(|one| one.series.sort_by(|a, b| a.labels.cmp(&b.labels)));
    kept.series.sort_by(|a, b| a.labels.cmp(&b.labels));
    ReadSeries { folded, kept }
}
