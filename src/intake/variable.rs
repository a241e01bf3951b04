//! The queries of template variables, in the language people know from Prometheus.

use serde_json::Value;

use super::labels::PICKER;
use super::range::{Moment, time_range};
use super::{ad_hoc, replaced, scalar};
use crate::ast::{Matcher, Span, Test};
use crate::error::{Error, Kind};
use crate::language;
use crate::plan::{Limits, too_many_filters};
use crate::time::TimeRange;
use crate::wire::request;

/// The words of the language.
pub const VARIABLE_WORDS: &[&str] = &["label_values", "label_names", "metrics", "query_result"];

/// A request for the values of a variable.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableQuestion {
    /// What is asked.
    pub ask: VariableAsk,
    /// The range.
    pub range: TimeRange,
    /// Whether it decides about labels; where a client cannot say one, the newest rows do.
    pub is_ranged: bool,
    /// Filters besides those of the query.
    pub filters: Vec<Matcher>,
    /// What every text begins with.
    pub prefix: String,
    /// The most texts.
    pub limit: usize,
}

/// What a variable asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableAsk {
    /// `label_values(label)`, `label_values(selector, label)`
    LabelValues {
        /// Which series.
        selector: Option<String>,
        /// The label.
        label: String,
    },
    /// `label_names()`, `label_names(selector)`
    LabelNames {
        /// Which series.
        selector: Option<String>,
    },
    /// `metrics()`, `metrics(regex)`
    Metrics {
        /// What occurs in the name.
        pattern: String,
    },
    /// `query_result(expression)`
    QueryResult {
        /// The expression.
        expression: String,
    },
    /// Anything else: names of metrics that contain the text.
    Search(String),
}

/// Reads a request. Its payload is a text, `{"target": "<text>"}`, or any JSON with `query`, or `metric` and `label`,
/// and `filters`, `prefix` and `limit` besides.
///
/// # Errors
/// The range or the query cannot be read.
pub fn variable(request: &request::Variable, moment: Moment<'_>, limits: Limits) -> Result<VariableQuestion, Error> {
    let payload = &request.payload;
    let range = time_range(&request.range, moment)?;
    let member = |name: &str| payload.get(name).and_then(scalar::text).filter(|text| !text.trim().is_empty());
    let text = scalar::text(payload).or_else(|| member("target")).or_else(|| member("query"));
    let (ask, options) = match (text, member("label")) {
        (None, Some(label)) => {
            replaced::text("`label`", &label)?;
            (VariableAsk::LabelValues { selector: member("metric"), label }, CallOptions::default())
        }
        (text, _) => read(&text.unwrap_or_default())?,
    };
    if let VariableAsk::Search(searched) = &ask {
        replaced::text("the variable's query", searched)?;
    }
    let filters = payload.get("filters").unwrap_or(&Value::Null);
    replaced::filters(&[filters])?;
    let prefix = options.prefix.or_else(|| member("prefix")).unwrap_or_default();
    replaced::text("`prefix`", &prefix)?;
    let limit = payload.get("limit").and_then(scalar::integer).filter(|limit| *limit > 0);
    let limit = options.limit.or_else(|| limit.and_then(|limit| usize::try_from(limit).ok()));
    Ok(VariableQuestion {
        ask,
        range,
        is_ranged: true,
        filters: matchers(filters, limits)?,
        prefix,
        limit: limit.unwrap_or(usize::MAX).min(PICKER as usize),
    })
}

/// Whether a text is one of the calls.
#[must_use]
pub fn is_variable(text: &str) -> bool {
    call(text).is_some()
}

/// Filters as ad hoc pickers send them, or as an object of label and value or values.
fn matchers(value: &Value, limits: Limits) -> Result<Vec<Matcher>, Error> {
    let Some(members) = value.as_object() else { return ad_hoc::matchers(&[value], limits, &mut Vec::new()) };
    let most = limits.filters as usize;
    if members.len() > most {
        return Err(too_many_filters(members.len(), most));
    }
    members.iter().filter_map(|(label, value)| matcher(label, value).transpose()).collect()
}

/// The matcher that a label and its value or values are; none when nothing is said.
fn matcher(label: &str, value: &Value) -> Result<Option<Matcher>, Error> {
    let list = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let texts: Vec<String> = list.iter().filter_map(scalar::text).filter(|text| !text.is_empty()).collect();
    let mut words = Vec::new();
    for text in &texts {
        match language::equal_test(text, false) {
            Test::In(list) => words.extend_from_slice(&list),
            // An "All" among them.
            _ => return Ok(None),
        }
        replaced::text(&format!("the filter on {label:?}"), text)?;
    }
    let matcher = Matcher { label: label.to_owned(), test: Test::In(words.into()), span: Span::default() };
    Ok((!texts.is_empty()).then_some(matcher))
}

/// What may follow the arguments of a call: `limit=10`, `prefix="web"`.
#[derive(Debug, Default, PartialEq, Eq)]
struct CallOptions {
    limit: Option<usize>,
    prefix: Option<String>,
}

/// The word and the text between the parentheses of a call.
fn call(text: &str) -> Option<(&'static str, &str)> {
    let text = text.trim();
    let (word, rest) = text.split_once('(')?;
    let word = VARIABLE_WORDS.iter().find(|own| **own == word.trim())?;
    Some((word, rest.strip_suffix(')')?))
}

