//! Errors of a text, with their place.

use std::error::Error;
use std::fmt;

use crate::ast::Span;
use crate::error::Kind;

/// Longer words, in characters, are not misspelt keywords, and comparing them costs the square of their length.
const LONGEST_KEYWORD: usize = 16;

/// Why a text is not an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// One sentence that stands alone.
    pub message: String,
    /// The part of the text that it is about; empty at the end of the text.
    pub span: Span,
    /// What could have stood there instead.
    pub expected: Option<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl ParseError {
    pub(super) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), span, expected: None, hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The line of `text` that the error is in, and under it `^^^` below the span.
    ///
    /// `text` is the text that was parsed. A long line is cut to a window around the span.
    #[must_use]
    pub fn caret(&self, text: &str) -> String {
        crate::error::caret(text, self.span)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ParseError {}

impl From<ParseError> for crate::error::Error {
    fn from(error: ParseError) -> Self {
        let wrong = Self::new(Kind::BadTarget, error.message).at(error.span);
        match error.hint {
            Some(hint) => wrong.hint(hint),
            None => wrong,
        }
    }
}

/// The word that `word` is most likely a misspelling of.
pub(super) fn nearest(word: &str, known: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    let length = word.chars().take(LONGEST_KEYWORD + 1).count();
    if !(2..=LONGEST_KEYWORD).contains(&length) {
        return None;
    }
    let word = word.to_ascii_lowercase();
    let furthest = if length > 4 { 2 } else { 1 };
    known
        .into_iter()
        .map(|known| (strsim::osa_distance(&word, known), known))
        .filter(|(distance, _)| (1..=furthest).contains(distance))
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: usize, end: usize) -> ParseError {
        ParseError::new(Span { start, end }, "wrong")
    }

    #[test]
    fn carets_stand_under_the_span_in_characters() {
        assert_eq!(at(4, 7).caret("sum foo"), "sum foo\n    ^^^");
        assert_eq!(at(3, 3).caret("sum"), "sum\n   ^");
        assert_eq!(at(4, 5).caret("ää x"), "ää x\n  ^");
        assert_eq!(at(6, 7).caret("ab\ncd ef\ng"), "cd ef\n   ^");
        assert_eq!(at(0, 9).caret("ab\ncd ef\ng"), "ab\n^^");
        assert_eq!(at(1, 2).caret("\tx"), " x\n ^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_span() {
        let text = format!("{}!{}", "a".repeat(1000), "b".repeat(1000));
        let caret = at(1000, 1001).caret(&text);
        let (line, carets) = caret.split_once('\n').unwrap();
        assert_eq!(line.chars().count(), 80);
        assert_eq!(line.find('!'), carets.find('^'));
        assert_eq!(at(0, 2001).caret(&text).lines().nth(1).unwrap(), "^".repeat(80));
    }

    #[test]
    fn a_span_outside_the_text_is_harmless() {
        assert_eq!(at(70, 90).caret("ä"), "ä\n ^");
        assert_eq!(at(1, 1).caret("ä"), "ä\n^");
        assert_eq!(at(0, 0).caret(""), "\n^");
    }

    #[test]
    fn misspelt_words_find_their_keyword() {
        let known = ["by", "sum", "group_left", "group_right"];
        assert_eq!(nearest("sun", known), Some("sum"));
        assert_eq!(nearest("grup_left", known), Some("group_left"));
        assert_eq!(nearest("yb", known), Some("by"));
        assert_eq!(nearest("sum", known), None);
        assert_eq!(nearest("host", known), None);
        assert_eq!(nearest("漢字", known), None);
        assert_eq!(nearest(&"s".repeat(60_000), known), None);
    }
}
