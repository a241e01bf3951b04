//! Documents whose members are labels.

use super::condition::texts;
use super::{Param, Writer};
use crate::catalog::{Column, ColumnType, Document, LabelIds};
use crate::plan::Wanted;

/// Writes a column that holds JSON as jsonb; NULL where it cannot be jsonb.
pub(super) fn jsonb(w: &mut Writer, column: &Column) {
    if column.ty == ColumnType::Jsonb {
        w.cell(column);
        return;
    }
    if column.ty.is_text() {
        return parsed(w, column);
    }
    // What json holds and jsonb refuses: \u0000, halves of a pair, numbers beyond numeric.
    w.syntax("CASE WHEN regexp_replace(").cell(column);
    w.syntax(r"::text, '\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}', '', 'g') !~ ");
    w.syntax(r"'\\u0000|\\u[dD][89a-fA-F]|[0-9][eE][+-]?[0-9]{5}' THEN ").cell(column).syntax("::jsonb END");
}

/// How deep the JSON in a text may be nested.
const DEPTH: usize = 8;

/// Writes a text that holds JSON as jsonb, any other as NULL: a cast would fail the whole statement, so the text is
/// tried before. Strings and atoms become one sign each, and what is nested one more, from the inside out; what is
/// JSON is one sign in the end.
fn parsed(w: &mut Writer, column: &Column) {
    w.syntax("CASE WHEN ").cell(column).syntax(r" ~ '^\s*[{\[]' AND ").cell(column).syntax(r" !~ '[\x01\x02]' AND ");
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
    w.syntax(r" = E'\x02' AND regexp_replace(").cell(column);
    w.syntax(r", '\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}', '', 'g') !~ ");
    w.syntax(r"'\\u0000|\\u[dD][89a-fA-F]|[0-9][eE][+-]?[0-9]{5}' THEN ").cell(column).syntax("::jsonb END");
}

/// Writes a member of a column's JSON as jsonb; without a path all of it.
pub(super) fn element(w: &mut Writer, column: &Column, path: &[String]) {
    match path {
        [] => jsonb(w, column),
        [key] => {
            w.syntax("(");
            jsonb(w, column);
            w.syntax(" -> ").param(Param::Text(key.clone())).syntax(")");
        }
        path => {
            w.syntax("(");
            jsonb(w, column);
            w.syntax(" #> ").param(Param::Texts(path.to_vec())).syntax(")");
        }
    }
}

/// Writes the document of a row as jsonb.
pub(super) fn document(w: &mut Writer, document: &Document) {
    match document {
        Document::Json { column, path } if path.is_empty() => jsonb(w, column),
        Document::Json { column, path } => {
            w.syntax("(");
            jsonb(w, column);
            w.syntax(" #> ").param(Param::Texts(path.clone())).syntax(")");
        }
        Document::Ids(ids) => {
            w.syntax("(SELECT jsonb_object_agg(d.").ident(&ids.key.name).syntax("::text, d.").ident(&ids.value.name);
            w.syntax("::text ORDER BY d.").ident(&ids.id.name).syntax(")");
            table(w, ids);
            w.syntax(" WHERE d.").ident(&ids.id.name).syntax(" = ANY(").cell(&ids.column).syntax(") AND d.");
            w.ident(&ids.key.name).syntax(" IS NOT NULL)");
        }
    }
}

/// The column that documents can be grouped by in their stead; none where only the document itself will do.
pub(super) fn group_column(document: &Document) -> Option<&Column> {
    match document {
        Document::Json { column, path } => (path.is_empty() && column.ty == ColumnType::Jsonb).then_some(column),
        Document::Ids(ids) => Some(&ids.column),
    }
}

fn table(w: &mut Writer, ids: &LabelIds) {
    w.syntax(" FROM ").relation(&ids.relation).syntax(" AS d");
}

/// Writes what a list of label ids says of one key.
pub(super) fn resolved(w: &mut Writer, ids: &LabelIds, key: &str) {
    w.syntax("(SELECT max(d.").ident(&ids.value.name).syntax("::text)");
    table(w, ids);
    w.syntax(" WHERE d.").ident(&ids.id.name).syntax(" = ANY(").cell(&ids.column).syntax(") AND d.");
    w.ident(&ids.key.name).syntax(" = ").param(Param::Text(key.to_owned())).syntax(")");
}

/// Writes the condition on what a list of label ids says of one key: the ids that pass are looked up first.
pub(super) fn resolved_condition(w: &mut Writer, ids: &LabelIds, key: &str, wanted: &Wanted) {
    let absent_passes = wanted.accepts("");
    let (values, one_of) = match wanted {
        Wanted::OneOf(values) => (values, !absent_passes),
        Wanted::NoneOf(values) => (values, absent_passes),
        Wanted::Passing(_) => {
            w.syntax("false");
            return;
        }
    };
    w.syntax(if absent_passes { "coalesce(NOT " } else { "" });
    w.cell(&ids.column).syntax(" && ARRAY(SELECT d.").ident(&ids.id.name).syntax(match ids.column.ty {
        ColumnType::IntArray { bytes: 2 } => "::int2",
        ColumnType::IntArray { bytes: 4 } => "::int4",
        _ => "::int8",
    });
    table(w, ids);
    w.syntax(" WHERE d.").ident(&ids.key.name).syntax(" = ").param(Param::Text(key.to_owned()));
    w.syntax(" AND d.").ident(&ids.value.name).syntax(if one_of { "::text = ANY(" } else { "::text <> ALL(" });
    texts(w, values);
    // An id that the column's type cannot hold is in no list.
    match ids.column.ty {
        ColumnType::IntArray { bytes: 2 } => {
            w.syntax(") AND d.").ident(&ids.id.name).syntax(" BETWEEN -32768 AND 32767)")
        }
        ColumnType::IntArray { bytes: 4 } => {
            w.syntax(") AND d.").ident(&ids.id.name).syntax(" BETWEEN -2147483648 AND 2147483647)")
        }
        _ => w.syntax("))"),
    };
    w.syntax(if absent_passes { ", true)" } else { "" });
}

/// Writes the values that a table of labels has for one key.
pub(super) fn values_of_key(w: &mut Writer, ids: &LabelIds, key: &str) {
    w.syntax("SELECT DISTINCT d.").ident(&ids.value.name).syntax("::text AS x");
    table(w, ids);
    w.syntax(" WHERE d.").ident(&ids.key.name).syntax(" = ").param(Param::Text(key.to_owned()));
    w.syntax(" AND d.").ident(&ids.value.name).syntax("::text <> ''");
}

/// Writes the keys that a table of labels has.
pub(super) fn keys_of(w: &mut Writer, ids: &LabelIds) {
    w.syntax("SELECT DISTINCT d.").ident(&ids.key.name).syntax("::text AS x");
    table(w, ids);
}
