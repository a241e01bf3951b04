//! The ranges that a rollup holds: its oldest and newest row, and the gaps between.

use super::{Param, Statement, Writer, instant};
use crate::catalog::{Source, TimeColumn, TimeKind};
use crate::ident::Ident;
use crate::time::{Millis, TimeRange};

/// About the year 1, before every row.
const EARLIEST_MS: Millis = -62_000_000_000_000;
/// The most values of an index's first column that are walked.
const WALKED: i64 = 10_000;
/// The most times that are looked at, the newest.
const TIMES: i64 = 50_000;
/// The most values of an index's first column whose times are looked at.
const SERIES: i64 = 25;
/// The most gaps in those times that are looked for in all other values.
const GAPS: i64 = 50;

/// How the times of the rows of a relation are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeLookup {
    /// An index leads with the time.
    Time,
    /// An index has the time behind a column: for each of its values.
    TimeOf(Ident),
    /// Every row is read.
    Row,
}

/// The times of the oldest and of the newest row up to an instant, in milliseconds since 1970, as one text each. With a
/// column that leads an index before the time, those of each of its values are looked up: that no row of another value
/// is seen makes the span shorter, never wrong.
#[must_use]
pub fn span(rows: &Source, until: Millis, every: &TimeLookup) -> Statement {
    let mut w = Writer::default();
    let each = if let TimeLookup::TimeOf(column) = every { Some(column) } else { None };
    if let Some(column) = each {
        w.syntax("WITH RECURSIVE ");
        values(&mut w, rows, column);
    }
    for (at, (extreme, order)) in [("min", " LIMIT 1"), ("max", " DESC LIMIT 1")].into_iter().enumerate() {
        w.syntax(if at > 0 { " UNION ALL SELECT " } else { " SELECT " });
        w.syntax(if each.is_some() { extreme } else { "" }).syntax("((SELECT ");
        instant::epoch_ms(&mut w, &rows.time);
        w.rows_of(&rows.relation, &[]).syntax(" WHERE ");
        instant::bounds(&mut w, &rows.time, EARLIEST_MS, until);
        if let Some(column) = each {
            w.syntax(" AND ").column(column).syntax(" = v.x");
        }
        w.syntax(" ORDER BY ").column(&rows.time.column).syntax(order).syntax("))::text");
        if each.is_some() {
            w.syntax(" FROM (SELECT x FROM v WHERE x IS NOT NULL LIMIT ").param(Param::Int(WALKED)).syntax(") AS v");
        }
    }
    w.finish()
}

/// Which gaps are looked for.
#[derive(Clone, Copy, Debug)]
pub struct GapSearch<'a> {
    /// Those of more than this.
    pub step_ms: i64,
    /// From this instant on; none: from the first row.
    pub since: Option<Millis>,
    /// Up to this instant.
    pub until: Millis,
    /// How the times are found.
    pub every: &'a TimeLookup,
}

/// The gaps between neighbouring times: "BEFORE AFTER", in milliseconds since 1970. Where there are times, three numbers
/// more: the oldest time that was looked at, 1 where older ones were not, 0.
#[must_use]
pub fn gaps(rows: &Source, gaps: GapSearch<'_>) -> Statement {
    let mut w = Writer::default();
    w.syntax("WITH RECURSIVE ");
    match gaps.every {
        TimeLookup::Time => walked(&mut w, rows, gaps),
        TimeLookup::Row => {
            w.syntax("s AS MATERIALIZED (SELECT DISTINCT ").column(&rows.time.column);
            from(&mut w, rows, gaps);
            w.syntax(" ORDER BY 1 DESC LIMIT ").param(Param::Int(TIMES)).syntax(")");
        }
        TimeLookup::TimeOf(column) => {
            values(&mut w, rows, column);
            w.syntax(", r AS (SELECT f.* FROM (SELECT x FROM v WHERE x IS NOT NULL LIMIT ").param(Param::Int(SERIES));
            w.syntax(") AS v CROSS JOIN LATERAL (SELECT ").column(&rows.time.column);
            from(&mut w, rows, gaps);
            w.syntax(" AND ").column(column).syntax(" = v.x ORDER BY ").column(&rows.time.column);
            w.syntax(" DESC LIMIT ").param(Param::Int(TIMES)).syntax(") AS f), s AS MATERIALIZED (SELECT DISTINCT ");
            w.column(&rows.time.column)
                .syntax(" FROM r AS t ORDER BY 1 DESC LIMIT ")
                .param(Param::Int(TIMES))
                .syntax(")");
        }
    }
    neighbours(&mut w, &rows.time, gaps.step_ms);
    match gaps.every {
        TimeLookup::TimeOf(column) => in_no_other(&mut w, rows, column),
        TimeLookup::Time | TimeLookup::Row => {
            w.syntax(" SELECT g.text FROM g");
        }
    }
    w.syntax(" UNION ALL SELECT min(");
    instant::epoch_ms(&mut w, &rows.time);
    w.syntax(") || ' ' || (count(*) >= ")
        .param(Param::Int(TIMES))
        .syntax(")::int || ' 0' FROM s AS t HAVING count(*) > 0");
    w.finish()
}

