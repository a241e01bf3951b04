//! Label values in SQL, and conditions on them.

use super::{Param, Writer};
use crate::catalog::{Column, ColumnType, LabelValue};
use crate::plan::{Filter, Wanted};

/// Writes the label's value as it is grouped by: the column itself where its type allows, so that no row pays for a cast.
pub(super) fn grouped(w: &mut Writer, value: &LabelValue) {
    match value {
        LabelValue::Column(column) => {
            w.column(&column.name);
        }
        LabelValue::Member { column, path } => member(w, column, path),
    }
}

fn member(w: &mut Writer, column: &Column, path: &[String]) {
    w.syntax("(").column(&column.name);
    match path {
        [key] => w.syntax(" ->> ").param(Param::Text(key.clone())),
        path => w.syntax(" #>> ").param(Param::Texts(path.to_vec())),
    };
    w.syntax(")");
}

const fn is_text(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Text | ColumnType::Varchar | ColumnType::Bpchar)
}

/// Whether the label may be absent at all.
pub(super) fn may_be_absent(value: &LabelValue) -> bool {
    match value {
        LabelValue::Column(column) => column.nullable || is_text(&column.ty),
        LabelValue::Member { .. } => true,
    }
}

/// Writes the condition of a filter. NULL and the empty string are the same value.
pub(super) fn condition(w: &mut Writer, filter: &Filter) {
    match &filter.wanted {
        Wanted::OneOf(values) if values.iter().any(String::is_empty) => {
            w.syntax("(");
            equals(w, &filter.value, values, " = ANY(");
            w.syntax(" OR ");
            grouped(w, &filter.value);
            w.syntax(" IS NULL)");
        }
        Wanted::OneOf(values) => equals(w, &filter.value, values, " = ANY("),
        Wanted::NoneOf(values) if values.iter().any(String::is_empty) => {
            equals(w, &filter.value, values, " <> ALL(");
            w.syntax(" AND ");
            grouped(w, &filter.value);
            w.syntax(" IS NOT NULL");
        }
        Wanted::NoneOf(values) => {
            w.syntax("(");
            equals(w, &filter.value, values, " <> ALL(");
            w.syntax(" OR ");
            grouped(w, &filter.value);
            w.syntax(" IS NULL)");
        }
        // An unsettled pattern selects nothing rather than everything.
        Wanted::Passing(_) => {
            w.syntax("false");
        }
    }
}

/// Writes `value = ANY($n)` in the column's own type, so that an index on it serves. A text that no value of the
/// type can have drops out of the list.
fn equals(w: &mut Writer, value: &LabelValue, values: &[String], operator: &'static str) {
    let LabelValue::Column(column) = value else {
        grouped(w, value);
        w.syntax(operator).param(Param::Texts(values.to_vec())).syntax(")");
        return;
    };
    w.column(&column.name);
    match column.ty {
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => {
            let numbers = values.iter().filter_map(|v| canonical_int(v)).collect();
            w.syntax(operator).param(Param::Ints(numbers)).syntax(")");
        }
        ColumnType::Uuid => {
            let uuids = values.iter().filter(|v| is_uuid(v)).cloned().collect();
            w.syntax(operator).param(Param::Texts(uuids)).syntax("::uuid[])");
        }
        ColumnType::Text | ColumnType::Varchar => {
            w.syntax(operator).param(Param::Texts(values.to_vec())).syntax(")");
        }
        _ => {
            w.syntax("::text").syntax(operator).param(Param::Texts(values.to_vec())).syntax(")");
        }
    }
}

/// The number that is written exactly so; `007` is not the text of any stored 7.
fn canonical_int(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|number| number.to_string() == text)
}

/// Whether PostgreSQL writes a uuid so.
fn is_uuid(text: &str) -> bool {
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| if matches!(at, 8 | 13 | 18 | 23) { b == b'-' } else { is_hex(b) })
}
