//! The text of a label's value in SQL, and texts from outside in the type of the column that they are compared with.

use super::fit::{TextFit, is_path, own_type};
use super::{Param, Writer};
use crate::catalog::{Column, ColumnType, TypeName, UpperBound};

/// Writes a label's column as it is grouped by: the column itself where equal values have equal texts, so that no row
/// pays for a cast.
pub(super) fn grouped(w: &mut Writer, column: &Column) {
    let (before, after) = around(&column.ty);
    w.syntax(before).cell(column).syntax(after);
}

/// Writes the text of `v.x`, a value of that type.
pub(super) fn walked(w: &mut Writer, ty: &ColumnType) {
    let (before, after) = around(ty);
    w.syntax(before).syntax("v.x").syntax(after).syntax("::text");
}

/// What makes texts equal where values are. The cast of an address says its mask always, its output does not; a float
/// has two zeros, which are equal.
const fn around(ty: &ColumnType) -> (&'static str, &'static str) {
    match ty {
        ColumnType::Inet => ("abbrev(", ")"),
        ColumnType::Numeric { bounded: false } => ("trim_scale(", ")"),
        ColumnType::Float4 => ("(", " + '0'::float4)"),
        ColumnType::Float8 => ("(", " + '0'::float8)"),
        ColumnType::UpperBound(UpperBound::Integer) => (BOUND, BOUND_END),
        ColumnType::UpperBound(UpperBound::Numeric) => (BOUND_OF_NUMERIC, BOUND_OF_NUMERIC_END),
        ColumnType::UpperBound(UpperBound::Float4) => (BOUND_OF_FLOAT, BOUND_OF_FLOAT4_END),
        ColumnType::UpperBound(UpperBound::Float8) => (BOUND_OF_FLOAT, BOUND_OF_FLOAT8_END),
        ColumnType::Citext(_) | ColumnType::Ltree(_) | ColumnType::Scalar(_) => ("(", "::text)"),
        _ => ("", ""),
    }
}

/// What makes the text of an upper bound out of PostgreSQL's: Go writes infinity as `+Inf`, and numbers from a million on, and
/// those below 0.0001, with an exponent. `u` is the text without its sign, `m` its digits.
macro_rules! bound {
    ($before:literal) => {
        concat!(
            "(SELECT CASE WHEN c.u = 'Infinity' THEN CASE c.s WHEN '' THEN '+Inf' ELSE '-Inf' END WHEN c.e IS NULL THEN c.s || c.u \
             ELSE c.s || substr(c.m, 1, 1) || CASE WHEN length(c.m) > 1 THEN '.' || substr(c.m, 2) ELSE '' END || CASE WHEN \
             c.e < 0 THEN 'e-' ELSE 'e+' END || CASE WHEN abs(c.e) < 10 THEN '0' ELSE '' END || abs(c.e) END FROM (SELECT b.s, b.u, \
             CASE WHEN b.u ~ '^[0-9]{7}' THEN rtrim(replace(b.u, '.', ''), '0') ELSE ltrim(replace(b.u, '.', ''), '0') END AS m, \
             CASE WHEN b.u ~ 'e' THEN NULL WHEN b.u ~ '^[0-9]{7}' THEN strpos(b.u || '.', '.') - 2 WHEN b.u ~ '^0[.]0000' THEN \
             length(ltrim(replace(b.u, '.', ''), '0')) + 1 - length(b.u) END AS e FROM (SELECT CASE WHEN substr(a.t, 1, 1) = '-' \
             THEN '-' ELSE '' END AS s, ltrim(a.t, '-') AS u FROM (SELECT ",
            $before
        )
    };
}
const BOUND: &str = bound!("");
const BOUND_END: &str = "::text AS t) AS a) AS b) AS c)";
const BOUND_OF_FLOAT: &str = bound!("(");
const BOUND_OF_FLOAT4_END: &str = " + '0'::float4)::text AS t) AS a) AS b) AS c)";
const BOUND_OF_FLOAT8_END: &str = " + '0'::float8)::text AS t) AS a) AS b) AS c)";
const BOUND_OF_NUMERIC: &str = bound!("trim_scale(");
const BOUND_OF_NUMERIC_END: &str = ")::text AS t) AS a) AS b) AS c)";

