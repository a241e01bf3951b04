//! What discovered and declared sources have in common: the roles of columns put together.

use super::counters::counter;
use super::draft::{Decision, Verdict};
use super::roles::{ColumnRole, KeyedRelation, role};
use super::words;
use crate::ast::OverTime;
use crate::catalog::facts::{ColumnFacts, RelationFacts};
use crate::catalog::{
    Adjustment, ColumnType, LOOKBACK_MS, LabelDocument, Metric, MetricKind, MetricValue, Relation, Source, SourceLabel,
    TimeColumn,
};
use crate::ident::Ident;

/// Where decisions about one relation are noted.
pub(super) struct DecisionLog<'a> {
    relation: &'a Relation,
    decisions: &'a mut Vec<Decision>,
}

impl<'a> DecisionLog<'a> {
    pub(super) const fn new(facts: &'a RelationFacts, decisions: &'a mut Vec<Decision>) -> Self {
        Self { relation: &facts.relation, decisions }
    }

    pub(super) fn relation(&mut self, verdict: Verdict, reason: impl Into<String>) {
        self.note(None, verdict, reason.into());
    }

    pub(super) fn column(&mut self, column: &Ident, verdict: Verdict, reason: impl Into<String>) {
        self.note(Some(column.clone()), verdict, reason.into());
    }

    fn note(&mut self, column: Option<Ident>, verdict: Verdict, reason: String) {
        self.decisions.push(Decision { relation: self.relation.clone(), column, verdict, reason });
    }
}

/// Every column but the time, with its role.
pub(super) fn survey<'a>(place: &KeyedRelation<'a>) -> Vec<(&'a ColumnFacts, ColumnRole)> {
    let others = place.relation.columns.iter().filter(|column| place.time.is_none_or(|time| time.name != column.name));
    others.map(|column| (column, role(place, column))).collect()
}

/// The only value column, or the only one that is called like a value. Booleans beside numbers say something of them.
pub(super) fn only_value<'a>(columns: &[(&'a ColumnFacts, ColumnRole)]) -> Option<&'a ColumnFacts> {
    let values = || columns.iter().filter(|(_, role)| matches!(role, ColumnRole::Value(_))).map(|(column, _)| *column);
    let numbers: Vec<_> = values().filter(|column| column.ty != ColumnType::Bool).collect();
    let values = if numbers.is_empty() { values().collect() } else { numbers };
    let called: Vec<_> = values.iter().copied().filter(|column| words::is_value(column.name.as_str())).collect();
    match (values.as_slice(), called.as_slice()) {
        ([only], _) | (_, [only]) => Some(only),
        _ => None,
    }
}

/// The name and the value column of a narrow layout.
pub(super) fn narrow<'a>(columns: &[(&'a ColumnFacts, ColumnRole)]) -> Option<(&'a ColumnFacts, &'a ColumnFacts)> {
    let value = only_value(columns)?;
    let is_name = |role: &ColumnRole| matches!(role, ColumnRole::Label(_) | ColumnRole::Crowded(_));
    let names = columns.iter().filter(|(column, role)| column.is_text() && is_name(role));
    let ranked = names.filter_map(|(column, _)| {
        let (rank, needs_value) = words::metric_name_rank(column.name.as_str())?;
        (!needs_value || words::is_value(value.name.as_str())).then_some((rank, *column))
    });
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, name)| (name, value))
}

/// The labels that the roles say, without the given columns.
pub(super) fn labels(columns: &[(&ColumnFacts, ColumnRole)], without: &[Ident]) -> Vec<SourceLabel> {
    let others = columns.iter().filter(|(column, _)| !without.contains(&column.name));
    let mut labels: Vec<SourceLabel> = others
        .filter_map(|(column, role)| match role {
            ColumnRole::Label(_) => Some(column_label(column.name.as_str(), column)),
            ColumnRole::Members(_) => Some(SourceLabel::Members {
                document: LabelDocument::Json { column: column.column(), path: Vec::new() },
            }),
            ColumnRole::Value(_) | ColumnRole::Crowded(_) | ColumnRole::Out(_) => None,
        })
        .collect();
    sort(&mut labels);
    labels
}

pub(super) fn column_label(name: &str, column: &ColumnFacts) -> SourceLabel {
    SourceLabel::of_column(name, column.column())
}

/// By what they are called; documents last.
pub(super) fn sort(labels: &mut [SourceLabel]) {
    labels.sort_by(|a, b| key(a).cmp(&key(b)));
}

fn key(label: &SourceLabel) -> (bool, &str) {
    match label {
        SourceLabel::One { name, .. } => (false, name),
        SourceLabel::Members { document } => (true, document.column().name.as_str()),
    }
}

