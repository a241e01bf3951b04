//! Dimension rows beside the rows of a source, and conditions on them that an index on the source serves.

use super::condition::plain;
use super::document::document_of;
use super::{Writer, json};
use crate::catalog::{Column, ColumnType, Filter, Join, SourceRow, TimeColumn, ValueCondition, path};

/// Writes ` LEFT JOIN …`, or ` JOIN …` where it must be there, for each join.
pub(super) fn left_joins(w: &mut Writer, joins: &[&Join]) {
    for join in joins {
        w.syntax(if join.required { " JOIN " } else { " LEFT JOIN " });
        if join.unique && !join.documents.is_empty() && !join.on.iter().any(|(theirs, own)| is_cast(theirs, own)) {
            // JSON is read of the rows that are met, once each, not of all.
            w.syntax("LATERAL (SELECT ");
            read(w, join);
            w.syntax(" FROM ").relation(&join.relation).syntax(" AS ").row(join.row).syntax(" WHERE ");
            equal(w, join);
            filters(w, join);
            w.syntax(" OFFSET 0) AS ").row(join.row).syntax(" ON true");
            continue;
        }
        rows(w, join);
        w.syntax(" ON ");
        equal(w, join);
        if is_bare(join) {
            filters(w, join);
        }
    }
}

/// Whether the relation itself stands in FROM, so that what its rows must be is said beside it.
const fn is_bare(join: &Join) -> bool {
    join.unique && join.documents.is_empty()
}

/// Writes the rows of a joined relation under its alias, one per key. Where no constraint keeps them to that, the
/// first by all the columns that are read stands for its key: rows that differ in nothing else are as good as one.
fn rows(w: &mut Writer, join: &Join) {
    if is_bare(join) {
        w.relation(&join.relation).syntax(" AS ").row(join.row);
        return;
    }
    w.syntax("(SELECT ");
    if !join.unique {
        w.syntax("DISTINCT ON (");
        keys(w, join);
        w.syntax(") ");
    }
    read(w, join);
    w.syntax(" FROM ").relation(&join.relation).syntax(" AS ").row(join.row).syntax(" WHERE true");
    filters(w, join);
    if join.unique {
        w.syntax(" OFFSET 0) AS ").row(join.row);
        return;
    }
    w.syntax(" ORDER BY ");
    keys(w, join);
    for column in &join.columns {
        w.syntax(", ");
        ordered(w, column);
    }
    w.syntax(") AS ").row(join.row);
}

/// Writes all columns that are read of a joined row.
fn read(w: &mut Writer, join: &Join) {
    keys(w, join);
    for column in &join.columns {
        w.syntax(", ").cell(column);
    }
    for column in &join.documents {
        w.syntax(", ");
        json::parsed(w, column);
        w.syntax(" AS ").ident(&document_of(column));
    }
}

fn keys(w: &mut Writer, join: &Join) {
    for (at, (_, own)) in join.on.iter().enumerate() {
        w.syntax(if at > 0 { ", " } else { "" }).cell(own);
    }
}

/// By bytes, whatever the database's locale, so that the same row is first everywhere.
fn ordered(w: &mut Writer, column: &Column) {
    w.cell(column).syntax(match column.ty {
        ColumnType::Text | ColumnType::Varchar | ColumnType::Bpchar => " COLLATE \"C\"",
        ColumnType::Json
        | ColumnType::Citext(_)
        | ColumnType::Ltree(_)
        | ColumnType::Scalar(_)
        | ColumnType::Other(_) => "::text COLLATE \"C\"",
        _ => "",
    });
}

fn filters(w: &mut Writer, join: &Join) {
    for filter in &join.filters {
        w.syntax(" AND ");
        plain(w, filter);
    }
}

/// Writes that the keys are equal. A text equals a number or an identifier that is written so.
pub(super) fn equal(w: &mut Writer, join: &Join) {
    for (at, (theirs, own)) in join.on.iter().enumerate() {
        w.syntax(if at > 0 { " AND " } else { "" });
        let mixed = is_mixed(theirs, own);
        for (column, end) in [(theirs, " = "), (own, "")] {
            let is_ltree = matches!(column.ty, ColumnType::Ltree(_));
            let cast = is_ltree || mixed && class(&column.ty) != Class::Text;
            w.cell(column).syntax(if cast { "::text" } else { "" }).syntax(end);
        }
    }
}

fn is_mixed(theirs: &Column, own: &Column) -> bool {
    let other = class(&theirs.ty) == Class::Other && (theirs.ty != own.ty || theirs.ty.is_domain_of_enum());
    other || class(&theirs.ty) != class(&own.ty) && !(is_number(&theirs.ty) && is_number(&own.ty))
}

/// Whether the joined row's key is cast to be compared, so that its index does not serve.
fn is_cast(theirs: &Column, own: &Column) -> bool {
    is_mixed(theirs, own) && class(&own.ty) != Class::Text
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Integer,
    Number,
    Text,
    Uuid,
    Time,
    /// Equal to its own type only, and to texts.
    Other,
}

const fn class(ty: &ColumnType) -> Class {
    match ty {
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => Class::Integer,
        ColumnType::Float4 | ColumnType::Float8 | ColumnType::Numeric { .. } | ColumnType::UpperBound(_) => {
            Class::Number
        }
        ColumnType::Text | ColumnType::Varchar | ColumnType::Bpchar | ColumnType::Citext(_) | ColumnType::Name => {
            Class::Text
        }
        ColumnType::Uuid => Class::Uuid,
        ColumnType::Timestamptz | ColumnType::Timestamp | ColumnType::Date => Class::Time,
        _ => Class::Other,
    }
}

