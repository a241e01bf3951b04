//! The last sample before an instant of each of some series: one probe of an index for each.

use super::fetch::{LevelPurpose, from, labels, passing};
use super::value::sample;
use super::{Param, Statement, Writer, condition, instant};
use crate::catalog::{ColumnType, LabelValue};
use crate::plan::{LastBefore, SeriesLabel};

/// The statement that looks up the last sample of each series in a fetch's range; its columns are those of a fetch of the
/// last samples.
#[must_use]
pub fn last_before(wanted: &LastBefore) -> Statement {
    let (mut w, fetch) = (Writer::default(), &wanted.fetch);
    w.syntax("SELECT s.* FROM unnest(");
    for label in 0..fetch.rows.labels.len() {
        let values = wanted.series.iter().filter_map(|series| series.get(label).cloned()).collect();
        w.syntax(if label > 0 { ", " } else { "" }).param(Param::Texts(values));
    }
    w.syntax(") AS x(");
    for label in 0..fetch.rows.labels.len() {
        w.syntax(if label > 0 { ", " } else { "" }).generated("k", label);
    }
    w.syntax(") CROSS JOIN LATERAL (SELECT ");
    labels(&mut w, fetch, LevelPurpose::Answer);
    instant::moment(&mut w, &fetch.rows.time);
    w.syntax(" AS b, ");
    instant::seconds(&mut w, &fetch.rows.time);
    w.syntax(" AS p0, ");
    sample(&mut w, fetch);
    w.syntax(" AS p1");
    from(&mut w, fetch);
    w.syntax(" WHERE ");
    for (number, label) in fetch.rows.labels.iter().enumerate() {
        is_of_series(&mut w, number, label, wanted.leading.contains(&number));
        w.syntax(" AND ");
    }
    let is_wide = instant::wide_bounds(&mut w, &fetch.rows.time, fetch.axis.from, fetch.axis.to);
    if is_wide {
        // The planner expects that of most rows. Where it expects a condition of few, it reads and sorts all of a series.
        w.syntax(" AND (");
        instant::instant(&mut w, &fetch.rows.time);
        w.syntax(" >= ").param(Param::Instant(fetch.axis.to)).syntax(") IS NOT TRUE");
    }
    passing(&mut w, fetch);
    // Of several samples at one instant the larger counts as the later.
    w.syntax(" ORDER BY ").clock(&fetch.rows.time).syntax(" DESC, ").number(fetch.rows.labels.len() + 3);
    w.syntax(" DESC LIMIT 1) AS s");
    found(&mut w, wanted, is_wide);
    w.syntax(" LIMIT ").param(Param::Int(i64::from(fetch.caps.rows) + 1));
    w.finish()
}

/// Writes what must be true of the row that was found.
fn found(w: &mut Writer, wanted: &LastBefore, is_wide: bool) {
    w.syntax(" WHERE true");
    if is_wide {
        w.syntax(" AND s.b >= ").param(Param::Instant(wanted.fetch.axis.from));
    }
    for number in &wanted.leading {
        // The cast may have made another text of one that is no value of the column.
        let SeriesLabel::One { value: LabelValue::Column(column), .. } = &wanted.fetch.rows.labels[*number] else {
            continue;
        };
        if matches!(column.ty, ColumnType::Bpchar | ColumnType::Name | ColumnType::Inet) {
            w.syntax(" AND ").generated("s.l", *number).syntax(" = ").generated("x.k", *number);
        }
    }
}

/// Writes the condition that a row is of the series at hand: for the columns that lead the index in their own type.
fn is_of_series(w: &mut Writer, number: usize, label: &SeriesLabel, leads: bool) {
    match label {
        SeriesLabel::One { value: LabelValue::Column(column), .. } if leads => {
            w.cell(column).syntax(" = ").generated("x.k", number).syntax(match column.ty {
                ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => "::int8",
                ColumnType::Uuid => "::uuid",
                ColumnType::Bpchar => "::bpchar",
                ColumnType::Name => "::name",
                ColumnType::Inet => "::inet",
                _ => "",
            });
        }
        SeriesLabel::One { value, .. } => {
            w.syntax("coalesce((");
            condition::grouped(w, value);
            w.syntax(")::text, '') = ").generated("x.k", number);
        }
        // Such series are not looked up one by one.
        SeriesLabel::Members { .. } => {
            w.syntax("false");
        }
    }
}
