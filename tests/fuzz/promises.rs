//! What must hold of every text.

use std::time::{Duration, Instant};

use datebin::ast::{Expr, ExprKind, Span};
use datebin::intake::{self, Moment};
use datebin::language::{Dialect, MAX_BYTES, canonical, check, duration_ms, equal_test, names, parse, regex_test};
use datebin::lower::lower;
use datebin::pattern::Patterns;
use datebin::plan::Limits;
use datebin::time::Zone;
use datebin::wire::request;
use proptest::prelude::{TestCaseError, prop_assert};
use proptest::test_runner::TestCaseResult;

use crate::printer::print;

/// Allocations are the measure of work: unlike time they do not depend on what else the machine does. A name or a
/// list takes a few per value, an error about it one more.
const ALLOCATIONS_PER_BYTE: u64 = 8;
/// Growing vectors copy what they hold; quadratic work would need thousands per byte.
const BYTES_PER_BYTE: u64 = 4_096;
const FIXED: u64 = 256;
/// For work that allocates nothing. A debug build takes 20 ms for the longest text; quadratic work takes seconds.
const LONGEST: Duration = Duration::from_secs(1);

/// Both dialects answer: without a panic, in proportion, and with errors that point into the text.
pub(crate) fn any(text: &str) -> TestCaseResult {
    for dialect in [Dialect::PromQl, Dialect::Json] {
        let read = in_proportion(text, || parse(text, dialect))?;
        match read {
            Ok(expr) => {
                inside(text, &expr)?;
                if let Err(refusal) = lower(&expr, &Patterns::default()) {
                    drop(refusal);
                }
                if dialect == Dialect::PromQl {
                    prints(&expr)?;
                }
            }
            Err(error) => {
                prop_assert!(slice(text, error.span).is_some(), "{:?} is not in the text", error.span);
                prop_assert!(!error.message.is_empty() && error.message.len() < 400, "{}", error.message);
                let caret = in_proportion(text, || error.caret(text))?;
                let (line, marks) = caret.split_once('\n').unwrap_or_default();
                prop_assert!(!line.contains(char::is_control) && marks.trim_start().starts_with('^'), "{caret:?}");
            }
        }
    }
    in_proportion(text, || drop((names(text), equal_test(text, true), regex_test(text, false), duration_ms(text))))
}

/// A text that the grammar allows is read, whatever stands around it.
pub(crate) fn valid(text: &str) -> TestCaseResult {
    any(text)?;
    let expr = parse(text, Dialect::PromQl).map_err(|error| TestCaseError::fail(error.caret(text)))?;
    for around in [format!(" {text}\n"), format!("{text} # and more"), format!("({text})")] {
        let again = parse(&around, Dialect::PromQl).map_err(|error| TestCaseError::fail(error.caret(&around)))?;
        let again = match again.kind {
            ExprKind::Paren(inner) if around.starts_with('(') => *inner,
            _ => again,
        };
        prop_assert!(print(&again) == print(&expr), "{around} reads otherwise");
    }
    Ok(())
}

/// A body is read or refused.
pub(crate) fn body(bytes: &[u8]) -> TestCaseResult {
    let moment = Moment { now: 1_735_689_600_000, zone: &Zone::UTC };
    let question =
        intake::body::<request::Query>(bytes).and_then(|query| intake::question(&query, moment, Limits::default()));
    if let Err(error) = question {
        prop_assert!(!error.full_message().is_empty());
    }
    if let Ok(asked) = intake::body::<request::Annotations>(bytes) {
        drop(intake::annotations(&asked, moment));
    }
    Ok(())
}

/// What is printed reads as the same again.
fn prints(expr: &Expr) -> TestCaseResult {
    let printed = print(expr);
    if printed.len() > MAX_BYTES {
        return Ok(());
    }
    let again = parse(&printed, Dialect::PromQl)
        .map_err(|error| TestCaseError::fail(format!("{printed}: {error}\n{}", error.caret(&printed))))?;
    prop_assert!(print(&again) == printed, "{printed} reads as {}", print(&again));
    let written = canonical(expr);
    if check(expr, &Patterns::default()).is_ok() && written.len() <= MAX_BYTES {
        parse(&written, Dialect::PromQl).map_err(|error| TestCaseError::fail(format!("{written}: {error}")))?;
    }
    Ok(())
}

fn in_proportion<T>(text: &str, work: impl Fn() -> T) -> Result<T, TestCaseError> {
    let length = text.len() as u64 + FIXED;
    let mut answer = None;
    let begun = Instant::now();
    let cost = allocation_counter::measure(|| answer = Some(work()));
    // The machine may have been busy: once more.
    let slow = begun.elapsed() > LONGEST && {
        let begun = Instant::now();
        drop(work());
        begun.elapsed() > LONGEST
    };
    prop_assert!(!slow, "{} bytes took longer than {LONGEST:?}", text.len());
    let (count, bytes) = (cost.count_total / length, cost.bytes_total / length);
    prop_assert!(count < ALLOCATIONS_PER_BYTE && bytes < BYTES_PER_BYTE, "{count} allocations, {bytes} bytes per byte");
    answer.ok_or_else(|| TestCaseError::fail("no answer"))
}

fn slice(text: &str, span: Span) -> Option<&str> {
    text.get(span.start..span.end)
}

/// Every part stands in the text, and inside of what it is a part of.
fn inside(text: &str, expr: &Expr) -> TestCaseResult {
    prop_assert!(slice(text, expr.span).is_some(), "{:?} is not in the text", expr.span);
    for part in parts(expr) {
        let within = expr.span.start <= part.span.start && part.span.end <= expr.span.end;
        prop_assert!(within, "{:?} is not in {:?}", part.span, expr.span);
        inside(text, part)?;
    }
    Ok(())
}

fn parts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Duration(_) | ExprKind::Text(_) | ExprKind::Selector(_) => Vec::new(),
        ExprKind::Subquery(subquery) => vec![&subquery.expr],
        ExprKind::Negate(inner) | ExprKind::Plus(inner) | ExprKind::Paren(inner) => vec![inner],
        ExprKind::Call(call) => call.args.iter().collect(),
        ExprKind::Aggregate(aggregate) => aggregate.param.iter().chain([&aggregate.expr]).collect(),
        ExprKind::Binary(binary) => vec![&binary.lhs, &binary.rhs],
    }
}