fn read(text: &str) -> Result<(VariableAsk, CallOptions), Error> {
    let Some((word, inside)) = call(text) else {
        return Ok((VariableAsk::Search(text.to_owned()), CallOptions::default()));
    };
    if word == "metrics" {
        if language::is_all(inside.trim()) {
            return Ok((VariableAsk::Metrics { pattern: String::new() }, CallOptions::default()));
        }
        replaced::text("metrics(…)", inside)?;
        return Ok((VariableAsk::Metrics { pattern: inside.trim().to_owned() }, CallOptions::default()));
    }
    let mut args = arguments(inside);
    let trailing = trailing(&mut args)?;
    let selector = |args: &[&str]| (!args.is_empty()).then(|| args.join(",").trim().to_owned());
    let ask = match (word, args.as_slice()) {
        ("label_values", [before @ .., label]) if !label.trim().is_empty() => {
            VariableAsk::LabelValues { selector: selector(before), label: label_name(label)? }
        }
        ("label_values", _) => {
            let error = Error::new(Kind::BadTarget, "label_values() names no label");
            return Err(error.hint("label_values(host), label_values(cpu{region=\"eu\"}, host)"));
        }
        ("label_names", args) => VariableAsk::LabelNames { selector: selector(args).filter(|text| !text.is_empty()) },
        (_, args) => VariableAsk::QueryResult { expression: args.join(",") },
    };
    Ok((ask, trailing))
}

/// The label of an argument: bare, in quotes, or escaped by an interpolation.
fn label_name(text: &str) -> Result<String, Error> {
    let text = text.trim();
    replaced::text("the label's name", text)?;
    let quoted = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    match language::equal_test(quoted.unwrap_or(text), false) {
        Test::In(words) if words.len() == 1 => Ok(words[0].clone()),
        _ => {
            let message = format!("label_values() takes one label, not {text:?}");
            Err(Error::new(Kind::BadTarget, message).hint("label_values(cpu, host)"))
        }
    }
}

/// Takes `limit=…` and `prefix=…` from the end.
fn trailing(args: &mut Vec<&str>) -> Result<CallOptions, Error> {
    let mut trailing = CallOptions::default();
    while let Some((name, value)) = args.last().and_then(|last| last.split_once('=')) {
        let value = value.trim();
        match name.trim() {
            "limit" => {
                let limit = value.parse().ok().filter(|limit| *limit > 0).ok_or_else(|| {
                    Error::new(Kind::BadTarget, format!("limit={value:?} is not a whole number above zero"))
                })?;
                trailing.limit = Some(limit);
            }
            "prefix" => trailing.prefix = Some(label_name(value)?),
            _ => break,
        }
        args.pop();
    }
    Ok(trailing)
}

/// The arguments: split at commas outside of quotes and brackets. A backslash takes the next character with it.
fn arguments(text: &str) -> Vec<&str> {
    let (mut args, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    let mut rest = text.char_indices();
    while let Some((at, c)) = rest.next() {
        match (c, quote) {
            ('\\', _) => drop(rest.next()),
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'' | '`', None) => quote = Some(c),
            ('(' | '{' | '[', None) => depth += 1,
            (')' | '}' | ']', None) => depth = depth.saturating_sub(1),
            (',', None) if depth == 0 => {
                args.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text.trim().is_empty() {
        args.push(&text[start..]);
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> VariableAsk {
        read(text).unwrap().0
    }

    fn values(selector: Option<&str>, label: &str) -> VariableAsk {
        VariableAsk::LabelValues { selector: selector.map(str::to_owned), label: label.to_owned() }
    }

    #[test]
    fn calls_are_read_as_grafana_reads_them_for_prometheus() {
        for (text, expected) in [
            ("label_values(host)", values(None, "host")),
            (" label_values ( cpu , host ) ", values(Some("cpu"), "host")),
            (r#"label_values(cpu{a="x,y",b=~"(p|q)"}, host)"#, values(Some(r#"cpu{a="x,y",b=~"(p|q)"}"#), "host")),
            (r"label_values((cpu\.load|mem), it\.s)", values(Some(r"(cpu\.load|mem)"), "it.s")),
            (r#"label_values("odd label")"#, values(None, "odd label")),
            ("label_values(a,b,host)", values(Some("a,b"), "host")),
            ("label_names()", VariableAsk::LabelNames { selector: None }),
            ("label_names(cpu)", VariableAsk::LabelNames { selector: Some("cpu".into()) }),
            ("metrics(^cpu_(a|b),c)", VariableAsk::Metrics { pattern: "^cpu_(a|b),c".into() }),
            ("query_result(topk(3, cpu))", VariableAsk::QueryResult { expression: "topk(3, cpu)".into() }),
            ("cpu", VariableAsk::Search("cpu".into())),
            ("", VariableAsk::Search(String::new())),
        ] {
            assert_eq!(asked(text), expected, "{text}");
        }
    }

    #[test]
    fn a_limit_and_a_prefix_may_follow() {
        let (ask, trailing) = read(r#"label_values(cpu, host, prefix="we", limit=10)"#).unwrap();
        assert_eq!(ask, values(Some("cpu"), "host"));
        assert_eq!(trailing, CallOptions { limit: Some(10), prefix: Some("we".into()) });
        assert!(read("label_values(host, limit=x)").is_err() && read("label_values()").is_err());
    }
}
