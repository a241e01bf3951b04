//! Whether a text is the text of some value of a type, judged as PostgreSQL writes its values.

use std::net::IpAddr;

use chrono::NaiveDate;

use crate::catalog::{ColumnType, UpperBound};
use crate::decimal;

/// What a text is to a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextFit {
    /// The text of one of its values.
    Exact,
    /// Reads as one of its values, whose own text may be another.
    Equal,
    /// The text of none of its values.
    No,
}

impl TextFit {
    const fn exact(is: bool) -> Self {
        if is { Self::Exact } else { Self::No }
    }

    const fn equal(is: bool) -> Self {
        if is { Self::Equal } else { Self::No }
    }
}

/// The cast of a list to a type, and the test of a text.
pub(super) type OwnType = (&'static str, fn(&str) -> TextFit);

/// How texts are compared with the values of a type; none where only the texts of values are compared.
pub(super) fn own_type(ty: &ColumnType) -> Option<OwnType> {
    Some(match ty {
        ColumnType::Text | ColumnType::Varchar | ColumnType::Name => ("", |_| TextFit::Exact),
        // Trailing blanks are not told apart, and the text has none.
        ColumnType::Bpchar => ("::bpchar[]", |text| TextFit::exact(!text.ends_with(' '))),
        ColumnType::Bool => ("::bool[]", |text| TextFit::exact(matches!(text, "true" | "false"))),
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => {
            ("", |text| TextFit::exact(canonical_int(text).is_some()))
        }
        ColumnType::Oid => {
            ("::oid[]", |text| TextFit::exact(canonical_int(text).is_some_and(|number| u32::try_from(number).is_ok())))
        }
        ColumnType::Scalar(name) if name == "char" => ("::\"char\"[]", one_byte),
        ColumnType::Uuid => ("::uuid[]", |text| TextFit::exact(is_uuid(text))),
        ColumnType::Inet => ("::inet[]", |text| address(text).map_or(TextFit::No, |own| own.as_inet())),
        ColumnType::Cidr => ("::cidr[]", |text| address(text).map_or(TextFit::No, |own| own.as_network())),
        ColumnType::Macaddr => ("::macaddr[]", |text| TextFit::exact(is_hex_pairs(text, 6))),
        ColumnType::Macaddr8 => ("::macaddr8[]", |text| TextFit::exact(is_hex_pairs(text, 8))),
        ColumnType::Bytea => ("::bytea[]", |text| TextFit::exact(is_bytes(text))),
        ColumnType::Date => ("::date[]", |text| TextFit::exact(is_date(text))),
        ColumnType::Numeric { bounded: false } => ("::numeric[]", |text| TextFit::exact(is_trimmed(text))),
        // How many digits follow the point is the column's to say.
        ColumnType::Numeric { bounded: true } => {
            ("::numeric[]", |text| if text == "NaN" { TextFit::Exact } else { TextFit::equal(is_decimal(text)) })
        }
        ColumnType::Float8 => ("::float8[]", |text| TextFit::equal(is_float(text, |n| n != 0.0 && n.is_finite()))),
        #[expect(clippy::cast_possible_truncation, reason = "that is what is asked")]
        ColumnType::Float4 => {
            ("::float4[]", |text| TextFit::equal(is_float(text, |n| n as f32 != 0.0 && (n as f32).is_finite())))
        }
        ColumnType::UpperBound(UpperBound::Integer) => ("::numeric[]", |text| TextFit::exact(is_bound(text))),
        ColumnType::UpperBound(UpperBound::Float8) => ("::float8[]", |text| TextFit::exact(is_bound(text))),
        ColumnType::UpperBound(UpperBound::Float4) => {
            ("::float4[]", |text| TextFit::equal(is_bound(text) && is_small(text)))
        }
        // A number may have more digits than are looked at.
        ColumnType::UpperBound(UpperBound::Numeric) => {
            ("::numeric[]", |text| TextFit::equal(is_bound(text) || is_decimal(text)))
        }
        _ => return None,
    })
}

/// Whether Go writes a number so.
fn is_bound(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|number| number.to_bits() != (-0.0_f64).to_bits() && decimal::brief(number) == text)
}

/// Whether a number that is not infinite is within the range of `real`.
#[expect(clippy::cast_possible_truncation, reason = "that is what is asked")]
fn is_small(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|n| !n.is_finite() || n == 0.0 || n as f32 != 0.0 && (n as f32).is_finite())
}

/// A `"char"` is a byte, which is written as three octal digits where it is no ASCII; the zero is empty.
fn one_byte(text: &str) -> TextFit {
    if text.len() == 4 { TextFit::equal(text.starts_with('\\')) } else { TextFit::exact(text.len() <= 1) }
}

