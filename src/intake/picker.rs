//! What the query builder of the JSON plugin says.

use serde_json::Value;

use super::builder::filters;
use super::payload::said;
use super::scalar;
use crate::ast::Matcher;
use crate::language;
use crate::wire::request;

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
    let said = said(&request.payload);
    let picked = said.get(&field).into_iter().flatten().flat_map(|text| language::words(text));
    let picked = picked.filter(|word| !word.is_empty()).collect();
    Opened { metric: metric(&request.metric), picked, filters: filters(&said), field }
}

/// The target's text in a request of the builder.
#[must_use]
pub fn metric(value: &Value) -> String {
    scalar::text(value).unwrap_or_default()
}
