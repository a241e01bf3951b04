//! The text of a label's value in SQL, and texts from outside in the type of the column that they are compared with.

use std::net::IpAddr;

use super::{Param, Writer};
use crate::catalog::{Column, ColumnType};

/// Writes a label's column as it is grouped by: the column itself where equal values have equal texts, so that no row
/// pays for a cast.
pub(super) fn grouped(w: &mut Writer, column: &Column) {
    let (before, after) = around(&column.ty);
    w.syntax(before).cell(column).syntax(after);
}

/// Writes the text of `v.x`, a value of that type.
pub(super) fn walked(w: &mut Writer, ty: &ColumnType) {
    let (before, after) = around(ty);
    w.syntax(before).syntax("v.x").syntax(after).syntax("::text");
}

/// What makes texts equal where values are. The cast of an address says its mask always, its output does not.
const fn around(ty: &ColumnType) -> (&'static str, &'static str) {
    match ty {
        ColumnType::Inet => ("abbrev(", ")"),
        ColumnType::Numeric { bounded: false } => ("trim_scale(", ")"),
        ColumnType::Citext | ColumnType::Scalar(_) => ("(", "::text)"),
        _ => ("", ""),
    }
}

/// Writes `column = ANY($n)` in the column's own type, so that an index on it serves. A text that no value of the
/// type can have drops out of the list, and so fails no cast.
pub(super) fn compared(w: &mut Writer, column: &Column, values: &[String], operator: &'static str) {
    let ty = &column.ty;
    match ty {
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => {
            let numbers = values.iter().filter_map(|value| canonical_int(value)).collect();
            w.cell(column).syntax(operator).param(Param::Ints(numbers)).syntax(")");
        }
        ColumnType::Oid => {
            let is_oid = |number: &i64| u32::try_from(*number).is_ok();
            let numbers = values.iter().filter_map(|value| canonical_int(value)).filter(is_oid).collect();
            w.cell(column).syntax(operator).param(Param::Ints(numbers)).syntax("::oid[])");
        }
        ColumnType::Text | ColumnType::Varchar | ColumnType::Name => {
            w.cell(column).syntax(operator).param(Param::Texts(values.to_vec())).syntax(")");
        }
        _ => match own_type(ty) {
            Some((cast, is_value)) => {
                let values = values.iter().filter(|value| is_value(value)).cloned().collect();
                w.cell(column).syntax(operator).param(Param::Texts(values)).syntax(cast);
            }
            None => {
                w.cell(column).syntax("::text").syntax(operator).param(Param::Texts(values.to_vec())).syntax(")");
            }
        },
    }
}

/// The cast of a list of texts to a type, and whether a text is one of its values.
type OwnType = (&'static str, fn(&str) -> bool);

fn own_type(ty: &ColumnType) -> Option<OwnType> {
    Some(match ty {
        ColumnType::Uuid => ("::uuid[])", is_uuid),
        ColumnType::Inet => ("::inet[])", |text| address(text).is_some()),
        ColumnType::Cidr => ("::cidr[])", is_network),
        ColumnType::Macaddr => ("::macaddr[])", |text| is_hex_pairs(text, 6)),
        ColumnType::Macaddr8 => ("::macaddr8[])", |text| is_hex_pairs(text, 8)),
        ColumnType::Bytea => ("::bytea[])", is_bytes),
        ColumnType::Date => ("::date[])", is_date),
        ColumnType::Numeric { .. } => ("::numeric[])", is_decimal),
        ColumnType::Float8 => ("::float8[])", |text| is_float(text, |n| n != 0.0 && n.is_finite())),
        #[expect(clippy::cast_possible_truncation, reason = "that is what is asked")]
        ColumnType::Float4 => ("::float4[])", |text| is_float(text, |n| n as f32 != 0.0 && (n as f32).is_finite())),
        _ => return None,
    })
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

/// An address and how many of its bits are the network's.
fn address(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(all), |bits| u32::try_from(canonical_int(bits)?).ok())?;
    (bits <= all).then_some((address, bits))
}

/// Whether an address has no bits behind its mask.
fn is_network(text: &str) -> bool {
    address(text).is_some_and(|(address, bits)| match address {
        IpAddr::V4(own) => own.to_bits().checked_shl(bits).unwrap_or(0) == 0,
        IpAddr::V6(own) => own.to_bits().checked_shl(bits).unwrap_or(0) == 0,
    })
}

fn is_hex_pairs(text: &str, pairs: usize) -> bool {
    text.len() == 3 * pairs - 1
        && text.bytes().enumerate().all(|(at, b)| if at % 3 == 2 { b == b':' } else { is_hex(b) })
}

fn is_bytes(text: &str) -> bool {
    text.strip_prefix("\\x").is_some_and(|digits| digits.len() % 2 == 0 && digits.bytes().all(is_hex))
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok_and(|day| day.to_string() == text)
}

/// Digits with a point among them perhaps, few enough for any of PostgreSQL's types.
fn is_decimal(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| (1..=300).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    matches!(text, "NaN") || is_digits(whole.strip_prefix('-').unwrap_or(whole)) && is_digits(fraction)
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
        let is = |ty: ColumnType, text: &str| own_type(&ty).is_some_and(|(_, is_value)| is_value(text));
        for (ty, good, bad) in [
            (
                ColumnType::Inet,
                vec!["10.0.0.1", "10.0.0.1/8", "::1", "fe80::1/64"],
                vec!["", "10.0.0", "10.0.0.1/33", "::1/-1", "1/2/3"],
            ),
            (
                ColumnType::Cidr,
                vec!["10.0.0.0/8", "10.0.0.1/32", "0.0.0.0/0", "2001:db8::/32"],
                vec!["10.0.0.1/8", "2001:db8::1/32", "x"],
            ),
            (
                ColumnType::Macaddr,
                vec!["08:00:2b:01:02:03"],
                vec!["08:00:2b:01:02", "08-00-2b-01-02-03", "08:00:2b:01:02:0g"],
            ),
            (ColumnType::Macaddr8, vec!["08:00:2b:01:02:03:04:05"], vec!["08:00:2b:01:02:03"]),
            (ColumnType::Bytea, vec!["\\x", "\\x00ff"], vec!["x00", "\\x0", "\\xzz"]),
            (ColumnType::Date, vec!["2025-06-02"], vec!["2025-6-2", "2025-02-30", "today", "infinity"]),
            (ColumnType::Numeric { bounded: true }, vec!["1", "-1.50", "NaN"], vec!["1e5", "1.", ".5", "--1", "a"]),
            (ColumnType::Float8, vec!["1.5", "1e+300", "0", "-0", "NaN"], vec!["1e999", "1e-999", "x", "e5"]),
            (ColumnType::Float4, vec!["1.5", "1e+20"], vec!["1e+300", "1e-300"]),
            (
                ColumnType::Uuid,
                vec!["00000000-0000-0000-0000-00000000000a"],
                vec!["a", "00000000-0000-0000-0000-00000000000g"],
            ),
        ] {
            good.iter().for_each(|text| assert!(is(ty.clone(), text), "{ty} {text}"));
            bad.iter().for_each(|text| assert!(!is(ty.clone(), text), "{ty} {text}"));
        }
        assert_eq!(canonical_int("007"), None);
    }
}