/// A source of that relation, without metrics.
pub(super) fn source(relation: &RelationFacts, time: TimeColumn, labels: Vec<SourceLabel>) -> Source {
    let mut indexes = relation.indexes.clone();
    indexes.sort();
    Source {
        relation: relation.relation.clone(),
        joins: Vec::new(),
        filters: Vec::new(),
        time,
        end: None,
        interval_ms: None,
        lookback_ms: LOOKBACK_MS,
        labels,
        members: Vec::new(),
        metrics: Vec::new(),
        elements: None,
        numbers: None,
        skip_nan: false,
        null_ends: true,
        one_per_instant: false,
        staleness_ms: None,
        settles: None,
        max_age: None,
        by_token: false,
        has_policies: false,
        version: 0,
        name_column: None,
        name_path: Vec::new(),
        rollups: Vec::new(),
        indexes,
        children: relation.children,
        remote: relation.remote(),
        sparse: sparse(relation),
        bytes: relation.bytes,
    }
}

/// A step from value to value probes each child; so many rows are read meanwhile.
const ROWS_A_STEP: f64 = 50.0;

/// The columns whose values are found sooner by reading a range than by walking over its children.
fn sparse(relation: &RelationFacts) -> Vec<Ident> {
    let Some(rows) = relation.rows.filter(|_| relation.children > 1) else { return Vec::new() };
    let is_sparse = |column: &&ColumnFacts| {
        let distinct = column.stats.as_ref().map(|stats| stats.n_distinct);
        // Below zero it is a share of the rows: their values repeat seldom.
        distinct.is_some_and(|n| n < 0.0 || rows / f64::from(relation.children) < n * ROWS_A_STEP)
    };
    relation.columns.iter().filter(is_sparse).map(|column| column.name.clone()).collect()
}

/// The metric of a column, without a name.
pub(super) fn metric(relation: &RelationFacts, column: &ColumnFacts) -> Metric {
    Metric {
        name: String::new(),
        value: MetricValue::Column(column.column()),
        adjustment: Adjustment::default(),
        filters: Vec::new(),
        stored_name: None,
        kind: if counter(relation, column).is_some() { MetricKind::Counter } else { MetricKind::Gauge },
        unit: None,
        help: column.comment.clone().or_else(|| relation.comment.clone()),
        over_time: OverTime::Avg,
    }
}

/// The metric of a value that is no column of numbers, without a name; `called` is what its kind is guessed by.
pub(super) fn metric_of(relation: &RelationFacts, value: MetricValue, called: &str) -> Metric {
    let over_time = match value {
        MetricValue::Rows => OverTime::Count,
        MetricValue::Overlap(_) => OverTime::Sum,
        MetricValue::Column(_) | MetricValue::Read(_) | MetricValue::Lasts(_) | MetricValue::Product(_) => {
            OverTime::Avg
        }
    };
    // A length of time does not only grow, whatever it is called.
    let kind = if matches!(value, MetricValue::Lasts(_)) { MetricKind::Gauge } else { guess_kind(called) };
    let column = match value.cells().as_slice() {
        [only] => relation.column(only.column.name.as_str()).and_then(|column| column.comment.clone()),
        _ => None,
    };
    Metric {
        name: String::new(),
        value,
        adjustment: Adjustment::default(),
        filters: Vec::new(),
        stored_name: None,
        kind,
        unit: None,
        help: column.or_else(|| relation.comment.clone()),
        over_time,
    }
}

/// By the name only, so a guess.
pub(in crate::catalog) fn guess_kind(name: &str) -> MetricKind {
    if words::is_counter(name) { MetricKind::Counter } else { MetricKind::Gauge }
}

/// What the metric of a column may be called, the shortest first; `only`: it is the only value column.
pub(super) fn column_names(relation: &RelationFacts, column: &Ident, only: bool) -> Vec<String> {
    let (schema, table) = (&relation.relation.schema, &relation.relation.name);
    let mut names = Vec::with_capacity(5);
    let on_path = relation.path_position.is_some();
    if only && column.as_str() == "value" {
        if on_path {
            names.push(table.to_string());
        }
        names.push(format!("{schema}_{table}"));
    } else if on_path {
        names.push(format!("{table}_{column}"));
    }
    names.push(format!("{schema}_{table}_{column}"));
    names.push(format!("{schema}.{table}.{column}"));
    names
}

/// What the only metric of a declared source is called, after its value's own name.
pub(super) fn value_name(relation: &RelationFacts, own: &str) -> String {
    let prefix = member_prefix(relation);
    if own == "value" { prefix.strip_suffix("_").unwrap_or(&prefix).to_owned() } else { format!("{prefix}{own}") }
}

/// What stands in front of the members of a document that are metrics: as in front of columns.
pub(super) fn member_prefix(relation: &RelationFacts) -> String {
    let (schema, table) = (&relation.relation.schema, &relation.relation.name);
    if relation.path_position.is_some() { format!("{table}_") } else { format!("{schema}_{table}_") }
}

/// What may stand in front of stored names, the shortest first.
pub(super) fn prefixes(relation: &Relation) -> Vec<String> {
    let (schema, table) = (&relation.schema, &relation.name);
    vec![String::new(), format!("{table}_"), format!("{schema}_{table}_"), format!("{schema}.{table}.")]
}