const fn is_number(ty: &ColumnType) -> bool {
    matches!(class(ty), Class::Integer | Class::Number)
}

/// Writes the condition of a filter on a joined row as one on the key of the source's own row: the dimension is read
/// first, and an index on the key finds the rows. `None` of the keys where an absent label passes.
pub(super) fn key_condition(w: &mut Writer, joins: &[Join], filter: &Filter) {
    let path = path(joins, filter.value.column().row);
    let Some((first, rest)) = path.split_first() else {
        // Without its join the column is absent from every row.
        w.syntax(if filter.wanted.accepts("") { "true" } else { "false" });
        return;
    };
    let absent_passes = filter.wanted.accepts("");
    let wanted = if absent_passes { complement(&filter.wanted) } else { filter.wanted.clone() };
    let present = Filter { value: filter.value.clone(), wanted };
    match first.on.as_slice() {
        [(theirs, own)] if has_common_type(&theirs.ty, &own.ty) => {
            if absent_passes {
                w.syntax("(").cell(theirs).syntax(" IS NULL OR ");
            }
            w.cell(theirs).syntax(if absent_passes { " <> ALL(ARRAY(SELECT " } else { " = ANY(ARRAY(SELECT " });
            key_as(w, own, &theirs.ty);
            dimension(w, first, rest, &present);
            for (_, own) in &first.on {
                w.syntax(" AND ");
                key_as(w, own, &theirs.ty);
                w.syntax(" IS NOT NULL");
            }
            w.syntax(if absent_passes { ")))" } else { "))" });
        }
        _ => {
            w.syntax(if absent_passes { "NOT EXISTS (SELECT 1" } else { "EXISTS (SELECT 1" });
            dimension(w, first, rest, &present);
            w.syntax(" AND ");
            equal(w, first);
            w.syntax(")");
        }
    }
}

fn complement(wanted: &ValueCondition) -> ValueCondition {
    match wanted {
        ValueCondition::OneOf(values) => ValueCondition::NoneOf(values.clone()),
        ValueCondition::NoneOf(values) => ValueCondition::OneOf(values.clone()),
        other => other.clone(),
    }
}

fn dimension(w: &mut Writer, first: &Join, rest: &[&Join], filter: &Filter) {
    Dimension { first, rest }.write(w);
    w.syntax(" AND ");
    plain(w, filter);
}

/// The rows that a row of the source is joined to, one after the other.
pub(super) struct Dimension<'a> {
    pub(super) first: &'a Join,
    pub(super) rest: &'a [&'a Join],
}

impl Dimension<'_> {
    /// Writes ` FROM` these rows, one per key of the first, up to conditions on them.
    pub(super) fn write(&self, w: &mut Writer) {
        w.syntax(" FROM ");
        rows(w, self.first);
        left_joins(w, self.rest);
        w.syntax(" WHERE true");
        if is_bare(self.first) {
            filters(w, self.first);
        }
    }
}

fn has_common_type(theirs: &ColumnType, own: &ColumnType) -> bool {
    let (a, b) = (class(theirs), class(own));
    a == b && !matches!(a, Class::Other | Class::Time | Class::Number)
        || matches!((a, b), (Class::Text, _) if !matches!(theirs, ColumnType::Bpchar))
        || matches!((a, b), (Class::Integer | Class::Uuid, Class::Text))
}

/// Writes a key in the type of the column that it is compared with, so that an index on that column serves; a text
/// that is none of its values is NULL.
fn key_as(w: &mut Writer, own: &Column, wanted: &ColumnType) {
    match (class(wanted), class(&own.ty)) {
        (Class::Integer, Class::Text) => {
            w.syntax("CASE WHEN ").cell(own).syntax(" ~ '^(0|-?[1-9][0-9]{0,17})$' THEN ").cell(own);
            w.syntax("::int8 END");
        }
        (Class::Uuid, Class::Text) => {
            w.syntax("CASE WHEN ").cell(own).syntax(" ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN ");
            w.cell(own).syntax("::uuid END");
        }
        (Class::Text, _) if own.ty != ColumnType::Text => {
            w.cell(own).syntax("::text");
        }
        _ => {
            w.cell(own);
        }
    }
}

/// Writes ` FROM` one joined relation alone, one row per key, and the filters on it. While a pattern among them is
/// not settled, every row that passes the others may be the one of its key.
pub(super) fn from_dimension(w: &mut Writer, join: &Join) {
    let is_settled = |filter: &&Filter| !matches!(filter.wanted, ValueCondition::Passing(_));
    let settled: Vec<Filter> = join.filters.iter().filter(is_settled).cloned().collect();
    let unique = join.unique || settled.len() < join.filters.len();
    let join = &Join { filters: settled, unique, ..join.clone() };
    w.syntax(" FROM ");
    rows(w, join);
    w.syntax(" WHERE true");
    if is_bare(join) {
        filters(w, join);
    }
}

impl Writer {
    /// Appends the alias of a row.
    pub(super) fn row(&mut self, row: SourceRow) -> &mut Self {
        match row {
            SourceRow::Own => self.syntax("t"),
            SourceRow::Element => self.syntax("e"),
            SourceRow::Joined(number) => self.generated("j", number),
        }
    }

    /// Appends a time column of the row that it stands in.
    pub(super) fn clock(&mut self, time: &TimeColumn) -> &mut Self {
        self.row(time.row).syntax(".").ident(&time.column)
    }

    /// Appends a column of the row that it stands in.
    pub fn cell(&mut self, column: &Column) -> &mut Self {
        self.row(column.row).syntax(".").ident(&column.name)
    }
}
