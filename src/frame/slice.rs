//! What samples are given to, one by one or all of a slice of time.

use std::cmp::Ordering;
use std::ops::Range;

use super::index::SeriesOfRows;
use super::samples::too_many_samples;
use crate::budget::Budget;
use crate::db::{Pieces, SeriesRow, Timed};
use crate::error::Error;
use crate::range::buckets::FineSample;
use crate::range::is_stale;

/// Takes the samples of a fetch, those of one series in order of time.
pub trait SampleSink: Send + 'static {
    /// The series, and how many samples there were.
    fn series(&mut self) -> (&mut dyn SeriesOfRows, &mut u32);

    /// Counts samples.
    ///
    /// # Errors
    /// There are more than the fetch may read.
    fn count(&mut self, samples: usize) -> Result<(), Error> {
        let (series, seen) = self.series();
        *seen = seen.saturating_add(u32::try_from(samples).unwrap_or(u32::MAX));
        let fetch = series.fetch();
        let cap = fetch.caps.samples;
        if *seen > cap { Err(too_many_samples(&fetch.rows.metric, cap)) } else { Ok(()) }
    }

    /// The number of a sample; where it is none, that is noted.
    fn number(&mut self, sample: Timed) -> Option<f64>;

    /// Takes a sample of a series.
    ///
    /// # Errors
    /// There is more than allowed, or more bytes would be held.
    fn sample(&mut self, series: usize, micros: i64, value: f64) -> Result<(), Error>;

    /// Takes a row with one sample.
    ///
    /// # Errors
    /// As [`Self::sample`].
    fn row(&mut self, row: &SeriesRow<'_>) -> Result<(), Error> {
        self.count(1)?;
        let column = self.series().0.width();
        let micros = row.micros(column).map_err(|error| error.public())?;
        let value = row.value(column + 1).map_err(|error| error.public())?;
        let Some(value) = self.number(Timed { micros, value }) else { return Ok(()) };
        let series = self.series().0.series_of(row)?;
        self.sample(series, micros, value)
    }

    /// Takes the samples of a slice of time, those before an instant.
    ///
    /// # Errors
    /// As [`Self::sample`], or time is over.
    fn slice(&mut self, pieces: &Pieces, before: Option<i64>, budget: &Budget) -> Result<(), Error> {
        let mut held = budget.held();
        held.pay(pieces.samples().saturating_mul(size_of::<FineSample>()))?;
        let (mut samples, mut read) = (Vec::with_capacity(pieces.samples()), Vec::new());
        let mut runs = Vec::with_capacity(pieces.rows().len());
        for row in pieces.rows() {
            budget.go_on()?;
            read.clear();
            row.samples(self.series().0.width(), &mut read).map_err(|error| error.public())?;
            read.retain(|sample| before.is_none_or(|before| sample.micros < before));
            self.count(read.len())?;
            let start = samples.len();
            samples.extend(
                read.iter().filter_map(|one| Some(FineSample { micros: one.micros, value: self.number(*one)? })),
            );
            if start < samples.len() {
                runs.push(Run { series: self.series().0.series_of(&row)?, samples: start..samples.len() });
            }
        }
        runs.sort_by_key(|run| run.series);
        for same in runs.chunk_by(|one, next| one.series == next.series) {
            budget.go_on()?;
            taken(self, same, &mut samples)?;
        }
        Ok(())
    }
}

/// The samples of one row of pieces.
#[derive(Debug)]
struct Run {
    series: usize,
    samples: Range<usize>,
}

/// Gives the samples of one series to a sink. Different texts may mean the same labels, such as NULL and the empty string.
fn taken(sink: &mut (impl SampleSink + ?Sized), same: &[Run], samples: &mut [FineSample]) -> Result<(), Error> {
    let mut joined: Vec<FineSample>;
    let own = match same {
        [] => return Ok(()),
        [only] => samples.get_mut(only.samples.clone()).unwrap_or_default(),
        several => {
            joined = several.iter().filter_map(|run| samples.get(run.samples.clone())).flatten().copied().collect();
            &mut joined
        }
    };
    if !own.is_sorted_by(|one, next| as_stored(one, next).is_le()) {
        own.sort_by(as_stored);
    }
    let series = same.first().map_or(0, |run| run.series);
    own.iter().try_for_each(|sample| sink.sample(series, sample.micros, sample.value))
}

/// The order of samples in PostgreSQL: by time, then by value, NaN above every number and NULL above that.
fn as_stored(one: &FineSample, other: &FineSample) -> Ordering {
    let rank = |value: f64| u8::from(value.is_nan()) + u8::from(is_stale(value));
    let by_value = || one.value.partial_cmp(&other.value).unwrap_or(Ordering::Equal);
    one.micros.cmp(&other.micros).then_with(|| rank(one.value).cmp(&rank(other.value))).then_with(by_value)
}
