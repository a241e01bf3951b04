//! The metrics that a declared source carries.

use super::declared::kind_and_over_time;
use super::draft::{DraftMetric, Narrow, NarrowValue};
use super::error::CatalogError;
use super::lookup::bad;
use super::roles::ColumnRole;
use super::values::{SourceValue, SourceValues};
use super::{discovered, layout};
use crate::catalog::facts::{ColumnFacts, RelationFacts};
use crate::catalog::file::{MetricDecl, SourceDecl};
use crate::catalog::{CoalescedNumber, Column, ColumnPath, Metric, MetricValue, SourceRow};
use crate::ident::Ident;

/// A declaration and what its relation looks like.
pub(super) struct DeclaredRelation<'a> {
    pub(super) facts: &'a RelationFacts,
    pub(super) declared: &'a SourceDecl,
    /// Every column but the time, with its role.
    pub(super) columns: &'a [(&'a ColumnFacts, ColumnRole)],
    pub(super) values: &'a SourceValues<'a>,
}

/// What it comes to.
pub(super) struct CarriedMetrics {
    /// The metrics with a value of their own.
    pub(super) metrics: Vec<DraftMetric>,
    /// Those whose names are stored.
    pub(super) narrow: Option<Narrow>,
    /// The document whose members they are, where they are in one.
    pub(super) numbers: Option<CoalescedNumber>,
}

