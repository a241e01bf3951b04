//! A fetch as one statement.
//!
//! Per series and bucket inside; the aggregation over series, when the database does it, around that. The columns of
//! the answer: one text per label, the bucket, then the partials.

use super::condition::{condition, grouped, may_be_null};
use super::document::{document, group_column};
use super::guard::{guard, merged_guard};
use super::merged::{is_remote, merged_series, whole_buckets};
use super::value::{aggregate, partials, present, skipped};
use super::{Param, Statement, Writer, instant, lasting, product, reading, rollup};
use crate::ast::{Grouping, OverTime};
use crate::catalog::{ColumnType, LabelValue, MetricValue};
use crate::evaluate::RangeFunction;
use crate::plan::{Fetch, FetchAggregate, SeriesLabel};

/// The statement of a fetch whose patterns are resolved.
#[must_use]
pub fn fetch(fetch: &Fetch) -> Statement {
    let mut w = Writer::default();
    match (&fetch.fold.aggregate, fetch.fold.function.over_time()) {
        (Some(wanted), Some(function)) => aggregated(&mut w, fetch, wanted, function),
        _ => whole_buckets(&mut w, fetch, LevelPurpose::Answer),
    }
    w.syntax(" LIMIT ").param(Param::Int(i64::from(fetch.caps.rows) + 1));
    w.remote(is_remote(fetch));
    w.finish()
}

/// What the per-series level is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LevelPurpose {
    /// Its rows are the answer: labels as text, for the client to merge.
    Answer,
    /// An outer level aggregates them: an absent label must be one value, or a series would count twice.
    Inner,
    /// A level between these two makes absent labels one value. Other servers aggregate by plain columns alone.
    Merged,
}

pub(super) fn per_series(w: &mut Writer, fetch: &Fetch, purpose: LevelPurpose) {
    w.syntax("SELECT ");
    labels(w, fetch, purpose);
    match fetch.rows.value {
        MetricValue::Overlap(_) => {
            w.syntax("v.b");
        }
        _ => instant::bucket(w, &fetch.rows.time, &fetch.axis.buckets),
    }
    w.syntax(" AS b");
    partials(w, fetch);
    skipped(w, fetch);
    guard(w, fetch);
    from(w, fetch);
    w.syntax(" WHERE ");
    rows(w, fetch);
    w.syntax(" GROUP BY ");
    group_keys(w, fetch, purpose);
}

/// Writes `FROM` and the rows of a fetch, with what is read of each.
pub(super) fn from(w: &mut Writer, fetch: &Fetch) {
    w.rows_of(&fetch.rows.relation, &fetch.joined());
    fetch.rows.elements.iter().for_each(|array| reading::elements(w, array));
    match &fetch.rows.value {
        MetricValue::Read(own) => reading::lateral(w, own),
        MetricValue::Overlap(own) => lasting::overlap(w, fetch, own),
        MetricValue::Lasts(own) => lasting::lasts(w, own),
        MetricValue::Product(columns) => product::lateral(w, columns),
        MetricValue::Column(_) | MetricValue::Rows => {}
    }
}

/// Whether there is a row of a fetch at all: one text if so.
#[must_use]
pub fn any(fetch: &Fetch) -> Statement {
    let mut w = Writer::default();
    w.syntax("SELECT '1'");
    from(&mut w, fetch);
    w.syntax(" WHERE ");
    rows(&mut w, fetch);
    w.syntax(" LIMIT 1");
    w.finish()
}

pub(super) fn labels(w: &mut Writer, fetch: &Fetch, purpose: LevelPurpose) {
    for (at, label) in fetch.rows.labels.iter().enumerate() {
        series_label(w, label, purpose);
        w.generated(" AS l", at).syntax(", ");
    }
}

/// The keys are the output columns where those are what is grouped by, else the raw columns under a cast.
fn group_keys(w: &mut Writer, fetch: &Fetch, purpose: LevelPurpose) {
    for (at, label) in fetch.rows.labels.iter().enumerate() {
        match label {
            SeriesLabel::One { value: LabelValue::Column(column), .. }
                if !is_coalesced(label, purpose) && column.ty.is_equal_by_text() =>
            {
                w.cell(column);
            }
            SeriesLabel::Members { document } => {
                match group_column(document) {
                    Some(column) => w.cell(column),
                    None => w.number(at + 1),
                };
            }
            SeriesLabel::One { .. } => {
                w.number(at + 1);
            }
        }
        w.syntax(", ");
    }
    w.number(fetch.rows.labels.len() + 1);
}

fn series_label(w: &mut Writer, label: &SeriesLabel, purpose: LevelPurpose) {
    match (label, purpose) {
        (SeriesLabel::Members { document: own }, LevelPurpose::Answer) => {
            document(w, own);
            w.syntax("::text");
        }
        (SeriesLabel::Members { document: own }, _) => document(w, own),
        (SeriesLabel::One { value, .. }, _) if is_coalesced(label, purpose) => {
            w.syntax("coalesce(");
            as_text(w, value);
            w.syntax(", '')");
        }
        (SeriesLabel::One { value, .. }, _) => as_text(w, value),
    }
}

