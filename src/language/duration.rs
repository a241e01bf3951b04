//! PromQL's durations: `1h30m`.

/// Units from the longest to the shortest, in milliseconds; a duration names them in this order.
const UNITS: [(&str, i64); 7] = [
    ("y", 31_536_000_000),
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Prometheus counts durations in nanoseconds in 64 bits, about 292 years.
pub(super) const LONGEST_MS: i64 = i64::MAX / 1_000_000;

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DurationError {
    /// It is not digits and letters in turn.
    Form,
    /// No such unit.
    Unit(String),
    /// A unit that must come earlier, or is there twice.
    Order(&'static str),
    /// Longer than [`LONGEST_MS`].
    Length,
}

/// Reads `1h30m`, `5m`, `1d`, `500ms`: whole numbers with the units y, w, d, h, m, s, ms, each at
/// most once and in this order. The answer is above zero.
#[must_use]
pub fn duration_ms(text: &str) -> Option<i64> {
    read(text).ok().filter(|ms| *ms > 0)
}

/// As [`duration_ms`], but zero is a duration too.
pub(super) fn read(text: &str) -> Result<i64, DurationError> {
    let (mut rest, mut total, mut allowed) = (text, 0_i64, 0);
    if text.is_empty() {
        return Err(DurationError::Form);
    }
    while !rest.is_empty() {
        let (count, tail) = split(rest, |c| c.is_ascii_digit());
        let (unit, tail) = split(tail, |c| !c.is_ascii_digit());
        if count.is_empty() || !unit.starts_with(|c: char| c.is_alphabetic()) {
            return Err(DurationError::Form);
        }
        let position =
            UNITS.iter().position(|(name, _)| *name == unit).ok_or_else(|| DurationError::Unit(unit.to_owned()))?;
        if position < allowed {
            return Err(DurationError::Order(UNITS[position].0));
        }
        let part = count.parse::<i64>().ok().and_then(|count| count.checked_mul(UNITS[position].1));
        total = part.and_then(|part| total.checked_add(part)).ok_or(DurationError::Length)?;
        (rest, allowed) = (tail, position + 1);
    }
    if total > LONGEST_MS { Err(DurationError::Length) } else { Ok(total) }
}

fn split(text: &str, take: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !take(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_in_prometheus() {
        for (text, ms) in [
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1d", 86_400_000),
            ("1w", 604_800_000),
            ("1y", 31_536_000_000),
            ("500ms", 500),
            ("1y2w3d4h5m6s7ms", 33_019_506_007),
            ("007s", 7_000),
        ] {
            assert_eq!(duration_ms(text), Some(ms), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_has_a_reason() {
        for (text, flaw) in [
            ("", DurationError::Form),
            ("5", DurationError::Form),
            ("m", DurationError::Form),
            ("-5m", DurationError::Form),
            (" 5m", DurationError::Form),
            ("1.5h", DurationError::Form),
            ("1mo", DurationError::Unit("mo".into())),
            ("5M", DurationError::Unit("M".into())),
            ("30m1h", DurationError::Order("h")),
            ("1m1m", DurationError::Order("m")),
            ("300y", DurationError::Length),
            ("99999999999999999999s", DurationError::Length),
            ("9223372036854775807y", DurationError::Length),
        ] {
            assert_eq!(read(text), Err(flaw), "{text}");
            assert_eq!(duration_ms(text), None, "{text}");
        }
        assert_eq!((read("0s"), duration_ms("0s")), (Ok(0), None));
    }
}
