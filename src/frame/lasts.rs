//! The last sample of each series before an edge. A later read of the buckets behind the edge connects its first samples to
//! them, and need not look for them in the database.

use std::collections::HashMap;

use crate::budget::HeldBytes;
use crate::error::Error;
use crate::range::buckets::FineSample;
use crate::time::Millis;

/// The most series of a block whose last samples are kept.
pub(super) const MOST_SERIES: usize = 20_000;
/// What the last sample of a series takes while samples are read.
const LAST_BYTES: usize = 48;

/// Watches the samples of a read, which come in order of time within each series, for the last ones before an edge.
#[derive(Debug)]
pub(super) struct EdgeWatch {
    edge_micros: i64,
    /// The last samples of the series that have samples behind the edge as well.
    crossed: HashMap<usize, FineSample>,
}

impl EdgeWatch {
    pub(super) fn new(edge: Millis) -> Self {
        Self { edge_micros: edge.saturating_mul(1000), crossed: HashMap::new() }
    }

    /// Looks at the next sample of a series and the one before it.
    pub(super) fn look(
        &mut self,
        series: usize,
        before: Option<FineSample>,
        now: FineSample,
        held: &mut HeldBytes,
    ) -> Result<(), Error> {
        let Some(last) = before.filter(|before| before.micros < self.edge_micros && self.edge_micros <= now.micros)
        else {
            return Ok(());
        };
        held.pay(LAST_BYTES)?;
        self.crossed.insert(series, last);
        Ok(())
    }

    /// The edge.
    pub(super) const fn edge(&self) -> Millis {
        self.edge_micros / 1000
    }

    /// The last sample of a series before the edge; `newest` is the last one of the read.
    pub(super) fn last(&self, series: usize, newest: Option<FineSample>) -> Option<FineSample> {
        newest.filter(|newest| newest.micros < self.edge_micros).or_else(|| self.crossed.get(&series).copied())
    }
}
