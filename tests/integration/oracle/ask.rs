//! Seeded questions, and answers held against the reference.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};

use super::data::{Table, WINDOWS};
use super::grid::Calendar;
use super::reference::{Aggregate, Answer, Filter, Fold, Grouping, Labels, Matcher, Question, Span, answer};
use crate::support::Server;

const ZONES: [Tz; 5] =
    [Tz::UTC, Tz::Europe__Berlin, Tz::Asia__Kathmandu, Tz::America__New_York, Tz::Australia__Lord_Howe];
const OVER_TIME: [&str; 7] = ["avg", "min", "max", "sum", "count", "first", "last"];
const AGGREGATES: [&str; 6] = ["sum", "avg", "min", "max", "count", "group"];
const FILLS: [&str; 5] = ["none", "null", "zero", "linear", "previous"];
/// Steps that a question may ask for itself, each with its length in milliseconds.
const STEPS: &[(&str, i64)] = &[
    ("1ms", 1),
    ("7ms", 7),
    ("250ms", 250),
    ("1s", 1000),
    ("13s", 13_000),
    ("1m", 60_000),
    ("7m", 420_000),
    ("1h", 3_600_000),
    ("5h", 18_000_000),
    ("1d", DAY),
    ("1w", 7 * DAY),
    ("2d", 2 * DAY),
    ("3d", 3 * DAY),
    ("7d", 7 * DAY),
    ("10d", 10 * DAY),
    ("14d", 14 * DAY),
    ("2w", 14 * DAY),
    ("1mo", 30 * DAY),
    ("1q", 91 * DAY),
];
const DAY: i64 = 86_400_000;

/// Asks questions about one range in one request and compares the whole answer.
pub async fn check(server: &Server, table: &Table, questions: &[Question]) {
    let Some(shared) = questions.first() else { return };
    let span = &shared.span;
    let body = json!({
        "timezone": span.calendar.zone.name(), "intervalMs": span.interval, "maxDataPoints": span.max,
        "range": {"from": span.from, "to": span.to},
        "targets": questions.iter().enumerate().map(|target| spelled(table, target)).collect::<Vec<_>>(),
        "adhocFilters": shared.filters.iter().map(filter).collect::<Vec<_>>(),
    });
    let got = server.post("/query", body.clone()).await;
    assert_eq!(got.status, 200, "{body}: {}", got.body);
    let drawn = got.drawn();
    for (number, question) in questions.iter().enumerate() {
        let own = drawn.iter().copied().filter(|element| element["refId"] == ref_id(number)).collect();
        let told: Vec<&Value> =
            got.body.as_array().unwrap().iter().filter_map(|element| element["meta"].get("notices")).collect();
        hold(&json!([body, ref_id(number), told]), own, &answer(&table.samples, question));
    }
}

fn spelled(table: &Table, (number, question): (usize, &Question)) -> Value {
    let mut payload = json!({"fill": question.fill});
    if let Some(step) = question.span.step {
        payload["step"] = step.into();
    }
    json!({"target": text(table, question), "refId": ref_id(number), "payload": payload})
}

fn ref_id(number: usize) -> String {
    format!("Q{number}")
}

/// Compares the series of one target.
fn hold(body: &Value, got: Vec<&Value>, expected: &Answer) {
    let order: Vec<Labels> = got.iter().map(|element| tags(element)).collect();
    let wanted: Vec<&Labels> = expected.keys().collect();
    assert_eq!(order.iter().collect::<Vec<_>>(), wanted, "{body}: other series");
    let mut legends: Vec<_> = got.iter().map(|element| element["target"].to_string()).collect();
    legends.sort();
    legends.dedup();
    assert_eq!(legends.len(), got.len(), "{body}: legends are not unique: {legends:?}");
    for element in got {
        compare(body, element, expected);
    }
}

fn filter(filter: &Filter) -> Value {
    json!({"key": filter.label, "operator": filter.operator, "value": filter.value})
}

