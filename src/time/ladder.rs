//! Bucket widths: what they are called, how long they count as, and the ladder of those that are
//! chosen when nobody asks for one.

use std::fmt;

use chrono::{Datelike, NaiveDate};

use super::{Millis, Zone};

pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// The most years a step may have. More is no use, and a grid that is floored to such steps would
/// leave the dates that PostgreSQL has.
const MAX_YEARS: u32 = 1_000;

/// The width of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// An exact duration, in ms.
    Millis(i64),
    /// That many calendar days of the zone, each 23 to 25 hours long where the clocks change. Multiples of 7 begin on
    /// the week's first day; the others are counted from Monday 2000-01-03.
    Days(u32),
    /// That many calendar months of the zone: 1 a month, 3 a quarter, 12 a year. Counted from year 0,
    /// so that quarters start in January, April, … and five-year steps in years divisible by five.
    Months(u32),
    /// The whole range is one bucket.
    WholeRange,
}

/// The steps that are chosen from, ascending by [`Step::length_ms`].
pub(super) const LADDER: [Step; 42] = [
    Step::Millis(1),
    Step::Millis(2),
    Step::Millis(5),
    Step::Millis(10),
    Step::Millis(20),
    Step::Millis(50),
    Step::Millis(100),
    Step::Millis(200),
    Step::Millis(500),
    Step::Millis(SECOND),
    Step::Millis(2 * SECOND),
    Step::Millis(5 * SECOND),
    Step::Millis(10 * SECOND),
    Step::Millis(15 * SECOND),
    Step::Millis(20 * SECOND),
    Step::Millis(30 * SECOND),
    Step::Millis(MINUTE),
    Step::Millis(2 * MINUTE),
    Step::Millis(5 * MINUTE),
    Step::Millis(10 * MINUTE),
    Step::Millis(15 * MINUTE),
    Step::Millis(20 * MINUTE),
    Step::Millis(30 * MINUTE),
    Step::Millis(HOUR),
    Step::Millis(2 * HOUR),
    Step::Millis(3 * HOUR),
    Step::Millis(6 * HOUR),
    Step::Millis(12 * HOUR),
    Step::Days(1),
    Step::Days(7),
    Step::Months(1),
    Step::Months(3),
    Step::Months(12),
    Step::Months(2 * 12),
    Step::Months(5 * 12),
    Step::Months(10 * 12),
    Step::Months(20 * 12),
    Step::Months(50 * 12),
    Step::Months(100 * 12),
    Step::Months(200 * 12),
    Step::Months(500 * 12),
    Step::Months(1_000 * 12),
];

impl Step {
    /// The length the step counts as wherever lengths are compared, in ms: a day 24 hours, a week 7
    /// days, a month 30, a quarter 91, a year 365. The whole range is longer than anything.
    #[must_use]
    pub fn length_ms(self) -> i64 {
        match self {
            Self::Millis(length) => length,
            Self::Days(n) => i64::from(n) * DAY,
            Self::Months(n) => {
                let (years, rest) = (i64::from(n / 12), i64::from(n % 12));
                (years * 365 + rest / 3 * 91 + rest % 3 * 30) * DAY
            }
            Self::WholeRange => i64::MAX,
        }
    }

    /// The step of so many ms: whole days are the calendar's.
    #[must_use]
    pub fn of_length(ms: i64) -> Self {
        let days = u32::try_from(ms / DAY).ok().filter(|days| *days > 0 && ms % DAY == 0);
        days.map_or(Self::Millis(ms), Self::Days)
    }

