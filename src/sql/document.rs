//! Documents whose members are labels.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::condition::texts;
use super::{Param, Writer, json};
use crate::catalog::{Column, ColumnType, LabelDocument, LabelIds, SourceRow};
use crate::ident::Ident;
use crate::plan::ValueCondition;

/// Writes a column that holds JSON as jsonb; NULL where it cannot be jsonb.
pub(super) fn jsonb(w: &mut Writer, column: &Column) {
    if column.ty == ColumnType::Jsonb {
        w.cell(column);
    } else if column.ty == ColumnType::Hstore {
        // The cast needs no schema, wherever the extension is.
        w.cell(column).syntax("::jsonb");
    } else if column.ty == ColumnType::TextArray {
        tags(w, column);
    } else if column.ty.is_text() && matches!(column.row, SourceRow::Joined(_)) {
        // Its join has read it already.
        w.row(column.row).syntax(".").ident(&document_of(column));
    } else if column.ty.is_text() {
        json::parsed(w, column);
    } else {
        w.syntax("CASE WHEN ");
        json::storable(w, column);
        w.syntax(" THEN ").cell(column).syntax("::jsonb END");
    }
}

/// Writes a list of tags as an object: `key:value` and `key=value` part at the first sign, a plain tag is "true". Of
/// several values of a key the largest by bytes counts.
fn tags(w: &mut Writer, column: &Column) {
    w.syntax("(SELECT jsonb_object_agg(g.k, g.v ORDER BY g.v COLLATE \"C\") FROM (SELECT ");
    w.syntax("substring(m.x, '^[^:=]*') AS k, coalesce(substring(m.x, '^[^:=]*[:=](.*)$'), 'true') AS v FROM unnest(");
    w.cell(column).syntax(") AS m(x)) AS g WHERE g.k <> '')");
}

/// The longest name that PostgreSQL keeps whole, in bytes.
const NAME: usize = 63;

/// What a join calls the JSON of a text column of its own. PostgreSQL would cut a long name, and two that begin alike
/// would be one: their ends are told by a number.
pub(super) fn document_of(column: &Column) -> Ident {
    let name = column.name.as_str();
    let mut alias = format!("jsonb {name}");
    if alias.len() > NAME {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let kept = alias.floor_char_boundary(NAME - 17);
        alias.truncate(kept);
        alias = format!("{alias} {:016x}", hasher.finish());
    }
    Ident::new(alias).unwrap_or_else(|_| column.name.clone())
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
pub(super) fn document(w: &mut Writer, document: &LabelDocument) {
    match document {
        LabelDocument::Json { column, path } => element(w, column, path),
        LabelDocument::Ids(ids) => {
            w.syntax("(SELECT jsonb_object_agg(d.").ident(&ids.key.name).syntax("::text, d.").ident(&ids.value.name);
            w.syntax("::text ORDER BY d.").ident(&ids.id.name).syntax(")");
            table(w, ids);
            w.syntax(" WHERE d.").ident(&ids.id.name).syntax(" = ANY(").cell(&ids.column).syntax(") AND d.");
            w.ident(&ids.key.name).syntax(" IS NOT NULL)");
        }
    }
}

/// The column that documents can be grouped by in their stead; none where only the document itself will do.
pub(super) fn group_column(document: &LabelDocument) -> Option<&Column> {
    match document {
        LabelDocument::Json { column, path } => {
            let is_grouped = matches!(column.ty, ColumnType::Jsonb | ColumnType::Hstore | ColumnType::TextArray);
            (path.is_empty() && is_grouped).then_some(column)
        }
        LabelDocument::Ids(ids) => Some(&ids.column),
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
pub(super) fn resolved_condition(w: &mut Writer, ids: &LabelIds, key: &str, wanted: &ValueCondition) {
    let absent_passes = wanted.accepts("");
    let (values, one_of) = match wanted {
        ValueCondition::OneOf(values) => (values, !absent_passes),
        ValueCondition::NoneOf(values) => (values, absent_passes),
        ValueCondition::Passing(_) | ValueCondition::Compared(_) => {
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
