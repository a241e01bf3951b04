//! The label sets of rows, and the metrics that each has samples of.

use super::condition::{condition, grouped};
use super::fetch::{LevelPurpose, labels};
use super::value::present;
use super::{Param, Statement, Writer, instant, lasting, product, reading};
use crate::catalog::MetricValue;
use crate::plan::{Fetch, SetsFetch, SetsOf};

/// The distinct label sets, at most `cap` + 1 rows of them, among all rows or, with a number, among so many of the newest.
///
/// The columns of the answer: one text per label, the stored name, for each metric that is a column of its own how many of
/// the rows have it, and how many rows were looked at in all.
#[must_use]
pub fn label_sets(sets: &SetsFetch, newest: Option<u32>, cap: u32) -> Statement {
    let mut w = Writer::default();
    let (fetch, columns) = (&sets.fetch, columns(sets));
    w.syntax("SELECT ");
    for at in 0..fetch.rows.labels.len() {
        w.generated("s.l", at).syntax(", ");
    }
    // A constant among the groups is an internal error of PostgreSQL 18 where foreign servers group.
    let by_name = matches!(sets.of, SetsOf::Stored { .. }) || fetch.rows.labels.is_empty();
    w.syntax(if by_name { "s.m" } else { "''::text" });
    for at in 0..columns.len() {
        w.syntax(", count(*) FILTER (WHERE ").generated("s.p", at).syntax(")::float8");
    }
    w.syntax(", sum(count(*)) OVER ()::float8 FROM (SELECT ");
    labels(&mut w, fetch, LevelPurpose::Answer);
    match &sets.of {
        SetsOf::Stored { name, .. } => grouped(&mut w, name),
        SetsOf::One | SetsOf::Columns(_) => {
            w.syntax("''");
        }
    }
    w.syntax("::text AS m");
    for (at, own) in columns.iter().enumerate() {
        w.syntax(", (");
        present(&mut w, own);
        w.syntax(")").generated(" AS p", at);
    }
    from(&mut w, fetch);
    rows(&mut w, fetch);
    if let Some(rows) = newest {
        w.syntax(" ORDER BY ").clock(&fetch.rows.time).syntax(" DESC LIMIT ").param(Param::Int(i64::from(rows)));
    }
    w.syntax(") AS s GROUP BY ").ordinals(fetch.rows.labels.len() + usize::from(by_name));
    // Label sets none of whose rows has a value are of no metric: they come last, where the limit meets them first. They
    // stay in the answer, as their rows were looked at.
    for at in 0..columns.len() {
        w.syntax(if at == 0 { " ORDER BY (bool_or(" } else { " OR bool_or(" }).generated("s.p", at).syntax(")");
    }
    if !columns.is_empty() {
        w.syntax(") DESC");
    }
    w.syntax(" LIMIT ").param(Param::Int(i64::from(cap) + 1));
    w.remote(fetch.rows.is_remote);
    w.finish()
}

fn columns(sets: &SetsFetch) -> &[Fetch] {
    if let SetsOf::Columns(columns) = &sets.of { columns } else { &[] }
}

/// Writes `FROM` and what is read of each row to tell whether it is a sample.
fn from(w: &mut Writer, fetch: &Fetch) {
    w.rows_of(&fetch.rows.relation, &fetch.joined());
    fetch.rows.elements.iter().for_each(|array| reading::elements(w, array));
    match &fetch.rows.value {
        MetricValue::Read(own) => reading::lateral(w, own),
        MetricValue::Lasts(own) => lasting::lasts(w, own),
        MetricValue::Product(columns) => product::lateral(w, columns),
        MetricValue::Overlap(_) | MetricValue::Column(_) | MetricValue::Rows => {}
    }
}

fn rows(w: &mut Writer, fetch: &Fetch) {
    w.syntax(" WHERE ");
    match &fetch.rows.value {
        MetricValue::Overlap(own) => lasting::bounds(w, &fetch.rows.time, own, fetch),
        _ => instant::bounds(w, &fetch.rows.time, fetch.axis.from, fetch.axis.to),
    }
    w.syntax(" AND ");
    present(w, fetch);
    if matches!(fetch.rows.value, MetricValue::Read(_) | MetricValue::Lasts(_)) {
        w.syntax(" AND v.n IS NOT NULL");
    }
    for filter in &fetch.rows.filters {
        w.syntax(" AND ");
        condition(w, &fetch.rows.joins, filter);
    }
}
