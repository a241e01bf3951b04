//! A request for annotations.

use serde_json::Value;

use super::range::{Moment, time_range, zone_of};
use super::{few_enough, options, payload, scalar};
use crate::ast::Test;
use crate::error::Error;
use crate::language;
use crate::plan::Limits;
use crate::sql::AnnotationFilter;
use crate::time::{TimeRange, Zone};
use crate::wire::request;

/// Which annotations are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnotationQuestion {
    /// The range that they overlap.
    pub range: TimeRange,
    /// What they carry.
    pub filter: AnnotationFilter,
    /// The zone whose days dates are.
    pub zone: Zone,
    /// What could not be read and is ignored.
    pub notices: Vec<String>,
}

/// Reads a request; without a range it is the last six hours, without a query all annotations.
///
/// # Errors
/// The range is unreadable.
pub fn annotations(request: &request::Annotations, moment: Moment<'_>) -> Result<AnnotationQuestion, Error> {
    let query = request.annotation.get("query").unwrap_or(&Value::Null);
    let range = time_range(&request.range, moment)?;
    let mut filter = filter(&scalar::text(query).unwrap_or_default(), Interpolation::Glob);
    filter.tags.extend(tags(&request.tags));
    Ok(AnnotationQuestion { range, filter, zone: zone_of(&request.timezone, moment), notices: Vec::new() })
}

/// The `refId` by which the JSON plugin's annotation queries are told from those of panels.
const ANNOTATION: &str = "Anno";

/// The annotation queries of a request for series, and the request without them. The query is the target's text, or
/// `query` in its payload; `tags` in the payload are a text as in a URL, or a list of which one is enough.
///
/// # Errors
/// The range is unreadable, or there are too many targets, those for series among them.
pub fn annotation_targets(
    query: &mut request::Query,
    moment: Moment<'_>,
    limits: Limits,
) -> Result<Vec<AnnotationQuestion>, Error> {
    let Value::Array(targets) = &mut query.targets else { return Ok(Vec::new()) };
    few_enough(targets.len(), limits)?;
    let is_annotation = |target: &Value| target.get("refId").and_then(Value::as_str) == Some(ANNOTATION);
    let taken: Vec<Value> = targets.extract_if(.., |target| is_annotation(target)).collect();
    let mut questions = Vec::with_capacity(taken.len());
    for target in taken.iter().filter(|target| target.get("hide") != Some(&Value::Bool(true))) {
        let payload = target.get("payload").unwrap_or(&Value::Null);
        let text = |value: Option<&Value>| value.and_then(scalar::text).filter(|text| !text.trim().is_empty());
        let text = text(target.get("target")).or_else(|| text(payload.get("query"))).unwrap_or_default();
        let mut filter = filter(&text, Interpolation::Regex);
        filter.tags.extend(tags(payload.get("tags").unwrap_or(&Value::Null)));
        let own = options(&payload::said(payload));
        let mut notices = Vec::new();
        let zone = own.of_panel(&mut notices).zone.map(|zone| zone.with_weeks_from(moment.zone.first_weekday()));
        let zone = zone.unwrap_or_else(|| zone_of(&query.timezone, moment));
        questions.push(AnnotationQuestion { range: time_range(&query.range, moment)?, filter, zone, notices });
    }
    Ok(questions)
}

/// Tags by themselves: a text names all of them, a list some of which one is enough.
fn tags(value: &Value) -> Vec<Vec<String>> {
    let all = match value {
        Value::Array(list) => {
            let texts: Vec<String> = list.iter().filter_map(scalar::text).collect();
            vec![texts.iter().flat_map(|text| alternatives(text, Interpolation::Regex)).collect()]
        }
        value => {
            let text = scalar::text(value).unwrap_or_default();
            let split = split(&text, Interpolation::Glob, |c| c == ',');
            split.into_iter().map(|tag| alternatives(tag.trim(), Interpolation::Glob)).collect()
        }
    };
    all.into_iter().filter(|any: &Vec<String>| !any.is_empty()).collect()
}

/// How Grafana interpolates variables into an annotation's query.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Interpolation {
    /// SimpleJson: `{a,b}`, without escapes.
    Glob,
    /// The JSON plugin: `(a|b)`, escaped as a regular expression.
    Regex,
}

/// Reads `#tag #{either,or} word {this,that}`: every term must hold, one of the alternatives in brackets is enough.
/// An alternative may contain blanks.
fn filter(query: &str, interpolation: Interpolation) -> AnnotationFilter {
    let mut filter = AnnotationFilter::default();
    for term in split(query, interpolation, char::is_whitespace) {
        let (list, term) = match term.strip_prefix('#') {
            Some(tag) => (&mut filter.tags, tag),
            None => (&mut filter.words, term),
        };
        let any = alternatives(term, interpolation);
        if !any.is_empty() {
            list.push(any);
        }
    }
    filter
}

/// Splits at separators outside of brackets.
fn split(query: &str, interpolation: Interpolation, is_separator: fn(char) -> bool) -> Vec<&str> {
    let regex = interpolation == Interpolation::Regex;
    let (mut terms, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    let mut rest = query.char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            '\\' if regex => drop(rest.next()),
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '(' if regex => depth += 1,
            ')' if regex => depth = depth.saturating_sub(1),
            c if is_separator(c) && depth == 0 => {
                terms.push(&query[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    terms.push(&query[start..]);
    terms.into_iter().filter(|term| !term.is_empty()).collect()
}

fn alternatives(term: &str, interpolation: Interpolation) -> Vec<String> {
    let any: Vec<String> = match interpolation {
        Interpolation::Glob => {
            let inside = term.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            let owned = |text: &str| text.trim().to_owned();
            inside.map_or_else(|| vec![term.to_owned()], |list| list.split(',').map(owned).collect())
        }
        Interpolation::Regex => match language::equal_test(term, false) {
            Test::In(words) => words.to_vec(),
            // An "All".
            _ => Vec::new(),
        },
    };
    // A text with a NUL is in no row, and PostgreSQL refuses it as a parameter.
    any.into_iter().filter(|text| !text.is_empty()).map(|text| text.replace('\0', "\u{fffd}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_tags_and_words_and_lists() {
        let read = filter("#deploy #{a b,c} rollback {x,y} # {}", Interpolation::Glob);
        assert_eq!(read.tags, [vec!["deploy".to_owned()], vec!["a b".into(), "c".into()]]);
        assert_eq!(read.words, [vec!["rollback".to_owned()], vec!["x".into(), "y".into()]]);
        let read = filter(r"#deploy\.eu #(a b|c\|d) (x|y) #() .*", Interpolation::Regex);
        assert_eq!(read.tags, [vec!["deploy.eu".to_owned()], vec!["a b".into(), "c|d".into()]]);
        assert_eq!(read.words, [vec!["x".to_owned(), "y".into()]]);
    }
}
