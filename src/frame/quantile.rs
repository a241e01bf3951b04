//! Quantiles over time: they do not merge, so the samples of the windows that are still open are held.

use crate::budget::{Budget, HeldBytes};
use crate::error::{Error, Kind};
use crate::evaluate::quantile_of;
use crate::plan::Fetch;
use crate::range::buckets::{FineSample, OpenWindows};
use crate::series::Point;

/// How often a sample may be looked at, on average.
const LOOKS_PER_SAMPLE: u64 = 5;

/// Samples that are looked at before the next one is taken: windows that end while nothing arrives would otherwise be
/// closed all at once.
const LOOKS_AT_ONCE: usize = 4096;

/// What a held sample takes, with the room that its list has in reserve.
const SAMPLE_BYTES: usize = 24;

/// The samples that all series of a fetch may still look at.
pub(super) struct LookBudget(u64);

impl LookBudget {
    pub(super) fn new(samples: u32) -> Self {
        Self(LOOKS_PER_SAMPLE * u64::from(samples))
    }
}

/// The samples of a series' open windows, and the points of those that are closed.
#[derive(Default)]
pub(super) struct Quantiles {
    open: OpenWindows,
    points: Vec<Point>,
}

/// What the quantiles of all series of a fetch may cost.
pub(super) struct Cost<'a> {
    pub(super) looks: &'a mut LookBudget,
    pub(super) held: &'a mut HeldBytes,
}

impl Quantiles {
    pub(super) fn push(&mut self, fetch: &Fetch, phi: f64, now: FineSample, cost: Cost<'_>) -> Result<(), Error> {
        let (windows, bucket) = (fetch.axis.windows.as_deref(), fetch.axis.buckets.of_micros(now.micros));
        let (mut at_once, points) = (LOOKS_AT_ONCE, self.points.len());
        while at_once > 0 && self.open.ends_before(windows, bucket) {
            let closed = self.close(fetch, phi, cost.looks)?;
            at_once = at_once.saturating_sub(1 + closed.looked_at);
            cost.held.give_back(closed.gone * SAMPLE_BYTES);
        }
        cost.held.pay(SAMPLE_BYTES + (self.points.len() - points) * size_of::<Point>())?;
        self.open.push(windows, bucket, now.value);
        Ok(())
    }

    pub(super) fn finish(
        mut self,
        fetch: &Fetch,
        phi: f64,
        looks: &mut LookBudget,
        budget: &Budget,
    ) -> Result<Vec<Point>, Error> {
        while self.open.has_open(fetch.axis.windows.as_deref()) {
            budget.go_on()?;
            self.close(fetch, phi, looks)?;
        }
        Ok(self.points)
    }

    /// Closes the oldest open window.
    fn close(&mut self, fetch: &Fetch, phi: f64, looks: &mut LookBudget) -> Result<Closed, Error> {
        let windows = fetch.axis.windows.as_deref();
        let mut values = self.open.values(windows);
        looks.0 = looks.0.checked_sub(values.len() as u64).ok_or_else(|| too_much(fetch))?;
        let looked_at = values.len();
        if looked_at > 0 {
            self.points.push(Point { bucket: self.open.oldest(), value: quantile_of(phi, &mut values) });
        }
        Ok(Closed { looked_at, gone: self.open.close(windows) })
    }
}

/// How many samples a window had, and how many are in none of the others.
struct Closed {
    looked_at: usize,
    gone: usize,
}

fn too_much(fetch: &Fetch) -> Error {
    let message = format!("the quantiles of {} look at more samples than an answer may take", fetch.rows.metric);
    Error::new(Kind::AnswerTooLarge, message).hint("narrow the range or the window, or narrow it with matchers")
}
