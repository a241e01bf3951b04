//! Products of columns. Whole numbers and decimals are multiplied exactly; floats as such, but where that would leave
//! their range, which would fail the whole statement.

use super::value::column;
use super::{Param, Writer};
use crate::catalog::{Column, ColumnType};

/// Writes the subquery of the product of columns, as `v.n`.
pub(super) fn lateral(w: &mut Writer, columns: &[Column]) {
    w.syntax(" CROSS JOIN LATERAL (SELECT ");
    if columns.iter().any(is_float) {
        w.syntax("CASE WHEN ");
        moderate(w, columns);
        w.syntax(" THEN ");
        factors(w, columns, column);
        w.syntax(" ELSE ");
        bounded(w);
        w.syntax(" END AS n FROM (SELECT CASE WHEN NOT (");
        moderate(w, columns);
        w.syntax(") THEN ");
        factors(w, columns, numeric);
        w.syntax(" END AS x OFFSET 0) AS p OFFSET 0) AS v");
        return;
    }
    bounded(w);
    w.syntax(" AS n FROM (SELECT ");
    factors(w, columns, numeric);
    w.syntax(" AS x OFFSET 0) AS p OFFSET 0) AS v");
}

const fn is_float(column: &Column) -> bool {
    matches!(column.ty, ColumnType::Float4 | ColumnType::Float8)
}

fn factors(w: &mut Writer, columns: &[Column], factor: fn(&mut Writer, &Column)) {
    for (at, column) in columns.iter().enumerate() {
        w.syntax(if at > 0 { " * " } else { "" });
        factor(w, column);
    }
}

fn numeric(w: &mut Writer, column: &Column) {
    w.cell(column).syntax(if column.ty == ColumnType::Bool { "::int::numeric" } else { "::numeric" });
}

/// Writes the condition that the product of the factors is within the range of float8 whatever they are.
fn moderate(w: &mut Writer, columns: &[Column]) {
    let factors = i32::try_from(columns.len()).unwrap_or(i32::MAX);
    let (most, least) =
        (w.bind(Param::Float(10_f64.powi(300 / factors))), w.bind(Param::Float(10_f64.powi(-300 / factors))));
    for (at, own) in columns.iter().enumerate() {
        w.syntax(if at > 0 { " AND abs(" } else { "abs(" });
        column(w, own);
        w.syntax(") BETWEEN ").slot(least).syntax(" AND ").slot(most);
    }
}

/// Writes the numeric `p.x` as float8: infinite beyond its range, zero where it is too small to tell from it.
fn bounded(w: &mut Writer) {
    w.syntax("CASE WHEN p.x = 'NaN' THEN 'NaN' WHEN p.x > 1.7976931348623157e308 THEN 'Infinity' WHEN p.x < ");
    w.syntax("-1.7976931348623157e308 THEN '-Infinity' WHEN abs(p.x) < 2.3e-308 THEN 0 ELSE p.x::float8 END");
}
