//! Sources that discovery finds from the columns of a relation.

use super::draft::{DraftMetric, DraftSource, Narrow, NarrowValue, Verdict};
use super::joins::joins;
use super::keys::RelationKeys;
use super::labels;
use super::layout::{self, DecisionLog};
use super::roles::ColumnRole;
use super::things::IncomingReferences;
use super::{distinguishing, origins, things, time, words};
use crate::catalog::facts::{ColumnFacts, Facts, ForeignKey, RelationFacts, RelationKind};
use crate::catalog::file::{JoinDecl, SourceDecl};
use crate::catalog::{ColumnType, Join, LengthUnit, MetricValue, Relation, RowDuration, SourceLabel};
use crate::ident::Ident;
use crate::time::Zone;

/// The most relations that are joined unasked.
const MOST_DIMENSIONS: usize = 4;
/// A relation with more rows describes nothing.
const MOST_DIMENSION_ROWS: f64 = 1_000_000.0;

/// A relation that may be a source.
pub(super) struct CandidateRelation<'a> {
    pub(super) all: &'a Facts,
    pub(super) relation: &'a RelationFacts,
    /// The zone of times that have none.
    pub(super) zone: Zone,
    pub(super) referred: IncomingReferences,
}

/// The source that a relation is, if it is one.
pub(super) fn source(found: &CandidateRelation<'_>, notes: &mut DecisionLog<'_>) -> Option<DraftSource> {
    let mut draft = match alone(found, notes) {
        Ok(draft) => draft,
        Err(why) => {
            notes.relation(Verdict::LeftOut, why);
            return None;
        }
    };
    dimensions(found.all, found.relation, &mut draft, notes);
    Some(draft)
}

/// The source without the relations that it refers to, or why there is none.
fn alone(found: &CandidateRelation<'_>, notes: &mut DecisionLog<'_>) -> Result<DraftSource, String> {
    let relation = found.relation;
    if !relation.columns.iter().any(|column| column.readable) {
        return Err("the role may not SELECT any of its columns".to_owned());
    }
    let (time, mut why) = time::choose(relation, found.zone).ok_or_else(|| no_time(relation))?;
    if let Some(epoch) = time::uncounted_epoch(relation, &time) {
        let why = "may be the time; only ANALYZE can tell: run it, or declare the time";
        return Err(format!("`{epoch}` {why}"));
    }
    if let Some(zone) = time::zone_beside(relation, &time) {
        why.push_str(&format!("; if `{zone}` says another zone, declare a view that converts it"));
    }
    if let Some(why) = things::no_samples(relation, &time.column, found.referred) {
        return Err(why);
    }
    let keys = RelationKeys::of(relation, &time.column);
    if let Some(problem) = &keys.problem {
        return Err(format!("{problem}; declare it"));
    }
    if let Some(clock) = time::clock_beside(relation, &time, &keys) {
        let day = &time.column;
        let why = "both together are no time column: declare a view of the table with their sum";
        return Err(format!("`{clock}` is the time of the day in `{day}`, and {why}"));
    }
    let columns = origins::survey(found, &time.column, &keys);
    if let Some(why) = distinguishing::apart(relation, &columns, &time.column, &keys) {
        return Err(why);
    }
    let has_value = columns.iter().any(|(_, role)| matches!(role, ColumnRole::Value(_)));
    if let Some(why) = origins::lost(found, &columns).filter(|_| has_value) {
        return Err(why);
    }
    let narrow = layout::narrow(&columns);
    let is_number = |(column, role): &(&ColumnFacts, ColumnRole)| {
        matches!(role, ColumnRole::Value(_)) && column.ty != ColumnType::Bool
    };
    let layout = match narrow {
        Some((name, _)) => format!("a narrow {}: `{}` names the metrics", relation.kind.word(), name.name),
        None if columns.iter().any(is_number) => format!("a wide {}", relation.kind.word()),
        None => format!("a {} of events: {}", relation.kind.word(), no_value(&columns)),
    };
    notes.relation(Verdict::Source, layout);
    notes.column(&time.column, Verdict::Time, why);
    if let Some((name, value)) = narrow {
        notes.column(&name.name, Verdict::Name, "by its name, beside one value column");
        notes.column(&value.name, Verdict::Value, format!("{}: the value of every metric", value.ty));
        note(&columns, &[&name.name, &value.name], notes);
        let labels = layout::labels(&columns, &[name.name.clone(), value.name.clone()]);
        return Ok(self::narrow(relation, layout::source(relation, time, labels), name, value));
    }
    note(&columns, &[], notes);
    let mut metrics = metrics(relation, &columns);
    let labels = layout::labels(&columns, &[]);
    let mut source = layout::source(relation, time, labels);
    if !columns.iter().any(is_number) {
        metrics.push(counted(relation, "rows", MetricValue::Rows));
        if let Some(end) = time::end(relation, &source.time.column, found.zone) {
            notes.column(&end.time.column, Verdict::Value, "the end of a row: how long rows lasted is a metric");
            let lasts =
                RowDuration { start: source.time.clone(), end: end.clone(), unit: LengthUnit::Seconds, at_end: false };
            metrics.push(counted(relation, "seconds", MetricValue::Lasts(Box::new(lasts))));
            source.end = Some(end);
        }
    }
    Ok(DraftSource { source, declared: false, metrics, narrow: None, family: false, member: None })
}

