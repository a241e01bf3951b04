//! The values of a label, and the members of a document.

use super::condition::{condition, grouped, plain};
use super::document::{document, keys_of, values_of_key};
use super::join::from_dimension;
use super::{Param, Statement, Writer, instant, lasting, reading, spread, typed};
use crate::catalog::{Column, ColumnType, LabelDocument, LabelValue, Relation, Source, SourceRow};
use crate::ident::Ident;
use crate::plan::Filter;
use crate::time::TimeRange;

/// Which values of a label are wanted.
#[derive(Clone, Copy, Debug)]
pub struct WantedValues<'a> {
    /// Of rows in this range; of any rows without one.
    pub range: Option<TimeRange>,
    /// Those that begin with it.
    pub prefix: &'a str,
}

/// Newest rows that are looked at when no index gives the values of a label.
pub(super) const ROWS: i64 = 200_000;

/// More children than these are not walked without a range.
const SPREAD: u32 = 32;

/// The distinct non-empty values of a label as text, unsorted, at most `cap` + 1.
///
/// A loose index scan when an index leads with the column: one probe per value of the whole relation, however many
/// rows there are. A label of a dimension row has the values of that relation, and one of a list of label ids those of
/// the table of labels: the rows of the source are not read. Else the distinct values of the rows that pass the filters
/// in the range, or without a range those of the newest rows.
#[must_use]
pub fn label_values(
    source: &Source,
    value: &LabelValue,
    filters: &[Filter],
    range: Option<TimeRange>,
    cap: u32,
) -> Statement {
    let mut w = Writer::default();
    values(&mut w, source, value, filters, range);
    w.syntax(" LIMIT ").param(Param::Int(i64::from(cap) + 1));
    w.finish()
}

pub(super) fn values(
    w: &mut Writer,
    source: &Source,
    value: &LabelValue,
    filters: &[Filter],
    range: Option<TimeRange>,
) {
    match value {
        LabelValue::Resolved { ids, key } => values_of_key(w, ids, key),
        _ if matches!(value.column().row, SourceRow::Joined(_)) => of_dimension(w, source, value, filters),
        LabelValue::Column(column) if source.children > 1 && range.is_some() && column.row == SourceRow::Own => {
            spread::within(w, source, value, filters, range);
        }
        LabelValue::Column(column) if is_walked(source, column) => loose_scan(w, source, column, filters),
        _ => distinct(w, source, value, filters, range),
    }
}

/// Whether the values of a label are those of the newest rows where no range is named: no index and no other relation
/// has them.
#[must_use]
pub fn are_of_newest_rows(source: &Source, label: &str) -> bool {
    match source.label_value(label) {
        None | Some(LabelValue::Resolved { .. }) => false,
        Some(value) if matches!(value.column().row, SourceRow::Joined(_)) => false,
        Some(LabelValue::Column(column)) => !is_walked(source, &column),
        Some(_) => true,
    }
}

/// Whether an index leads from each value of a column to the next.
fn is_walked(source: &Source, column: &Column) -> bool {
    is_walkable(&column.ty) && source.has_index_leading_with(&column.name) && !is_spread(source)
}

/// Whether the rows lie in so many children that a walk over all of them is dear, and the newest are at hand.
pub(super) fn is_spread(source: &Source) -> bool {
    source.children > SPREAD && source.is_indexed_by_time()
}

fn of_dimension(w: &mut Writer, source: &Source, value: &LabelValue, filters: &[Filter]) {
    let row = value.column().row;
    w.syntax("SELECT DISTINCT s.x::text AS x FROM (SELECT ");
    grouped(w, value);
    w.syntax(" AS x");
    if let Some(join) = source.joins.iter().find(|join| join.row == row) {
        from_dimension(w, join);
    }
    for filter in filters.iter().filter(|filter| filter.value.column().row == row) {
        w.syntax(" AND ");
        plain(w, filter);
    }
    w.syntax(") AS s WHERE s.x::text <> ''");
}

/// Whether the order of the type leads from one text to the next: values that it takes for equal have one text.
pub(super) fn is_walkable(ty: &ColumnType) -> bool {
    !matches!(ty, ColumnType::Citext(_) | ColumnType::Ltree(_) | ColumnType::Scalar(_)) && !ty.is_domain_of_enum()
}

/// Filters are tried on each value found.
fn loose_scan(w: &mut Writer, source: &Source, column: &Column, filters: &[Filter]) {
    let from = |w: &mut Writer| {
        w.rows_of(&source.relation, &[]).syntax(" WHERE ").column(&column.name);
    };
    w.syntax("WITH RECURSIVE v AS ((SELECT ").column(&column.name).syntax(" AS x");
    from(w);
    w.syntax(" IS NOT NULL ORDER BY 1 LIMIT 1) UNION ALL SELECT (SELECT ").column(&column.name);
    from(w);
    w.syntax(" > v.x ORDER BY 1 LIMIT 1) FROM v WHERE v.x IS NOT NULL)");
    w.syntax(" SELECT ");
    typed::walked(w, &column.ty);
    w.syntax(" AS x FROM v WHERE v.x IS NOT NULL AND v.x::text <> ''");
    if !filters.is_empty() || !source.needed().is_empty() {
        w.syntax(" AND EXISTS (SELECT 1").rows_of(&source.relation, &source.needed());
        w.syntax(" WHERE ").column(&column.name).syntax(" = v.x");
        timed(w, source);
        narrow(w, source, filters, None);
        w.syntax(")");
    }
}

