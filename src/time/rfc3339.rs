//! Instants as RFC 3339 writes them: what Prometheus' clients send besides numbers.

use chrono::{DateTime, SecondsFormat};

use super::Millis;

/// Reads `2026-01-05T00:00:00.000Z`: a date, a capital T, a time with any fraction behind a point or a comma, and a zone.
/// Digits beyond the millisecond are cut. No second is the sixtieth, as in Go.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Millis> {
    let bytes = text.as_bytes();
    let is_strict = bytes.get(10) == Some(&b'T') && !text.ends_with('z') && bytes.get(17..19) != Some(b"60");
    let text = if bytes.get(19) == Some(&b',') { text.replacen(',', ".", 1) } else { text.to_owned() };
    let instant = is_strict.then(|| DateTime::parse_from_rfc3339(&text).ok()).flatten()?;
    Some(instant.timestamp_millis())
}

/// Writes an instant with milliseconds, in UTC; one outside of the calendar as a number.
#[must_use]
pub fn to_rfc3339(at: Millis) -> String {
    let written = |date: DateTime<_>| date.to_rfc3339_opts(SecondsFormat::Millis, true);
    DateTime::from_timestamp_millis(at).map_or_else(|| at.to_string(), written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_read_as_in_prometheus() {
        for (text, ms) in [
            ("2026-01-05T00:00:00.000Z", Some(1_767_571_200_000)),
            ("2026-01-05T00:00:00Z", Some(1_767_571_200_000)),
            ("2026-01-05T01:00:00.123999999+01:00", Some(1_767_571_200_123)),
            ("1969-12-31T23:59:59.9999Z", Some(-1)),
            ("2026-01-05T00:00:00,5Z", Some(1_767_571_200_500)),
            ("2026-01-05T00:00:59Z", Some(1_767_571_259_000)),
            ("2026-01-05T00:00:60Z", None),
            ("2026-01-05t00:00:00Z", None),
            ("2026-01-05T00:00:00z", None),
            ("2026-01-05 00:00:00Z", None),
            ("2026-01-05T00:00:00", None),
            ("2026-01-05", None),
            ("now", None),
            ("", None),
        ] {
            assert_eq!(parse_rfc3339(text), ms, "{text}");
        }
    }
}
