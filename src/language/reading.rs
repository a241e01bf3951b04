//! What a string of the JSON dialect means once Grafana has interpolated it.
//!
//! A variable arrives escaped for a regular expression (`web\.01`, `(a|b)`), as a glob (`{a,b}`), or
//! as the text that a custom "All" stands for (`.*`), and the operator in front says which of
//! these a person can have meant.

use crate::ast::Test;

use super::MAX_BYTES;
use super::finite::finite;
use super::glob;
use super::variable::is_all;

/// What Grafana's `regex` format escapes: the slash too, the hyphen not.
pub(super) fn is_escaped_by_grafana(c: char) -> bool {
    matches!(c, '\\' | '^' | '$' | '*' | '+' | '?' | '.' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '/')
}

/// The readings of a whole target as names of metrics, the most literal first.
///
/// The text as it stands, then without surrounding blanks, then unescaped with and without them, or the
/// members of `(a|b)` or `{a,b}` unescaped. No reading is given twice, none has an empty name, and a text that
/// is longer than [`MAX_BYTES`] or contains a NUL has none.
#[must_use]
pub fn names(text: &str) -> Vec<Vec<String>> {
    if text.len() > MAX_BYTES || text.contains('\0') {
        return Vec::new();
    }
    let trimmed = text.trim();
    let last = list(trimmed).unwrap_or_else(|| vec![unescape(trimmed)]);
    let mut all = vec![vec![text.to_owned()], vec![trimmed.to_owned()], last];
    if trimmed.len() < text.len() {
        // A stored name may begin or end with a blank.
        all.insert(2, vec![unescape(text)]);
    }
    let mut readings: Vec<Vec<String>> = Vec::with_capacity(all.len());
    for names in all {
        if names.iter().all(|name| !name.is_empty()) && !readings.contains(&names) {
            readings.push(names);
        }
    }
    readings
}

/// Reads `label="raw"` and, negated, `label!="raw"`; `raw` is the text between the quotes with its
/// backslashes untouched.
#[must_use]
pub fn equal_test(raw: &str, negated: bool) -> Test {
    match_all(raw, negated).unwrap_or_else(|| one_or_all(words(raw), negated))
}

/// Reads `label=~"raw"` and, negated, `label!~"raw"`; `raw` is the text between the quotes with its
/// backslashes untouched. A pattern that is not a list of words is not validated.
///
/// `{a,b}` is any of the two, as Grafana's `glob` format writes them; behind something that can be repeated `{1,2}`
/// stays a quantifier.
#[must_use]
pub fn regex_test(raw: &str, negated: bool) -> Test {
    match list(raw) {
        Some(members) if members.iter().any(|member| is_all(member)) => return everything(negated),
        Some(members) if raw.starts_with('{') => return one_of(members, negated),
        _ if matches!(raw, "{}") => return one_of(vec![String::new()], negated),
        _ => {}
    }
    let test = dialect_test(&glob::expanded(raw), negated);
    let has_all = match &test {
        Test::In(words) | Test::NotIn(words) => words.iter().any(|word| is_all(word)),
        _ => is_all(raw),
    };
    if has_all { everything(negated) } else { test }
}

/// Reads a pattern of the JSON dialect, in which backslashes may have been doubled.
fn dialect_test(raw: &str, negated: bool) -> Test {
    // The backslash of a quote typed by hand says nothing about the others.
    let strict = if raw.contains('"') || raw.contains('\'') { without_escapes(raw, is_quote) } else { raw.to_owned() };
    if finite(&strict).is_some_and(|list| list.grafana_shaped) {
        return pattern_test(&strict, negated);
    }
    match halved(&strict) {
        Some(pasted) => pattern_test(&pasted, negated),
        None => pattern_test(&strict, negated),
    }
}

/// Reads a regular expression exactly as it stands.
pub(super) fn pattern_test(pattern: &str, negated: bool) -> Test {
    if let Some(test) = match_all(pattern, negated) {
        return test;
    }
    match finite(pattern) {
        Some(list) => one_of(list.words, negated),
        None if negated => Test::NotMatch(pattern.to_owned()),
        None => Test::Match(pattern.to_owned()),
    }
}