fn compare(body: &Value, element: &Value, expected: &Answer) {
    let tags = tags(element);
    let expected = &expected[&tags];
    let points: Vec<(i64, Option<f64>)> = element["datapoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| (point[1].as_i64().unwrap(), point[0].as_f64()))
        .collect();
    assert!(points.is_sorted_by(|a, b| a.0 < b.0), "{body} {tags:?}: not ascending");
    let times: Vec<i64> = points.iter().map(|point| point.0).collect();
    assert_eq!(times, expected.keys().copied().collect::<Vec<_>>(), "{body} {tags:?}: other buckets");
    for (at, got) in points {
        let wanted = Some(expected[&at]).filter(|value| value.is_finite());
        let same = match (got, wanted) {
            (None, None) => true,
            (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0),
            _ => false,
        };
        assert!(same, "{body} {tags:?} at {at}: {got:?} is not {wanted:?}");
    }
}

fn tags(element: &Value) -> Labels {
    let tags: BTreeMap<String, String> = serde_json::from_value(element["tags"].clone()).unwrap_or_default();
    tags
}

fn text(table: &Table, question: &Question) -> String {
    let matchers: Vec<&str> = question.matchers.iter().map(|matcher| matcher.text.as_str()).collect();
    let name = if table.metric.contains(' ') { format!("\"{}\"", table.metric) } else { table.metric.to_owned() };
    let mut text = match (name.contains('"'), matchers.is_empty()) {
        (true, true) => format!("{{{name}}}"),
        (true, false) => format!("{{{name}, {}}}", matchers.join(", ")),
        (false, true) => name,
        (false, false) => format!("{name}{{{}}}", matchers.join(",")),
    };
    match question.over_time {
        Some(Fold::Named(function)) => text = format!("{function}_over_time({text}[$__interval])"),
        Some(Fold::Quantile(phi)) => text = format!("quantile_over_time({phi}, {text}[$__interval])"),
        None => {}
    }
    for Aggregate { fold, grouping } in question.aggregate.iter().chain(&question.outer) {
        let (op, phi) = match fold {
            Fold::Named(op) => (*op, String::new()),
            Fold::Quantile(phi) => ("quantile", format!("{phi}, ")),
        };
        text = match grouping {
            Grouping::All => format!("{op}({phi}{text})"),
            Grouping::By(labels) => format!("{op} by ({}) ({phi}{text})", labels.join(", ")),
            Grouping::Without(labels) => format!("{op}({phi}{text}) without ({})", labels.join(", ")),
        };
    }
    text
}

/// So many questions about one range somewhere near the rows.
pub fn questions(table: &Table, count: usize, dice: &mut StdRng) -> Vec<Question> {
    let span = if dice.random_bool(0.3) { stepped(table, dice) } else { span(dice) };
    about(table, &span, count, dice)
}

/// So many questions about a range.
pub fn about(table: &Table, span: &Span, count: usize, dice: &mut StdRng) -> Vec<Question> {
    let filters: Vec<Filter> =
        (0..dice.random_range(0..4_usize).saturating_sub(2)).map(|_| ad_hoc(table, dice)).collect();
    (0..count).map(|_| question(table, span, &filters, dice)).collect()
}

/// A range whose step the ladder gives.
fn span(dice: &mut StdRng) -> Span {
    let (start, end) = *WINDOWS.choose(dice).unwrap();
    let (mut from, mut to) = match dice.random_range(0..8) {
        0 => (WINDOWS[0].0 - 1, WINDOWS[2].1),
        1 => (start, end),
        n => {
            let length = dice.random_range(1..=(end - start) >> (2 * (n - 2)));
            let from = dice.random_range(start - length / 2..end - length / 2);
            (from, from + length)
        }
    };
    if dice.random_bool(0.3) && to - from > 7_200_000 {
        (from, to) = (from - from % 3_600_000, to - to % 3_600_000);
    }
    let interval = *[1, 1000, 60_000, 1_234_567, 3_600_000, 86_400_000].choose(dice).unwrap();
    let max = *[1, 2, 3, 4, 5, 17, 100, 928, 11_000].choose(dice).unwrap();
    Span { from, to, interval, max, calendar: zone(dice), step: None }
}

/// A range of some buckets of a step of its own, near a row.
fn stepped(table: &Table, dice: &mut StdRng) -> Span {
    let (step, length) = *STEPS.choose(dice).unwrap();
    let covered = dice.random_range(1..=40.min(400 * DAY / length).max(3)) * length;
    let from = table.samples.choose(dice).unwrap().at / 1000 - dice.random_range(0..covered);
    Span { from, to: from + covered, interval: 1000, max: 100, calendar: zone(dice), step: Some(step) }
}

fn zone(dice: &mut StdRng) -> Calendar {
    (*ZONES.choose(dice).unwrap()).into()
}

fn question(table: &Table, span: &Span, filters: &[Filter], dice: &mut StdRng) -> Question {
    let aggregates = table.always_aggregated || dice.random_bool(0.6);
    let inner = aggregates.then(|| aggregate(table, dice));
    let outer = (inner.is_some() && dice.random_bool(0.2)).then(|| aggregate(table, dice));
    let short = span.max <= 1000;
    Question {
        span: span.clone(),
        matchers: (0..dice.random_range(0..3)).map(|_| matcher(table, dice)).collect(),
        over_time: dice.random_bool(0.9).then(|| fold(&OVER_TIME, dice)),
        aggregate: inner,
        outer,
        filters: filters.to_vec(),
        fill: if short && dice.random_bool(0.4) { FILLS.choose(dice).unwrap() } else { "none" },
    }
}

fn aggregate(table: &Table, dice: &mut StdRng) -> Aggregate {
    Aggregate { fold: fold(&AGGREGATES, dice), grouping: grouping(table, dice) }
}

fn fold(names: &[&'static str], dice: &mut StdRng) -> Fold {
    if dice.random_bool(0.15) {
        return Fold::Quantile(*[0.0, 0.05, 0.25, 0.5, 0.9, 0.95, 1.0, -0.5, 1.5].choose(dice).unwrap());
    }
    Fold::Named(names.choose(dice).unwrap())
}

fn grouping(table: &Table, dice: &mut StdRng) -> Grouping {
    let labels: Vec<&str> = table.labels.iter().copied().filter(|_| dice.random_bool(0.4)).collect();
    match dice.random_range(0..5) {
        0 => Grouping::All,
        1 | 2 => Grouping::By(labels),
        _ => Grouping::Without(labels),
    }
}

fn ad_hoc(table: &Table, dice: &mut StdRng) -> Filter {
    let label = *table.labels.choose(dice).unwrap();
    let operator = *["=", "!=", "<", "<=", ">", ">="].choose(dice).unwrap();
    Filter { label, operator, value: values(table, label, dice).swap_remove(0) }
}

/// Patterns, each with its meaning in plain words.
type Pattern = (&'static str, fn(&str) -> bool);
const PATTERNS: &[Pattern] = &[
    (".*", |_| true),
    (".+", |v| !v.is_empty()),
    ("", str::is_empty),
    ("()", str::is_empty),
    ("web.*", |v| v.starts_with("web")),
    (r"web\.01", |v| v == "web.01"),
    ("web.01", |v| v == "web.01" || v == "web_01"),
    ("[ab]", |v| v == "a" || v == "b"),
    ("(a|b|eu|1)", |v| ["a", "b", "eu", "1"].contains(&v)),
    ("a|30|x", |v| ["a", "30", "x"].contains(&v)),
    (".*[0-9]+.*", |v| v.contains(|c: char| c.is_ascii_digit())),
    ("(|a)", |v| v.is_empty() || v == "a"),
    ("t.*|u?s?", |v| v.starts_with('t') || ["", "u", "s", "us"].contains(&v)),
    (r"\(a\|b\)", |v| v == "(a|b)"),
    ("nothing.like.it", |_| false),
];

fn matcher(table: &Table, dice: &mut StdRng) -> Matcher {
    let label = *table.labels.choose(dice).unwrap();
    if dice.random_bool(0.5) {
        let (pattern, accepts) = *PATTERNS.choose(dice).unwrap();
        return if dice.random() {
            Matcher { label, text: format!("{label}=~\"{pattern}\""), accepts: Box::new(accepts) }
        } else {
            Matcher { label, text: format!("{label}!~\"{pattern}\""), accepts: Box::new(move |v| !accepts(v)) }
        };
    }
    let values = values(table, label, dice);
    let raw = match values.as_slice() {
        [one] => escaped(one),
        many => format!("({})", many.iter().map(|value| escaped(value)).collect::<Vec<_>>().join("|")),
    };
    if dice.random() {
        Matcher { label, text: format!("{label}=\"{raw}\""), accepts: Box::new(move |v| values.iter().any(|w| w == v)) }
    } else {
        Matcher {
            label,
            text: format!("{label}!=\"{raw}\""),
            accepts: Box::new(move |v| values.iter().all(|w| w != v)),
        }
    }
}

/// One or several values that the label has somewhere, or nearly.
fn values(table: &Table, label: &str, dice: &mut StdRng) -> Vec<String> {
    let count = *[1, 1, 2, 3].choose(dice).unwrap();
    let one = |dice: &mut StdRng| match dice.random_range(0..6) {
        0 => String::new(),
        1 => "007".to_owned(),
        _ => table.samples.choose(dice).unwrap().labels.get(label).cloned().unwrap_or_default(),
    };
    (0..count).map(|_| one(dice)).collect()
}

/// Grafana's escaping of a variable's value; a quote that would end the value is escaped by hand.
fn escaped(value: &str) -> String {
    let ends = [',', '}', ']'].iter().any(|after| value.contains(&format!("\"{after}")));
    let special = |c: char| r"\^$*+?.()|[]{}/".contains(c) || (c == '"' && ends);
    value.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}
