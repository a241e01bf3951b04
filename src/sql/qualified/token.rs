//! The tokens of a statement, with the space before each.

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SqlToken<'a> {
    /// The space before it.
    pub space: &'a str,
    pub text: &'a str,
    pub kind: SqlTokenKind,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SqlTokenKind {
    /// A word that is not quoted.
    Word,
    Number,
    Operator,
    /// A string, a quoted name, a parameter, a bracket, a comma.
    Other,
}

impl SqlToken<'_> {
    /// Whether it is a word in capitals.
    pub(super) fn is_syntax(&self) -> bool {
        self.kind == SqlTokenKind::Word && self.text.starts_with(|c: char| c.is_ascii_uppercase())
    }
}

/// Cuts a statement.
pub(super) fn tokens(text: &str) -> Vec<SqlToken<'_>> {
    let mut found = Vec::with_capacity(text.len() / 4);
    let mut rest = text;
    loop {
        let (space, after) = rest.split_at(rest.len() - rest.trim_start().len());
        let Some(first) = after.chars().next() else { return found };
        let (kind, length) = measure(after, first);
        let (token, left) = after.split_at(length);
        found.push(SqlToken { space, text: token, kind });
        rest = left;
    }
}

fn measure(text: &str, first: char) -> (SqlTokenKind, usize) {
    match first {
        'E' if text[1..].starts_with('\'') => (SqlTokenKind::Other, 1 + closed(&text[1..], '\'', true)),
        '\'' => (SqlTokenKind::Other, closed(text, '\'', false)),
        '"' => (SqlTokenKind::Other, closed(text, '"', false)),
        '0'..='9' => (SqlTokenKind::Number, number(text)),
        '$' => (SqlTokenKind::Other, 1 + span(&text[1..], |c| c.is_ascii_digit())),
        _ if is_operator(first) => (SqlTokenKind::Operator, span(text, is_operator)),
        _ if first.is_alphabetic() || first == '_' => {
            (SqlTokenKind::Word, span(text, |c| c.is_alphanumeric() || c == '_'))
        }
        ':' if text.starts_with("::") => (SqlTokenKind::Other, 2),
        _ => (SqlTokenKind::Other, first.len_utf8()),
    }
}

fn is_operator(c: char) -> bool {
    "+-*/<>=~!@#%^&|?`".contains(c)
}

fn span(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// The length of what a quote opens. A doubled quote stands for itself: here, for two that follow each other.
fn closed(text: &str, quote: char, has_escapes: bool) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == quote && !is_escaped;
        is_escaped = has_escapes && *c == '\\' && !is_escaped;
        ends
    });
    let end = end.map_or(text.len(), |(at, _)| at + 1);
    if text[end..].starts_with(quote) { end + closed(&text[end..], quote, has_escapes) } else { end }
}

fn number(text: &str) -> usize {
    let digits = span(text, |c| c.is_ascii_digit() || c == '.');
    let Some(exponent) = text[digits..].strip_prefix('e') else { return digits };
    let sign = usize::from(exponent.starts_with(['-', '+']));
    digits + 1 + sign + span(&exponent[sign..], |c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_numbers_and_operators_are_whole() {
        let texts = |text: &'static str| tokens(text).iter().map(|token| token.text).collect::<Vec<_>>();
        assert_eq!(texts(r#"t."a""b" >= 'it''s (' "#), [r"t", ".", r#""a""b""#, ">=", "'it''s ('"]);
        assert_eq!(texts(r"E'\'\\' ~ $12::text[]"), [r"E'\'\\'", "~", "$12", "::", "text", "[", "]"]);
        assert_eq!(texts("-1.5e-308 * 400e3"), ["-", "1.5e-308", "*", "400e3"]);
        assert_eq!(texts("x #>> '{a}'"), ["x", "#>>", "'{a}'"]);
        assert_eq!(texts("'never closed"), ["'never closed"]);
    }
}
