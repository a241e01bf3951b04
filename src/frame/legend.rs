//! What series are called.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use crate::series::{Labels, METRIC_NAME, Series};

/// What a series is called.
pub(super) struct SeriesNames {
    /// What is shown.
    pub(super) legend: String,
    /// What tells it apart from the others.
    pub(super) name: String,
}

/// The longest legend that a template gives, in bytes: values of labels may be long, and stand in it several times.
const LONGEST: usize = 4096;

/// A template decides what is shown, or else the metric's name (without one, the question) when there is one series,
/// and `name{differing labels}` when there are several. Where a template calls several series alike, or one nothing,
/// their labels tell them apart.
#[must_use]
pub(super) fn called(series: &[Series], question: &str, template: Option<&str>) -> Vec<SeriesNames> {
    let own = legends(series, question);
    let Some(template) = template else {
        return own.into_iter().map(|legend| SeriesNames { name: legend.clone(), legend }).collect();
    };
    let shown = series.iter().map(|one| rendered(template, &one.labels));
    let shown: Vec<String> = shown.zip(own).map(|(shown, own)| if shown.is_empty() { own } else { shown }).collect();
    let mut times: HashMap<&str, usize> = HashMap::new();
    shown.iter().for_each(|legend| *times.entry(legend).or_default() += 1);
    let name = |(legend, one): (&String, &Series)| match times.get(legend.as_str()) {
        Some(1) => legend.clone(),
        _ => format!("{legend} {}", braced(one.labels.iter())),
    };
    let names: Vec<String> = shown.iter().zip(series).map(name).collect();
    shown.into_iter().zip(names).map(|(legend, name)| SeriesNames { legend, name }).collect()
}

/// A template with its `{{label}}`s replaced; an absent label leaves nothing. Braces that enclose no name stay.
fn rendered(template: &str, labels: &Labels) -> String {
    let (mut text, mut rest) = (String::new(), template);
    while let Some((before, inside)) = rest.split_once("{{") {
        let Some((label, after)) = inside.split_once("}}") else { break };
        text.push_str(before);
        text.push_str(labels.get(label.trim()));
        rest = after;
        if text.len() > LONGEST {
            text.truncate(text.floor_char_boundary(LONGEST));
            return text + "…";
        }
    }
    text.push_str(rest);
    text.trim().to_owned()
}

/// The labels that a template names.
pub fn template_labels(template: &str) -> impl Iterator<Item = &str> {
    let inside = template.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.trim()));
    inside.filter(|label| !label.is_empty())
}

fn legends(series: &[Series], question: &str) -> Vec<String> {
    let names: BTreeSet<&str> = series.iter().map(|s| s.labels.get(METRIC_NAME)).collect();
    let differing = differing(series);
    series.iter().map(|s| legend(&s.labels, &differing, series.len() == 1, names.len() > 1, question)).collect()
}

/// The labels whose value is not the same on all series.
fn differing(series: &[Series]) -> BTreeSet<&str> {
    let all: BTreeSet<&str> = series.iter().flat_map(|s| s.labels.iter().map(|(name, _)| &**name)).collect();
    let same = |name: &&str| series.windows(2).all(|pair| pair[0].labels.get(name) == pair[1].labels.get(name));
    all.into_iter().filter(|name| *name != METRIC_NAME && !same(name)).collect()
}

fn legend(labels: &Labels, differing: &BTreeSet<&str>, alone: bool, names_differ: bool, question: &str) -> String {
    let name = labels.get(METRIC_NAME);
    if alone && name.is_empty() {
        return question.to_owned();
    }
    if alone || (differing.is_empty() && names_differ) {
        return name.to_owned();
    }
    let shown = labels.iter().filter(|(name, _)| differing.contains(&***name));
    name.to_owned() + &braced(shown)
}

/// Labels as a selector writes them.
fn braced<'a, T: AsRef<str> + 'a>(labels: impl Iterator<Item = (&'a T, &'a T)>) -> String {
    let mut text = String::from("{");
    for (at, (name, value)) in labels.enumerate() {
        let separator = if at == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        let _written = write!(text, "{separator}{}={:?}", name.as_ref(), value.as_ref());
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels::new(pairs.iter().map(|(name, value)| (Arc::from(*name), Arc::from(*value))))
    }

    #[test]
    fn a_template_shows_the_values_of_labels() {
        let labels = labels(&[("__name__", "cpu"), ("host", "a"), ("dc", "eu {{x}}")]);
        for (template, expected) in [
            ("{{host}} {{ dc }}", "a eu {{x}}"),
            ("{{__name__}}@{{host}}", "cpu@a"),
            ("{{nothing}}", ""),
            (" {{host}} {{nothing}} ", "a"),
            ("{{host", "{{host"),
            ("{host} }} {{}}", "{host} }}"),
            ("héhé {{host}}", "héhé a"),
        ] {
            assert_eq!(rendered(template, &labels), expected, "{template}");
        }
    }

    #[test]
    fn a_template_that_tells_nothing_apart_leaves_names_unique() {
        let one = |host: &str| Series { labels: labels(&[("__name__", "cpu"), ("host", host)]), points: Vec::new() };
        let series = [one("a"), one("b"), one("")];
        let shown = |template| -> Vec<(String, String)> {
            called(&series, "q", Some(template)).into_iter().map(|c| (c.legend, c.name)).collect()
        };
        let pair = |legend: &str, name: &str| (legend.to_owned(), name.to_owned());
        let expected = [
            pair("load", "load {__name__=\"cpu\", host=\"a\"}"),
            pair("load", "load {__name__=\"cpu\", host=\"b\"}"),
            pair("load", "load {__name__=\"cpu\"}"),
        ];
        assert_eq!(shown("load"), expected);
        assert_eq!(shown("{{host}}"), [pair("a", "a"), pair("b", "b"), pair("cpu{}", "cpu{}")]);
    }
}
