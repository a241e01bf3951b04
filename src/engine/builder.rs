//! The query builder of the JSON plugin.

use std::collections::BTreeSet;

use super::labels::LabelValuesRequest;
use super::{RequestScope, resolve};
use crate::ast::{Expr, ExprKind, MetricRef, Selector};
use crate::catalog::Snapshot;
use crate::intake::{LABEL_FIELD, OpenedField, PICKER};
use crate::language;
use crate::plan::{self, SourceRows};
use crate::render;
use crate::wire::builder::{Choice, MetricOption};

/// The most metrics of a target that are listed with all of their fields.
const PICKED: usize = 100;
/// What a field of the builder offers.
#[derive(Debug)]
pub struct Choices {
    /// What can be picked.
    pub choices: Vec<Choice>,
    /// Whether there may be others.
    pub partial: bool,
}

impl RequestScope {
    /// The builder's list of metrics.
    #[must_use]
    pub fn builder_metrics(&self, metric: &str) -> Vec<MetricOption> {
        let snapshot = self.snapshot();
        let named: Vec<String> = match selector(snapshot, metric).map(|selector| selector.metric) {
            Some(MetricRef::Names(names)) => {
                names.into_iter().filter(|name| snapshot.metric(name).is_some()).take(PICKED).collect()
            }
            _ => Vec::new(),
        };
        let known = |names: &Vec<String>| names.iter().all(|name| snapshot.metric(name).is_some());
        let is_name = language::names(metric).iter().any(known);
        render::metrics(snapshot, &named, (!is_name).then_some(metric))
    }

    /// What one of the builder's fields offers, narrowed by the others. What cannot be answered is left out: an error
    /// is shown nowhere.
    pub async fn builder_choices(&self, builder: &OpenedField) -> Choices {
        if let Some(choices) = render::choices(&builder.field) {
            return Choices { choices, partial: false };
        }
        let mut partial = false;
        let label = builder.field.strip_prefix(LABEL_FIELD);
        let rows = self.builder_rows(builder, label);
        let mut texts: BTreeSet<String> = match label {
            Some(label) => {
                let found =
                    self.values(&rows, LabelValuesRequest { label, range: None, prefix: "", most: PICKER }).await;
                partial = found.iter().any(|found| found.as_ref().map_or(true, |found| found.partial));
                found.into_iter().flatten().flat_map(|found| found.values).collect()
            }
            None if builder.field == "by" => self.names(&rows, None).await.into_iter().flatten().flatten().collect(),
            None => BTreeSet::new(),
        };
        partial |= label.is_some() && texts.len() > PICKER as usize;
        while texts.len() > PICKER as usize {
            texts.pop_last();
        }
        // The builder drops what was picked and is not among the options.
        texts.extend(builder.picked.iter().cloned());
        let rest = partial.then(render::all_choices);
        Choices { choices: texts.into_iter().map(render::choice).chain(rest).collect(), partial }
    }

    fn builder_rows(&self, builder: &OpenedField, label: Option<&str>) -> Vec<SourceRows<'_>> {
        let snapshot = self.snapshot();
        let others: Vec<_> =
            builder.filters.iter().filter(|matcher| Some(matcher.label.as_str()) != label).cloned().collect();
        let selector = selector(snapshot, &builder.metric);
        let narrowed = plan::rows(self.naming(), selector.as_ref(), &others);
        narrowed.or_else(|_| plan::rows(self.naming(), None, &others)).unwrap_or_default()
    }
}

/// The selector that a target is, or the first one of its expression.
fn selector(snapshot: &Snapshot, text: &str) -> Option<Selector> {
    if text.trim().is_empty() {
        return None;
    }
    // The builder sends the target as it stands, with its variables.
    let read = resolve::expression(snapshot, text).or_else(|_| resolve::expression(snapshot, &language::opened(text)));
    first(read.ok()?)
}

fn first(expression: Expr) -> Option<Selector> {
    match expression.kind {
        ExprKind::Selector(selector) => Some(selector),
        ExprKind::Negate(inner) | ExprKind::Plus(inner) | ExprKind::Paren(inner) => first(*inner),
        ExprKind::Subquery(subquery) => first(subquery.expr),
        ExprKind::Call(call) => call.args.into_iter().find_map(first),
        ExprKind::Aggregate(aggregate) => first(aggregate.expr),
        ExprKind::Binary(binary) => {
            let crate::ast::Binary { lhs, rhs, .. } = *binary;
            first(lhs).or_else(|| first(rhs))
        }
        ExprKind::Number(_) | ExprKind::Duration(_) | ExprKind::Text(_) => None,
    }
}
