//! A request for annotations.

use serde_json::Value;

use super::range::{Moment, time_range};
use super::scalar;
use crate::error::Error;
use crate::sql::AnnotationFilter;
use crate::time::TimeRange;
use crate::wire::request;

/// Which annotations are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnotationQuestion {
    /// The range that they overlap.
    pub range: TimeRange,
    /// What they carry.
    pub filter: AnnotationFilter,
}

/// Reads a request; without a range it is the last six hours, without a query all annotations.
///
/// # Errors
/// The range is unreadable.
pub fn annotations(request: &request::Annotations, moment: Moment<'_>) -> Result<AnnotationQuestion, Error> {
    let query = request.annotation.get("query").unwrap_or(&Value::Null);
    let range = time_range(&request.range, moment)?;
    let mut filter = filter(&scalar::text(query).unwrap_or_default());
    let tags = scalar::text(&request.tags).unwrap_or_default();
    let tags = split(&tags, |c| c == ',').into_iter().map(|tag| alternatives(tag.trim()));
    filter.tags.extend(tags.filter(|any| !any.is_empty()));
    Ok(AnnotationQuestion { range, filter })
}

/// Reads `#tag #{either,or} word {this,that}`: every term must hold, one of the alternatives in braces is enough.
/// Grafana interpolates variables here as `glob`, without escapes: an alternative may contain blanks.
fn filter(query: &str) -> AnnotationFilter {
    let mut filter = AnnotationFilter::default();
    for term in split(query, char::is_whitespace) {
        let (list, term) = match term.strip_prefix('#') {
            Some(tag) => (&mut filter.tags, tag),
            None => (&mut filter.words, term),
        };
        let any = alternatives(term);
        if !any.is_empty() {
            list.push(any);
        }
    }
    filter
}

/// Splits at separators outside of braces.
fn split(query: &str, is_separator: fn(char) -> bool) -> Vec<&str> {
    let mut terms = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, c) in query.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
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

fn alternatives(term: &str) -> Vec<String> {
    let inside = term.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let any = inside.map_or_else(|| vec![term], |list| list.split(',').map(str::trim).collect());
    // A text with a NUL is in no row, and PostgreSQL refuses it as a parameter.
    any.into_iter().filter(|text| !text.is_empty()).map(|text| text.replace('\0', "\u{fffd}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_tags_and_words_and_lists() {
        let read = filter("#deploy #{a b,c} rollback {x,y} # {}");
        assert_eq!(read.tags, [vec!["deploy".to_owned()], vec!["a b".into(), "c".into()]]);
        assert_eq!(read.words, [vec!["rollback".to_owned()], vec!["x".into(), "y".into()]]);
    }
}
