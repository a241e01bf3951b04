//! Variables that arrive as they stand: nobody replaced them, so that what they would select is not known.

use serde_json::Value;

use super::payload::{LABEL_FIELD, PayloadFields};
use super::scalar;
use crate::error::{Error, Kind};
use crate::language;
use crate::wire::request::AdHocFilter;

/// The members of a payload that are read for what they say; a legend is text that may hold any sign.
const READ: [&str; 8] = ["over_time", "aggregation", "by", "fill", "reduce", "format", "step", "tz"];

/// Refuses a text with a variable in it that nobody replaced; `place` is where it stands.
pub(super) fn text(place: &str, text: &str) -> Result<(), Error> {
    match language::unreplaced(text) {
        Some(found) if !language::is_all(text) => {
            let message = format!("the variable `{}` in {place} was not replaced", found.name);
            Err(Error::new(Kind::BadTarget, message).hint(language::UNREPLACED_HINT))
        }
        _ => Ok(()),
    }
}

/// Refuses a payload's members with such a variable. What Grafana itself knows, such as `$__interval`, says nothing
/// where nobody replaced it.
pub(super) fn members(said: &PayloadFields) -> Result<(), Error> {
    let read = said.iter().filter(|(name, _)| READ.contains(&name.as_str()) || name.starts_with(LABEL_FIELD));
    for (name, texts) in read {
        for member in texts.iter().filter(|member| !is_built_in(member)) {
            text(&format!("`{name}`"), member)?;
        }
    }
    Ok(())
}

/// Refuses ad hoc filters with such a variable.
pub(super) fn filters(lists: &[&Value]) -> Result<(), Error> {
    for entry in lists.iter().filter_map(|list| list.as_array()).flatten().filter(|entry| entry.is_object()) {
        let Ok(filter) = serde_json::from_value::<AdHocFilter>(entry.clone()) else { continue };
        let key = scalar::text(&filter.key).unwrap_or_default();
        let values = filter.values.as_array().into_iter().flatten().filter_map(scalar::text);
        for value in scalar::text(&filter.value).into_iter().chain(values).chain([key.clone()]) {
            text(&format!("the filter on {key:?}"), &value)?;
        }
    }
    Ok(())
}

/// Whether the text is a variable of Grafana's own and nothing else.
pub(super) fn is_built_in(text: &str) -> bool {
    let whole = language::unreplaced(text).filter(|found| found.span.end - found.span.start == text.len());
    whole.is_some_and(|found| found.name.starts_with("__"))
}
