//! Which questions an answer of some times is for.

use std::time::Duration;

use crate::time::{Millis, TimeRange};

/// How much later than its reading a list may be asked for beyond the end of its range: clocks count in pieces.
const GRACE_MS: i64 = 1000;
/// A range that ends so little before its question ends at the present: rows that come later extend it.
const PRESENT_MS: i64 = 60_000;
/// The times of the rows that an answer is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ReadTimes {
    pub(super) range: Option<TimeRange>,
    /// Whether they ended at the present when they were read: no later rows were there.
    is_present: bool,
}

impl ReadTimes {
    /// The times of a question, or none where it says nothing of them.
    pub(super) fn of(range: Option<TimeRange>, now: Millis) -> Self {
        Self { range, is_present: range.is_some_and(|range| range.to >= now.saturating_sub(PRESENT_MS)) }
    }

    /// Whether an answer that was read so long ago is of all times of a question, but those that came since, and of none before
    /// them but what a range that ends now has left behind since.
    pub(super) fn cover(self, asked: Option<TimeRange>, age: Duration) -> bool {
        let since_ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX).saturating_add(GRACE_MS);
        match (self.range, asked) {
            (None, None) => true,
            (Some(own), Some(asked)) => {
                let later_ms = if self.is_present { since_ms } else { 0 };
                let left_behind = asked.from.saturating_sub(own.from);
                (0..=later_ms).contains(&left_behind) && asked.to <= own.to.saturating_add(later_ms)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ranges_that_end_now_slide() {
        let range = |from, to| Some(TimeRange { from, to });
        let age = Duration::from_secs(10);
        let covers = |now, asked| ReadTimes::of(range(100_000, 200_000), now).cover(asked, age);
        assert!(covers(210_000, range(100_000, 200_000)) && covers(210_000, range(110_000, 210_000)));
        assert!(!covers(210_000, range(110_000, 215_000)), "more than the time since");
        assert!(!covers(210_000, range(150_000, 200_000)), "a shorter one has fewer");
        assert!(covers(900_000, range(100_000, 200_000)));
        assert!(!covers(900_000, range(100_000, 200_500)), "nobody looked at the rows behind it");
        assert!(!covers(900_000, range(100_500, 200_000)) && !covers(900_000, None));
    }
}
