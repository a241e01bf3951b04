//! Samples that several sources of one metric give: each source's come in order of time, those of all must be brought
//! into it.

use std::cmp::Ordering;

use super::chunks::Chunks;
use super::pair::Sample;
use super::samples::too_many_samples;
use crate::budget::{Budget, Held};
use crate::error::Error;
use crate::plan::Fetch;

/// A sample and the number of its series.
pub(super) type Numbered = (usize, Sample);

/// Samples, each with the number of its series.
pub(super) struct Mixed {
    samples: Chunks<Numbered>,
    held: Held,
}

impl Mixed {
    pub(super) fn new(budget: &Budget) -> Self {
        Self { samples: Chunks::default(), held: budget.held() }
    }

    pub(super) const fn len(&self) -> usize {
        self.samples.len()
    }

    /// Holds one.
    ///
    /// # Errors
    /// There are more than may be held.
    pub(super) fn push(&mut self, fetch: &Fetch, series: usize, sample: Sample) -> Result<(), Error> {
        if self.samples.len() >= fetch.caps.samples as usize {
            return Err(too_many_samples(&fetch.rows.metric, fetch.caps.samples));
        }
        // Once as they come, once in order.
        self.held.pay(2 * size_of::<Numbered>())?;
        self.samples.push((series, sample));
        Ok(())
    }

    /// All of them in order of time, and the bytes that they take; of several at one instant the larger counts as the
    /// later.
    pub(super) fn in_order(self) -> (Vec<Numbered>, Held) {
        let mut samples: Vec<Numbered> = Vec::with_capacity(self.samples.len());
        samples.extend(self.samples);
        samples.sort_by(|(_, a), (_, b)| a.micros.cmp(&b.micros).then_with(|| ordered(a.value, b.value)));
        (samples, self.held)
    }
}

/// As PostgreSQL orders numbers: NaN is above every other.
fn ordered(a: f64, b: f64) -> Ordering {
    a.is_nan().cmp(&b.is_nan()).then_with(|| a.partial_cmp(&b).unwrap_or(Ordering::Equal))
}
