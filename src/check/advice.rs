//! Missing indexes and rights, with the cost of an index.

use std::collections::HashMap;

use super::report::{Finding, LabelReport, Severity};
use crate::catalog::facts::{RelationFacts, RelationKind};
use crate::catalog::{
    LabelValue, Metric, MetricValue, Relation, RowEnd, Source, SourceLabel, SourceRow, TimeColumn, TimeKind,
};
use crate::ident::Ident;
use crate::sql;

/// Below this a relation is read whole in no time.
pub(super) const SMALL: u64 = 32 << 20;
/// Bytes of a row in an index of two short columns, a tenth of each page left free.
const INDEX_ROW: f64 = 36.0;
/// Rows that an index takes in within a second.
const ROWS_A_SECOND: f64 = 700_000.0;
/// Bytes that are read within a second.
const BYTES_A_SECOND: f64 = 200e6;

/// The time column in words.
pub(super) fn time(time: &TimeColumn) -> String {
    let reads = match &time.kind {
        TimeKind::Instant => "timestamptz".to_owned(),
        TimeKind::Local(zone) => format!("timestamp without a zone, read as {}", zone.name()),
        TimeKind::Date(zone) => format!("date, midnight in {}", zone.name()),
        TimeKind::Day(_) => "date, a calendar day of whoever asks".to_owned(),
        TimeKind::Epoch { unit, .. } => format!("{} since 1970", unit.word()),
    };
    format!("{}: {reads}", time.column)
}

/// A time column that no index holds.
pub(super) fn time_index(time: &Ident, indexes: &[Vec<Ident>], facts: &RelationFacts) -> Option<Finding> {
    let partitioned_by = facts.partition_key.contains(time);
    let finds_ranges = facts.unordered.iter().any(|index| index.finds_ranges && index.columns.contains(time));
    if indexes.iter().any(|index| index.contains(time)) || finds_ranges || partitioned_by && facts.bytes < SMALL {
        return None;
    }
    if !has_indexes(facts) {
        return None;
    }
    let level = if facts.bytes > SMALL { Severity::Slow } else { Severity::Note };
    let what = format!("no index holds the time column {time}: every question reads the whole {}", word(facts));
    Some(advised(Finding::new(level, what), facts, &[time]))
}

/// Whether indexes can be made on a relation: those of other servers are made there.
pub(super) fn has_indexes(facts: &RelationFacts) -> bool {
    facts.kind != RelationKind::View && (facts.shards.is_empty() || facts.shards.len() < facts.children as usize)
}

/// What keeps the rows of a range from being found by their time.
pub(super) fn times(source: &Source, own: &RelationFacts, facts: &HashMap<&Relation, &RelationFacts>) -> Vec<Finding> {
    let path = source.path_to(source.time.row);
    let (Some(first), Some(last)) = (path.first(), path.last()) else {
        return time_index(&source.time.column, &source.indexes, own).into_iter().collect();
    };
    let mut findings = Vec::new();
    if let Some(theirs) = facts.get(&last.relation) {
        findings.extend(time_index(&source.time.column, &last.indexes, theirs));
    }
    if let Some(join) = path.iter().find(|join| !join.unique) {
        let what = format!(
            "the time is in {}, and no constraint keeps {} to one row per key: every question reads all of it",
            last.relation, join.relation
        );
        findings.push(Finding::new(Severity::Slow, what));
    }
    let keys: Vec<&Ident> = first.on.iter().map(|(theirs, _)| &theirs.name).collect();
    let is_found = source.indexes.iter().any(|index| index.first().is_some_and(|column| keys.contains(&column)));
    if !is_found && own.bytes > SMALL && has_indexes(own) {
        let what = format!(
            "the time is in {}, and no index finds the rows of {} by their key: every question reads all of them",
            last.relation, source.relation
        );
        findings.push(advised(Finding::new(Severity::Slow, what), own, &keys));
    }
    findings
}