/// A metric of the rows of a relation that has no numbers.
fn counted(relation: &RelationFacts, name: &str, value: MetricValue) -> DraftMetric {
    let names = Ident::new(name).map(|name| layout::column_names(relation, &name, false)).unwrap_or_default();
    let called = names.first().cloned().unwrap_or_default();
    DraftMetric { names, metric: layout::metric_of(relation, value, &called) }
}

/// Joins what foreign keys point at: the texts there are labels. The key stays one, as it tells series apart that
/// have the same texts.
fn dimensions(all: &Facts, relation: &RelationFacts, draft: &mut DraftSource, notes: &mut DecisionLog<'_>) {
    let mut declared = SourceDecl::default();
    let own = draft.source.labels.clone();
    let keys = relation.foreign_keys.iter().filter(|key| is_dimension(all, relation, key));
    for key in keys.take(MOST_DIMENSIONS) {
        let Some(target) = &key.target else { continue };
        let pairs = key.columns.iter().zip(&key.theirs).map(|(own, theirs)| (own.to_string(), theirs.to_string()));
        let on = pairs.collect();
        declared.joins.push(JoinDecl { relation: target.to_string(), on, ..JoinDecl::default() });
        let joined = joins(all, relation, &declared).and_then(|joined| {
            let labels = own.iter().cloned().chain(joined.labels.into_iter().map(|label| {
                let theirs = joined_to(&joined.joins, &label).unwrap_or(target);
                apart(label, relation, theirs)
            }));
            let labels = labels.collect();
            Ok((joined.joins, labels::settled(relation, labels)?))
        });
        match joined {
            Ok((joins, labels)) if labels.len() > draft.source.labels.len() => {
                (draft.source.joins, draft.source.labels) = (joins, labels);
                let reason = format!("joined to {target} by its foreign key: short text columns there are labels");
                key.columns.iter().for_each(|column| notes.column(column, Verdict::Label, reason.as_str()));
            }
            // One that adds nothing, or a label twice, is not worth its cost.
            _ => {
                declared.joins.pop();
            }
        }
    }
}

/// The relation whose row a label is of.
fn joined_to<'a>(joins: &'a [Join], label: &SourceLabel) -> Option<&'a Relation> {
    let row = label.column().row;
    joins.iter().find(|join| join.row == row).map(|join| &join.relation)
}

/// A label that is called like a column of the table has its relation in front, whatever that column is.
fn apart(label: SourceLabel, relation: &RelationFacts, target: &Relation) -> SourceLabel {
    match label {
        SourceLabel::One { name, value } if relation.column(&name).is_some() => {
            SourceLabel::One { name: format!("{}_{name}", target.name), value }
        }
        other => other,
    }
}

/// Whether a foreign key points at rows that describe: not at the table itself, not at something as large.
fn is_dimension(all: &Facts, relation: &RelationFacts, key: &ForeignKey) -> bool {
    let target = key.target.as_ref().filter(|target| **target != relation.relation);
    let readable = |name: &Ident| relation.column(name.as_str()).is_some_and(|column| column.readable);
    let facts = target.and_then(|target| all.relation(target.schema.as_str(), target.name.as_str()));
    facts.is_some_and(|facts| facts.rows.is_none_or(|rows| rows <= MOST_DIMENSION_ROWS))
        && key.columns.len() == key.theirs.len()
        && key.columns.iter().all(readable)
}

