//! Declarations of a single metric, apart from where its values are.

use super::error::CatalogError;
use super::lookup::bad;
use super::matchers::filters;
use super::values::SourceValues;
use crate::catalog::file::MetricDecl;
use crate::catalog::filter::Filter;
use crate::catalog::{Adjustment, MetricKind, MetricValue, Relation, Scale};

/// What becomes of a metric's values, and which rows have one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SampleRules {
    pub(super) adjustment: Adjustment,
    pub(super) filters: Vec<Filter>,
}

impl SampleRules {
    /// Holds it against the metric's kind.
    pub(super) fn is_fit_for(&self, relation: &Relation, kind: MetricKind) -> Result<(), CatalogError> {
        match self.adjustment.scale.filter(|scale| scale.is_reversing()) {
            Some(scale) if kind == MetricKind::Counter => {
                let wanted = "a number above 0: a counter cannot fall; say `kind = \"gauge\"` if it is a gauge";
                Err(bad(relation, "scale", &scale.factor().to_string(), wanted))
            }
            _ => Ok(()),
        }
    }
}

impl SourceValues<'_> {
    /// What a metric of that value says of its values.
    pub(super) fn own(&self, declared: &MetricDecl, value: &MetricValue) -> Result<SampleRules, CatalogError> {
        let relation = &self.place().relation.relation;
        let factor = |factor: f64| {
            let wanted = "a finite number that is not 0";
            Scale::of(factor).ok_or_else(|| bad(relation, "scale", &factor.to_string(), wanted))
        };
        let scale = declared.scale.map(factor).transpose()?;
        if scale.is_some() && *value == MetricValue::Rows {
            return Err(bad(relation, "scale", "rows", "for values: each row of `rows` counts 1"));
        }
        if !declared.missing.is_empty() && value.cells().is_empty() {
            let listed = declared.missing.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
            return Err(bad(relation, "missing", &listed, "for stored values: `where` leaves rows out"));
        }
        let filters = filters(self.place(), declared.matchers.as_deref())?;
        Ok(SampleRules { adjustment: Adjustment { scale, missing: declared.missing.clone() }, filters })
    }
}