impl DeclaredRelation<'_> {
    /// The metrics; `name` is the column with their names, `prefix` what stands in front of them.
    pub(super) fn carried(&self, name: Option<&Column>, prefix: String) -> Result<CarriedMetrics, CatalogError> {
        let value = self.declared.value.as_ref().map(|value| self.values.source(value)).transpose()?;
        let (value, numbers) = match value {
            Some(SourceValue::Members(reading)) => (None, Some(reading)),
            Some(SourceValue::One(value)) => (Some(value), None),
            None => (None, None),
        };
        let narrow = match (name, &numbers) {
            (Some(_), Some(_)) => {
                return Err(bad(&self.facts.relation, "value", "all", "one value, as `name` says which metric it is"));
            }
            (Some(name), None) => Some(self.stored(NarrowValue::One(self.value_beside(name, value.clone())?), prefix)?),
            (None, Some(reading)) => {
                let prefix = self.declared.prefix.clone().unwrap_or_else(|| layout::member_prefix(self.facts));
                Some(self.stored(NarrowValue::Members(reading.clone()), prefix)?)
            }
            (None, None) => None,
        };
        let mut metrics = self.metrics(narrow.is_some(), value)?;
        if metrics.is_empty() && narrow.is_none() {
            metrics = discovered::metrics(self.facts, self.columns);
        }
        if metrics.is_empty() && narrow.is_none() {
            return Err(self.incomplete());
        }
        Ok(CarriedMetrics { metrics, narrow, numbers })
    }

    fn incomplete(&self) -> CatalogError {
        let missing = "no column is plainly a value: say which, as `value` or as `[source.metric.<name>]`";
        CatalogError::Incomplete { relation: self.facts.relation.clone(), missing }
    }

    /// The value of a narrow source: what is declared, else the column that is plainly it.
    fn value_beside(&self, name: &Column, value: Option<MetricValue>) -> Result<MetricValue, CatalogError> {
        let plain = || layout::only_value(self.columns).map(|column| MetricValue::Column(column.column()));
        let is_name = |value: &MetricValue| {
            name.row == SourceRow::Own
                && value.cells().iter().any(|cell| !cell.is_json() && cell.column.name == name.name)
        };
        value.or_else(plain).filter(|value| !is_name(value)).ok_or_else(|| CatalogError::Incomplete {
            relation: self.facts.relation.clone(),
            missing: "no column is plainly the value: say which, as `value`",
        })
    }

    fn stored(&self, value: NarrowValue, prefix: String) -> Result<Narrow, CatalogError> {
        let declared = || self.declared.metric.iter().filter(|(_, metric)| !metric.has_value());
        let own = declared().map(|(name, metric)| {
            Ok((name.clone(), self.values.own(metric, &value.of(name)).map_err(|error| error.of_metric(name))?))
        });
        let own = own.collect::<Result<_, CatalogError>>()?;
        let column = match &value {
            NarrowValue::One(MetricValue::Column(column)) => self.facts.column(column.name.as_str()),
            _ => None,
        };
        let comment = column.and_then(|column| column.comment.clone());
        Ok(Narrow {
            value,
            prefixes: vec![prefix],
            own,
            declared: declared().map(|(name, metric)| (name.clone(), metric.clone())).collect(),
            help: comment.or_else(|| self.facts.comment.clone()),
        })
    }

    /// The metrics that have a value of their own.
    fn metrics(&self, is_narrow: bool, value: Option<MetricValue>) -> Result<Vec<DraftMetric>, CatalogError> {
        let mut metrics = Vec::new();
        for (name, declared) in &self.declared.metric {
            let own = match (self.values.metric(name, declared)?, &value) {
                (Some(own), _) => own,
                (None, _) if is_narrow => continue,
                (None, Some(value)) => value.clone(),
                (None, None) => self.values.named(name)?,
            };
            metrics.push(DraftMetric { names: vec![name.clone()], metric: self.metric(name, declared, own)? });
        }
        if let (true, false, Some(value)) = (metrics.is_empty(), is_narrow, value) {
            metrics.push(self.only(value));
        }
        Ok(metrics)
    }

    fn metric(&self, name: &str, declared: &MetricDecl, value: MetricValue) -> Result<Metric, CatalogError> {
        let (kind, over_time) = kind_and_over_time(&self.facts.relation, declared)?;
        let mut found = self.plain(value, name);
        found.kind = kind.unwrap_or(found.kind);
        found.over_time = over_time.unwrap_or(found.over_time);
        found.unit.clone_from(&declared.unit);
        found.help = declared.help.clone().or(found.help);
        let own = self.values.own(declared, &found.value).map_err(|error| error.of_metric(name))?;
        own.is_fit_for(&self.facts.relation, found.kind)?;
        (found.adjustment, found.filters) = (own.adjustment, own.filters);
        Ok(found)
    }

    /// The metric of a source that has only its value.
    fn only(&self, value: MetricValue) -> DraftMetric {
        let names = match &value {
            MetricValue::Column(column) => layout::column_names(self.facts, &column.name, true),
            MetricValue::Read(reading) => match reading.cells.as_slice() {
                [only] => vec![layout::value_name(self.facts, only.name())],
                _ => vec![layout::value_name(self.facts, "value")],
            },
            MetricValue::Rows | MetricValue::Overlap(_) | MetricValue::Lasts(_) | MetricValue::Product(_) => Vec::new(),
        };
        let called = names.first().cloned().unwrap_or_default();
        DraftMetric { names, metric: self.plain(value, &called) }
    }

    fn plain(&self, value: MetricValue, called: &str) -> Metric {
        match &value {
            MetricValue::Column(column) => match self.facts.column(column.name.as_str()) {
                Some(facts) => layout::metric(self.facts, facts),
                None => layout::metric_of(self.facts, value, called),
            },
            _ => layout::metric_of(self.facts, value, called),
        }
    }

    /// The columns that are something else than labels.
    pub(super) fn used(&self, name: Option<&Column>, narrow: Option<&Narrow>, metrics: &[DraftMetric]) -> Vec<Ident> {
        let mut used: Vec<ColumnPath> = metrics.iter().flat_map(|draft| draft.metric.value.cells()).collect();
        match narrow.map(|narrow| &narrow.value) {
            Some(NarrowValue::One(value)) => used.extend(value.cells()),
            Some(NarrowValue::Members(CoalescedNumber { cells, .. })) => used.extend(cells.iter().cloned()),
            None => {}
        }
        used.extend(self.values.elements.iter().cloned());
        used.extend(name.map(|name| ColumnPath::of(name.clone())));
        let own = used.into_iter().map(|cell| cell.column).filter(|column| column.row == SourceRow::Own);
        own.map(|column| column.name).chain(self.values.end.iter().map(|end| end.time.column.clone())).collect()
    }
}
