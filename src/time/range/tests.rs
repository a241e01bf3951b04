//! Spellings of instants and the ranges between them.

use super::Rounding::{End, Start};
use super::*;

/// 2025-03-31T10:20:30.456Z, a Monday, the day after Berlin's clocks went forward.
const NOW: Millis = 1_743_416_430_456;

fn berlin(text: &str, rounding: Rounding) -> String {
    to_rfc3339(parse_instant(text, NOW, rounding, &Zone::parse("Europe/Berlin").unwrap()).unwrap())
}

#[test]
fn absolute_spellings() {
    for (text, at) in [
        ("2018-04-15T04:57:48.126Z", "2018-04-15T04:57:48.126Z"),
        ("2018-04-15t04:57:48.1269z", "2018-04-15T04:57:48.126Z"),
        ("2018-04-15 04:57:48.5+02:00", "2018-04-15T02:57:48.500Z"),
        ("2018-04-15 04:57:48,123456789 -0330", "2018-04-15T08:27:48.123Z"),
        ("2018-04-15T04:57+02", "2018-04-15T02:57:00.000Z"),
        ("2018-04-15T04:57:48", "2018-04-15T02:57:48.000Z"),
        ("2018-04-15", "2018-04-14T22:00:00.000Z"),
        ("2025-03-30T02:30:00", "2025-03-30T01:30:00.000Z"),
        ("2025-10-26T02:30:00", "2025-10-26T01:30:00.000Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999Z"),
        ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
        ("+2018-04-15T00:00Z", "2018-04-15T00:00:00.000Z"),
        (" 1523768268126 ", "2018-04-15T04:57:48.126Z"),
        ("1523768268126.9", "2018-04-15T04:57:48.126Z"),
        ("1.5e12", "2017-07-14T02:40:00.000Z"),
        ("1523768268", "2018-04-15T04:57:48.000Z"),
        ("1523768268.126", "2018-04-15T04:57:48.126Z"),
        ("99999999999", "5138-11-16T09:46:39.000Z"),
        ("100000000000", "1973-03-03T09:46:40.000Z"),
        ("2018", "1970-01-01T00:33:38.000Z"),
        ("-1", "1969-12-31T23:59:59.000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ] {
        assert_eq!(berlin(text, Start), at, "{text}");
    }
}

#[test]
fn relative_spellings() {
    for (text, start, end) in [
        ("now", "2025-03-31T10:20:30.456Z", "2025-03-31T10:20:30.456Z"),
        ("now-6h", "2025-03-31T04:20:30.456Z", "2025-03-31T04:20:30.456Z"),
        ("now + 1h", "2025-03-31T11:20:30.456Z", "2025-03-31T11:20:30.456Z"),
        ("now-250ms", "2025-03-31T10:20:30.206Z", "2025-03-31T10:20:30.206Z"),
        // Two days back on the calendar is 47 hours: the clocks went forward between.
        ("now-2d", "2025-03-29T11:20:30.456Z", "2025-03-29T11:20:30.456Z"),
        ("now/d", "2025-03-30T22:00:00.000Z", "2025-03-31T22:00:00.000Z"),
        ("now-1d/d", "2025-03-29T23:00:00.000Z", "2025-03-30T22:00:00.000Z"),
        ("now-1d/w", "2025-03-23T23:00:00.000Z", "2025-03-30T22:00:00.000Z"),
        ("now/w", "2025-03-30T22:00:00.000Z", "2025-04-06T22:00:00.000Z"),
        ("now-1M/M", "2025-01-31T23:00:00.000Z", "2025-02-28T23:00:00.000Z"),
        ("now-1M", "2025-02-28T11:20:30.456Z", "2025-02-28T11:20:30.456Z"),
        ("now/Q", "2024-12-31T23:00:00.000Z", "2025-03-31T22:00:00.000Z"),
        ("now/fQ", "2024-12-31T23:00:00.000Z", "2025-03-31T22:00:00.000Z"),
        ("now-1y/fy", "2023-12-31T23:00:00.000Z", "2024-12-31T23:00:00.000Z"),
        ("now/h", "2025-03-31T10:00:00.000Z", "2025-03-31T11:00:00.000Z"),
        ("now/d+6h", "2025-03-31T04:00:00.000Z", "2025-04-01T04:00:00.000Z"),
        ("now-d", "2025-03-30T10:20:30.456Z", "2025-03-30T10:20:30.456Z"),
        ("now-0d", "2025-03-31T10:20:30.456Z", "2025-03-31T10:20:30.456Z"),
    ] {
        assert_eq!((berlin(text, Start), berlin(text, End)), (start.into(), end.into()), "{text}");
    }
}

#[test]
fn hostile_spellings_are_refused_in_words() {
    let far = "9".repeat(60);
    for text in [
        "0000-01-01T00:00:00Z",
        "294276-12-31T00:00:00Z",
        "+010000-01-01T00:00:00.000Z",
        "-0001-01-01",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
        "1e300",
        &far,
        "-9223372036854775808",
        "9223372036854775807",
        "now-99999999999999999999d",
        "now+9223372036854775807y",
        "now-9223372036854775807ms",
        "now-9223372036854775807w",
        "now+4294967295M",
        "now-20000y",
        "now-106751991167d",
    ] {
        let error = parse_instant(text, NOW, End, &Zone::UTC).unwrap_err();
        assert_eq!(error, RangeError::OutOfBounds { text: text.into() });
    }
    let long = "now-1d".repeat(10_000);
    for text in [
        "",
        " ",
        "now-",
        "now/",
        "now/2d",
        "now*2",
        "now-1",
        "now-1x",
        "nowadays",
        "NOW",
        "now-1.5h",
        "2018-02-30",
        "2018-04-15T",
        "2018-04-15T25:00Z",
        "2018-04-15T24:00Z",
        "2018-4-15",
        "2018-04-15T04:57:61Z",
        "2018-04-15T04:57:48.Z",
        "2018-04-15T04:57:48.1234567890Z",
        "2018-04-15T04:57:48+2",
        "2018-04-15T04:57:48+24:00",
        "2018-04-15T04:57:48+02:00Z",
        "NaN",
        "inf",
        "-inf",
        "--1",
        "+1",
        ".5",
        "1e",
        "0x10",
        "1_000",
        "infinity",
        "日本-01-01",
        "now-１h",
        "nowé1d",
        "2018-04-15T04:57:48+é0",
        "2018-04-15Té",
        "\0",
        "'; drop table t; --",
        "2018-04-15T04:57:48.1é2Z",
        &long,
    ] {
        let error = parse_instant(text, NOW, Start, &Zone::UTC).unwrap_err();
        assert!(matches!(&error, RangeError::Unreadable { .. }), "{text:?}: {error}");
        assert!(error.to_string().len() < 500);
    }
    for now in [i64::MIN, i64::MAX] {
        for text in ["now", "now/d", "now+1d", "now-1M/M", "now/ms", "now/h"] {
            assert!(parse_instant(text, now, End, &Zone::UTC).is_err(), "{text}");
        }
    }
}

#[test]
fn ranges() {
    assert_eq!(TimeRange::new(1, 3).unwrap().length_ms(), 2);
    let says = |from, to| TimeRange::new(from, to).unwrap_err().to_string();
    assert_eq!(
        says(1_000, 0),
        "the time range ends before it starts: from 1970-01-01T00:00:01.000Z to 1970-01-01T00:00:00.000Z"
    );
    assert_eq!(says(7, 7), "the time range is empty: it starts and ends at 1970-01-01T00:00:00.007Z");
    assert_eq!(says(0, i64::MAX), "the time \"9223372036854775807\" lies outside the years 1 to 9999");
    assert!(TimeRange::new(MIN_INSTANT, MAX_INSTANT).is_ok());
    assert!(TimeRange::new(MIN_INSTANT - 1, 0).is_err());
}
