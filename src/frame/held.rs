//! Samples that several sources of one metric give: each source's come in order of time, those of all must be brought
//! into it.

use std::cmp::Ordering;

use super::pair::Sample;
use super::samples::too_many_samples;
use crate::error::Error;
use crate::plan::Fetch;

/// The most samples that are held, 24 bytes each.
const MOST: usize = 4_000_000;

/// Samples, each with the number of its series.
#[derive(Default)]
pub(super) struct Mixed {
    samples: Vec<(usize, Sample)>,
}

impl Mixed {
    /// Holds one.
    ///
    /// # Errors
    /// There are more than may be held.
    pub(super) fn push(&mut self, fetch: &Fetch, series: usize, sample: Sample) -> Result<(), Error> {
        if self.samples.len() >= MOST.min(fetch.sample_cap as usize) {
            let cap = u32::try_from(MOST).unwrap_or(u32::MAX).min(fetch.sample_cap);
            return Err(too_many_samples(&fetch.metric, cap));
        }
        self.samples.push((series, sample));
        Ok(())
    }

    /// All of them in order of time; of several at one instant the larger counts as the later.
    pub(super) fn in_order(&mut self) -> Vec<(usize, Sample)> {
        let mut samples = std::mem::take(&mut self.samples);
        samples.sort_by(|(_, a), (_, b)| a.micros.cmp(&b.micros).then_with(|| ordered(a.value, b.value)));
        samples
    }
}

/// As PostgreSQL orders numbers: NaN is above every other.
fn ordered(a: f64, b: f64) -> Ordering {
    a.is_nan().cmp(&b.is_nan()).then_with(|| a.partial_cmp(&b).unwrap_or(Ordering::Equal))
}
