//! Selectors, and what stands behind them.

use std::borrow::Cow;

use crate::ast::{
    At, MatchOp, Matcher, MetricRef, Modifiers, Selector, Span, Test, WindowLength, Written, WrittenMatcher,
};

use super::pieces::{duration, is_plain, quoted, seconds};

const NAME: &str = "__name__";

/// `name{a="b"}[5m] @ 1.000 offset 5m`, the matchers sorted.
pub(super) fn selector(selector: &Selector) -> String {
    let written = written(selector);
    let mut matchers: Vec<String> = written.matchers.iter().map(matcher).collect();
    matchers.sort_unstable();
    let braces = if matchers.is_empty() { String::new() } else { format!("{{{}}}", matchers.join(",")) };
    let range = selector.window.map(|length| format!("[{}]", window(length))).unwrap_or_default();
    let name = written.name.as_deref().unwrap_or_default();
    format!("{name}{braces}{range}{}", modifiers(selector.modifiers))
}

fn matcher(matcher: &WrittenMatcher) -> String {
    let WrittenMatcher { label, op, value, .. } = matcher;
    let label = if is_plain(label, false) { label.clone() } else { quoted(label) };
    format!("{label}{op}{}", quoted(value))
}

/// ` @ 1.000 offset 5m`, whichever came first.
pub(super) fn modifiers(modifiers: Modifiers) -> String {
    let at = match modifiers.at {
        None => String::new(),
        Some(At::Millis(ms)) => format!(" @ {}", seconds(ms)),
        Some(At::Start) => " @ start()".to_owned(),
        Some(At::End) => " @ end()".to_owned(),
    };
    let offset = modifiers.offset.map(|offset| {
        let sign = if offset.ahead { "-" } else { "" };
        format!(" offset {sign}{}", window(offset.length))
    });
    at + &offset.unwrap_or_default()
}

pub(super) fn window(length: WindowLength) -> String {
    match length {
        WindowLength::Millis(ms) => duration(ms),
        WindowLength::Interval => "$__interval".to_owned(),
        WindowLength::RateInterval => "$__rate_interval".to_owned(),
        WindowLength::Range => "$__range".to_owned(),
    }
}

/// The selector's text; of another dialect's selector the text that means the same.
pub(in crate::language) fn written(selector: &Selector) -> Cow<'_, Written> {
    if let Some(written) = &selector.written {
        return Cow::Borrowed(written);
    }
    let (name, on_name) = match &selector.metric {
        MetricRef::Any => (None, Vec::new()),
        MetricRef::Names(names) if names.len() == 1 && is_plain(&names[0], true) => {
            (Some(names[0].clone()), Vec::new())
        }
        MetricRef::Names(names) => (None, vec![derived(NAME, &Test::In(names.clone().into()))]),
        MetricRef::Matching(matchers) => (None, matchers.iter().map(of_matcher).collect()),
    };
    let matchers = on_name.into_iter().chain(selector.matchers.iter().map(of_matcher)).flatten().collect();
    Cow::Owned(Written { name, matchers })
}

fn of_matcher(matcher: &Matcher) -> Option<WrittenMatcher> {
    derived(&matcher.label, &matcher.test)
}

/// None for what PromQL has no words for.
fn derived(label: &str, test: &Test) -> Option<WrittenMatcher> {
    let (op, value) = match test {
        Test::In(values) if values.len() == 1 => (MatchOp::Equal, values[0].clone()),
        Test::NotIn(values) if values.len() == 1 => (MatchOp::NotEqual, values[0].clone()),
        Test::In(values) => (MatchOp::Matches, alternatives(values)),
        Test::NotIn(values) => (MatchOp::MatchesNot, alternatives(values)),
        Test::Match(pattern) => (MatchOp::Matches, pattern.clone()),
        Test::NotMatch(pattern) => (MatchOp::MatchesNot, pattern.clone()),
        Test::Everything => (MatchOp::Matches, ".*".to_owned()),
        Test::Nothing => (MatchOp::MatchesNot, ".*".to_owned()),
        Test::Compare(..) => return None,
    };
    Some(WrittenMatcher { label: label.to_owned(), op, value, span: Span::default() })
}

/// A pattern that matches these values and no other.
fn alternatives(values: &[String]) -> String {
    let escaped = |value: &String| {
        value.chars().fold(String::new(), |mut out, c| {
            if matches!(c, '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$') {
                out.push('\\');
            }
            out.push(c);
            out
        })
    };
    values.iter().map(escaped).collect::<Vec<_>>().join("|")
}
