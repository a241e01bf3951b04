//! Label values in SQL, and conditions on them.

use super::document::{jsonb, resolved, resolved_condition};
use super::join::key_condition;
use super::{Param, Writer, typed};
use crate::catalog::{Join, LabelValue, Row};
use crate::plan::{Filter, Wanted};

/// Writes the label's value as it is grouped by: the column itself where its type allows, so that no row pays for a cast.
pub(super) fn grouped(w: &mut Writer, value: &LabelValue) {
    match value {
        LabelValue::Column(column) => typed::grouped(w, column),
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

/// Whether the label may be absent at all.
pub(super) fn may_be_absent(value: &LabelValue) -> bool {
    match value {
        LabelValue::Column(column) => column.nullable || column.ty.may_be_empty(),
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
    absence && matches!(value, LabelValue::Column(column) if !column.ty.may_be_empty())
}

/// Writes `value = ANY($n)`.
fn equals(w: &mut Writer, value: &LabelValue, values: &[String], operator: &'static str) {
    if let LabelValue::Column(column) = value {
        return typed::compared(w, column, values, operator);
    }
    grouped(w, value);
    w.syntax(operator);
    texts(w, values);
    w.syntax(")");
}

/// Writes a list of texts.
pub(super) fn texts(w: &mut Writer, values: &[String]) {
    w.param(Param::Texts(values.to_vec()));
}
