//! Number literals, as Prometheus reads Go's.

/// Reads `1.5`, `.5`, `1e-3`, `0x1f`, `0755` (octal, as in Go) and `1_000`; neither sign nor name.
pub(super) fn read(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let radix = match bytes {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', rest @ ..] if !rest.is_empty() && rest.iter().all(|b| matches!(b, b'0'..=b'7' | b'_')) => 8,
        _ => 10,
    };
    let digits = if radix == 16 { &text[2..] } else { text };
    let digits = without_underscores(digits, radix)?;
    if radix == 10 { decimal(&digits) } else { whole(&digits, radix) }
}

/// Reads a number that [`width`] has found, as Go's `ParseInt` with base 0 and, where it gives up, `ParseFloat` do.
pub(super) fn exact(text: &str) -> Option<f64> {
    let digits = |text: &str, radix| i64::from_str_radix(&without_underscores(text, radix)?, radix).ok();
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return digits(hex.strip_prefix('_').unwrap_or(hex), 16).map(|value| value as f64);
    }
    let octal = (text.len() > 1 && text.starts_with('0')).then(|| digits(text, 8)).flatten();
    octal.map(|value| value as f64).or_else(|| decimal(&without_underscores(text, 10)?))
}

/// How many bytes the number takes that `text` begins with, as Prometheus' lexer counts: exponents, dots and
/// underscores come once, not side by side, and not last. None where a letter follows, as in a duration.
pub(super) fn width(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is = |at: usize, set: &[u8]| bytes.get(at).is_some_and(|byte| set.contains(byte));
    let is_hex = is(0, b"0") && is(1, b"xX");
    let digits: &[u8] = if is_hex { b"0123456789abcdefABCDEF" } else { b"0123456789" };
    let mut at = if is_hex { 2 + usize::from(is(2, b"_")) } else { 0 };
    at += usize::from(is(at, b"."));
    at += usize::from(is(at, digits));
    let (mut has_dot, mut has_exponent) = (false, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'.' if has_dot || is_hex || is(at + 1, b"_.") => return None,
            b'.' => (at, has_dot) = (at + 1, true),
            // Also in hexadecimal numbers, once the first digit is read.
            b'e' | b'E' if has_exponent => return None,
            b'e' | b'E' => {
                (at, has_exponent) = (at + 1, true);
                at += usize::from(is(at, b"+-"));
                if at == bytes.len() || is(at, b"._eE") {
                    return None;
                }
            }
            b'_' if at + 1 == bytes.len() || is(at + 1, b"._eE") => return None,
            b'_' => at += 1,
            _ if digits.contains(&byte) => at += 1,
            _ => break,
        }
    }
    (!bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')).then_some(at)
}

/// Underscores may only stand between two digits.
fn without_underscores(text: &str, radix: u32) -> Option<String> {
    let (mut kept, mut after_digit, mut owed) = (String::with_capacity(text.len()), false, false);
    for c in text.chars() {
        let digit = c.is_digit(radix);
        if (owed && !digit) || (c == '_' && !after_digit) {
            return None;
        }
        owed = c == '_';
        after_digit = digit;
        if !owed {
            kept.push(c);
        }
    }
    (!owed).then_some(kept)
}

fn whole(digits: &str, radix: u32) -> Option<f64> {
    if digits.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for c in digits.chars() {
        value = value * f64::from(radix) + f64::from(c.to_digit(radix)?);
    }
    value.is_finite().then_some(value)
}

fn decimal(text: &str) -> Option<f64> {
    // The standard library also takes `inf`, `nan` and a sign.
    let plain = text.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    text.parse::<f64>().ok().filter(|value| plain && value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_in_prometheus() {
        for (text, value) in [
            ("0", 0.0),
            ("1", 1.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("1.5e3", 1500.0),
            ("1e-3", 0.001),
            ("1E+3", 1000.0),
            ("0x1f", 31.0),
            ("0XFF", 255.0),
            ("0x1_0", 16.0),
            ("0755", 493.0),
            ("089", 89.0),
            ("00.5", 0.5),
            ("1_000", 1000.0),
            ("1_000.2_5", 1000.25),
        ] {
            assert_eq!(read(text), Some(value), "{text}");
        }
    }

    #[test]
    fn malformed_numbers_are_refused() {
        for text in
            ["", ".", "1..2", "1e", "1ee5", "0x", "0xg", "1__0", "_1", "1_", "1_.5", "1e999", "inf", "+1", "1.2.3"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
