//! Regular expressions from outside, all of them: matchers, `label_replace`, lists of metrics, the catalog's file.
//!
//! They are read as RE2, whose dialect Prometheus and Grafana promise, and run by the `regex` crates. Each pattern is
//! small, each is compiled once per request, and all patterns of a request share one budget of compiled bytes.

mod class;
mod escape;
mod re2;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;

/// The longest pattern in bytes.
const LONGEST: usize = 64 * 1024;
/// The largest compiled pattern in bytes.
const LARGEST: usize = 256 * 1024;
/// What the compiled patterns of one request may take together, in bytes.
const BUDGET: usize = 8 * 1024 * 1024;
/// The most names that the patterns of one request are tried on, each counted for every pattern.
const TRIES: usize = 10_000_000;
/// What a pattern takes besides its program, so that many small ones are paid for too.
const OVERHEAD: usize = 2 * 1024;

/// Why a pattern is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It is no RE2 pattern: what is wrong, and at which character of the pattern, counted from 1.
    Invalid(String, Option<usize>),
    /// It is longer than a pattern may be.
    TooLong,
    /// It is larger than a compiled pattern may be.
    TooLarge,
    /// The patterns of this request are larger together than they may be.
    OverBudget,
    /// The patterns of this request are tried on more names than they may be.
    TriedTooOften,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(why, Some(at)) => write!(f, "the regular expression is not valid at character {at}: {why}"),
            Self::Invalid(why, None) => write!(f, "the regular expression is not valid: {why}"),
            Self::TooLong => write!(f, "the regular expression is longer than {} KiB", LONGEST / 1024),
            Self::TooLarge => write!(f, "the regular expression is larger than {} KiB when compiled", LARGEST / 1024),
            Self::TriedTooOften => write!(f, "the patterns of this request are tried on more than {TRIES} names"),
            Self::OverBudget => {
                let most = BUDGET / 1024 / 1024;
                write!(f, "the regular expressions of this request are larger than {most} MiB together when compiled")
            }
        }
    }
}

/// A compiled pattern. A copy shares the program.
#[derive(Clone)]
pub struct Pattern(Arc<Compiled>);

struct Compiled {
    written: String,
    regex: Regex,
}

impl Pattern {
    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.written
    }

    /// Whether the value matches: the whole of it, or a part where the pattern searches.
    #[must_use]
    pub fn is_match(&self, value: &str) -> bool {
        self.0.regex.is_match(value)
    }

    /// The replacement with the groups of the match, if the value matches.
    #[must_use]
    pub fn replaced(&self, value: &str, replacement: &str) -> Option<String> {
        let mut captures = self.0.regex.create_captures();
        self.0.regex.captures(value, &mut captures);
        captures.is_match().then(|| captures.interpolate_string(value, replacement))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.as_str()).finish()
    }
}

/// How much of a value a pattern must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Extent {
    Whole,
    Part,
}

type CompiledPatterns = HashMap<(Extent, String), Result<Pattern, PatternError>>;

/// The patterns of one request.
#[derive(Debug)]
pub struct Patterns(Mutex<State>);

#[derive(Debug)]
struct State {
    known: CompiledPatterns,
    left: usize,
    tries: usize,
}

impl Default for Patterns {
    fn default() -> Self {
        Self(Mutex::new(State { known: CompiledPatterns::new(), left: BUDGET, tries: TRIES }))
    }
}

impl Patterns {
    /// A pattern that a whole value must match; `.` matches a newline too.
    ///
    /// # Errors
    /// It is no RE2 pattern or too large, or the patterns of the request are too large together.
    pub fn whole(&self, pattern: &str) -> Result<Pattern, PatternError> {
        self.once(pattern, Extent::Whole)
    }

    /// A pattern that a part of a value must match.
    ///
    /// # Errors
    /// As [`Self::whole`].
    pub fn part(&self, pattern: &str) -> Result<Pattern, PatternError> {
        self.once(pattern, Extent::Part)
    }

    /// Pays for trying patterns on as many names.
    ///
    /// # Errors
    /// The request has tried its patterns on too many.
    pub fn tried(&self, names: usize) -> Result<(), PatternError> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.tries = state.tries.checked_sub(names).ok_or(PatternError::TriedTooOften)?;
        Ok(())
    }

    fn once(&self, pattern: &str, extent: Extent) -> Result<Pattern, PatternError> {
        if pattern.len() > LONGEST {
            return Err(PatternError::TooLong);
        }
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (extent, pattern.to_owned());
        if let Some(known) = state.known.get(&key) {
            return known.clone();
        }
        let done = compiled(pattern, extent).and_then(|pattern| state.paid(pattern));
        state.known.insert(key, done.clone());
        done
    }
}

impl State {
    fn paid(&mut self, pattern: Pattern) -> Result<Pattern, PatternError> {
        let cost = pattern.0.regex.memory_usage().saturating_add(OVERHEAD);
        self.left = self.left.checked_sub(cost).ok_or(PatternError::OverBudget)?;
        Ok(pattern)
    }
}

fn compiled(pattern: &str, extent: Extent) -> Result<Pattern, PatternError> {
    let translated = re2::translated(pattern)?;
    let text = match extent {
        Extent::Whole => format!("^(?:{translated})$"),
        Extent::Part => translated,
    };
    let config = Config::new()
        .nfa_size_limit(Some(LARGEST))
        .onepass_size_limit(Some(LARGEST))
        .dfa_size_limit(Some(LARGEST))
        .hybrid_cache_capacity(LARGEST);
    let syntax = syntax::Config::new().dot_matches_new_line(true);
    let built = Regex::builder().configure(config).syntax(syntax).build(&text);
    built.map(|regex| Pattern(Arc::new(Compiled { written: pattern.to_owned(), regex }))).map_err(|error| {
        if error.size_limit().is_some() {
            return PatternError::TooLarge;
        }
        let why = error.syntax_error().map(ToString::to_string).unwrap_or_default();
        let last = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        PatternError::Invalid(last, None)
    })
}
