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