    /// Reads a step as a question writes it: `500ms`, `90s`, `1h30m`, `1d`, `2w`, `1mo`, `1q`, `5y`
    /// (also `M` and `Q` as in Grafana).
    ///
    /// What is written in days and weeks alone is the calendar's, as months, quarters and years always are; every other
    /// length is exact (`24h`, `1d12h`). Compound lengths run from the larger unit to the smaller. `None` for anything
    /// else, for nothing and for more than 1,000 years.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mut rest, mut parts, mut exact, mut above) = (text.trim(), 0, 0_i64, i64::MAX);
        loop {
            let (digits, after) = split_run(rest, u8::is_ascii_digit);
            let (name, after) = split_run(after, u8::is_ascii_alphabetic);
            let (count, unit) = (digits.parse::<u32>().ok()?, Self::unit(name)?);
            parts += 1;
            if parts == 1 && after.is_empty() {
                return unit.times(count).filter(|step| step.is_sound());
            }
            if matches!(unit, Self::Months(_)) || unit.length_ms() >= above {
                return None;
            }
            above = unit.length_ms();
            exact = exact.checked_add(above.checked_mul(i64::from(count))?)?;
            if after.is_empty() {
                let step = if matches!(unit, Self::Days(_)) { Self::of_length(exact) } else { Self::Millis(exact) };
                return Some(step).filter(|step| step.is_sound());
            }
            rest = after;
        }
    }

    /// One unit by its name, in Grafana's letters and ours.
    pub(super) fn unit(name: &str) -> Option<Self> {
        Some(match name {
            "ms" => Self::Millis(1),
            "s" => Self::Millis(SECOND),
            "m" => Self::Millis(MINUTE),
            "h" => Self::Millis(HOUR),
            "d" => Self::Days(1),
            "w" => Self::Days(7),
            "mo" | "M" => Self::Months(1),
            "q" | "Q" => Self::Months(3),
            "y" => Self::Months(12),
            _ => return None,
        })
    }

    fn times(self, count: u32) -> Option<Self> {
        Some(match self {
            Self::Months(n) => Self::Months(n.checked_mul(count)?),
            Self::Days(n) => Self::Days(n.checked_mul(count)?),
            Self::Millis(length) => Self::Millis(length.checked_mul(i64::from(count))?),
            Self::WholeRange => Self::WholeRange,
        })
    }

    /// Whether buckets of this width can be cut at all: longer than nothing, at most 1,000 years.
    pub(super) fn is_sound(self) -> bool {
        match self {
            Self::Millis(length) => (1..=i64::from(MAX_YEARS) * 366 * DAY).contains(&length),
            Self::Months(n) => (1..=MAX_YEARS * 12).contains(&n),
            Self::Days(n) => (1..=MAX_YEARS * 366).contains(&n),
            Self::WholeRange => true,
        }
    }

    /// The number of the calendar period that an instant lies in; 0 for steps without periods.
    pub(super) fn period_at(self, at: Millis, zone: &Zone) -> i64 {
        let date = zone.to_local(at).date();
        let day = i64::from(date.num_days_from_ce());
        match self {
            Self::Days(n) => (day - first_day(n, zone)).div_euclid(i64::from(n.max(1))),
            Self::Months(n) => (i64::from(date.year()) * 12 + i64::from(date.month0())).div_euclid(i64::from(n.max(1))),
            Self::Millis(_) | Self::WholeRange => 0,
        }
    }

    /// The instant at which the calendar period of that number starts in the zone. Beyond the
    /// calendar it is the calendar's last day.
    pub(super) fn period_start(self, period: i64, zone: &Zone) -> Millis {
        let day = |number: i64| i32::try_from(number).ok().and_then(NaiveDate::from_num_days_from_ce_opt);
        let date = match self {
            Self::Days(n) => day(period.saturating_mul(i64::from(n)).saturating_add(first_day(n, zone))),
            Self::Months(n) => month(period.saturating_mul(i64::from(n))),
            Self::Millis(_) | Self::WholeRange => None,
        };
        zone.start_of_local(date.unwrap_or(NaiveDate::MAX))
    }
}

/// Monday 2000-01-03 in days since the year 1.
const MONDAY: i64 = 730_122;

/// The day from which steps of so many days are counted: a Monday, or the first day of its week.
fn first_day(days: u32, zone: &Zone) -> i64 {
    let since_first = i64::from(zone.first_weekday().num_days_from_monday());
    MONDAY - if days.is_multiple_of(7) { (7 - since_first) % 7 } else { 0 }
}

