//! Instants as clients write them, and the range between two of them.

use std::error::Error;
use std::fmt;

use chrono::{Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::ladder::{HOUR, MINUTE, split_run};
use super::rfc3339::to_rfc3339;
use super::{Millis, Step, Zone};

/// 0001-01-01T00:00:00Z.
pub(super) const MIN_INSTANT: Millis = -62_135_596_800_000;
/// 9999-12-31T23:59:59.999Z.
pub(super) const MAX_INSTANT: Millis = 253_402_300_799_999;

/// Numbers of a smaller size are seconds.
const SECONDS_BELOW: f64 = 1e11;

/// No instant that anybody means is longer, and errors quote no more than this.
const MAX_TEXT: usize = 64;

/// A stretch of time, half-open: `from` belongs to it, `to` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// The first instant of the range.
    pub from: Millis,
    /// The first instant after the range.
    pub to: Millis,
}

impl TimeRange {
    /// The earliest instant of a range that is open in front: zones and units of time columns have room before it.
    pub const EARLIEST: Millis = -62_000_000_000_000;
    /// The same of one that is open behind.
    pub const LATEST: Millis = 253_370_764_800_000;

    /// The range between two instants.
    ///
    /// # Errors
    /// [`RangeError::OutOfBounds`] if one lies outside the years 1 to 9999, [`RangeError::Reversed`]
    /// or [`RangeError::Empty`] if `to` is not after `from`.
    pub fn new(from: Millis, to: Millis) -> Result<Self, RangeError> {
        for end in [from, to] {
            if !in_bounds(end) {
                return Err(RangeError::OutOfBounds { text: end.to_string() });
            }
        }
        if to < from {
            return Err(RangeError::Reversed { from, to });
        }
        if to == from {
            return Err(RangeError::Empty { at: from });
        }
        Ok(Self { from, to })
    }

    /// How long the range is, in ms.
    #[must_use]
    pub fn length_ms(&self) -> i64 {
        self.to.saturating_sub(self.from)
    }
}

/// Why an instant or a range cannot be used. Its text is a sentence for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeError {
    /// The range ends before it starts.
    Reversed {
        /// The start that was asked for.
        from: Millis,
        /// The end that was asked for.
        to: Millis,
    },
    /// The range starts and ends at the same instant.
    Empty {
        /// That instant.
        at: Millis,
    },
    /// The instant lies outside the years 1 to 9999.
    OutOfBounds {
        /// The instant as it was written, shortened.
        text: String,
    },
    /// The text is no instant.
    Unreadable {
        /// The text, shortened.
        text: String,
    },
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reversed { from, to } => {
                let (from, to) = (to_rfc3339(*from), to_rfc3339(*to));
                write!(f, "the time range ends before it starts: from {from} to {to}")
            }
            Self::Empty { at } => {
                write!(f, "the time range is empty: it starts and ends at {}", to_rfc3339(*at))
            }
            Self::OutOfBounds { text } => {
                write!(f, "the time {text:?} lies outside the years 1 to 9999")
            }
            Self::Unreadable { text } => write!(
                f,
                "cannot read {text:?} as a time: expected ISO 8601 (2018-04-15T04:57:48Z), \
                 seconds or milliseconds since 1970, or now-6h"
            ),
        }
    }
}

impl Error for RangeError {}

/// Which end of a range an instant is, and so where `/unit` rounds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// Down, to the start of the unit.
    Start,
    /// Up, to the start of the next unit, which is the exclusive end of this one.
    End,
}

/// Reads an instant in any spelling that Grafana and people use:
///
/// - ISO 8601 with up to nine fraction digits (cut to ms), with `Z` or a numeric offset, else on the
///   zone's clocks; a date alone is the start of that day in the zone. Second 60 is the last ms of its minute;
/// - seconds (below 10^11) or milliseconds since 1970 as a number, cut to ms;
/// - `now`, `now-6h`, `now-1d/d`, `now/w`: units `ms s m h d w M Q y`, fiscal `fQ fy` as `Q y`. Days and
///   longer move on the zone's calendar, weeks start on its first weekday.
///
/// # Errors
/// [`RangeError::Unreadable`], or [`RangeError::OutOfBounds`] outside the years 1 to 9999.
pub fn parse_instant(text: &str, now: Millis, rounding: Rounding, zone: &Zone) -> Result<Millis, RangeError> {
    let quoted = || text.chars().take(MAX_TEXT).collect::<String>();
    let trimmed = text.trim();
    let reading = if trimmed.len() > MAX_TEXT {
        Err(InstantError::Unreadable)
    } else if let Some(math) = trimmed.strip_prefix("now") {
        relative(math, now, rounding, zone)
    } else {
        epoch(trimmed).map_or_else(|| iso(trimmed, zone), Ok)
    };
    match reading {
        Ok(at) if in_bounds(at) => Ok(at),
        Ok(_) | Err(InstantError::OutOfBounds) => Err(RangeError::OutOfBounds { text: quoted() }),
        Err(InstantError::Unreadable) => Err(RangeError::Unreadable { text: quoted() }),
    }
}

/// What is wrong with a text, before the text is quoted.
enum InstantError {
    OutOfBounds,
    Unreadable,
}

fn in_bounds(at: Millis) -> bool {
    (MIN_INSTANT..=MAX_INSTANT).contains(&at)
}

/// Seconds or milliseconds since 1970: a number below 10^11 is seconds, which ends in the year 5138, and milliseconds
/// of that size are before March 1973. A float holds every ms of the years 1 to 9999 exactly, and beyond them it
/// saturates.
fn epoch(text: &str) -> Option<Millis> {
    let number = text.strip_prefix('-').unwrap_or(text);
    if !number.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let number = text.parse::<f64>().ok()?;
    Some(if number.abs() < SECONDS_BELOW { (number * 1000.0).round() } else { number } as Millis)
}

