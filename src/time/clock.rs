//! Where the current time comes from.

use chrono::Utc;

use super::Millis;

/// The source of the current time, so that tests and replays can hold it still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that always shows this instant.
    Fixed(Millis),
}

impl Clock {
    /// The current instant, in ms since 1970 UTC.
    #[must_use]
    pub fn now(self) -> Millis {
        match self {
            Self::System => Utc::now().timestamp_millis(),
            Self::Fixed(at) => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_stands_and_the_system_clock_is_past_2025() {
        assert_eq!(Clock::Fixed(-7).now(), -7);
        assert!(Clock::System.now() > 1_735_689_600_000);
    }
}