/// The end of rows that no index holds, where samples have its time.
pub(super) fn end_index(source: &Source, facts: &RelationFacts) -> Option<Finding> {
    let at_end = |metric: &Metric| matches!(&metric.value, MetricValue::Lasts(lasts) if lasts.at_end);
    let has_such = |end: &&RowEnd| end.time.row == SourceRow::Own && source.metrics.iter().any(at_end);
    let end = source.end.as_ref().filter(has_such)?;
    time_index(&end.time.column, &source.indexes, facts)
}

/// How the values of each label are found, and what would help where that is slow.
pub(super) fn labels(source: &Source, facts: &RelationFacts) -> (Vec<LabelReport>, Vec<Finding>) {
    let (mut told, mut findings) = (Vec::new(), Vec::new());
    for label in &source.labels {
        let (name, strategy) = match label {
            SourceLabel::One { name, value } if matches!(value.column().row, SourceRow::Joined(_)) => {
                (name.clone(), "the rows of the joined relation".to_owned())
            }
            SourceLabel::One { name, value: LabelValue::Column(column) } => {
                findings.extend(label_finding(source, facts, name, &column.name));
                (name.clone(), strategy(source, &column.name))
            }
            SourceLabel::One { name, .. } => (name.clone(), NEWEST.to_owned()),
            SourceLabel::Members { document } => (
                document.column().name.to_string(),
                format!("each member is a label; seen: {}", source.members.join(", ")),
            ),
        };
        told.push(LabelReport { name, strategy });
    }
    (told, findings)
}

const NEWEST: &str = "distinct values of the newest rows, within a time budget";

/// How the values of a column are found.
fn strategy(source: &Source, column: &Ident) -> String {
    if source.remote.is_some() {
        return "the rows of the range, each other server those of its own".to_owned();
    }
    match (source.has_index_leading_with(column), source.children) {
        (_, 2..) if source.sparse.contains(column) => {
            format!("the rows of the range, in those of the {} parts that it touches", source.children)
        }
        (true, 2..) => format!(
            "the rows of the range, or where it has over {} of them a walk of an index within the range",
            sql::READ
        ),
        (true, _) => "a walk along an index that leads with it".to_owned(),
        (false, 2..) => "the rows of the range; without one those of the newest, within a time budget".to_owned(),
        (false, _) => NEWEST.to_owned(),
    }
}

/// An index that would find the values of a label of a large relation, and why one that is there does not.
fn label_finding(source: &Source, facts: &RelationFacts, name: &str, column: &Ident) -> Option<Finding> {
    let is_table = has_indexes(facts);
    let index = facts.unordered.iter().find(|index| index.ordered == 0 && index.columns.first() == Some(column));
    if source.has_index_leading_with(column) || !is_table || facts.bytes <= SMALL && index.is_none() {
        return None;
    }
    let mut what = format!("the values of label {name} are those of the newest rows only, or of a range");
    if let Some(index) = index {
        what.push_str(&format!("; the index {} gives no order: {}", index.name, index.reason));
    }
    if facts.bytes <= SMALL {
        return Some(Finding::new(Severity::Note, what));
    }
    Some(advised(Finding::new(Severity::Note, what), facts, &[column, &source.time.column]))
}

/// The columns that the role may not read, of relations that it may read otherwise.
pub(super) fn rights(facts: &RelationFacts, role: &str) -> Option<Finding> {
    let hidden: Vec<_> = facts.columns.iter().filter(|column| !column.readable).map(|column| &column.name).collect();
    if hidden.is_empty() {
        return None;
    }
    let names: Vec<String> = hidden.iter().map(|name| name.to_string()).collect();
    let of = if hidden.len() == facts.columns.len() { "any column".to_owned() } else { names.join(", ") };
    let message = format!("the role may not SELECT {of} of {}; the rest works without", facts.relation);
    let quoted: Vec<String> = hidden.iter().map(|name| name.quoted()).collect();
    let role = Ident::new(role).map(|role| role.quoted()).unwrap_or_default();
    let grant = format!("GRANT SELECT ({}) ON {} TO {role};", quoted.join(", "), quoted_name(&facts.relation));
    Some(Finding { fix: Some(grant), ..Finding::new(Severity::Note, message) })
}

