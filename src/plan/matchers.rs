//! Matchers → filters on one source.

use crate::ast::{Matcher, Test};
use crate::catalog::Source;
use crate::catalog::filter::{self, BadMatcher, Filter};
use crate::pattern::Patterns;

/// What a matcher comes to on one source.
pub(super) enum ResolvedMatcher {
    /// Nothing to check.
    Always,
    /// No row can pass.
    Never,
    /// A condition for the database.
    Filter(Box<Filter>),
}

/// Resolves a matcher on a source. A label that the source lacks has the empty value on every row.
pub(super) fn resolve(source: &Source, matcher: &Matcher, patterns: &Patterns) -> Result<ResolvedMatcher, BadMatcher> {
    match matcher.test {
        Test::Everything => return Ok(ResolvedMatcher::Always),
        Test::Nothing => return Ok(ResolvedMatcher::Never),
        _ => {}
    }
    let wanted = filter::wanted(matcher, patterns)?;
    Ok(match source.label_value(&matcher.label) {
        Some(value) => ResolvedMatcher::Filter(Box::new(Filter { value, wanted })),
        None if wanted.accepts("") => ResolvedMatcher::Always,
        None => ResolvedMatcher::Never,
    })
}