fn relative(math: &str, now: Millis, rounding: Rounding, zone: &Zone) -> Result<Millis, InstantError> {
    let math: String = math.chars().filter(|c| !c.is_whitespace()).collect();
    let (mut at, mut rest) = (now, math.as_str());
    if !in_bounds(now) {
        return Err(InstantError::OutOfBounds);
    }
    while let Some(operator) = rest.chars().next() {
        let (digits, after) = split_run(&rest[operator.len_utf8()..], u8::is_ascii_digit);
        let (name, after) = split_run(after, u8::is_ascii_alphabetic);
        let name = if matches!(name, "fQ" | "fy") { &name[1..] } else { name };
        let unit = Step::unit(name).ok_or(InstantError::Unreadable)?;
        let count = match digits {
            "" => 1,
            _ => digits.parse::<i64>().map_err(|_| InstantError::OutOfBounds)?,
        };
        let moved = match operator {
            '+' => moved(at, count, unit, zone),
            '-' => moved(at, -count, unit, zone),
            '/' if count == 1 => Some(rounded(at, unit, rounding, zone)),
            _ => return Err(InstantError::Unreadable),
        };
        at = moved.filter(|at| in_bounds(*at)).ok_or(InstantError::OutOfBounds)?;
        rest = after;
    }
    Ok(at)
}

/// An instant moved by a number of units, days and longer on the zone's calendar; `None` beyond it.
fn moved(at: Millis, count: i64, unit: Step, zone: &Zone) -> Option<Millis> {
    let days = match unit {
        _ if count == 0 => return Some(at),
        Step::Millis(length) => return at.checked_add(length.checked_mul(count)?),
        Step::Months(n) => {
            let months = Months::new(u32::try_from(count.unsigned_abs()).ok()?.checked_mul(n)?);
            let local = zone.to_local(at);
            let there = if count < 0 { local.checked_sub_months(months) } else { local.checked_add_months(months) };
            return Some(zone.local_to_utc(there?));
        }
        Step::Days(n) => count.checked_mul(i64::from(n))?,
        Step::WholeRange => count,
    };
    let there = zone.to_local(at).checked_add_signed(TimeDelta::try_days(days)?)?;
    Some(zone.local_to_utc(there))
}

fn rounded(at: Millis, unit: Step, rounding: Rounding, zone: &Zone) -> Millis {
    let next = i64::from(rounding == Rounding::End);
    if let Step::Millis(length) = unit {
        let local = at.saturating_add(zone.offset_ms(at));
        return at - local.rem_euclid(length) + next * length;
    }
    unit.period_start(unit.period_at(at, zone) + next, zone)
}

fn iso(text: &str, zone: &Zone) -> Result<Millis, InstantError> {
    let Some((date, time)) = text.split_once(['T', 't', ' ']) else {
        return Ok(zone.start_of_local(iso_date(text)?));
    };
    let date = iso_date(date)?;
    let suffix = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, offset) = time.split_at(suffix);
    let local = date.and_time(iso_time(clock.trim_end()).ok_or(InstantError::Unreadable)?);
    if offset.is_empty() {
        return Ok(zone.local_to_utc(local));
    }
    let offset = iso_offset(offset).ok_or(InstantError::Unreadable)?;
    Ok(NaiveDateTime::and_utc(&local).timestamp_millis() - offset)
}

fn iso_date(text: &str) -> Result<NaiveDate, InstantError> {
    let mut parts = text.rsplitn(3, '-');
    let mut part = || parts.next().ok_or(InstantError::Unreadable);
    let (day, month, year) = (part()?, part()?, part()?);
    let two = |text| digits(text, 2..=2).ok_or(InstantError::Unreadable);
    let (day, month) = (two(day)?, two(month)?);
    let unsigned = year.strip_prefix(['+', '-']).unwrap_or(year);
    let number = digits(unsigned, 4..=6).ok_or(InstantError::Unreadable)?;
    if year.starts_with('-') || !(1..=9_999).contains(&number) {
        return Err(InstantError::OutOfBounds);
    }
    let year = i32::try_from(number).map_err(|_| InstantError::OutOfBounds)?;
    NaiveDate::from_ymd_opt(year, month, day).ok_or(InstantError::Unreadable)
}

fn iso_time(text: &str) -> Option<NaiveTime> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (digits(parts.next()?, 2..=2)?, digits(parts.next()?, 2..=2)?);
    let (second, fraction) = match parts.next() {
        None => ("00", "0"),
        Some(seconds) => seconds.split_once(['.', ',']).unwrap_or((seconds, "0")),
    };
    let second = digits(second, 2..=2)?;
    digits(fraction, 1..=9)?;
    let milli = digits(&format!("{fraction:0<3}")[..3], 3..=3)?;
    let (second, milli) = if second == 60 { (59, 999) } else { (second, milli) };
    NaiveTime::from_hms_milli_opt(hour, minute, second, milli)
}

/// `Z`, `+02`, `+0200` or `+02:00`, in ms.
fn iso_offset(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = text.split_at_checked(1)?;
    let (hours, minutes) = rest.split_at_checked(2)?;
    let minutes = minutes.strip_prefix(':').unwrap_or(if minutes.is_empty() { "00" } else { minutes });
    let (hours, minutes) = (digits(hours, 2..=2)?, digits(minutes, 2..=2)?);
    let ahead = i64::from(hours) * HOUR + i64::from(minutes) * MINUTE;
    (hours < 24 && minutes < 60).then_some(if sign == "-" { -ahead } else { ahead })
}

/// A number of nothing but so many ASCII digits.
fn digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let plain = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
