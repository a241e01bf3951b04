//! The value of a string literal.

use crate::ast::Span;

use super::reading::without_escapes;
use super::token::Quoted;
use super::{Dialect, ParseError};

/// The value of a string that is not a matcher's: an argument, or a name in quotes.
pub(super) fn value(text: &str, quoted: Quoted, dialect: Dialect) -> Result<String, Box<ParseError>> {
    let raw = &text[quoted.body.start..quoted.body.end];
    match dialect {
        _ if quoted.raw => Ok(raw.to_owned()),
        Dialect::Json => Ok(without_escapes(raw, |c| matches!(c, '\\' | '"' | '\''))),
        // Prometheus places what is wrong inside of a string at its beginning.
        Dialect::PromQl => unquoted(text, quoted.body).map_err(|mut error| {
            error.span = Span { start: quoted.body.start - 1, end: quoted.body.end + 1 };
            error
        }),
    }
}

/// Undoes Go's escapes. They may spell bytes, so that the result is checked as a whole.
fn unquoted(text: &str, body: Span) -> Result<String, Box<ParseError>> {
    let quote = text.as_bytes().get(body.end).map_or('"', |byte| char::from(*byte));
    let mut bytes = Vec::with_capacity(body.end - body.start);
    let mut rest = &text[body.start..body.end];
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let start = body.end - rest.len() + at;
        rest = escape(&rest[at + 1..], quote, &mut bytes).ok_or_else(|| unknown_escape(text, start, body.end))?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    let whole = |message| Box::new(ParseError::new(body, message));
    if bytes.contains(&0) {
        return Err(whole("the string contains a NUL character"));
    }
    String::from_utf8(bytes).map_err(|_| whole("the string's escapes do not make up UTF-8"))
}

/// Appends what the escape stands for; `rest` begins after its backslash and the answer after it.
fn escape<'a>(rest: &'a str, quote: char, bytes: &mut Vec<u8>) -> Option<&'a str> {
    let kind = rest.chars().next()?;
    let tail = &rest[kind.len_utf8()..];
    let simple = match kind {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        '"' | '\'' if kind == quote => rest.as_bytes()[0],
        'x' => return digits(tail, 2, 16).and_then(|(code, tail)| byte(code, tail, bytes)),
        '0'..='7' => return digits(rest, 3, 8).and_then(|(code, tail)| byte(code, tail, bytes)),
        'u' => return digits(tail, 4, 16).and_then(|(code, tail)| character(code, tail, bytes)),
        'U' => return digits(tail, 8, 16).and_then(|(code, tail)| character(code, tail, bytes)),
        _ => return None,
    };
    bytes.push(simple);
    Some(tail)
}

fn digits(text: &str, count: usize, radix: u32) -> Option<(u32, &str)> {
    let digits = text.get(..count).filter(|digits| digits.chars().all(|c| c.is_digit(radix)))?;
    Some((u32::from_str_radix(digits, radix).ok()?, &text[count..]))
}

fn byte<'a>(code: u32, tail: &'a str, bytes: &mut Vec<u8>) -> Option<&'a str> {
    bytes.push(u8::try_from(code).ok()?);
    Some(tail)
}

fn character<'a>(code: u32, tail: &'a str, bytes: &mut Vec<u8>) -> Option<&'a str> {
    bytes.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut [0; 4]).as_bytes());
    Some(tail)
}

fn unknown_escape(text: &str, start: usize, limit: usize) -> Box<ParseError> {
    let shown = text[start + 1..limit].chars().next();
    let end = start + 1 + shown.map_or(0, char::len_utf8);
    let message = format!("unknown escape `{}` in a string", &text[start..end]);
    Box::new(
        ParseError::new(Span { start, end }, message)
            .hint("a backslash itself is written `\\\\`, or the string in backticks"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, dialect: Dialect) -> Result<String, String> {
        let body = Span { start: 1, end: text.len() - 1 };
        value(text, Quoted { raw: text.starts_with('`'), body }, dialect).map_err(|error| error.message)
    }

    #[test]
    fn prometheus_reads_go_escapes() {
        for (text, expected) in [
            (r#""a\"b\\c""#, r#"a"b\c"#),
            (r"'a\'b'", "a'b"),
            (r#""\n\t\r\a\b\f\v""#, "\n\t\r\u{7}\u{8}\u{c}\u{b}"),
            (r#""\x41\101A\U0001F600""#, "AAA😀"),
            (r#""\xc3\xa4""#, "ä"),
            (r"`a\nb`", r"a\nb"),
            (r#""ä""#, "ä"),
        ] {
            assert_eq!(read(text, Dialect::PromQl).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn bad_escapes_have_their_own_sentences() {
        for (text, message) in [
            (r#""web\.01""#, r"unknown escape `\.` in a string"),
            (r#""\'""#, r"unknown escape `\'` in a string"),
            (r#""\xg0""#, r"unknown escape `\x` in a string"),
            (r#""\777""#, r"unknown escape `\7` in a string"),
            (r#""\ud800""#, r"unknown escape `\u` in a string"),
            (r#""\ä""#, r"unknown escape `\ä` in a string"),
            (r#""\x00""#, "the string contains a NUL character"),
            (r#""\xff""#, "the string's escapes do not make up UTF-8"),
        ] {
            assert_eq!(read(text, Dialect::PromQl), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_json_dialect_keeps_other_backslashes() {
        for (text, expected) in
            [(r#""(.*)\.x""#, r"(.*)\.x"), (r#""(.*)\\.x""#, r"(.*)\.x"), (r#""a\"b""#, r#"a"b"#), (r"`a\\b`", r"a\\b")]
        {
            assert_eq!(read(text, Dialect::Json).as_deref(), Ok(expected), "{text}");
        }
    }
}
