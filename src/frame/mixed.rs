//! Samples that several sources of one metric give: each source's come in order of time, those of all must be brought
//! into it.

use super::chunks::ChunkedVec;
use super::samples::too_many_samples;
use crate::budget::{Budget, HeldBytes};
use crate::error::Error;
use crate::plan::Fetch;
use crate::range::buckets::FineSample;

/// A sample and the number of its series.
#[derive(Clone, Copy)]
pub(super) struct OfSeries {
    pub(super) series: usize,
    pub(super) sample: FineSample,
}

/// Samples, each with the number of its series.
pub(super) struct Mixed {
    samples: ChunkedVec<OfSeries>,
    held: HeldBytes,
}

impl Mixed {
    pub(super) fn new(budget: &Budget) -> Self {
        Self { samples: ChunkedVec::default(), held: budget.held() }
    }

    pub(super) const fn len(&self) -> usize {
        self.samples.len()
    }

    /// Holds one.
    ///
    /// # Errors
    /// There are more than may be held.
    pub(super) fn push(&mut self, fetch: &Fetch, series: usize, sample: FineSample) -> Result<(), Error> {
        if self.samples.len() >= fetch.caps.samples as usize {
            return Err(too_many_samples(&fetch.rows.metric, fetch.caps.samples));
        }
        // Once as they come, once in order.
        self.held.pay(2 * size_of::<OfSeries>())?;
        self.samples.push(OfSeries { series, sample });
        Ok(())
    }

    /// All of them in order of time, and the bytes that they take; of several at one instant the larger counts as the
    /// later.
    pub(super) fn in_order(self) -> (Vec<OfSeries>, HeldBytes) {
        let mut samples: Vec<OfSeries> = Vec::with_capacity(self.samples.len());
        samples.extend(self.samples);
        samples.sort_by(|a, b| a.sample.by_time(&b.sample));
        (samples, self.held)
    }
}
