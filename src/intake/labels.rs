//! What the ad hoc pickers ask.

use serde_json::Value;

use super::range::{Moment, time_range};
use super::{ad_hoc, scalar};
use crate::ast::Matcher;
use crate::error::Error;
use crate::plan::Limits;
use crate::time::TimeRange;
use crate::wire::request;

/// The most entries that a list is given: thousands freeze it.
pub const PICKER: u32 = 5000;

/// Which rows the labels are asked of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelScope {
    /// The label; empty when keys are asked.
    pub label: String,
    /// The other filters.
    pub filters: Vec<Matcher>,
    /// The range, when there is a readable one.
    pub range: Option<TimeRange>,
}

/// Reads a request for keys or values. What cannot be read narrows nothing: the pickers hang on an error.
///
/// # Errors
/// There are more filters than are allowed.
pub fn label_scope(request: &request::Tags, moment: Moment<'_>, limits: Limits) -> Result<LabelScope, Error> {
    let label = scalar::text(&request.key).unwrap_or_default();
    let filters = ad_hoc::matchers(&[&request.adhoc_filters, &request.filters], limits, &mut Vec::new())?;
    // A filter that is being changed does not narrow its own values.
    let filters = filters.into_iter().filter(|matcher| matcher.label != label).collect();
    Ok(LabelScope { label, filters, range: some_range([&request.time_range, &request.range], moment) })
}

/// The first range that can be read.
pub(super) fn some_range(values: [&Value; 2], moment: Moment<'_>) -> Option<TimeRange> {
    let said = |value: &&&Value| ["from", "to"].iter().any(|end| value.get(end).is_some_and(|end| !end.is_null()));
    values.iter().find(said).and_then(|value| time_range(value, moment).ok())
}
