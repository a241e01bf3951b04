//! The pieces that a text is made of.

use crate::ast::{BinaryOp, Span};

use super::ParseError;

/// A piece of the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// What a piece is. Words and strings are decoded where their meaning is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// One past the last piece.
    End,
    /// Text that is no piece of the language; always the last one.
    Bad(Box<ParseError>),
    /// A number.
    Number(f64),
    /// A duration in milliseconds, maybe zero.
    Duration(i64),
    /// A quoted string.
    Text(Quoted),
    /// A name or a keyword.
    Word,
    /// `(a|b)`: several names, decoded.
    Names(Vec<String>),
    /// `$name` or `${name}`, without the decoration.
    Variable(String),
    /// An operator that is not a word.
    Op(BinaryOp),
    ParenOpen,
    ParenClose,
    BraceOpen,
    BraceClose,
    BracketOpen,
    BracketClose,
    Comma,
    Colon,
    At,
    /// `=`
    Assign,
    /// `=~`
    Matches,
    /// `!~`
    MatchesNot,
}

/// Where the parts of a string literal stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quoted {
    /// Whether it stands in backticks, where a backslash is only a backslash.
    pub(super) raw: bool,
    /// The text between the quotes.
    pub(super) body: Span,
}

/// The word in `text` as an operator; case does not matter.
pub(super) fn operator(word: &str) -> Option<BinaryOp> {
    match word.to_ascii_lowercase().as_str() {
        "and" => Some(BinaryOp::And),
        "or" => Some(BinaryOp::Or),
        "unless" => Some(BinaryOp::Unless),
        "atan2" => Some(BinaryOp::Atan2),
        _ => None,
    }
}

/// Words that follow an operator or an operand; the first six can never name a metric.
pub(super) const KEYWORDS: [&str; 12] =
    ["bool", "on", "ignoring", "group_left", "group_right", "atan2", "and", "or", "unless", "by", "without", "offset"];

/// Whether Prometheus never takes the word for a metric's name.
pub(super) fn is_reserved(word: &str) -> bool {
    KEYWORDS[..6].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether Prometheus takes the word for a metric's name also in front of a parenthesis, where nothing can follow it.
pub(super) fn is_never_called(word: &str) -> bool {
    is_keyword(word) || word.contains(':') || ["start", "end"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether Prometheus never takes the word for a label's name in a list; in braces it does.
pub(super) fn is_no_label(word: &str) -> bool {
    ["without", "inf", "nan"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether the word has a meaning in the grammar, so that it cannot name a function.
pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}
