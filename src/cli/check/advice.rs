//! Indexes and rights that are missing, and what they would cost.

use super::report::{Finding, Label as Told, Level};
use crate::catalog::facts::{RelationFacts, RelationKind};
use crate::catalog::{Label, LabelValue, Metric, Relation, Row, Source, TimeColumn, TimeKind, Value};
use crate::ident::Ident;

/// Below this a relation is read whole in no time.
const SMALL: u64 = 32 << 20;
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
        TimeKind::Epoch { unit, .. } => format!("{} since 1970", unit.word()),
    };
    format!("{}: {reads}", time.column)
}

/// A time column that no index holds.
pub(super) fn time_index(time: &Ident, indexes: &[Vec<Ident>], facts: &RelationFacts) -> Option<Finding> {
    let partitioned_by = facts.partition_key.contains(time);
    if indexes.iter().any(|index| index.contains(time)) || partitioned_by && facts.bytes < SMALL {
        return None;
    }
    if matches!(facts.kind, RelationKind::View | RelationKind::Foreign) {
        return None;
    }
    let level = if facts.bytes > SMALL { Level::Slow } else { Level::Note };
    let what = format!("no index holds the time column {time}: every question reads the whole {}", facts.kind.word());
    Some(advised(Finding::new(level, what), facts, &[time]))
}

/// The end of rows that no index holds, where samples have its time.
pub(super) fn end_index(source: &Source, facts: &RelationFacts) -> Option<Finding> {
    let at_end = |metric: &Metric| matches!(&metric.value, Value::Lasts(lasts) if lasts.at_end);
    let end = source.end.as_ref().filter(|_| source.metrics.iter().any(at_end))?;
    time_index(&end.time.column, &source.indexes, facts)
}

/// How the values of each label are found, and what would help where that is slow.
pub(super) fn labels(source: &Source, facts: &RelationFacts) -> (Vec<Told>, Vec<Finding>) {
    let (mut told, mut findings) = (Vec::new(), Vec::new());
    for label in &source.labels {
        let (name, strategy) = match label {
            Label::One { name, value } if matches!(value.column().row, Row::Joined(_)) => {
                (name.clone(), "the rows of the joined relation".to_owned())
            }
            Label::One { name, value: LabelValue::Column(column) } if source.has_index_leading_with(&column.name) => {
                (name.clone(), "a loose scan of an index that leads with it".to_owned())
            }
            Label::One { name, value: LabelValue::Column(column) } => {
                if facts.bytes > SMALL && facts.kind != RelationKind::View && facts.kind != RelationKind::Foreign {
                    let what = format!("the values of label {name} are those of the newest rows only, or of a range");
                    let columns = [&column.name, &source.time.column];
                    findings.push(advised(Finding::new(Level::Note, what), facts, &columns));
                }
                (name.clone(), "distinct values of the newest rows, within a time budget".to_owned())
            }
            Label::One { name, .. } => {
                (name.clone(), "distinct values of the newest rows, within a time budget".to_owned())
            }
            Label::Members { document } => (
                document.column().name.to_string(),
                format!("each member is a label; seen: {}", source.members.join(", ")),
            ),
        };
        told.push(Told { name, strategy });
    }
    (told, findings)
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
    Some(Finding { fix: Some(grant), ..Finding::new(Level::Note, message) })
}

pub(super) fn advised(finding: Finding, facts: &RelationFacts, columns: &[&Ident]) -> Finding {
    let names: Vec<String> = columns.iter().map(|column| column.quoted()).collect();
    let on = format!("ON {} ({});", quoted_name(&facts.relation), names.join(", "));
    let (fix, note) = if facts.is_parent && facts.kind == RelationKind::Partitioned {
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
