//! Ad hoc filters → matchers.

use std::collections::HashSet;

use serde_json::Value;

use super::scalar;
use crate::ast::{Comparison, Matcher, Span, Test, Values};
use crate::error::Error;
use crate::language;
use crate::plan::{Limits, too_many_filters};
use crate::wire::request::AdHocFilter;

/// The matchers of both lists, which newer Grafana fills alike; what cannot be read is ignored with a notice.
///
/// # Errors
/// There are more filters than are allowed, read or ignored.
pub(super) fn matchers(lists: &[&Value], limits: Limits, notices: &mut Vec<String>) -> Result<Vec<Matcher>, Error> {
    let most = limits.filters as usize;
    let (mut matchers, mut known): (Vec<Matcher>, HashSet<Matcher>) = (Vec::new(), HashSet::new());
    let ignored_before = notices.len();
    for entry in lists.iter().filter_map(|list| list.as_array()).flatten().filter(|entry| entry.is_object()) {
        let Ok(filter) = serde_json::from_value::<AdHocFilter>(entry.clone()) else { continue };
        if let Some(matcher) = matcher(&filter, notices)
            && known.insert(matcher.clone())
        {
            matchers.push(matcher);
        }
        if matchers.len() > most || notices.len() - ignored_before > 2 * most {
            let found = lists.iter().filter_map(|list| list.as_array()).map(Vec::len).max().unwrap_or_default();
            return Err(too_many_filters(found, most));
        }
    }
    let mut said = HashSet::new();
    notices.retain(|notice| said.insert(notice.clone()));
    Ok(matchers)
}

fn matcher(filter: &AdHocFilter, notices: &mut Vec<String>) -> Option<Matcher> {
    let label = scalar::text(&filter.key).filter(|key| !key.is_empty())?;
    let operator = scalar::text(&filter.operator).unwrap_or_else(|| "=".into());
    let value = scalar::text(&filter.value).unwrap_or_default();
    if language::is_all(&value) || [&label, &value].iter().any(|text| language::unreplaced(text).is_some()) {
        // Everything; where an error can be shown the question with such a variable is refused before.
        return None;
    }
    let test = match operator.as_str() {
        "=" => Test::In([value].into()),
        "!=" => Test::NotIn([value].into()),
        "=~" => language::regex_test(&value, false),
        "!~" => language::regex_test(&value, true),
        "<" => Test::Compare(Comparison::Less, value),
        "<=" => Test::Compare(Comparison::LessOrEqual, value),
        ">" => Test::Compare(Comparison::Greater, value),
        ">=" => Test::Compare(Comparison::GreaterOrEqual, value),
        "=|" => one_of(filter, value, Test::In)?,
        "!=|" => one_of(filter, value, Test::NotIn)?,
        "groupBy" => return None,
        other => {
            let shown: String = other.chars().take(20).collect();
            let label: String = label.chars().take(80).collect();
            notices.push(format!("the filter on {label:?} is ignored: its operator {shown:?} is unknown"));
            return None;
        }
    };
    (test != Test::Everything).then_some(Matcher { label, test, span: Span::default() })
}

/// The test of a filter with several values; none when it selects everything.
fn one_of(filter: &AdHocFilter, first: String, test: fn(Values) -> Test) -> Option<Test> {
    let values: Vec<String> = match filter.values.as_array() {
        Some(values) if !values.is_empty() => values.iter().filter_map(scalar::text).collect(),
        _ => vec![first],
    };
    (!values.iter().any(|value| language::is_all(value))).then(|| test(values.into()))
}
