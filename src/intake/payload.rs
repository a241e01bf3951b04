//! What a target says besides its text, as named texts: a payload's members, whatever types they came in.
//!
//! Code mode sends any JSON. Builder mode sends texts and lists of texts, escaped for regular expressions where a
//! variable stood in them, and nothing that is nested: there a label's filter is a member of its own, `label:host`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::refused::SHOWN;
use super::scalar;
use crate::language;
use crate::nearest::nearest;

/// Names and what was said under each, as texts.
pub type PayloadFields = BTreeMap<String, Vec<String>>;

/// The name under which a filter on that label is said.
pub const LABEL_FIELD: &str = "label:";

/// The members that mean something, and those that clients send besides.
const MEMBERS: [&str; 16] = [
    "aggregation",
    "by",
    "data",
    "fill",
    "filters",
    "format",
    "legend",
    "metric",
    "name",
    "over_time",
    "reduce",
    "refId",
    "step",
    "target",
    "type",
    "tz",
];
/// The most unknown members that are named.
const NAMED: usize = 3;

/// Says which members of a payload mean nothing.
pub(super) fn say_unknown(payload: &Value, notices: &mut Vec<String>) {
    let Some(members) = payload.as_object() else { return };
    let is_unknown = |name: &&String| !MEMBERS.contains(&name.as_str()) && !name.starts_with(LABEL_FIELD);
    for name in members.keys().filter(is_unknown).take(NAMED) {
        let shown: String = name.chars().take(SHOWN).collect();
        let near = nearest(name, MEMBERS.into_iter());
        let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
        notices.push(format!("the member {shown:?} of the payload is ignored: no option is called so{hint}"));
    }
    // A builder makes this text of an object.
    let is_empty = |text: &str| text.is_empty() || text == "[object Object]";
    let is_no_object =
        |filters: &Value| !filters.is_object() && !filters.is_null() && !filters.as_str().is_some_and(is_empty);
    if members.get("filters").is_some_and(is_no_object) {
        notices.push("`filters` is ignored: it is an object with a member for each label".to_owned());
    }
}

/// A payload's members; none for what is no object.
pub(super) fn said(payload: &Value) -> PayloadFields {
    let mut said = PayloadFields::new();
    let mut say = |name: String, mut texts: Vec<String>| {
        texts.retain(|text| !text.trim().is_empty());
        if !texts.is_empty() {
            said.entry(name).or_default().append(&mut texts);
        }
    };
    for (name, value) in payload.as_object().into_iter().flatten() {
        match value {
            Value::Object(filters) if name == "filters" => {
                filters.iter().for_each(|(label, value)| say(format!("{LABEL_FIELD}{label}"), several(value)));
            }
            value if name.starts_with(LABEL_FIELD) || name == "by" => say(name.clone(), several(value)),
            value => say(name.clone(), texts(value)),
        }
    }
    said
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}

fn one(value: &Value) -> Option<String> {
    match value {
        Value::Bool(truth) => Some(truth.to_string()),
        // What JavaScript makes of a nested object.
        Value::String(text) if text == "[object Object]" => None,
        value => scalar::text(value),
    }
}

/// Where several values may stand. A list's members are values. A single text may be several in any of Grafana's
/// formats: `["a","b"]`, `a,b`, `a|b` (`(a|b)` and `{a,b}` are read where single values are); as no text says which
/// format it is in, it stands for itself too.
fn several(value: &Value) -> Vec<String> {
    let Value::String(text) = value else { return texts(value) };
    match serde_json::from_str::<Value>(text) {
        Ok(Value::String(inner)) => return vec![inner],
        Ok(list @ Value::Array(_)) => return texts(&list),
        _ => {}
    }
    let mut all: Vec<String> = one(value).into_iter().collect();
    if language::words(text).as_slice() == [text.as_str()] {
        for separator in [',', '|'] {
            if text.contains(separator) {
                all.extend(text.split(separator).map(str::to_owned));
            }
        }
    }
    all
}
