//! Quantiles over time: they do not merge, so the samples of the windows that are still open are held.

use std::collections::VecDeque;

use super::pair::Sample;
use crate::budget::{Budget, Held};
use crate::error::{Error, Kind};
use crate::evaluate::quantile_of;
use crate::plan::Fetch;
use crate::series::Point;

/// How often a sample may be looked at, on average.
const LOOKS_PER_SAMPLE: u64 = 5;

/// Samples that are looked at before the next one is taken: windows that end while nothing arrives would otherwise be
/// closed all at once.
const LOOKS_AT_ONCE: usize = 4096;

/// What a held sample takes, with the room that its list has in reserve.
const SAMPLE_BYTES: usize = 24;

/// The samples that all series of a fetch may still look at.
pub(super) struct Looks(u64);

impl Looks {
    pub(super) fn new(samples: u32) -> Self {
        Self(LOOKS_PER_SAMPLE * u64::from(samples))
    }
}

/// The samples of a series' open windows, and the points of those that are closed.
#[derive(Default)]
pub(super) struct OpenWindows {
    samples: VecDeque<(u32, f64)>,
    open: u32,
    points: Vec<Point>,
}

impl OpenWindows {
    pub(super) fn push(
        &mut self,
        fetch: &Fetch,
        phi: f64,
        now: Sample,
        (looks, held): (&mut Looks, &mut Held),
    ) -> Result<(), Error> {
        let bucket = fetch.axis.buckets.of_micros(now.micros);
        let (mut at_once, points) = (LOOKS_AT_ONCE, self.points.len());
        while at_once > 0 && !self.samples.is_empty() && span(fetch, self.open).is_some_and(|(_, to)| to <= bucket) {
            at_once = at_once.saturating_sub(1 + self.close(fetch, phi, looks)?);
            held.give_back(self.leave(fetch) * SAMPLE_BYTES);
        }
        if self.samples.is_empty() {
            self.open = self.open.max(skipped(fetch, bucket));
        }
        held.pay(SAMPLE_BYTES + (self.points.len() - points) * size_of::<Point>())?;
        self.samples.push_back((bucket, now.value));
        Ok(())
    }

    pub(super) fn finish(
        mut self,
        fetch: &Fetch,
        phi: f64,
        looks: &mut Looks,
        budget: &Budget,
    ) -> Result<Vec<Point>, Error> {
        while !self.samples.is_empty() && span(fetch, self.open).is_some() {
            budget.go_on()?;
            self.close(fetch, phi, looks)?;
            self.leave(fetch);
        }
        Ok(self.points)
    }

    /// Closes the oldest open window; says how many samples it looked at.
    fn close(&mut self, fetch: &Fetch, phi: f64, looks: &mut Looks) -> Result<usize, Error> {
        let Some((from, to)) = span(fetch, self.open) else { return Ok(0) };
        let inside = |bucket: u32| (from..to).contains(&bucket);
        let mut values: Vec<f64> =
            self.samples.iter().take_while(|(bucket, _)| *bucket < to).filter(|s| inside(s.0)).map(|s| s.1).collect();
        looks.0 = looks.0.checked_sub(values.len() as u64).ok_or_else(|| too_much(fetch))?;
        let seen = values.len();
        if seen > 0 {
            self.points.push(Point { bucket: self.open, value: quantile_of(phi, &mut values) });
        }
        self.open += 1;
        Ok(seen)
    }

    /// Lets go of the samples before the oldest open window, and passes over windows that have none; says how many
    /// samples went.
    fn leave(&mut self, fetch: &Fetch) -> usize {
        let from = span(fetch, self.open).map_or(u32::MAX, |(from, _)| from);
        let gone = self.samples.partition_point(|(bucket, _)| *bucket < from);
        self.samples.drain(..gone);
        if let Some((bucket, _)) = self.samples.front() {
            self.open = self.open.max(skipped(fetch, *bucket));
        }
        gone
    }
}

/// The gathered buckets of a window; none past the last window.
fn span(fetch: &Fetch, window: u32) -> Option<(u32, u32)> {
    match &fetch.axis.windows {
        Some(windows) => windows.get(window as usize).copied(),
        None => Some((window, window + 1)),
    }
}

/// The first window that is not over before a bucket.
fn skipped(fetch: &Fetch, bucket: u32) -> u32 {
    let over = |windows: &Vec<(u32, u32)>| windows.partition_point(|(_, to)| *to <= bucket);
    fetch.axis.windows.as_ref().map_or(bucket, |windows| u32::try_from(over(windows)).unwrap_or(u32::MAX))
}

fn too_much(fetch: &Fetch) -> Error {
    let message = format!("the quantiles of {} look at more samples than an answer may take", fetch.rows.metric);
    Error::new(Kind::AnswerTooLarge, message).hint("narrow the range or the window, or narrow it with matchers")
}
