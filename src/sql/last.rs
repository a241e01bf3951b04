//! The last sample before an instant of each of some series: one probe of an index for each.

use super::fetch::{LevelPurpose, from, labels, rows};
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
    rows(&mut w, fetch);
    // Of several samples at one instant the larger counts as the later.
    w.syntax(" ORDER BY ").clock(&fetch.rows.time).syntax(" DESC, ").number(fetch.rows.labels.len() + 3);
    w.syntax(" DESC LIMIT 1) AS s LIMIT ").param(Param::Int(i64::from(fetch.caps.rows) + 1));
    w.finish()
}

/// Writes the condition that a row is of the series at hand: for the columns that lead the index in their own type.
fn is_of_series(w: &mut Writer, number: usize, label: &SeriesLabel, leads: bool) {
    match label {
        SeriesLabel::One { value: LabelValue::Column(column), .. } if leads => {
            w.cell(column).syntax(" = ").generated("x.k", number).syntax(match column.ty {
                ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => "::int8",
                ColumnType::Uuid => "::uuid",
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