fn no_time(relation: &RelationFacts) -> String {
    let like = |column: &&ColumnFacts| {
        let name = column.name.as_str();
        column.is_number() && words::is_epoch_name(name) && !words::may_be_epoch(name)
    };
    match relation.columns.iter().find(like) {
        Some(column) if column.stats.is_none() => {
            let why = match relation.kind {
                RelationKind::View => "but a view has no statistics: declare it with `time`",
                _ => "but there are no statistics before ANALYZE: run ANALYZE, or declare it",
            };
            format!("no time column; `{}` may be one, {why}", column.name)
        }
        _ => "no time column".to_owned(),
    }
}

/// Numbers may be where only a declaration finds them.
fn no_value(columns: &[(&ColumnFacts, ColumnRole)]) -> String {
    let none = "no column of numbers that is neither a key nor a code, so its rows are counted";
    let is_document = |column: &&ColumnFacts, role: &ColumnRole| {
        matches!(column.ty, ColumnType::Jsonb | ColumnType::Json) && !matches!(role, ColumnRole::Members(_))
    };
    let document = columns.iter().find(|(column, role)| column.readable && is_document(column, role));
    let called = |column: &ColumnFacts| words::is_value(column.name.as_str()) || column.name.as_str() == "state";
    let may_be_number = |column: &ColumnFacts| {
        let kept = column.stats.as_ref().map_or(&[][..], |stats| stats.kept.as_slice());
        kept.is_empty() || kept.iter().any(|text| text.trim().parse::<f64>().is_ok_and(f64::is_finite))
    };
    let is_text = |column: &ColumnFacts| column.readable && column.is_text() && called(column) && may_be_number(column);
    let text = columns.iter().find(|(column, _)| is_text(column));
    match (document, text) {
        (Some((column, _)), _) => {
            format!("{none}; if those in `{}` ({}) are metrics, declare them", column.name, column.ty)
        }
        (None, Some((column, _))) => {
            format!("{none}; if the text in `{}` is a number at times, declare it as `value`", column.name)
        }
        (None, None) => none.to_owned(),
    }
}

fn note(columns: &[(&ColumnFacts, ColumnRole)], without: &[&Ident], notes: &mut DecisionLog<'_>) {
    let narrow = !without.is_empty();
    for (column, role) in columns.iter().filter(|(column, _)| !without.contains(&&column.name)) {
        match role {
            ColumnRole::Value(_) if narrow => {
                notes.column(&column.name, Verdict::LeftOut, "beside the value of a narrow table");
            }
            ColumnRole::Value(why) => notes.column(&column.name, Verdict::Value, why),
            ColumnRole::Label(why) | ColumnRole::Members(why) => notes.column(&column.name, Verdict::Label, why),
            ColumnRole::Crowded(why) | ColumnRole::Out(why) => notes.column(&column.name, Verdict::LeftOut, why),
        }
    }
}

/// One metric per value column.
pub(super) fn metrics(relation: &RelationFacts, columns: &[(&ColumnFacts, ColumnRole)]) -> Vec<DraftMetric> {
    let values: Vec<_> = columns.iter().filter(|(_, role)| matches!(role, ColumnRole::Value(_))).collect();
    let metric = |(column, _): &&(&ColumnFacts, ColumnRole)| DraftMetric {
        names: layout::column_names(relation, &column.name, values.len() == 1),
        metric: layout::metric(relation, column),
    };
    values.iter().map(metric).collect()
}

fn narrow(
    relation: &RelationFacts,
    mut source: crate::catalog::Source,
    name: &ColumnFacts,
    value: &ColumnFacts,
) -> DraftSource {
    source.name_column = Some(name.column());
    let narrow = Narrow {
        value: NarrowValue::One(MetricValue::Column(value.column())),
        prefixes: layout::prefixes(&relation.relation),
        declared: Default::default(),
        own: Default::default(),
        help: value.comment.clone().or_else(|| relation.comment.clone()),
    };
    DraftSource { source, declared: false, family: false, metrics: Vec::new(), narrow: Some(narrow), member: None }
}
