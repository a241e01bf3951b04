//! What stands in front of, between and behind the parts of an expression.

use crate::ast::{Aggregate, Binary, Cardinality, Grouping, Subquery};

use super::pieces::labels;
use super::selector::{modifiers, window};

/// `[1h:5m] @ end() offset 5m`
pub(super) fn steps(subquery: &Subquery) -> String {
    let resolution = subquery.resolution.map(window).unwrap_or_default();
    format!("[{}:{resolution}]{}", window(subquery.range), modifiers(subquery.modifiers))
}

/// `sum by (job) `, with the blank only behind labels.
pub(super) fn aggregation(aggregate: &Aggregate) -> String {
    match &aggregate.grouping {
        Grouping::By(names) if names.is_empty() => aggregate.op.to_string(),
        Grouping::By(names) => format!("{} by ({}) ", aggregate.op, labels(names)),
        Grouping::Without(names) => format!("{} without ({}) ", aggregate.op, labels(names)),
    }
}

/// `== bool on (a) group_left (b)`
///
/// `ignoring ()` says nothing and is left out, with the group behind it, as Prometheus does.
pub(super) fn operator(binary: &Binary) -> String {
    let mut text = binary.op.to_string();
    if binary.returns_bool {
        text.push_str(" bool");
    }
    let matching = super::matching(binary).filter(|matching| matching.on || !matching.labels.is_empty());
    let Some(matching) = matching else { return text };
    text.push_str(if matching.on { " on (" } else { " ignoring (" });
    text.push_str(&labels(&matching.labels));
    text.push(')');
    let (word, included) = match &matching.cardinality {
        Cardinality::OneToOne => return text,
        Cardinality::ManyToOne(included) => (" group_left (", included),
        Cardinality::OneToMany(included) => (" group_right (", included),
    };
    text + word + &labels(included) + ")"
}
