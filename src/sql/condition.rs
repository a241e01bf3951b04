//! Label values in SQL, and conditions on them.

use super::document::{jsonb, resolved, resolved_condition};
use super::join::key_condition;
use super::{Param, Writer};
use crate::catalog::{ColumnType, Join, LabelValue, Row};
use crate::plan::{Filter, Wanted};

/// Writes the label's value as it is grouped by: the column itself where its type allows, so that no row pays for a cast.
pub(super) fn grouped(w: &mut Writer, value: &LabelValue) {
    match value {
        LabelValue::Column(column) => {
            w.cell(column);
        }
        LabelValue::Member { column, path } => {
            w.syntax("(");
            jsonb(w, column);
            match path.as_slice() {
                [key] => w.syntax(" ->> ").param(Param::Text(key.clone())),
                path => w.syntax(" #>> ").param(Param::Texts(path.to_vec())),
            };
            w.syntax(")");
        }
        LabelValue::Part { column, separator, part } => {
            w.syntax("split_part(").cell(column).syntax(", ").param(Param::Text(separator.clone())).syntax(", ");
            w.number(usize::from(*part)).syntax(")");
        }
        LabelValue::Resolved { ids, key } => resolved(w, ids, key),
    }
}

const fn is_text(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Text | ColumnType::Varchar | ColumnType::Bpchar)
}

/// Whether the label may be absent at all.
pub(super) fn may_be_absent(value: &LabelValue) -> bool {
    match value {
        LabelValue::Column(column) => column.nullable || is_text(&column.ty),
        LabelValue::Member { .. } | LabelValue::Part { .. } | LabelValue::Resolved { .. } => true,
    }
}

/// Writes the condition of a filter on the rows of a source. NULL and the empty string are the same value.
pub(super) fn condition(w: &mut Writer, joins: &[Join], filter: &Filter) {
    match filter.value.column().row {
        Row::Own | Row::Element => plain(w, filter),
        Row::Joined(_) => key_condition(w, joins, filter),
    }
}

/// Writes the condition of a filter on the very row that its column stands in.
pub(super) fn plain(w: &mut Writer, filter: &Filter) {
    if let LabelValue::Resolved { ids, key } = &filter.value {
        return resolved_condition(w, ids, key, &filter.wanted);
    }
    match &filter.wanted {
        // Only a text can be empty: of other types the bare test lets a partial index serve.
        Wanted::OneOf(values) if is_only_absence(&filter.value, values) => {
            grouped(w, &filter.value);
            w.syntax(" IS NULL");
        }
        Wanted::NoneOf(values) if is_only_absence(&filter.value, values) => {
            grouped(w, &filter.value);
            w.syntax(" IS NOT NULL");
        }
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

fn is_only_absence(value: &LabelValue, values: &[String]) -> bool {
    let absence = !values.is_empty() && values.iter().all(String::is_empty);
    absence && matches!(value, LabelValue::Column(column) if !is_text(&column.ty))
}

/// Writes `value = ANY($n)` in the column's own type, so that an index on it serves. A text that no value of the
/// type can have drops out of the list.
fn equals(w: &mut Writer, value: &LabelValue, values: &[String], operator: &'static str) {
    let LabelValue::Column(column) = value else {
        grouped(w, value);
        w.syntax(operator);
        texts(w, values);
        w.syntax(")");
        return;
    };
    w.cell(column);
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

/// Writes a list of texts.
pub(super) fn texts(w: &mut Writer, values: &[String]) {
    w.param(Param::Texts(values.to_vec()));
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
