//! Label values in SQL, and conditions on them.

use super::document::{jsonb, resolved, resolved_condition};
use super::join::key_condition;
use super::typed::{self, ListComparison, operator};
use super::{Param, Writer};
use crate::catalog::{BoundComparison, BoundType, ColumnType, Join, LabelValue, Order, SourceRow, UpperBound};
use crate::plan::{Filter, ValueCondition};

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

/// Writes the label's value where only its order or its absence counts: of a column without what makes texts equal, so that
/// an index on the column serves.
fn bare(w: &mut Writer, value: &LabelValue) {
    match value {
        LabelValue::Column(column) => {
            w.cell(column);
        }
        LabelValue::Member { .. } | LabelValue::Part { .. } | LabelValue::Resolved { .. } => grouped(w, value),
    }
}

/// Whether the label may be NULL, or stands for NULL as the empty text does. NOT NULL alone is no promise about rows: nobody holds
/// foreign tables to it.
pub(super) const fn may_be_null(value: &LabelValue) -> bool {
    match value {
        LabelValue::Column(column) => column.nullable || column.ty.may_be_empty(),
        LabelValue::Member { .. } | LabelValue::Part { .. } | LabelValue::Resolved { .. } => true,
    }
}

/// Writes the condition of a filter on the rows of a source. NULL and the empty string are the same value.
pub(super) fn condition(w: &mut Writer, joins: &[Join], filter: &Filter) {
    match filter.value.column().row {
        SourceRow::Own | SourceRow::Element => plain(w, filter),
        SourceRow::Joined(_) => key_condition(w, joins, filter),
    }
}

/// Writes the condition of a filter on the very row that its column stands in.
pub(super) fn plain(w: &mut Writer, filter: &Filter) {
    if let LabelValue::Resolved { ids, key } = &filter.value {
        return resolved_condition(w, ids, key, &filter.wanted);
    }
    match &filter.wanted {
        // Only a text can be empty: of other types the bare test lets a partial index serve.
        ValueCondition::OneOf(values) if is_only_absence(&filter.value, values) => {
            bare(w, &filter.value);
            w.syntax(" IS NULL");
        }
        ValueCondition::NoneOf(values) if is_only_absence(&filter.value, values) => {
            bare(w, &filter.value);
            w.syntax(" IS NOT NULL");
        }
        ValueCondition::OneOf(values) if values.iter().any(String::is_empty) => {
            w.syntax("(");
            equals(w, &filter.value, values, ListComparison::Any);
            w.syntax(" OR ");
            bare(w, &filter.value);
            w.syntax(" IS NULL)");
        }
        ValueCondition::OneOf(values) => equals(w, &filter.value, values, ListComparison::Any),
        ValueCondition::NoneOf(values) if values.iter().any(String::is_empty) => {
            equals(w, &filter.value, values, ListComparison::None);
            w.syntax(" AND ");
            bare(w, &filter.value);
            w.syntax(" IS NOT NULL");
        }
        ValueCondition::NoneOf(values) => {
            w.syntax("(");
            equals(w, &filter.value, values, ListComparison::None);
            w.syntax(" OR ");
            bare(w, &filter.value);
            w.syntax(" IS NULL)");
        }
        ValueCondition::Compared(wanted) => compared(w, &filter.value, wanted),
        // An unsettled pattern selects nothing rather than everything.
        ValueCondition::Passing(_) => {
            w.syntax("false");
        }
    }
}

/// Writes a condition of order. PostgreSQL sorts NaN above every number.
fn compared(w: &mut Writer, value: &LabelValue, wanted: &BoundComparison) {
    bare(w, value);
    w.syntax(match wanted.order {
        Order::Less => " < ",
        Order::LessOrEqual => " <= ",
        Order::Greater => " > ",
        Order::GreaterOrEqual => " >= ",
        Order::Equal => " = ",
        Order::NotEqual => " <> ",
    });
    w.param(Param::Text(wanted.bound.clone())).syntax(match wanted.ty {
        BoundType::Int8 => "::int8",
        BoundType::Numeric => "::numeric",
        BoundType::Float4 => "::float4",
        BoundType::Float8 => "::float8",
        BoundType::Timestamptz => "::timestamptz",
        BoundType::Timestamp => "::timestamp",
        BoundType::Date => "::date",
    });
    let ty = &value.column().ty;
    let has_nan = matches!(
        ty,
        ColumnType::Float4
            | ColumnType::Float8
            | ColumnType::Numeric { .. }
            | ColumnType::UpperBound(UpperBound::Float4 | UpperBound::Float8 | UpperBound::Numeric)
    );
    if has_nan && wanted.order.lets_nan_pass() {
        w.syntax(" AND ");
        bare(w, value);
        w.syntax(" <> 'NaN'");
    }
}

fn is_only_absence(value: &LabelValue, values: &[String]) -> bool {
    let absence = !values.is_empty() && values.iter().all(String::is_empty);
    absence && matches!(value, LabelValue::Column(column) if !column.ty.may_be_empty())
}

/// Writes `value = ANY($n)`, or `value <> ALL($n)`.
fn equals(w: &mut Writer, value: &LabelValue, values: &[String], comparison: ListComparison) {
    if let LabelValue::Column(column) = value {
        return typed::compared(w, column, values, comparison);
    }
    grouped(w, value);
    w.syntax(operator(comparison));
    texts(w, values);
    w.syntax(")");
}

/// Writes a list of texts.
pub(super) fn texts(w: &mut Writer, values: &[String]) {
    w.param(Param::Texts(values.to_vec()));
}