/// Writes the distinct values of the rows that pass the filters.
pub(super) fn distinct(
    w: &mut Writer,
    source: &Source,
    value: &LabelValue,
    filters: &[Filter],
    range: Option<TimeRange>,
) {
    w.syntax("SELECT DISTINCT s.x::text AS x FROM (SELECT ");
    grouped(w, value);
    w.syntax(" AS x");
    from(w, source);
    restrict(w, source, filters, range);
    match (&source.remote, value) {
        (Some(keys), LabelValue::Column(column)) if range.is_some() && !keys.contains(&source.time.column) => {
            of_each_server(w, column, keys);
        }
        _ => {}
    }
    w.syntax(") AS s WHERE s.x::text <> ''");
}

/// Writes that rows are grouped by a column, and by the columns that say on which server they are: each server then sends
/// its values once, not its rows.
fn of_each_server(w: &mut Writer, column: &Column, keys: &[Ident]) {
    w.remote(true).syntax(" GROUP BY ").cell(column);
    for key in keys.iter().filter(|key| **key != column.name) {
        w.syntax(", ").column(key);
    }
}

pub(super) fn from(w: &mut Writer, source: &Source) {
    w.rows_of(&source.relation, &source.needed());
    source.elements.iter().for_each(|array| reading::elements(w, array));
    w.syntax(" WHERE true");
}

/// Writes the condition that a row has a time, where that is in a joined row: without it there is no row.
fn timed(w: &mut Writer, source: &Source) {
    if source.time.row != SourceRow::Own {
        w.syntax(" AND ");
        instant::known(w, &source.time);
    }
}

/// Writes the conditions that the rows of a source are in the range and pass the filters.
pub(super) fn narrow<'a>(
    w: &mut Writer,
    source: &Source,
    filters: impl IntoIterator<Item = &'a Filter>,
    range: Option<TimeRange>,
) {
    if let Some(range) = range {
        w.syntax(" AND ");
        lasting::within(w, source, range);
    }
    for filter in filters {
        w.syntax(" AND ");
        condition(w, &source.joins, filter);
    }
}

fn restrict(w: &mut Writer, source: &Source, filters: &[Filter], range: Option<TimeRange>) {
    narrow(w, source, filters, range);
    timed(w, source);
    if range.is_none() {
        w.syntax(" ORDER BY ").clock(&source.time).syntax(" DESC LIMIT ").param(Param::Int(ROWS));
    }
}

/// The values of a column that ANALYZE kept: the most common ones, and the bounds of its histogram.
#[must_use]
pub fn common_values(relation: &Relation, column: &Column) -> Statement {
    let mut w = Writer::default();
    w.syntax(
        "SELECT DISTINCT n FROM pg_catalog.pg_stats AS s, unnest(coalesce(s.most_common_vals::text::text[], '{}')",
    );
    w.syntax(" || coalesce(s.histogram_bounds::text::text[], '{}')) AS n");
    w.syntax(" WHERE s.schemaname = ").param(Param::Text(relation.schema.as_str().to_owned()));
    w.syntax("::text AND s.tablename = ").param(Param::Text(relation.name.as_str().to_owned()));
    w.syntax("::text AND s.attname = ").param(Param::Text(column.name.as_str().to_owned()));
    w.syntax("::text AND n <> ''");
    w.finish()
}

/// Those of the names that a column of the source's own has on a row that passes the filters.
#[must_use]
pub fn names_with_rows(source: &Source, column: &Column, names: Vec<String>, filters: &[Filter]) -> Statement {
    let mut w = Writer::default();
    w.syntax("SELECT n.x FROM unnest(").param(Param::Texts(names)).syntax(") AS n(x) WHERE EXISTS (SELECT 1");
    from(&mut w, source);
    w.syntax(" AND ").cell(column).syntax(match column.ty {
        ColumnType::Text | ColumnType::Varchar => " = n.x",
        _ => "::text = n.x",
    });
    narrow(&mut w, source, filters, None);
    w.syntax(")");
    w.finish()
}

/// The distinct names of a document's members, at most `cap`: of a column those among the newest rows that pass the
/// filters, of a list of label ids those of the table of labels.
#[must_use]
pub fn member_names(source: &Source, labels: &LabelDocument, filters: &[Filter], cap: u32) -> Statement {
    let mut w = Writer::default();
    match labels {
        LabelDocument::Ids(ids) => keys_of(&mut w, ids),
        LabelDocument::Json { column, .. } => {
            w.syntax("SELECT DISTINCT jsonb_object_keys(s.x) AS x FROM (SELECT DISTINCT d.x FROM (SELECT ");
            document(&mut w, labels);
            w.syntax(" AS x");
            if let Some(join) = source.joins.iter().find(|join| join.row == column.row) {
                from_dimension(&mut w, join);
                w.syntax(" LIMIT ").param(Param::Int(ROWS));
            } else {
                from(&mut w, source);
                restrict(&mut w, source, filters, None);
            }
            w.syntax(") AS d WHERE jsonb_typeof(d.x) = 'object') AS s");
        }
    }
    w.syntax(" LIMIT ").param(Param::Int(i64::from(cap)));
    w.finish()
}
