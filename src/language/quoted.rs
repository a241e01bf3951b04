//! The end of a string literal.

use crate::ast::Span;

use super::ParseError;

/// What ends a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The next quote that no backslash precedes, on the same line: Prometheus.
    SameLine,
    /// The next quote that no backslash precedes.
    Anywhere,
    /// A quote that no backslash precedes and behind which the matchers go on: the value of a matcher
    /// that Grafana has interpolated, because Grafana escapes no quotes.
    Matcher,
}

/// The offset of the quote that closes the string whose opening quote stands at `open`.
pub(super) fn closing(text: &str, open: usize, quote: u8, ending: Ending) -> Result<usize, Box<ParseError>> {
    let bytes = text.as_bytes();
    let mut inner = None;
    let mut at = open + 1;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'\\' && quote != b'`' {
            at += 1;
        } else if byte == b'\n' && quote != b'`' && ending == Ending::SameLine {
            break;
        } else if byte == quote {
            if quote == b'`' || ending != Ending::Matcher || matchers_go_on(&bytes[at + 1..]) {
                return Ok(at);
            }
            inner.get_or_insert(at);
        }
        at += 1;
    }
    Err(Box::new(match inner {
        Some(at) => stray(at),
        None => unterminated(text, open, quote),
    }))
}

/// Whether the text after a quote is a comma, a closing brace, nothing, or another matcher.
///
/// It looks no farther than the next quote, so that all looks together are linear.
fn matchers_go_on(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    let name = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'\\')).count();
    let starts_name = rest.first().is_some_and(|b| !b.is_ascii_digit());
    match (name, rest) {
        (0, [] | [b',' | b'}', ..]) => true,
        (1.., _) if starts_name => matches!(rest[name..].trim_ascii_start(), [b'=', ..] | [b'!', b'=' | b'~', ..]),
        _ => false,
    }
}

fn stray(at: usize) -> ParseError {
    let span = Span { start: at, end: at + 1 };
    let mut error = ParseError::new(span, "a quote inside a label's value: expected `,` or `}` after it")
        .hint("a quote ends a value only before `,`, `}` or another matcher; write `\\\"` for a quote in the value");
    error.expected = Some("`,` or `}`".to_owned());
    error
}

fn unterminated(text: &str, open: usize, quote: u8) -> ParseError {
    let quote = char::from(quote);
    let end = text[open..].find('\n').map_or(text.len(), |at| open + at);
    let error = ParseError::new(Span { start: open, end }, format!("unterminated string: expected a closing {quote}"));
    if quote != '`' && text[open..].contains(&format!("\\{quote}")) {
        return error
            .hint(format!("`\\{quote}` is a quote inside the string; a backslash at its end is written `\\\\`"));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str, ending: Ending) -> Result<&str, String> {
        let quote = text.as_bytes()[0];
        closing(text, 0, quote, ending).map(|end| &text[1..end]).map_err(|error| error.message)
    }

    #[test]
    fn plain_strings_end_at_the_first_free_quote() {
        for (text, expected) in [
            (r#""a""#, "a"),
            (r#""a\"b" + "c""#, r#"a\"b"#),
            (r#""a\\" + "c""#, r"a\\"),
            ("'a\"b'", "a\"b"),
            (r"`a\`", r"a\"),
            ("`a\nb`", "a\nb"),
            (r#""\ä""#, r"\ä"),
        ] {
            assert_eq!(body(text, Ending::SameLine), Ok(expected), "{text}");
            assert_eq!(body(text, Ending::Anywhere), Ok(expected), "{text}");
        }
        assert_eq!(body("\"a\nb\"", Ending::Anywhere), Ok("a\nb"));
        assert!(body("\"a\nb\"", Ending::SameLine).is_err());
    }

    #[test]
    fn interpolated_values_may_hold_quotes() {
        for (text, expected) in [
            (r#""a"}"#, "a"),
            (r#""a" , x="b"}"#, "a"),
            (r#""a""#, "a"),
            (r#""say "hi"","#, r#"say "hi""#),
            (r#""a "b" c"}"#, r#"a "b" c"#),
            (r#""a" x="b"}"#, "a"),
            (r#""a" x !~ "b"}"#, "a"),
            (r#""a" x !b"}"#, r#"a" x !b"#),
            (r#""a"x"}"#, r#"a"x"#),
            (r#""a\"}"}"#, r#"a\"}"#),
            (r#""C:\\"}"#, r"C:\\"),
            (r#"'it's'}"#, "it's"),
            (r"`a`b`}", "a"),
        ] {
            assert_eq!(body(text, Ending::Matcher), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_never_ends_is_named() {
        assert_eq!(body("\"a", Ending::Anywhere), Err("unterminated string: expected a closing \"".into()));
        assert_eq!(body("`a", Ending::SameLine), Err("unterminated string: expected a closing `".into()));
        assert_eq!(body(r#""a\"}"#, Ending::Matcher), Err("unterminated string: expected a closing \"".into()));
        assert_eq!(
            body(r#""a") by (x)"#, Ending::Matcher),
            Err("a quote inside a label's value: expected `,` or `}` after it".into())
        );
        let hint = closing(r#""a\"}"#, 0, b'"', Ending::Matcher).unwrap_err().hint;
        assert_eq!(hint.unwrap(), r#"`\"` is a quote inside the string; a backslash at its end is written `\\`"#);
    }
}
