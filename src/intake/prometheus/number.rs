//! Times, durations and limits as the Prometheus API reads them.

use super::shortened;
use crate::error::{Error, Kind};
use crate::language;
use crate::time::{Millis, parse_rfc3339};

/// The farthest times in either direction: about 292 million years, as Prometheus has them.
const FARTHEST_MS: f64 = 9_223_372_036_854_000.0;

/// Reads a time: seconds since 1970, rounded to the millisecond, or RFC 3339, cut to it.
pub(super) fn instant(name: &str, text: &str) -> Result<Millis, Error> {
    let seconds = float(text);
    let read = match seconds {
        Some(seconds) if seconds.is_nan() => None,
        Some(seconds) if seconds.is_infinite() => Some(FARTHEST_MS.copysign(seconds) as Millis),
        Some(seconds) => {
            let ms = seconds.trunc().mul_add(1000.0, (seconds.fract() * 1000.0).round());
            Some(ms.clamp(-FARTHEST_MS, FARTHEST_MS) as Millis)
        }
        None => parse_rfc3339(text),
    };
    read.ok_or_else(|| {
        let shown = shortened(text);
        Error::new(Kind::BadRange, format!("invalid parameter {name:?}: cannot parse {shown:?} to a valid timestamp"))
    })
}

/// Reads a duration in nanoseconds: decimal seconds, or PromQL's `1m30s`.
pub(super) fn nanos(name: &str, text: &str) -> Result<i64, Error> {
    let wrong = |why: &str| {
        let shown = shortened(text);
        Error::new(
            Kind::BadRange,
            format!("invalid parameter {name:?}: cannot parse {shown:?} to a valid duration{why}"),
        )
    };
    if let Some(seconds) = float(text) {
        let nanos = seconds * 1e9;
        if nanos.is_nan() {
            return Err(wrong(""));
        }
        // Both ends of an i64 as floats; the upper one is just outside.
        let fits = (-9.223_372_036_854_776e18..9.223_372_036_854_776e18).contains(&nanos);
        return if fits { Ok(nanos as i64) } else { Err(wrong(". It overflows int64")) };
    }
    let ms = language::duration_ms(text).ok_or_else(|| wrong(""))?;
    Ok(ms.saturating_mul(1_000_000))
}

/// Reads a decimal number as Go does: single underscores may stand between digits.
fn float(text: &str) -> Option<f64> {
    if !text.contains('_') {
        return text.parse().ok();
    }
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let is_between = |at: usize| at > 0 && is_digit(bytes.get(at - 1)) && is_digit(bytes.get(at + 1));
    let underscores = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'_');
    underscores.map(|(at, _)| at).all(is_between).then(|| text.replace('_', "").parse().ok()).flatten()
}

/// Reads how many entries are wanted; none where all are: 0, or nothing.
pub(super) fn limit(name: &str, text: &str) -> Result<Option<usize>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |why: String| Error::new(Kind::BadRequest, format!("invalid parameter {name:?}: {why}"));
    let number =
        text.parse::<i64>().map_err(|_| wrong(format!("cannot parse {:?} to a whole number", shortened(text))))?;
    let number = usize::try_from(number).map_err(|_| wrong("limit must be non-negative".to_owned()))?;
    Ok(Some(number).filter(|number| *number > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_to_milliseconds_or_cut() {
        for (text, ms) in [
            ("1767573817.5", 1_767_573_817_500),
            ("1.767573e9", 1_767_573_000_000),
            ("1_767_573_000", 1_767_573_000_000),
            (".9996", 1000),
            ("1767573817.9996", 1_767_573_818_000),
            ("-0.0004", 0),
            ("-1.5", -1500),
            ("1767573817500", 1_767_573_817_500_000),
            ("1e30", 9_223_372_036_854_000),
            ("-Inf", -9_223_372_036_854_000),
            ("2026-01-05T00:43:37.5009Z", 1_767_573_817_500),
        ] {
            assert_eq!(instant("time", text), Ok(ms), "{text}");
        }
        for text in ["", " 1", "now", "2026-01-05", "NaN", "1s", "x", "1__0", "_1", "1_", "1_.5"] {
            let error = instant("start", text).unwrap_err();
            let message = format!("invalid parameter \"start\": cannot parse {text:?} to a valid timestamp");
            assert_eq!((error.kind, error.message), (Kind::BadRange, message));
        }
    }

    #[test]
    fn durations_are_seconds_or_words() {
        for (text, expected) in [
            ("0.5", Some(500_000_000)),
            ("6e1", Some(60_000_000_000)),
            ("1_5", Some(15_000_000_000)),
            ("-1", Some(-1_000_000_000)),
            ("0", Some(0)),
            ("15s", Some(15_000_000_000)),
            ("1m30s", Some(90_000_000_000)),
            ("500ms", Some(500_000_000)),
            ("1ns", None),
            ("NaN", None),
            ("Inf", None),
            ("1e30", None),
            ("", None),
            ("1 m", None),
        ] {
            assert_eq!(nanos("step", text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn limits_are_whole_and_not_negative() {
        for (text, expected) in [
            ("", Ok(None)),
            ("0", Ok(None)),
            ("2", Ok(Some(2))),
            ("-1", Err(())),
            ("1.5", Err(())),
            ("x", Err(())),
            ("1e3", Err(())),
        ] {
            assert_eq!(
                limit("limit", text).map_err(|error| assert_eq!(error.kind, Kind::BadRequest)),
                expected,
                "{text}"
            );
        }
    }
}
