//! Windows of buckets whose samples are wanted themselves, as those of quantiles: partials of them do not merge.

use std::collections::VecDeque;

use super::BucketSpan;

/// The samples of one series in the windows that are still open.
#[derive(Debug, Default)]
pub struct OpenWindows {
    samples: VecDeque<BucketValue>,
    open: u32,
}

/// A sample's bucket and its value.
#[derive(Clone, Copy, Debug)]
struct BucketValue {
    bucket: u32,
    value: f64,
}

impl OpenWindows {
    /// The oldest window that may still have values, counted from 0.
    #[must_use]
    pub const fn oldest(&self) -> u32 {
        self.open
    }

    /// Whether there is no sample in any of them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Whether the oldest one ends before a bucket, while it may have values. Without `windows` each bucket is one.
    #[must_use]
    pub fn ends_before(&self, windows: Option<&[BucketSpan]>, bucket: u32) -> bool {
        !self.is_empty() && window(windows, self.open).is_some_and(|window| window.to <= bucket)
    }

    /// Whether the oldest one may have values.
    #[must_use]
    pub fn has_open(&self, windows: Option<&[BucketSpan]>) -> bool {
        !self.is_empty() && window(windows, self.open).is_some()
    }

    /// Takes the next sample; buckets ascend.
    pub fn push(&mut self, windows: Option<&[BucketSpan]>, bucket: u32, value: f64) {
        if self.is_empty() {
            self.open = self.open.max(first_open(windows, bucket));
        }
        self.samples.push_back(BucketValue { bucket, value });
    }

    /// The values of the oldest window.
    #[must_use]
    pub fn values(&self, windows: Option<&[BucketSpan]>) -> Vec<f64> {
        let Some(window) = window(windows, self.open) else { return Vec::new() };
        let inside = self.samples.iter().take_while(|one| one.bucket < window.to);
        inside.filter(|one| window.contains(one.bucket)).map(|one| one.value).collect()
    }

    /// Closes the oldest window, lets go of the samples before the next one, and passes over windows that have none;
    /// says how many samples went.
    pub fn close(&mut self, windows: Option<&[BucketSpan]>) -> usize {
        self.open += 1;
        let from = window(windows, self.open).map_or(u32::MAX, |window| window.from);
        let gone = self.samples.partition_point(|one| one.bucket < from);
        self.samples.drain(..gone);
        if let Some(first) = self.samples.front() {
            self.open = self.open.max(first_open(windows, first.bucket));
        }
        gone
    }
}

/// The buckets of a window; none past the last window.
fn window(windows: Option<&[BucketSpan]>, number: u32) -> Option<BucketSpan> {
    windows.map_or(Some(BucketSpan::of(number)), |windows| windows.get(number as usize).copied())
}

/// The first window that is not over before a bucket.
fn first_open(windows: Option<&[BucketSpan]>, bucket: u32) -> u32 {
    let over = |windows: &[BucketSpan]| windows.partition_point(|window| window.to <= bucket);
    windows.map_or(bucket, |windows| u32::try_from(over(windows)).unwrap_or(u32::MAX))
}
