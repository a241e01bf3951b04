//! A target's text → expression: a metric's name exactly as listed comes first, the language second.

use crate::ast::{Expr, ExprKind, MetricRef, Selector, Span};
use crate::catalog::Snapshot;
use crate::error::{Error, Kind};
use crate::evaluate::{EvaluateError, EvaluateErrorKind};
use crate::language::{self, Dialect, ParseError};
use crate::lower::{ExpressionRefusal, RefusalKind};

/// The expression of a target.
pub(super) fn expression(snapshot: &Snapshot, text: &str) -> Result<Expr, Error> {
    for names in language::names(text) {
        if !names.is_empty() && names.iter().all(|name| snapshot.metric(name).is_some()) {
            let selector = Selector { metric: MetricRef::Names(names), ..Selector::default() };
            return Ok(Expr { kind: ExprKind::Selector(selector), span: Span { start: 0, end: text.len() } });
        }
    }
    language::parse(text, Dialect::Json).map_err(|error| unreadable(snapshot, text, &error))
}

/// What the parser says, and, as the text may be meant as a name, the names that look like it.
fn unreadable(snapshot: &Snapshot, text: &str, error: &ParseError) -> Error {
    let mut out = Error::new(Kind::BadTarget, format!("the target cannot be read: {error}")).at(error.span);
    out.excerpt = Some(error.caret(text).into());
    let nearest = meant(snapshot, text);
    match (&error.hint, nearest.is_empty()) {
        (Some(hint), _) => out.hint(hint.clone()),
        (None, false) => out.hint(format!("did you mean {}?", nearest.join(", "))),
        (None, true) => out,
    }
}

/// The longest text that may be meant as a name, in bytes.
const LONGEST_NAME: usize = 256;

/// The metrics whose name the text may misspell. A text in which the name of a metric stands is an expression over that
/// metric, and a name that stands in the text already is no correction of it.
fn meant<'a>(snapshot: &'a Snapshot, text: &str) -> Vec<&'a str> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.');
    let mut words = text.split(|c| !is_part(c)).filter(|word| !word.is_empty());
    if text.len() > LONGEST_NAME || words.any(|word| snapshot.metric(word).is_some()) {
        return Vec::new();
    }
    let mut near = snapshot.nearest(text.trim());
    near.retain(|name| !text.contains(name));
    near
}

/// The evaluator's refusal as an error.
pub(super) fn refusal(refusal: ExpressionRefusal) -> Error {
    let kind = match refusal.kind {
        RefusalKind::Unsupported => Kind::Unsupported,
        RefusalKind::Wrong | RefusalKind::Unusable => Kind::BadTarget,
    };
    let error = Error::new(kind, refusal.message).at(refusal.span);
    match refusal.hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// A refusal of Prometheus' language as an error.
pub(super) fn refused_steps(refused: ExpressionRefusal) -> Error {
    match refused.kind {
        RefusalKind::Unusable => Error { kind: Kind::Execution, ..refusal(refused) },
        RefusalKind::Unsupported | RefusalKind::Wrong => refusal(refused),
    }
}

/// The failure of an evaluation in Prometheus' meaning as an error.
pub(super) fn execution(error: &EvaluateError) -> Error {
    let shown = evaluation(error);
    if error.refused.is_none() && shown.kind == Kind::BadTarget {
        return Error { kind: Kind::Execution, ..shown };
    }
    shown
}

/// The failure of an evaluation as an error.
pub(super) fn evaluation(error: &EvaluateError) -> Error {
    if let Some(refused) = &error.refused {
        return (**refused).clone();
    }
    let kind = match error.kind {
        EvaluateErrorKind::TooMuch | EvaluateErrorKind::TooLong => Kind::AnswerTooLarge,
        _ => Kind::BadTarget,
    };
    let shown = Error::new(kind, error.to_string()).hint(error.hint());
    if error.kind == EvaluateErrorKind::TooMuch { shown } else { shown.at(error.span) }
}