/// What people call a relation.
pub(super) fn word(facts: &RelationFacts) -> &'static str {
    if facts.hypertable.is_some() { "hypertable" } else { facts.kind.word() }
}

/// The chunks, partitions or children of a relation, and what of them is compressed.
pub(super) fn parts(facts: &RelationFacts) -> Option<String> {
    if let Some(hypertable) = &facts.hypertable {
        let (chunks, compressed) = (hypertable.chunks, hypertable.compressed_chunks);
        let share = 100.0 * f64::from(compressed) / f64::from(chunks.max(1));
        return Some(match compressed {
            0 => format!("{chunks} chunks, none compressed"),
            _ => format!("{chunks} chunks, {compressed} of them compressed ({share:.0} %)"),
        });
    }
    let word = if facts.kind == RelationKind::Partitioned { "partitions" } else { "children" };
    (facts.children > 0).then(|| format!("{} {word}", facts.children))
}

/// What a question over many parts needs of the server: it locks each part, and each of its indexes.
pub(super) fn locks(facts: &RelationFacts, lockable: u64) -> Option<Finding> {
    let needed = u64::from(facts.children) * (1 + facts.indexes.len() as u64);
    if lockable == 0 || needed <= lockable {
        return None;
    }
    let what = format!(
        "a question over all {} parts locks about {needed} relations, and the server has room for {lockable} locks: it may \
         fail with 53200, \"out of shared memory\"",
        facts.children
    );
    let fix = "ALTER SYSTEM SET max_locks_per_transaction = 1024; -- and restart PostgreSQL".to_owned();
    Some(Finding { fix: Some(fix), ..Finding::new(Severity::Note, what) })
}

pub(super) fn advised(finding: Finding, facts: &RelationFacts, columns: &[&Ident]) -> Finding {
    let names: Vec<String> = columns.iter().map(|column| column.quoted()).collect();
    let on = format!("ON {} ({});", quoted_name(&facts.relation), names.join(", "));
    let (fix, note) = if facts.hypertable.is_some() {
        let on = on.trim_end_matches(';');
        (format!("CREATE INDEX {on} WITH (timescaledb.transaction_per_chunk);"), "; one chunk at a time is locked")
    } else if facts.is_parent && facts.kind == RelationKind::Partitioned {
        (
            format!("CREATE INDEX {on}"),
            "; it locks writes: on a large table make it CONCURRENTLY on each partition first",
        )
    } else if facts.is_parent {
        (format!("CREATE INDEX CONCURRENTLY {on}"), "; and the same on each child")
    } else {
        (format!("CREATE INDEX CONCURRENTLY {on}"), "")
    };
    Finding { fix: Some(fix), cost: Some(format!("{}{note}", cost(facts))), ..finding }
}

/// What an index would take, from the size of the table alone.
fn cost(facts: &RelationFacts) -> String {
    let Some(rows) = facts.rows.filter(|rows| *rows > 0.0) else {
        return "how large it would be is unknown before ANALYZE".to_owned();
    };
    // CONCURRENTLY reads the table twice.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let seconds = rows / ROWS_A_SECOND + 2.0 * facts.bytes as f64 / BYTES_A_SECOND;
    let megabytes = (rows * INDEX_ROW / 1e6).ceil();
    format!("about {megabytes:.0} MB and {} to make", length(seconds))
}

fn length(seconds: f64) -> String {
    match seconds {
        s if s < 2.0 => "a second or two".to_owned(),
        s if s < 120.0 => format!("{s:.0} seconds"),
        s => format!("{:.0} minutes", s / 60.0),
    }
}

fn quoted_name(relation: &Relation) -> String {
    format!("{}.{}", relation.schema.quoted(), relation.name.quoted())
}