/// As [`one_of`], but "All" among the words stands for everything.
fn one_or_all(words: Vec<String>, negated: bool) -> Test {
    if words.iter().any(|word| is_all(word)) { everything(negated) } else { one_of(words, negated) }
}

const fn everything(negated: bool) -> Test {
    if negated { Test::Nothing } else { Test::Everything }
}

pub(super) fn one_of(words: Vec<String>, negated: bool) -> Test {
    if negated { Test::NotIn(words.into()) } else { Test::In(words.into()) }
}

/// The values that `raw` stands for in an equality: one, or the members of a list.
#[must_use]
pub fn words(raw: &str) -> Vec<String> {
    match raw {
        "()" | "{}" => vec![String::new()],
        _ => list(raw).unwrap_or_else(|| vec![unescape(raw)]),
    }
}

/// Undoes Grafana's escaping, and that of a quote typed by hand; any other backslash is one.
#[must_use]
pub fn unescape(raw: &str) -> String {
    without_escapes(raw, is_escaped)
}

/// What a backslash in front of says nothing: it comes from Grafana, or from a quote typed by hand.
pub(super) fn is_escaped(c: char) -> bool {
    is_escaped_by_grafana(c) || is_quote(c)
}

/// Drops each backslash that escapes a character that `escaped` names. Any other stays, with the
/// character behind it, so that the second of two backslashes escapes nothing.
pub(super) fn without_escapes(raw: &str, escaped: impl Fn(char) -> bool) -> String {
    let (mut plain, mut start, mut after_backslash) = (String::with_capacity(raw.len()), 0, false);
    for (at, c) in raw.char_indices() {
        if after_backslash && escaped(c) {
            plain.push_str(&raw[start..at - 1]);
            start = at;
        }
        after_backslash = c == '\\' && !after_backslash;
    }
    plain.push_str(&raw[start..]);
    plain
}

/// Patterns that a custom "All" uses, which mean the same behind `=` and `=~`.
fn match_all(raw: &str, negated: bool) -> Option<Test> {
    match raw {
        ".*" => Some(everything(negated)),
        ".+" => Some(one_of(vec![String::new()], !negated)),
        _ => None,
    }
}

/// The members of `(a|b)` or `{a,b}`, unescaped; a single member in parentheses is no list, because
/// Grafana writes none.
fn list(raw: &str) -> Option<Vec<String>> {
    let (open, close, separator) = match raw.bytes().next()? {
        b'(' => (b'(', b')', b'|'),
        b'{' => (b'{', b'}', b','),
        _ => return None,
    };
    let (mut depth, mut start, mut members) = (0_usize, 1, Vec::new());
    let mut rest = raw.bytes().enumerate();
    while let Some((at, byte)) = rest.next() {
        if byte == b'\\' {
            rest.next();
        } else if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 && at + 1 != raw.len() {
                return None;
            }
        } else if byte == separator && depth == 1 {
            members.push(member(&raw[start..at], open));
            start = at + 1;
        }
    }
    if depth != 0 || members.is_empty() {
        return None;
    }
    members.push(member(&raw[start..raw.len() - 1], open));
    Some(members)
}

fn member(raw: &str, open: u8) -> String {
    if open == b'{' { without_escapes(raw, |_| true) } else { unescape(raw) }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'')
}

/// The pattern before somebody doubled its backslashes for a PromQL string; none when some run of
/// backslashes is odd, or there is none.
fn halved(raw: &str) -> Option<String> {
    if !raw.contains('\\') {
        return None;
    }
    let (mut plain, mut run) = (String::with_capacity(raw.len()), 0_usize);
    for c in raw.chars() {
        if c == '\\' {
            run += 1;
            if run % 2 == 1 {
                plain.push(c);
            }
        } else if run % 2 == 1 {
            return None;
        } else {
            run = 0;
            plain.push(c);
        }
    }
    (run % 2 == 0).then_some(plain)
}
