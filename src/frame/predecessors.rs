//! Chooses the series whose last sample before a range must be read, once the samples of the range are there.

use std::sync::Arc;

use super::block::Block;
use super::samples::{LATEST_BYTES, SampleCollector};
use crate::ast::OverTime;
use crate::budget::Budget;
use crate::error::Error;
use crate::evaluate::RangeFunction;
use crate::plan::{Buckets, Fetch, SeriesLabel};
use crate::range::buckets::FineSample;
use crate::time::TimeRange;

/// The last samples that are looked for before a range.
#[derive(Debug)]
pub struct Predecessors {
    /// The fetch of the last samples of all series.
    pub fetch: Fetch,
    /// The value of each label of the series at hand; empty for the members of a document.
    pub series: Vec<Vec<String>>,
}

impl SampleCollector {
    /// Connects the first samples of series to the last ones before the range, as far as a block knows them whose
    /// last samples are those before the range.
    ///
    /// # Errors
    /// Time is over, or more bytes would be held.
    pub fn connect_known(&mut self, known: &Block, budget: &Budget) -> Result<(), Error> {
        let Some(lasts) = known.lasts() else { return Ok(()) };
        let last_samples = known.last_samples();
        let own = Arc::clone(&self.index.fetch);
        let keys = self.index.keys();
        let lacking = self.index.states().filter(|(_, stream)| stream.first(&own).is_some());
        for (at, _) in lacking {
            budget.go_on()?;
            if let Some(last) = last_samples.get(&keys.labels(at, |_| true)) {
                self.latest.insert(at, *last);
            }
        }
        self.index.held.pay(self.latest.len() * LATEST_BYTES)?;
        self.known_from = Some(lasts.from);
        Ok(())
    }

    /// The series whose last sample before the range may connect to their first sample in it.
    #[must_use]
    pub fn predecessors(&self, fetch: &Fetch) -> Option<Predecessors> {
        let from = fetch.axis.from.saturating_sub(fetch.fold.lookback_ms);
        let read_from = self.known_from.unwrap_or(fetch.axis.from.saturating_sub(fetch.axis.reach_ms));
        let own = &self.index.fetch;
        let may_connect = |first: FineSample| {
            first.micros - fetch.fold.lookback_ms.saturating_mul(1000) < read_from.saturating_mul(1000)
        };
        let lacking = self.index.states().filter(|(_, stream)| stream.first(own).is_some_and(may_connect));
        let lacking: Vec<usize> = lacking.map(|(at, _)| at).filter(|at| !self.latest.contains_key(at)).collect();
        if !fetch.fold.function.is_of_pairs() || from >= read_from || lacking.is_empty() {
            return None;
        }
        let mut before = fetch.within(TimeRange { from, to: read_from });
        before.axis.buckets = Buckets::Regular { origin_ms: from, step_ms: read_from - from, start_ms: from };
        (before.axis.windows, before.axis.reach_ms) = (None, 0);
        before.fold.function = RangeFunction::OverTime(OverTime::Last);
        let (keys, labels) = (self.index.keys(), &fetch.rows.labels);
        let value = |at: usize, label: &SeriesLabel| match label {
            SeriesLabel::One { name, .. } => keys.value(at, name).to_owned(),
            SeriesLabel::Members { .. } => String::new(),
        };
        let series = lacking.iter().map(|at| labels.iter().map(|label| value(*at, label)).collect()).collect();
        Some(Predecessors { fetch: before, series })
    }
}