/// Whether a text is an `ltree` in every version and locale.
pub(super) fn is_path(text: &str) -> bool {
    let is_label =
        |label: &str| (1..=255).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    text.is_empty() || text.len() < 60_000 && text.split('.').all(is_label)
}

/// The number that is written exactly so; `007` is not the text of any stored 7.
fn canonical_int(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| number.to_string() == text)
}

/// Whether PostgreSQL writes a uuid so.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| if matches!(at, 8 | 13 | 18 | 23) { b == b'-' } else { is_hex(b) })
}

const fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')
}

/// An address, and how many of its bits are the network's where that is said.
struct Address {
    own: IpAddr,
    bits: Option<u32>,
}

fn address(text: &str) -> Option<Address> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let own: IpAddr = address.parse().ok()?;
    let bits = bits.map(|bits| canonical_int(bits).and_then(|bits| u32::try_from(bits).ok()).ok_or(())).transpose();
    bits.ok().map(|bits| Address { own, bits }).filter(|own| own.bits.is_none_or(|bits| bits <= own.all()))
}

impl Address {
    const fn all(&self) -> u32 {
        if self.own.is_ipv4() { 32 } else { 128 }
    }

    /// The longer addresses have several spellings.
    const fn spelled(&self) -> TextFit {
        if self.own.is_ipv4() { TextFit::Exact } else { TextFit::Equal }
    }

    /// The text of an address has no mask of all bits.
    fn as_inet(&self) -> TextFit {
        if self.bits == Some(self.all()) { TextFit::No } else { self.spelled() }
    }

    /// A network's text has its mask always, and its address no bits behind that.
    fn as_network(&self) -> TextFit {
        let rest = |bits: u32| match self.own {
            IpAddr::V4(own) => u128::from(own.to_bits().checked_shl(bits).unwrap_or(0)),
            IpAddr::V6(own) => own.to_bits().checked_shl(bits).unwrap_or(0),
        };
        if self.bits.is_some_and(|bits| rest(bits) == 0) { self.spelled() } else { TextFit::No }
    }
}

fn is_hex_pairs(text: &str, pairs: usize) -> bool {
    text.len() == 3 * pairs - 1
        && text.bytes().enumerate().all(|(at, b)| if at % 3 == 2 { b == b':' } else { is_hex(b) })
}

fn is_bytes(text: &str) -> bool {
    text.strip_prefix("\\x").is_some_and(|digits| digits.len() % 2 == 0 && digits.bytes().all(is_hex))
}

/// Whether PostgreSQL writes a date so: years of four digits at least, and of its calendar, 4713 BC to 5874897.
fn is_date(text: &str) -> bool {
    let (date, before) = text.strip_suffix(" BC").map_or((text, false), |date| (date, true));
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return matches!(text, "infinity" | "-infinity") };
    let padded =
        |text: &str, width: usize| text.parse().ok().filter(|number: &u32| format!("{number:0width$}") == text);
    let (Some(year), Some(month), Some(day)) = (padded(year, 4), padded(month, 2), padded(day, 2)) else {
        return false;
    };
    let in_calendar =
        if before { year <= 4712 || (year == 4713 && (month, day) >= (11, 24)) } else { year <= 5_874_897 };
    // The year before 1 is 1 BC; leap years come round every 400.
    let Some(year) = i64::from(year).checked_sub(1).filter(|_| year > 0 && in_calendar) else { return false };
    let number = if before { -year } else { year + 1 };
    i32::try_from(number.rem_euclid(400) + 2000).is_ok_and(|year| NaiveDate::from_ymd_opt(year, month, day).is_some())
}

/// The digits of a numeric before and after its point, at most.
const NUMERIC_DIGITS: (usize, usize) = (131_072, 16_383);

/// The digits before and after the point of a decimal that is written as PostgreSQL writes them.
fn decimal(text: &str) -> Option<(&str, &str)> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_digits = |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let is_whole = is_digits(digits, NUMERIC_DIGITS.0) && (digits == "0" || !digits.starts_with('0'));
    let is_zero = !text.bytes().any(|b| matches!(b, b'1'..=b'9'));
    let is_fraction = fraction.is_none_or(|fraction| is_digits(fraction, NUMERIC_DIGITS.1));
    (is_whole && is_fraction && !(is_zero && digits.len() < whole.len()))
        .then(|| (digits, fraction.unwrap_or_default()))
}

fn is_decimal(text: &str) -> bool {
    decimal(text).is_some()
}

/// Whether a numeric without trailing zeros is written so.
fn is_trimmed(text: &str) -> bool {
    let is_trimmed = |fraction: &str| !fraction.ends_with('0') && fraction.is_empty() != text.contains('.');
    matches!(text, "NaN" | "Infinity" | "-Infinity") || decimal(text).is_some_and(|(_, fraction)| is_trimmed(fraction))
}

