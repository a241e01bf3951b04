//! Numbers as Go writes them: the shortest decimal that reads back as the same number, and of two that are equally near the
//! one whose last digit is even. Prometheus writes so into labels, and two spellings are two labels.

use std::fmt;

/// Fewer digits than these are never one of two that are equally near.
const LEAST_DIGITS: usize = 15;

/// A number without an exponent.
#[derive(Clone, Copy, Debug)]
pub struct Plain(pub f64);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match named(self.0) {
            Some(name) => f.write_str(name),
            None if may_be_between(self.0) => f.write_str(&even(self.0, self.0.to_string())),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Without an exponent.
#[must_use]
pub fn plain(value: f64) -> String {
    Plain(value).to_string()
}

/// With an exponent: `1e-7`, `1.5e21`.
#[must_use]
pub fn scientific(value: f64) -> String {
    named(value).map_or_else(|| even(value, format!("{value:e}")), str::to_owned)
}

/// With an exponent of two digits where that is below -4 or above 5: Go's verb `%g`.
#[must_use]
pub fn brief(value: f64) -> String {
    if let Some(name) = named(value) {
        return name.to_owned();
    }
    let scientific = scientific(value);
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return plain(value);
    }
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs())
}

fn named(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        return Some("NaN");
    }
    value.is_infinite().then_some(if value > 0.0 { "+Inf" } else { "-Inf" })
}

/// The text with its last digit made even, where the digit beside it would be as near.
fn even(value: f64, shown: String) -> String {
    if !may_be_between(value) {
        return shown;
    }
    let scientific = format!("{value:e}");
    let mantissa = scientific.split('e').next().unwrap_or_default();
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    if digits < LEAST_DIGITS {
        return shown;
    }
    // One digit more is exact where two are equally near, and it is a 5.
    let exact = format!("{value:.digits$e}");
    let exact = exact.split('e').next().unwrap_or_default();
    if !exact.ends_with('5') {
        return shown;
    }
    let all = format!("{value:.800e}");
    let rest = all.strip_prefix(exact).and_then(|rest| rest.split('e').next());
    if !rest.is_some_and(|rest| rest.bytes().all(|digit| digit == b'0')) {
        return shown;
    }
    let is_below = exact.strip_suffix('5') == Some(mantissa);
    let end = shown.find('e').unwrap_or(shown.len());
    let Some(at) = shown.as_bytes()[..end].iter().rposition(|byte| (b'1'..=b'9').contains(byte)) else { return shown };
    let last = shown.as_bytes()[at];
    if last.is_multiple_of(2) {
        return shown;
    }
    let other = char::from(if is_below { last + 1 } else { last - 1 });
    let changed = format!("{}{other}{}", &shown[..at], &shown[at + 1..]);
    if changed.parse() == Ok(value) { changed } else { shown }
}

/// Whether a number may lie in the middle of two decimals: its digits are few more than needed, which those of most are not.
fn may_be_between(value: f64) -> bool {
    let bits = value.to_bits();
    let (fraction, exponent) = (bits & ((1 << 52) - 1), (bits >> 52) & 0x7ff);
    if exponent == 0 || exponent == 0x7ff {
        return false;
    }
    let odd = fraction | (1 << 52);
    // The number is an odd number times two to this power.
    let power = i64::try_from(exponent).unwrap_or_default() - 1075 + i64::from(odd.trailing_zeros());
    let odd = odd >> odd.trailing_zeros();
    match u32::try_from(-power) {
        // A number between two decimals has at least 16 digits, and few more; 5 to the 26th has more.
        Ok(places @ 1..=25) => {
            (1_000_000_000_000_000..1_000_000_000_000_000_000).contains(&(u128::from(odd) * 5_u128.pow(places)))
        }
        Ok(0) | Err(_) => value.abs() > 9e15,
        Ok(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 83.288360595703125.
    const BETWEEN: f64 = 2729193.0 / 32768.0;

    /// The texts are those of Go 1.27, as Prometheus 3.5 writes them into labels.
    #[test]
    fn of_two_that_are_equally_near_the_even_one_is_written() {
        for (value, text) in [
            (BETWEEN, "83.28836059570312"),
            (-BETWEEN, "-83.28836059570312"),
            (83.288_360_595_703_12, "83.28836059570312"),
            (0.1 + 0.2, "0.30000000000000004"),
            (0.0, "0"),
            (-0.0, "-0"),
            (1e21, "1000000000000000000000"),
            (1.0 / 3.0, "0.3333333333333333"),
            (5e-324, &format!("0.{}5", "0".repeat(323))),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(plain(value), text);
        }
        assert_eq!((scientific(BETWEEN), scientific(1e21)), ("8.328836059570312e1".into(), "1e21".into()));
    }

    /// Numbers with few digits too many: values of `real` columns, and sums of these.
    #[test]
    fn the_last_digit_is_the_even_one_wherever_two_are_as_near() {
        let mut found = 0;
        for places in [1_i32, 3, 5, 8, 10, 12, 15, 18, 20] {
            for at in 1..1000_u64 {
                // Of 16 to 18 digits.
                let odd = 10_u64.pow(16) / 5_u64.pow(places.unsigned_abs()) * at / 10 + 1;
                let value = odd as f64 / 2_f64.powi(places);
                let (text, exact) = (plain(value), format!("{value:.60}"));
                assert_eq!(text.parse(), Ok(value), "{text}");
                let exact = exact.trim_end_matches('0');
                if exact.len() == text.len() + 1 && exact.ends_with('5') {
                    assert!(text.as_bytes().last().is_some_and(|last| last.is_multiple_of(2)), "{text} of {exact}");
                    found += 1;
                }
            }
        }
        assert!(found > 100, "{found}");
    }

    #[test]
    fn brief_numbers_have_an_exponent_of_two_digits() {
        for (value, text) in [
            (1.5, "1.5"),
            (2.0, "2"),
            (-0.00001, "-1e-05"),
            (0.0001, "0.0001"),
            (100_000.0, "100000"),
            (1e6, "1e+06"),
            (1.25e7, "1.25e+07"),
            (12_345_678.0, "1.2345678e+07"),
            (1e300, "1e+300"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(brief(value), text);
        }
    }
}