/// How a list of texts is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ListComparison {
    /// With any of them.
    Any,
    /// With none of them.
    None,
}

/// Writes the condition that a column's text is one of a list, or none of it: in the column's own type, so that an index
/// on it serves. A text that no value of the type has drops out of the list, and so fails no cast.
pub(super) fn compared(w: &mut Writer, column: &Column, values: &[String], comparison: ListComparison) {
    match (&column.ty, comparison) {
        (ColumnType::Enum(Some(name)), ListComparison::Any) => return of_enum(w, column, name, values),
        (ColumnType::Citext(Some(name)), ListComparison::Any) => return of_extension(w, column, name, values),
        (ColumnType::Ltree(Some(name)), ListComparison::Any) if values.iter().all(|value| is_path(value)) => {
            return of_extension(w, column, name, values);
        }
        _ => {}
    }
    let Some((cast, read)) = own_type(&column.ty) else { return as_text(w, column, values, comparison) };
    let texts: Vec<(&String, TextFit)> = values.iter().map(|value| (value, read(value))).collect();
    let is_exact = texts.iter().all(|(_, fit)| *fit != TextFit::Equal);
    let own: Vec<String> =
        texts.into_iter().filter(|(_, fit)| *fit != TextFit::No).map(|(text, _)| text.clone()).collect();
    match (is_exact, comparison) {
        (true, _) => own_values(w, column, own, comparison, cast),
        // More rows are equal than have one of the texts: an index finds them, their texts decide.
        (false, ListComparison::Any) => {
            w.syntax("(");
            own_values(w, column, own, comparison, cast);
            w.syntax(" AND ");
            as_text(w, column, values, comparison);
            w.syntax(")");
        }
        (false, ListComparison::None) => as_text(w, column, values, comparison),
    }
}

/// The values of an enum are asked of the database: they may have become more since the catalog was read.
fn of_enum(w: &mut Writer, column: &Column, name: &TypeName, values: &[String]) {
    w.cell(column).syntax("::");
    type_name(w, name).syntax(" = ANY(ARRAY(SELECT e.v FROM unnest(enum_range(NULL::");
    type_name(w, name).syntax(")) AS e(v) WHERE e.v::text = ANY(").param(Param::Texts(values.to_vec())).syntax(")))");
}

/// Writes the comparison with values of an extension's type, whose operators stand where the type does. More may be equal
/// than have one of the texts, which decide.
fn of_extension(w: &mut Writer, column: &Column, name: &TypeName, values: &[String]) {
    w.syntax("(").cell(column).syntax("::");
    type_name(w, name).syntax(" OPERATOR(").ident(&name.schema).syntax(".=) ANY(");
    w.param(Param::Texts(values.to_vec())).syntax("::");
    type_name(w, name).syntax("[]) AND ");
    as_text(w, column, values, ListComparison::Any);
    w.syntax(")");
}

fn type_name<'a>(w: &'a mut Writer, name: &TypeName) -> &'a mut Writer {
    w.ident(&name.schema).syntax(".").ident(&name.name)
}

fn own_values(w: &mut Writer, column: &Column, values: Vec<String>, comparison: ListComparison, cast: &'static str) {
    w.cell(column).syntax(operator(comparison));
    if matches!(column.ty, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Oid) {
        w.param(Param::Ints(values.iter().filter_map(|value| value.parse().ok()).collect()));
    } else {
        w.param(Param::Texts(values));
    }
    w.syntax(cast).syntax(")");
}

fn as_text(w: &mut Writer, column: &Column, values: &[String], comparison: ListComparison) {
    let (before, after) = around(&column.ty);
    let cast = if after == "::text)" { "" } else { "::text" };
    w.syntax(before)
        .cell(column)
        .syntax(after)
        .syntax(cast)
        .syntax(operator(comparison))
        .param(Param::Texts(values.to_vec()))
        .syntax(")");
}

pub(super) const fn operator(comparison: ListComparison) -> &'static str {
    match comparison {
        ListComparison::Any => " = ANY(",
        ListComparison::None => " <> ALL(",
    }
}