/// Writes `g`: the pairs of neighbouring times that are more than a step apart, as text and as they are stored.
fn neighbours(w: &mut Writer, time: &TimeColumn, step_ms: i64) {
    w.syntax(", n AS (SELECT ").column(&time.column).syntax(", ");
    shown(w, time);
    w.syntax(" AS shown, ");
    instant::epoch_ms(w, time);
    w.syntax(" AS ms FROM s AS t), g AS (SELECT p.* FROM (SELECT lag(").column(&time.column);
    w.syntax(") OVER o AS before, ").column(&time.column).syntax(" AS after, t.shown - lag(t.shown) OVER o AS apart, ");
    w.syntax("lag(t.ms) OVER o || ' ' || t.ms AS text FROM n AS t WINDOW o AS (ORDER BY ").column(&time.column);
    w.syntax(")) AS p WHERE p.apart > ").param(Param::Int(step_ms)).syntax("::int8 ORDER BY p.after DESC)");
}

/// Writes the gaps that no other value of the index's first column has a row in.
fn in_no_other(w: &mut Writer, rows: &Source, column: &Ident) {
    w.syntax(" SELECT g.text FROM (SELECT * FROM g LIMIT ").param(Param::Int(GAPS));
    w.syntax(") AS g WHERE NOT EXISTS (SELECT FROM (SELECT x FROM v WHERE x IS NOT NULL LIMIT ");
    w.param(Param::Int(WALKED)).syntax(") AS v CROSS JOIN LATERAL (SELECT 1").rows_of(&rows.relation, &[]);
    w.syntax(" WHERE ").column(column).syntax(" = v.x AND ").column(&rows.time.column).syntax(" > g.before AND ");
    w.column(&rows.time.column).syntax(" < g.after LIMIT 1) AS f)");
}

/// What the clock of the column shows, in milliseconds: days of it have 24 hours.
fn shown(w: &mut Writer, time: &TimeColumn) {
    match &time.kind {
        TimeKind::Instant | TimeKind::Epoch { .. } => instant::epoch_ms(w, time),
        TimeKind::Local(_) | TimeKind::Date(_) | TimeKind::Day(_) => {
            w.syntax("floor(date_part('epoch', ").column(&time.column).syntax(") * 1000)::int8");
        }
    }
}

fn from(w: &mut Writer, rows: &Source, gaps: GapSearch<'_>) {
    w.rows_of(&rows.relation, &[]).syntax(" WHERE ");
    instant::bounds(w, &rows.time, gaps.since.unwrap_or(EARLIEST_MS), gaps.until);
}

/// Writes `s`: the newest times, each found by one probe of the index.
fn walked(w: &mut Writer, rows: &Source, gaps: GapSearch<'_>) {
    let time = &rows.time.column;
    w.syntax("v(x) AS ((SELECT ").column(time);
    from(w, rows, gaps);
    w.syntax(" ORDER BY 1 DESC LIMIT 1) UNION ALL SELECT (SELECT ").column(time);
    from(w, rows, gaps);
    w.syntax(" AND ").column(time).syntax(" < v.x ORDER BY 1 DESC LIMIT 1) FROM v WHERE v.x IS NOT NULL), ");
    w.syntax("s AS MATERIALIZED (SELECT v.x AS ").ident(time).syntax(" FROM v WHERE v.x IS NOT NULL LIMIT ");
    w.param(Param::Int(TIMES)).syntax(")");
}

/// Writes `v`: the walk over the values of a column that leads an index.
fn values(w: &mut Writer, rows: &Source, column: &Ident) {
    w.syntax("v AS ((SELECT ").column(column).syntax(" AS x").rows_of(&rows.relation, &[]);
    w.syntax(" WHERE ").column(column).syntax(" IS NOT NULL ORDER BY 1 LIMIT 1) UNION ALL SELECT (SELECT ");
    w.column(column).rows_of(&rows.relation, &[]).syntax(" WHERE ").column(column);
    w.syntax(" > v.x ORDER BY 1 LIMIT 1) FROM v WHERE v.x IS NOT NULL)");
}

/// The numbers of the ranges in which a source has no row.
#[must_use]
pub fn empty_ranges(source: &Source, ranges: &[TimeRange]) -> Statement {
    let mut w = Writer::default();
    for (at, range) in ranges.iter().enumerate() {
        w.syntax(if at > 0 { " UNION ALL SELECT '" } else { "SELECT '" })
            .number(at)
            .syntax("' WHERE NOT EXISTS (SELECT");
        w.rows_of(&source.relation, &source.needed()).syntax(" WHERE ");
        instant::bounds(&mut w, &source.time, range.from, range.to);
        w.syntax(")");
    }
    w.finish()
}