/// Whether an absent label is written as the empty text.
fn is_coalesced(label: &SeriesLabel, purpose: LevelPurpose) -> bool {
    purpose == LevelPurpose::Inner && is_nullable(label)
}

/// Whether a label of its own may be NULL.
fn is_nullable(label: &SeriesLabel) -> bool {
    matches!(label, SeriesLabel::One { value, .. } if may_be_null(value))
}

fn as_text(w: &mut Writer, value: &LabelValue) {
    grouped(w, value);
    if !matches!(value, LabelValue::Column(column) if column.ty == ColumnType::Text) {
        w.syntax("::text");
    }
}

/// Writes the condition on the rows of a fetch.
pub(super) fn rows(w: &mut Writer, fetch: &Fetch) {
    match &fetch.rows.value {
        MetricValue::Overlap(own) => lasting::bounds(w, &fetch.rows.time, own, fetch),
        _ => instant::bounds(w, &fetch.rows.time, fetch.axis.from, fetch.axis.to),
    }
    passing(w, fetch);
}

/// Writes that a row has a sample of the metric and passes the filters.
pub(super) fn passing(w: &mut Writer, fetch: &Fetch) {
    w.syntax(" AND ");
    match &fetch.rows.rolled {
        Some(rolled) => rollup::present(w, fetch, &rolled.columns),
        None => present(w, fetch),
    }
    for filter in fetch.named().iter().chain(&fetch.rows.filters) {
        w.syntax(" AND ");
        condition(w, &fetch.rows.joins, filter);
    }
}

fn aggregated(w: &mut Writer, fetch: &Fetch, wanted: &FetchAggregate, function: OverTime) {
    let keys = keys(fetch, &wanted.grouping);
    w.syntax("SELECT ");
    for (at, key) in keys.iter().enumerate() {
        outer_key(w, key);
        w.generated(" AS k", at).syntax(", ");
    }
    w.syntax("s.b");
    aggregate(w, wanted.op, function, fetch.rows.value.may_skip());
    merged_guard(w, fetch);
    w.syntax(" FROM (");
    let is_merged = fetch.rest.is_some() || is_remote(fetch) && fetch.rows.labels.iter().any(is_nullable);
    if fetch.members().is_some() || is_merged {
        merged_series(w, fetch, function);
    } else {
        per_series(w, fetch, LevelPurpose::Inner);
    }
    w.syntax(") AS s GROUP BY ").ordinals(keys.len() + 1);
}

/// A label of an aggregated answer, and how to read it from the inner level.
pub(crate) enum GroupLabel {
    /// An inner column.
    Column { name: String, at: usize },
    /// A member of the inner document.
    Member { name: String, at: usize },
    /// What is left of the inner document without these members.
    Rest { at: usize, without: Vec<String> },
}

/// The labels of a fetch's answer, in the order of its columns.
pub(crate) fn keys(fetch: &Fetch, grouping: &Grouping) -> Vec<GroupLabel> {
    let document = fetch.rows.labels.iter().position(|label| matches!(label, SeriesLabel::Members { .. }));
    let columns = || {
        fetch.rows.labels.iter().enumerate().filter_map(|(at, label)| match label {
            SeriesLabel::One { name, .. } => Some((name, at)),
            SeriesLabel::Members { .. } => None,
        })
    };
    let column = |name: &String, at: usize| GroupLabel::Column { name: name.clone(), at };
    match grouping {
        Grouping::By(labels) => {
            let find = |label: &String| {
                let own = columns().find(|(name, _)| *name == label).map(|(name, at)| column(name, at));
                own.or_else(|| document.map(|at| GroupLabel::Member { name: label.clone(), at }))
            };
            labels.iter().filter_map(find).collect()
        }
        Grouping::Without(labels) => {
            let kept = columns().filter(|(name, _)| !labels.contains(name)).map(|(name, at)| column(name, at));
            kept.chain(document.map(|at| GroupLabel::Rest { at, without: labels.clone() })).collect()
        }
    }
}

fn outer_key(w: &mut Writer, key: &GroupLabel) {
    match key {
        GroupLabel::Column { at, .. } => w.generated("s.l", *at),
        GroupLabel::Member { name, at } => {
            w.syntax("coalesce(").generated("s.l", *at).syntax(" ->> ").param(Param::Text(name.clone())).syntax(", '')")
        }
        GroupLabel::Rest { at, without } => {
            w.syntax("(coalesce(").generated("s.l", *at).syntax(", '{}') - ");
            w.param(Param::Texts(without.clone())).syntax(")::text")
        }
    };
}

/// The function whose partials the rows of a fetch carry; none when they carry finished values.
#[must_use]
pub(crate) const fn carried(fetch: &Fetch) -> Option<RangeFunction> {
    if fetch.fold.aggregate.is_some() { None } else { Some(fetch.fold.function) }
}
