//! Whether a text is JSON that jsonb takes: a cast of what is not would fail the whole statement, and no version before
//! PostgreSQL 16 tells beforehand. <https://www.rfc-editor.org/rfc/rfc8259>

use super::Writer;
use crate::catalog::{Column, ColumnType};

/// How deep the JSON in a text may be nested.
const DEPTH: usize = 8;

/// A string without escapes, as most are.
const STRING: &str = r#""[^"\\\x01-\x1f]*""#;
const NUMBER: &str = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?";

/// Writes a text that holds JSON as jsonb, any other as NULL.
pub(super) fn parsed(w: &mut Writer, column: &Column) {
    w.syntax("CASE WHEN ").cell(column).syntax(" ~ '");
    plain(w);
    w.syntax("' AND ");
    short_numbers(w, column);
    w.syntax(" THEN ").cell(column).syntax("::jsonb WHEN ");
    valid(w, column);
    w.syntax(" AND ");
    storable(w, column);
    w.syntax(" THEN ").cell(column).syntax("::jsonb END");
}

/// Writes the pattern of most documents: an object of atoms and of arrays of atoms, without escapes and exponents. It
/// is matched in one pass, several times as fast as the whole grammar.
fn plain(w: &mut Writer) {
    w.syntax(r"^\{(?:");
    member(w);
    w.syntax("(?:, ?");
    member(w);
    w.syntax(r")*)?\}$");
}

fn member(w: &mut Writer) {
    w.syntax(STRING).syntax(": ?(?:");
    atom(w);
    w.syntax(r"|\[(?:");
    atom(w);
    w.syntax("(?:, ?");
    atom(w);
    w.syntax(r")*)?\])");
}

fn atom(w: &mut Writer) {
    w.syntax("(?:").syntax(STRING).syntax("|").syntax(NUMBER).syntax("|true|false|null)");
}

/// Writes the condition that a text is JSON: strings and atoms become one sign each, and what is nested one more, from
/// the inside out; what is JSON is one sign in the end.
fn valid(w: &mut Writer, column: &Column) {
    w.cell(column).syntax(r" ~ '^\s*[{\[]' AND ").cell(column).syntax(r" !~ '[\x01\x02]' AND ");
    for _ in 0..DEPTH {
        w.syntax("regexp_replace(");
    }
    w.syntax("regexp_replace(regexp_replace(regexp_replace(").cell(column);
    w.syntax(r#", '"([^"\\\x01-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"', E'\x01', 'g')"#);
    w.syntax(r", '-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?|true|false|null', E'\x02', 'g')");
    w.syntax(r", '[ \t\r\n]+', '', 'g')");
    for _ in 0..DEPTH {
        w.syntax(r", '\[([\x01\x02](,[\x01\x02])*)?\]|\{(\x01:[\x01\x02](,\x01:[\x01\x02])*)?\}', E'\x02', 'g')");
    }
    w.syntax(r" = E'\x02'");
}

/// Writes the condition that JSON has nothing that jsonb refuses: \u0000, halves of a pair, numbers beyond numeric.
pub(super) fn storable(w: &mut Writer, column: &Column) {
    w.syntax("regexp_replace(");
    text(w, column);
    w.syntax(r", '\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}', '', 'g') !~ ");
    w.syntax(r"'\\u0000|\\u[dD][89a-fA-F]|[0-9][eE][+-]?[0-9]{5}' AND ");
    short_numbers(w, column);
}

/// Writes the condition that no number has more digits than numeric takes, some 131,000.
fn short_numbers(w: &mut Writer, column: &Column) {
    w.syntax("(octet_length(");
    text(w, column);
    w.syntax(") < 100000 OR ");
    text(w, column);
    w.syntax(" !~ '[0-9]{255}')");
}

fn text(w: &mut Writer, column: &Column) {
    w.cell(column).syntax(if column.ty == ColumnType::Json { "::text" } else { "" });
}
