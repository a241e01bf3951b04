//! What the query builder of the JSON plugin says.

use serde_json::Value;

use super::scalar;
use super::variable::{filters, matcher};
use crate::ast::{Matcher, Test};
use crate::wire::request;

/// In front of a label's name, it is the field and the member with that label's values.
pub const LABEL_FIELD: &str = "label:";

/// The builder with one of its fields opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opened {
    /// The target's text; empty before one is picked.
    pub metric: String,
    /// The field.
    pub field: String,
    /// What is picked in it.
    pub picked: Vec<String>,
    /// What all fields of labels say.
    pub filters: Vec<Matcher>,
}

/// Reads a request for a field's options.
#[must_use]
pub fn opened(request: &request::PayloadOptions) -> Opened {
    let field = scalar::text(&request.name).unwrap_or_default();
    let picked = request.payload.get(&field).and_then(|value| matcher("", value));
    let picked = match picked.map(|matcher| matcher.test) {
        Some(Test::In(words)) => words,
        _ => Vec::new(),
    };
    let metric = metric(&request.metric);
    Opened { metric, field, picked, filters: chosen(&request.payload) }
}

/// The target's text in a request of the builder.
#[must_use]
pub fn metric(value: &Value) -> String {
    scalar::text(value).unwrap_or_default()
}

fn chosen(payload: &Value) -> Vec<Matcher> {
    let Some(members) = payload.as_object() else { return Vec::new() };
    let labels = members.iter().filter_map(|(name, value)| Some((name.strip_prefix(LABEL_FIELD)?, value)));
    let mut chosen = filters(payload.get("filters").unwrap_or(&Value::Null));
    chosen.extend(labels.filter_map(|(label, value)| matcher(label, value)));
    chosen
}
