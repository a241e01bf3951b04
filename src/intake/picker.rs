//! What the query builder of the JSON plugin says.

use serde_json::Value;

use super::builder::filters;
use super::payload::said;
use super::scalar;
use crate::ast::Matcher;
use crate::error::Error;
use crate::language;
use crate::plan::{Limits, too_many_filters};
use crate::wire::request;

/// The builder with one of its fields opened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenedField {
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
///
/// # Errors
/// The fields filter by more labels than are allowed.
pub fn opened(request: &request::PayloadOptions, limits: Limits) -> Result<OpenedField, Error> {
    let field = scalar::text(&request.name).unwrap_or_default();
    let said = said(&request.payload);
    let picked = said.get(&field).into_iter().flatten().flat_map(|text| language::words(text));
    let picked = picked.filter(|word| !word.is_empty()).collect();
    let filters = filters(&said);
    let most = limits.filters as usize;
    if filters.len() > most {
        return Err(too_many_filters(filters.len(), most));
    }
    Ok(OpenedField { metric: metric(&request.metric), picked, filters, field })
}

/// The target's text in a request of the builder.
#[must_use]
pub fn metric(value: &Value) -> String {
    scalar::text(value).unwrap_or_default()
}
