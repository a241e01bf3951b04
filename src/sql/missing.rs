//! Rows that have a sample: their columns are not NULL, and not a number of `missing`.

use super::value::column;
use super::{Param, Writer};
use crate::catalog::{Column, ColumnType, MetricValue};
use crate::plan::Fetch;

/// Writes the condition that no column is NULL: on the columns themselves, so that partial indexes serve.
pub(super) fn present(w: &mut Writer, columns: &[Column]) {
    if columns.is_empty() {
        w.syntax("true");
    }
    for (at, column) in columns.iter().enumerate() {
        w.syntax(if at > 0 { " AND " } else { "" }).cell(column).syntax(" IS NOT NULL");
    }
}

/// Writes the condition that a row holds none of the stored values that are no samples.
pub(super) fn excluded(w: &mut Writer, fetch: &Fetch) {
    let missing = &fetch.rows.adjustment.missing;
    if missing.is_empty() {
        return;
    }
    let values = w.bind(Param::Texts(missing.iter().map(f64::to_string).collect()));
    match &fetch.rows.value {
        MetricValue::Column(column) => not_among(w, std::slice::from_ref(column), values),
        MetricValue::Product(columns) => not_among(w, columns, values),
        // What is no number is counted and stays.
        _ => {
            w.syntax(" AND (v.n = ANY(").slot(values).syntax("::float8[])) IS NOT TRUE");
        }
    }
}

fn not_among(w: &mut Writer, columns: &[Column], values: super::ParamNumber) {
    for own in columns {
        w.syntax(" AND ");
        // A float4 is compared as such: 99.9 is another number in float8.
        if own.ty == ColumnType::Float4 {
            w.cell(own).syntax(" <> ALL(").slot(values).syntax("::float4[])");
        } else {
            column(w, own);
            w.syntax(" <> ALL(").slot(values).syntax("::float8[])");
        }
    }
}
