//! Rows of samples → series with their samples, for functions over windows.

use std::sync::Arc;

use super::index::SeriesIndex;
use super::samples::too_many_samples;
use crate::budget::{Budget, Held};
use crate::catalog::Value;
use crate::db::SeriesRow;
use crate::error::Error;
use crate::evaluate::{SampledSeries, Samples};
use crate::plan::Fetch;
use crate::range::{STALE, Sample};

/// The samples of the series of one metric.
pub struct SampleReader {
    index: SeriesIndex<Vec<Sample>>,
    samples: u32,
    sources: u32,
    skipped: f64,
}

impl SampleReader {
    /// Reads for a fetch.
    #[must_use]
    pub fn new(fetch: Arc<Fetch>, budget: &Budget) -> Self {
        Self { index: SeriesIndex::new(fetch, true, budget), samples: 0, sources: 0, skipped: 0.0 }
    }

    /// Goes on with the samples of another source of the same metric.
    pub fn next_source(&mut self, fetch: &Fetch) {
        self.sources += 1;
        self.index.next_source(fetch);
    }

    /// Takes one sample; those of one source come in order of time. Times are kept to the millisecond; of several samples
    /// of one series at one millisecond the last counts.
    ///
    /// # Errors
    /// There are more samples than allowed, or more bytes would be held.
    pub fn row(&mut self, row: &SeriesRow<'_>) -> Result<(), Error> {
        self.samples += 1;
        let fetch = &self.index.fetch;
        if self.samples > fetch.sample_cap {
            return Err(too_many_samples(&fetch.metric, fetch.sample_cap));
        }
        let columns = self.index.width();
        let micros = row.micros(columns).map_err(|error| error.public())?;
        let value = match row.value(columns + 1).map_err(|error| error.public())? {
            Some(value) => value,
            None if matches!(fetch.value, Value::Column(_)) => STALE,
            None => {
                self.skipped += 1.0;
                return Ok(());
            }
        };
        let at = self.index.series_of(row)?;
        let Some((samples, held)) = self.index.state(at) else { return Ok(()) };
        let sample = Sample { ms: micros.div_euclid(1000), value };
        if let Some(last) = samples.last_mut().filter(|last| last.ms == sample.ms) {
            *last = sample;
            return Ok(());
        }
        if samples.len() == samples.capacity() {
            let more = samples.len().max(1);
            held.pay(more * size_of::<Sample>())?;
            samples.reserve_exact(more);
        }
        samples.push(sample);
        Ok(())
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
    pub fn finish(self, budget: &Budget) -> Result<Samples, Error> {
        let several = self.sources > 1;
        let lookback_ms = self.index.fetch.lookback_ms;
        let (keys, states, mut held) = self.index.into_parts();
        let mut series = Vec::with_capacity(states.len());
        for (at, mut samples) in states.into_iter().enumerate() {
            if several {
                merge(&mut samples);
            }
            let labels = keys.labels(at, |_| true);
            held.pay(SERIES_BYTES + labels.iter().map(|(_, value)| 56 + value.len()).sum::<usize>())?;
            if at % 256 == 0 {
                budget.go_on()?;
            }
            series.push(SampledSeries { labels, lookback_ms, samples });
        }
        Ok(Samples { series, held })
    }
}

/// What a finished series takes besides its labels and samples.
const SERIES_BYTES: usize = size_of::<SampledSeries>();

/// Brings the samples of several sources into one order; of several at one millisecond the last by value counts.
fn merge(samples: &mut Vec<Sample>) {
    samples.sort_by(|a, b| {
        a.ms.cmp(&b.ms).then_with(|| a.value.is_nan().cmp(&b.value.is_nan())).then_with(|| a.value.total_cmp(&b.value))
    });
    samples.reverse();
    samples.dedup_by_key(|sample| sample.ms);
    samples.reverse();
}

/// The samples of several metrics as one read, sorted by labels.
#[must_use]
pub fn united(parts: Vec<Samples>, mut held: Held) -> Samples {
    let mut series = Vec::with_capacity(parts.iter().map(|part| part.series.len()).sum());
    for mut part in parts {
        series.append(&mut part.series);
        held.absorb(part.held);
    }
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    Samples { series, held }
}
