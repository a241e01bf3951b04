//! How long what was read of a source may be answered from again.

use std::time::Duration;

use super::Source;

/// The default of `settles`, in milliseconds.
const SETTLES_MS: i64 = 60_000;
/// The default of `max_age`.
const MAX_AGE: Duration = Duration::from_secs(300);

/// When a bucket is settled: no more rows of its time are expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettleDelay {
    /// So many milliseconds after its end.
    After(i64),
    /// Never: nothing of the source is stored.
    Never,
}

/// How long the buckets of a source may be answered from again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachePolicy {
    /// How long after its end a bucket is settled, in milliseconds; none where it never is.
    pub settles_ms: Option<i64>,
    /// How long what was read is believed.
    pub max_age: Duration,
}

impl Source {
    /// How long its buckets may be answered from again: what the operator says, else from two sampling intervals after
    /// their end on, for five minutes.
    #[must_use]
    pub fn keeping(&self) -> CachePolicy {
        let usual = self.interval_ms.map_or(0, |interval| interval.saturating_mul(2)).max(SETTLES_MS);
        let settles_ms = match self.settles {
            Some(SettleDelay::Never) => None,
            Some(SettleDelay::After(ms)) => Some(ms),
            None => Some(usual),
        };
        CachePolicy { settles_ms, max_age: self.max_age.unwrap_or(MAX_AGE) }
    }
}
