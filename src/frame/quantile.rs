//! Quantiles over time: they do not merge, so the samples of the windows that are still open are held.

use std::collections::VecDeque;

use super::pair::Sample;
use crate::error::{Error, Kind};
use crate::evaluate::quantile_of;
use crate::plan::Fetch;
use crate::series::Point;

/// Samples that may be held for every cell of an answer.
const HELD_PER_CELL: u64 = 4;

/// Samples that may be looked at again for every cell of an answer.
const LOOKED_PER_CELL: u64 = 256;

/// What all series of a fetch may hold and do.
pub(super) struct Work {
    holds: u64,
    looks: u64,
}

impl Work {
    pub(super) fn new(cells: u32) -> Self {
        Self { holds: HELD_PER_CELL * u64::from(cells), looks: LOOKED_PER_CELL * u64::from(cells) }
    }
}

/// The samples of a series' open windows, and the points of those that are closed.
#[derive(Default)]
pub(super) struct Held {
    samples: VecDeque<(u32, f64)>,
    open: u32,
    points: Vec<Point>,
}

impl Held {
    pub(super) fn push(&mut self, fetch: &Fetch, phi: f64, now: Sample, work: &mut Work) -> Result<(), Error> {
        let bucket = fetch.buckets.of_micros(now.micros);
        while span(fetch, self.open).is_some_and(|(_, to)| to <= bucket) {
            if self.samples.is_empty() {
                self.open = skipped(fetch, bucket);
            } else {
                self.close(fetch, phi, work)?;
            }
        }
        self.samples.push_back((bucket, now.value));
        work.holds = work.holds.checked_sub(1).ok_or_else(|| too_much(fetch))?;
        Ok(())
    }

    pub(super) fn finish(mut self, fetch: &Fetch, phi: f64, work: &mut Work) -> Result<Vec<Point>, Error> {
        while !self.samples.is_empty() && span(fetch, self.open).is_some() {
            self.close(fetch, phi, work)?;
        }
        Ok(self.points)
    }

    /// Closes the oldest open window; every sample that is held lies before its end.
    fn close(&mut self, fetch: &Fetch, phi: f64, work: &mut Work) -> Result<(), Error> {
        let Some((from, _)) = span(fetch, self.open) else { return Ok(()) };
        while self.samples.front().is_some_and(|(bucket, _)| *bucket < from) {
            self.samples.pop_front();
            work.holds += 1;
        }
        if !self.samples.is_empty() {
            let mut values: Vec<f64> = self.samples.iter().map(|(_, value)| *value).collect();
            work.looks = work.looks.checked_sub(values.len() as u64).ok_or_else(|| too_much(fetch))?;
            self.points.push(Point { bucket: self.open, value: quantile_of(phi, &mut values) });
        }
        self.open += 1;
        Ok(())
    }
}

/// The gathered buckets of a window; none past the last window.
fn span(fetch: &Fetch, window: u32) -> Option<(u32, u32)> {
    match &fetch.windows {
        Some(windows) => windows.get(window as usize).copied(),
        None => Some((window, window + 1)),
    }
}

/// The first window that is not over before a bucket.
fn skipped(fetch: &Fetch, bucket: u32) -> u32 {
    let over = |windows: &Vec<(u32, u32)>| windows.partition_point(|(_, to)| *to <= bucket);
    fetch.windows.as_ref().map_or(bucket, |windows| u32::try_from(over(windows)).unwrap_or(u32::MAX))
}

fn too_much(fetch: &Fetch) -> Error {
    let message = format!("the quantiles of {} look at more samples than an answer may take", fetch.metric);
    Error::new(Kind::AnswerTooLarge, message).hint("narrow the range or the window, or narrow it with matchers")
}