/// The first day of a month by its number, counted from January of year 0.
fn month(number: i64) -> Option<NaiveDate> {
    let year = i32::try_from(number.div_euclid(12)).ok()?;
    let month = u32::try_from(number.rem_euclid(12)).ok()?;
    NaiveDate::from_ymd_opt(year, month + 1, 1)
}

/// Splits off the leading ASCII bytes that belong to a class.
pub(super) fn split_run(text: &str, class: impl Fn(&u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|byte| !class(&byte)).unwrap_or(text.len());
    text.split_at(end)
}

/// The shortest spelling that [`Step::parse`] reads as the same step (`whole range` has none).
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Days(n) if n % 7 == 0 => write!(f, "{}w", n / 7),
            Self::Days(n) => write!(f, "{n}d"),
            Self::Months(n) if n % 12 == 0 => write!(f, "{}y", n / 12),
            Self::Months(n) if n % 3 == 0 => write!(f, "{}q", n / 3),
            Self::Months(n) => write!(f, "{n}mo"),
            Self::WholeRange => f.write_str("whole range"),
            // Days alone would be the calendar's.
            Self::Millis(length) if length > 0 && length % DAY == 0 => write!(f, "{}h", length / HOUR),
            Self::Millis(length) if length <= 0 => write!(f, "{length}ms"),
            Self::Millis(mut rest) => {
                for (unit, name) in [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (1, "ms")] {
                    if rest >= unit {
                        write!(f, "{}{name}", rest / unit)?;
                        rest %= unit;
                    }
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_ascends_and_reads_back() {
        assert!(LADDER.windows(2).all(|pair| pair[0].length_ms() < pair[1].length_ms()));
        for step in LADDER {
            assert!(step.is_sound());
            assert_eq!(Step::parse(&step.to_string()), Some(step));
        }
    }

    #[test]
    fn written_steps() {
        for (text, step, shown) in [
            ("1ms", Step::Millis(1), "1ms"),
            ("10s", Step::Millis(10_000), "10s"),
            ("1m", Step::Millis(60_000), "1m"),
            ("90s", Step::Millis(90_000), "1m30s"),
            ("1h30m", Step::Millis(5_400_000), "1h30m"),
            ("24h", Step::Millis(DAY), "24h"),
            ("48h", Step::Millis(2 * DAY), "48h"),
            ("1d24h", Step::Millis(2 * DAY), "48h"),
            ("1d", Step::Days(1), "1d"),
            ("2d", Step::Days(2), "2d"),
            ("1d12h", Step::Millis(36 * HOUR), "1d12h"),
            ("1w", Step::Days(7), "1w"),
            ("7d", Step::Days(7), "1w"),
            ("2w", Step::Days(14), "2w"),
            ("1w3d", Step::Days(10), "10d"),
            ("1w7d", Step::Days(14), "2w"),
            ("1mo", Step::Months(1), "1mo"),
            ("1M", Step::Months(1), "1mo"),
            ("3mo", Step::Months(3), "1q"),
            ("1Q", Step::Months(3), "1q"),
            ("4q", Step::Months(12), "1y"),
            ("5y", Step::Months(60), "5y"),
            (" 7m ", Step::Millis(420_000), "7m"),
        ] {
            assert_eq!(Step::parse(text), Some(step), "{text}");
            assert_eq!(step.to_string(), shown);
            assert_eq!(Step::parse(shown), Some(step), "{shown}");
        }
        for bad in [
            "",
            "1",
            "s",
            "0s",
            "-1s",
            "1.5h",
            "1x",
            "1d1d",
            "30m1h",
            "1mo2d",
            "1h2",
            "1001y",
            "99999999999999999999s",
            "4294967295y",
            "4294967295w1h",
            "1 h",
            "１s",
            "1s\0",
            "0y",
        ] {
            assert_eq!(Step::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn nominal_lengths() {
        for (step, days) in [(1, 30), (2, 60), (3, 91), (4, 121), (12, 365), (60, 1_825)] {
            assert_eq!(Step::Months(step).length_ms(), days * DAY);
        }
        assert_eq!(Step::Days(7).length_ms(), 7 * DAY);
    }
}