/// Whether a float of the type is written so: not beyond its range, and not so small that it would be zero.
fn is_float(text: &str, fits: impl Fn(f64) -> bool) -> bool {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "+00"));
    let is_exponent = |text: &str| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let is_zero = !mantissa.bytes().any(|b| matches!(b, b'1'..=b'9'));
    is_decimal(mantissa) && is_exponent(exponent) && (is_zero || text.parse().is_ok_and(fits))
        || matches!(text, "NaN" | "Infinity" | "-Infinity")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_that_a_type_has_are_compared_with_it() {
        let fits = |ty: &ColumnType, text: &str| own_type(ty).map(|(_, fit)| fit(text));
        for (ty, exact, equal, no) in [
            (
                ColumnType::Inet,
                vec!["10.0.0.1", "10.0.0.1/8"],
                vec!["::1", "fe80::1/64", "::0001"],
                vec!["", "10.0.0", "10.0.0.1/33", "10.0.0.1/32", "::1/128", "::1/-1", "1/2/3", "010.0.0.1"],
            ),
            (
                ColumnType::Cidr,
                vec!["10.0.0.0/8", "10.0.0.1/32", "0.0.0.0/0"],
                vec!["2001:db8::/32"],
                vec!["10.0.0.1/8", "10.0.0.1", "2001:db8::1/32", "x"],
            ),
            (
                ColumnType::Macaddr,
                vec!["08:00:2b:01:02:03"],
                vec![],
                vec!["08:00:2b:01:02", "08-00-2b-01-02-03", "08:00:2b:01:02:0g"],
            ),
            (ColumnType::Macaddr8, vec!["08:00:2b:01:02:03:04:05"], vec![], vec!["08:00:2b:01:02:03"]),
            (ColumnType::Bytea, vec!["\\x", "\\x00ff"], vec![], vec!["x00", "\\x0", "\\xzz"]),
            (ColumnType::Bool, vec!["true", "false"], vec![], vec!["t", "TRUE", "1", ""]),
            (ColumnType::Scalar("char".into()), vec!["a", "", "\\"], vec!["\\303"], vec!["ab", "é", "abcd"]),
            (ColumnType::Bpchar, vec!["a", " a", ""], vec![], vec!["a "]),
            (
                ColumnType::Date,
                vec![
                    "2025-06-02",
                    "infinity",
                    "-infinity",
                    "0044-03-15 BC",
                    "0001-01-01",
                    "5874897-12-31",
                    "4713-11-24 BC",
                ],
                vec![],
                vec![
                    "2025-6-2",
                    "2025-02-30",
                    "today",
                    "5874898-01-01",
                    "4713-11-23 BC",
                    "0000-01-01",
                    "02025-01-01",
                    "-1-01-01",
                ],
            ),
            (ColumnType::Date, vec!["0001-02-29 BC", "0005-02-29 BC", "400000-02-29"], vec![], vec!["0004-02-29 BC"]),
            (
                ColumnType::Numeric { bounded: true },
                vec!["NaN"],
                vec!["1", "-1.50", "0.00"],
                vec!["1e5", "1.", ".5", "--1", "a", "01", "-0.0", "Infinity"],
            ),
            (
                ColumnType::Numeric { bounded: false },
                vec!["1", "-1.5", "0", "NaN", "Infinity", "-Infinity"],
                vec![],
                vec!["1.50", "1.", "0.0", "-0", "1e5"],
            ),
            (ColumnType::Float8, vec![], vec!["1.5", "1e+300", "0", "NaN"], vec!["1e999", "1e-999", "x", "e5", "-0"]),
            (ColumnType::Float4, vec![], vec!["1.5", "1e+20"], vec!["1e+300", "1e-300"]),
            (ColumnType::Int4, vec!["7", "-7"], vec![], vec!["007", "+7", ""]),
            (ColumnType::Oid, vec!["4294967295"], vec![], vec!["4294967296", "-1"]),
            (
                ColumnType::Uuid,
                vec!["00000000-0000-0000-0000-00000000000a"],
                vec![],
                vec!["a", "00000000-0000-0000-0000-00000000000g", "00000000-0000-0000-0000-00000000000A"],
            ),
        ] {
            for (texts, fit) in [(exact, TextFit::Exact), (equal, TextFit::Equal), (no, TextFit::No)] {
                texts.iter().for_each(|text| assert_eq!(fits(&ty, text), Some(fit), "{ty} {text}"));
            }
        }
        assert!(["", "a", "a.B_9"].into_iter().all(is_path));
        assert!(!["a.", ".a", "a b", "a-b", "é"].into_iter().any(is_path));
    }
}
