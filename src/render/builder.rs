//! The catalog as the query builder of the JSON plugin shows it.

use std::collections::BTreeSet;

use crate::ast::AggregateOp;
use crate::catalog::{Snapshot, Source, SourceLabel};
use crate::evaluate::RangeFunction;
use crate::intake::{AGGREGATIONS, LABEL_FIELD, PICKER, takes_number};
use crate::wire::builder::{Choice, MetricOption, PayloadField, SearchValue, VariableValue};

/// Up to here every metric of the list carries all of its fields; above only the current one does.
const FIELDS: usize = 4000;

/// The metrics as the builder lists them. Those that the target names carry their fields whatever the size of the
/// list; a target that is an expression is on the list itself, or the builder would clear it.
///
/// The builder takes the fields of a metric that is picked from the list that it has. Where all fields of all metrics
/// would be too long a list, the others carry one that makes the builder ask again.
#[must_use]
pub fn metrics(snapshot: &Snapshot, named: &[String], expression: Option<&str>) -> Vec<MetricOption> {
    let count = |source: &Source| source.metrics.len() * (FIXED + source.labels.len() + source.members.len());
    let all = snapshot.sources().iter().map(count).sum::<usize>() <= FIELDS;
    let first = named.first();
    let named: BTreeSet<&str> = named.iter().map(String::as_str).collect();
    let mut list: Vec<MetricOption> = Vec::new();
    for name in snapshot.names() {
        let Some((_, metric)) = snapshot.metric(name) else { continue };
        let payloads = match (named.contains(name), all) {
            (true, _) => fields(snapshot, name, true),
            (false, true) => fields(snapshot, name, false),
            (false, false) => vec![PayloadField { reload_metric: true, ..over_time(false) }],
        };
        list.push(MetricOption {
            value: name.to_owned(),
            label: name.to_owned(),
            description: metric.help.clone(),
            payloads,
        });
    }
    if let (Some(name), Some(text)) = (first, expression) {
        let payloads = fields(snapshot, name, true);
        list.insert(0, MetricOption { value: text.to_owned(), label: text.to_owned(), description: None, payloads });
    }
    list
}

/// The fields that every metric has.
const FIXED: usize = 8;

fn fields(snapshot: &Snapshot, metric: &str, options: bool) -> Vec<PayloadField> {
    let select = |name: &str, label: &str| field(name, label, "select", choices(name).filter(|_| options));
    let mut fields =
        vec![over_time(options), select("aggregation", "Aggregation"), field("by", "By", "multi-select", None)];
    let labels: BTreeSet<String> = snapshot.carriers(metric).flat_map(|carrier| names(carrier.source)).collect();
    fields
        .extend(labels.into_iter().map(|label| field(&format!("{LABEL_FIELD}{label}"), &label, "multi-select", None)));
    fields.extend([select("fill", "Fill"), select("reduce", "Reduce"), select("format", "Format")]);
    let input = |name: &str, label: &str, placeholder| PayloadField {
        placeholder: Some(placeholder),
        ..field(name, label, "input", None)
    };
    fields.push(input("legend", "Legend", "{{host}}"));
    fields.push(input("step", "Step", "5m"));
    fields.push(input("tz", "Time zone", "Europe/Prague"));
    fields
}

fn over_time(options: bool) -> PayloadField {
    field("over_time", "Over time", "select", choices("over_time").filter(|_| options))
}

fn field(name: &str, label: &str, r#type: &'static str, options: Option<Vec<Choice>>) -> PayloadField {
    PayloadField {
        name: name.to_owned(),
        label: label.to_owned(),
        r#type,
        placeholder: None,
        reload_metric: false,
        options: options.unwrap_or_default(),
    }
}

/// What can be picked in a field whose choices are the same for every metric.
#[must_use]
pub fn choices(field: &str) -> Option<Vec<Choice>> {
    let words: Vec<&str> = match field {
        // Those that need nothing but the series, and are answered.
        "over_time" => RangeFunction::words().filter(|word| is_offered(word)).collect(),
        "aggregation" => AGGREGATIONS.into_iter().filter(|op| !takes_number(*op)).map(AggregateOp::word).collect(),
        "fill" => vec!["none", "null", "zero", "previous", "linear"],
        "reduce" => vec!["bucket", "minmax", "m4"],
        "format" => vec!["timeseries", "table", "instant"],
        _ => return None,
    };
    Some(words.into_iter().map(choice).collect())
}

fn is_offered(word: &str) -> bool {
    RangeFunction::from_word(word).is_some_and(|function| function != RangeFunction::Deriv)
}

/// A text that stands for itself.
#[must_use]
pub fn choice(text: impl Into<String>) -> Choice {
    let text = text.into();
    Choice { label: text.clone(), value: text }
}

/// What a list says of itself that is not whole.
const REST: &str = "(all values: this list is not complete)";
/// The value that stands for everything.
const ALL: &str = "$__all";

/// Texts as the values of a template variable. One more value of a list that is not whole stands for everything, so
/// that "All", which is every value of the list, never means only some.
#[must_use]
pub fn variable(texts: &[String], is_open: bool) -> Vec<VariableValue> {
    let value = |text: &String| VariableValue { text: text.clone(), value: text.clone() };
    let rest = is_open.then(|| VariableValue { text: REST.to_owned(), value: ALL.to_owned() });
    texts.iter().take(room(is_open)).map(value).chain(rest).collect()
}

/// How many values a list may have besides the one that stands for everything.
const fn room(is_open: bool) -> usize {
    if is_open { PICKER as usize - 1 } else { usize::MAX }
}

/// As [`variable`], in the form that SimpleJson takes.
#[must_use]
pub fn searched(texts: &[String], is_open: bool) -> Vec<SearchValue> {
    let rest = is_open.then(|| SearchValue::Named { text: REST.to_owned(), value: ALL.to_owned() });
    texts.iter().take(room(is_open)).cloned().map(SearchValue::Plain).chain(rest).collect()
}

/// The choice that stands for everything in a list that is not whole.
#[must_use]
pub fn all_choices() -> Choice {
    Choice { label: REST.to_owned(), value: ALL.to_owned() }
}

/// What the labels of the source are called, members of documents included as far as they were seen.
#[must_use]
pub fn names(source: &Source) -> BTreeSet<String> {
    let declared = source.labels.iter().filter_map(|label| match label {
        SourceLabel::One { name, .. } => Some(name.clone()),
        SourceLabel::Members { .. } => None,
    });
    declared.chain(source.members.iter().cloned()).collect()
}
