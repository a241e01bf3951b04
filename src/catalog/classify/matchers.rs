//! `where`: matchers and comparisons over columns, checked against the facts.

use super::comparisons::{comparison, split};
use super::error::CatalogError;
use super::labels::SourceRelation;
use crate::ast::{Expr, ExprKind, Matcher, MetricRef, Modifiers, Selector, Test};
use crate::catalog::LabelValue;
use crate::catalog::filter::{Filter, wanted};
use crate::language::{self, Dialect};
use crate::pattern::Patterns;

/// The filters that a `where` comes to.
pub(super) fn filters(place: SourceRelation<'_>, text: Option<&str>) -> Result<Vec<Filter>, CatalogError> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(Vec::new()) };
    let wrong = |reason: String| {
        let relation = place.relation.relation.clone();
        CatalogError::BadMatchers { relation, text: text.to_owned(), reason }
    };
    let (mut filters, mut others) = (Vec::new(), Vec::new());
    for part in split(text) {
        match comparison(place, part) {
            Some(found) => filters.push(found.map_err(|refusal| refusal.or_reason(&wrong))?),
            None => others.push(part),
        }
    }
    if others.is_empty() {
        return Ok(filters);
    }
    let parsed = language::parse(&format!("{{{}}}", others.join(",")), Dialect::PromQl);
    let expression = parsed.map_err(|error| wrong(error.message))?;
    let matchers = matchers(expression).ok_or_else(|| wrong("it is more than matchers".to_owned()))?;
    let patterns = Patterns::default();
    for matcher in matchers.iter().filter(|matcher| matcher.test != Test::Everything) {
        let value = LabelValue::Column(place.column(&matcher.label)?);
        filters.push(Filter { value, wanted: wanted(matcher, &patterns).map_err(|bad| wrong(bad.message))? });
    }
    Ok(filters)
}

/// The matchers of an expression that is nothing else.
fn matchers(expression: Expr) -> Option<Vec<Matcher>> {
    let ExprKind::Selector(Selector { metric: MetricRef::Any, matchers, window: None, modifiers, .. }) =
        expression.kind
    else {
        return None;
    };
    (modifiers == Modifiers::default()).then_some(matchers)
}
