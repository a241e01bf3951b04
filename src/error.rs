//! What can go wrong with a question, as the person at the panel meets it: a stable code, a sentence, what to do.

use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::num::NonZeroU32;

use crate::ast::Span;

macro_rules! kinds {
    ($($(#[$meta:meta])* $kind:ident = $code:literal, $status:literal;)+) => {
        /// The kinds of error. Their codes are an API: never renamed, never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$meta])* $kind),+ }
        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];
            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str { match self { $(Self::$kind => $code),+ } }
            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 { match self { $(Self::$kind => $status),+ } }
        }
    };
}

kinds! {
    /// The body is not JSON, or not of the endpoint's shape.
    BadRequest = "bad_request", 400;
    /// The range is reversed, empty, unreadable or absurd.
    BadRange = "bad_range", 400;
    /// The target's text is no question.
    BadTarget = "bad_target", 400;
    /// The request carries no token, or none that is known.
    Unauthorized = "unauthorized", 401;
    /// The token or the person may not do that.
    Forbidden = "forbidden", 403;
    /// No such path.
    NotFound = "not_found", 404;
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405;
    /// The body did not arrive in time.
    BodyTimeout = "body_timeout", 408;
    /// The body is larger than the limit.
    BodyTooLarge = "body_too_large", 413;
    /// The URL is too long.
    UriTooLong = "uri_too_long", 414;
    /// The body is compressed.
    UnsupportedEncoding = "unsupported_encoding", 415;
    /// The URL and the headers are too long together.
    HeadersTooLarge = "headers_too_large", 431;
    /// No metric has that name.
    UnknownMetric = "unknown_metric", 422;
    /// The question is valid but not supported.
    Unsupported = "not_supported", 422;
    /// The series of an expression do not fit together, or a parameter cannot be used.
    Execution = "execution_failed", 422;
    /// Too many targets in one request.
    TooManyTargets = "too_many_targets", 422;
    /// A selector names too many metrics.
    TooManyMetrics = "too_many_metrics", 422;
    /// Too many filters, or labels of an aggregation.
    TooManyFilters = "too_many_filters", 422;
    /// The step asked for gives more points than allowed.
    TooManyPoints = "too_many_points", 422;
    /// More series than allowed.
    TooManySeries = "too_many_series", 422;
    /// The answer is larger than allowed.
    AnswerTooLarge = "answer_too_large", 422;
    /// Computing the answer takes more bytes than may be held.
    TooManyBytes = "too_many_bytes", 422;
    /// A label has more values than a pattern is tried on.
    TooManyLabelValues = "too_many_label_values", 422;
    /// The data cannot be computed with, e.g. it leaves the range of float8.
    BadData = "bad_data", 422;
    /// The relation behind a metric fails whenever it is read.
    Broken = "relation_broken", 422;
    /// The token has as many requests at work as it may have.
    TooManyRequests = "too_many_requests", 429;
    /// The relation changed or the role lost a right since the catalog was read.
    Stale = "catalog_stale", 503;
    /// The database is away.
    Unavailable = "database_unavailable", 503;
    /// All connections are busy and the queue is full.
    Busy = "busy", 503;
    /// The catalog has never been loaded.
    NoCatalog = "no_catalog", 503;
    /// The statement or the request ran out of time.
    Timeout = "timeout", 504;
    /// A defect of ours.
    Internal = "internal", 500;
}

/// An error of a request or of one of its targets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind it is.
    pub kind: Kind,
    /// What was attempted and what is wrong, in a sentence.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// The `refId` of the target it belongs to.
    pub target: Option<String>,
    /// Where in the target's text, in bytes.
    pub span: Option<Span>,
    /// The line of the target's text that it is about, and carets under the place.
    pub excerpt: Option<Box<str>>,
    /// Tells the relation that failed from others, never shown. A number keeps an error small; two relations that share
    /// it by accident only wait for each other's refresh.
    pub relation: Option<NonZeroU32>,
    /// Whether rows broke off that had begun to come: asked again, all of them may. Never shown.
    pub is_cut_off: bool,
}

impl Error {
    /// An error of that kind.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            target: None,
            span: None,
            excerpt: None,
            relation: None,
            is_cut_off: false,
        }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the relation that failed.
    #[must_use]
    pub fn of_relation(mut self, relation: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        relation.hash(&mut hasher);
        let [a, b, c, d, ..] = hasher.finish().to_ne_bytes();
        self.relation = NonZeroU32::new(u32::from_ne_bytes([a, b, c, d]));
        self
    }

    /// The same after the catalog was read again and says what it said before: what seemed outdated is broken.
    #[must_use]
    pub fn lasting(mut self) -> Self {
        if self.kind == Kind::Stale {
            self.kind = Kind::Broken;
        }
        self
    }

    /// Adds the place in the target's text, unless a more precise one is known.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }

    /// Adds the target's `refId`, unless there is one.
    #[must_use]
    pub fn of_target(mut self, ref_id: Option<&str>) -> Self {
        self.target = self.target.or_else(|| ref_id.map(str::to_owned));
        self
    }

    /// Shows the place in the target's text, unless it is the whole of it.
    #[must_use]
    pub fn shown_in(mut self, text: &str) -> Self {
        let part = self.span.filter(|span| span.start > 0 || span.end < text.len());
        self.excerpt = self.excerpt.or_else(|| part.map(|span| caret(text, span).into()));
        self
    }

    /// The sentence and the hint as one text.
    #[must_use]
    pub fn sentence(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}; {hint}", self.message),
            None => self.message.clone(),
        }
    }

    /// The sentence, the hint and the place as one text, for places that show only one.
    #[must_use]
    pub fn full_message(&self) -> String {
        let excerpt = self.excerpt.as_ref().map(|excerpt| format!("\n{excerpt}")).unwrap_or_default();
        self.sentence() + &excerpt
    }
}

/// Characters of a line that [`caret`] shows.
const WIDTH: usize = 80;

/// The line of `text` that a span is in, and under it `^^^` below the span. A long line is cut to a window around the
/// span.
#[must_use]
pub fn caret(text: &str, span: Span) -> String {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let end = text.floor_char_boundary(span.end.clamp(start, text.len()));
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let column = text[line_start..start].chars().count();
    let width = text[start..end.min(line_end)].chars().count();
    let skipped = if column + width < WIDTH { 0 } else { column.saturating_sub(WIDTH / 2) };
    let shown: String = text[line_start..line_end].chars().skip(skipped).take(WIDTH).map(printable).collect();
    let blanks = column - skipped;
    let carets = width.clamp(1, WIDTH - blanks.min(WIDTH - 1));
    format!("{shown}\n{}{}", " ".repeat(blanks), "^".repeat(carets))
}

/// A control character would move the carets away from what they point at.
fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = Kind::ALL.iter().map(|kind| kind.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Kind::ALL.len());
    }
}
