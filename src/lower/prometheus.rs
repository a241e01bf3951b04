//! Prometheus' meaning of selectors, ranges and subqueries.

use super::call::arguments;
use super::lowering::{Lowering, bare};
use super::request::{LoweredSteps, ReadRequest, Refusal, Root, Stretch};
use super::semantics::{Evaluation, SUBQUERY_STEP_MS, SUBQUERY_STEPS, Semantics};
use crate::ast::{At, Call, Expr, ExprKind, Matcher, MetricRef, Modifiers, Selector, Span, Subquery, Test, Window};
use crate::evaluate::{NEGATE, Node, OverFunction, OverInput, OverNode};
use crate::pattern::Patterns;
use crate::range::Function;
use crate::time::{Millis, Steps};

/// Times of windows lie between these, about the years -290000 and 290000: sums of them stay within range.
const FARTHEST: Millis = i64::MAX / 1000;

/// Splits an expression into what is read and what is computed of it at each step, in Prometheus' meaning.
///
/// # Errors
/// A part of the expression is not supported, or means nothing.
pub fn lower_steps(expr: &Expr, steps: Steps, patterns: &Patterns) -> Result<LoweredSteps, Refusal> {
    let evaluation = Evaluation { steps, whole: steps };
    let mut lowering = Lowering::new(Semantics::Prometheus(evaluation), patterns);
    let inner = bare(expr);
    let root = match &inner.kind {
        ExprKind::Text(text) => Root::Text(text.clone()),
        ExprKind::Selector(selector) if selector.window.is_some() => {
            Root::Range(lowering.ranged(evaluation, inner, (OverFunction::Range(Function::Last), Vec::new()))?)
        }
        ExprKind::Subquery(_) => {
            Root::Range(lowering.ranged(evaluation, inner, (OverFunction::Range(Function::Last), Vec::new()))?)
        }
        _ => Root::Node(lowering.node(expr)?),
    };
    Ok(LoweredSteps { root, reads: lowering.reads })
}

impl Lowering<'_> {
    /// Why a subquery cannot stand where a value is wanted.
    pub(super) fn stray_subquery(&self, span: Span) -> Refusal {
        match self.semantics {
            Semantics::Panel => Refusal::unsupported("a subquery", span),
            Semantics::Prometheus(_) => Refusal::wrong("a subquery needs a function of a range over it", span),
        }
    }

    /// A minus sign in front.
    pub(super) fn negated(&self, child: Box<Node>, span: Span) -> Node {
        let is_plain = self.semantics == Semantics::Panel || child.is_scalar();
        let child = if is_plain { child } else { Box::new(Node::Nameless { child, span }) };
        Node::Math { function: &NEGATE, child, span }
    }

    /// An instant selector.
    pub(super) fn instant(&mut self, evaluation: Evaluation, selector: &Selector, span: Span) -> Result<Node, Refusal> {
        if selector.window.is_some() {
            let refusal = Refusal::wrong("a range selector needs a function over it", span);
            return Err(refusal.hint("for example `rate(…)`, or leave the brackets away"));
        }
        let node = self.newest(evaluation, (selector, span), OverFunction::Instant)?;
        Ok(Node::Over(Box::new(node)))
    }

    /// `timestamp` of a selector is the time of the sample; none where the argument is no selector.
    pub(super) fn sample_time(&mut self, arg: &Expr) -> Result<Option<Node>, Refusal> {
        let inner = bare(arg);
        match (self.semantics, &inner.kind) {
            (Semantics::Prometheus(evaluation), ExprKind::Selector(selector)) if selector.window.is_none() => {
                let node = self.newest(evaluation, (selector, inner.span), OverFunction::InstantTime)?;
                Ok(Some(Node::Over(Box::new(node))))
            }
            _ => Ok(None),
        }
    }

    fn newest(
        &mut self,
        evaluation: Evaluation,
        (selector, span): (&Selector, Span),
        function: OverFunction,
    ) -> Result<OverNode, Refusal> {
        needs_a_matcher(selector, span, self.patterns)?;
        let placed = Placed::of(evaluation, &selector.modifiers, span)?;
        let read =
            self.read(ReadRequest { selector: plain(selector), instants: Some(placed.ends), ranges: None, span });
        let (offset_ms, at_ms) = (placed.offset_ms, placed.at_ms);
        Ok(OverNode { function, args: Vec::new(), of: OverInput::Read(read), window_ms: 0, offset_ms, at_ms, span })
    }

    /// A function of a range by its name; none when the call is none.
    pub(super) fn range_function(
        &mut self,
        evaluation: Evaluation,
        call: &Call,
        span: Span,
    ) -> Result<Option<Node>, Refusal> {
        let Some(function) = Function::OF_RANGES.iter().copied().find(|function| function.word() == call.name) else {
            return Ok(None);
        };
        let before = usize::from(function == Function::Quantile);
        let after = match function {
            Function::PredictLinear => 1,
            Function::Smoothing => 2,
            _ => 0,
        };
        let args = arguments(call, span, before + 1 + after, before + 1 + after)?;
        let (front, rest) = args.split_at(before);
        let [range, back @ ..] = rest else { return Ok(None) };
        let numbers = front.iter().chain(back).map(|arg| self.scalar(arg, &call.name));
        let numbers = numbers.collect::<Result<Vec<Node>, Refusal>>()?;
        self.over(evaluation, (call, span), function, (range, numbers)).map(Some)
    }

    /// A function over a range selector or a subquery.
    pub(super) fn over(
        &mut self,
        evaluation: Evaluation,
        (call, span): (&Call, Span),
        function: Function,
        (range, args): (&Expr, Vec<Node>),
    ) -> Result<Node, Refusal> {
        let inner = bare(range);
        let is_range = match &inner.kind {
            ExprKind::Selector(selector) => selector.window.is_some(),
            kind => matches!(kind, ExprKind::Subquery(_)),
        };
        if !is_range {
            let refusal = Refusal::wrong(format!("`{}` takes a range selector or a subquery", call.name), inner.span);
            return Err(refusal.hint("for example `[5m]` behind the selector"));
        }
        let node = self.ranged(evaluation, inner, (OverFunction::Range(function), args))?;
        Ok(Node::Over(Box::new(OverNode { span, ..node })))
    }

    /// The windows of a range selector or a subquery.
    fn ranged(
        &mut self,
        evaluation: Evaluation,
        range: &Expr,
        (function, args): (OverFunction, Vec<Node>),
    ) -> Result<OverNode, Refusal> {
        let span = range.span;
        let (modifiers, window) = match &range.kind {
            ExprKind::Selector(selector) => (&selector.modifiers, selector.window),
            ExprKind::Subquery(subquery) => (&subquery.modifiers, Some(subquery.range)),
            _ => return Err(Refusal::wrong("a range selector or a subquery is wanted here", span)),
        };
        let window_ms = window.map_or(Ok(0), |window| millis(window, span))?;
        let placed = Placed::of(evaluation, modifiers, span)?;
        let stretch =
            Stretch { from_ms: placed.ends.from_ms.saturating_sub(window_ms).max(-FARTHEST), to_ms: placed.ends.to_ms };
        let of = match &range.kind {
            ExprKind::Subquery(subquery) => self.subquery(evaluation, subquery, stretch, span)?,
            ExprKind::Selector(selector) => {
                needs_a_matcher(selector, span, self.patterns)?;
                let selector = plain(selector);
                OverInput::Read(self.read(ReadRequest { selector, instants: None, ranges: Some(stretch), span }))
            }
            _ => OverInput::Read(usize::MAX),
        };
        let (offset_ms, at_ms) = (placed.offset_ms, placed.at_ms);
        Ok(OverNode { function, args, of, window_ms, offset_ms, at_ms, span })
    }

    /// The expression of a subquery at the times that its windows cover.
    fn subquery(
        &mut self,
        evaluation: Evaluation,
        subquery: &Subquery,
        covered: Stretch,
        span: Span,
    ) -> Result<OverInput, Refusal> {
        let step_ms = subquery.resolution.map_or(Ok(SUBQUERY_STEP_MS), |step| millis(step, span))?;
        let steps = Steps::multiples(step_ms.max(1), covered.from_ms, covered.to_ms);
        let Some(steps) = steps.filter(|steps| steps.len <= SUBQUERY_STEPS) else {
            let message = format!("a subquery at more than {SUBQUERY_STEPS} times");
            return Err(Refusal::unsupported(&message, span).hint("give it a longer step or a shorter range"));
        };
        self.semantics = Semantics::Prometheus(Evaluation { steps, ..evaluation });
        let child = self.node(&subquery.expr);
        self.semantics = Semantics::Prometheus(evaluation);
        Ok(OverInput::Subquery { child: Box::new(child?), steps })
    }

    /// Enters a read; one of the same series whose times overlap is widened.
    fn read(&mut self, request: ReadRequest) -> usize {
        let asked = placeless(&request.selector);
        let known = self.reads.iter().position(|read| placeless(&read.selector) == asked && read.overlaps(&request));
        match known {
            Some(at) => {
                let read = &mut self.reads[at];
                read.instants = either(read.instants, request.instants);
                read.ranges = either(read.ranges, request.ranges);
                at
            }
            None => {
                self.reads.push(request);
                self.reads.len() - 1
            }
        }
    }
}

impl ReadRequest {
    fn whole(&self) -> Option<Stretch> {
        either(self.instants, self.ranges)
    }

    /// Whether reading both at once reads little that neither wants.
    fn overlaps(&self, other: &Self) -> bool {
        // An instant reads some minutes before it.
        const NEAR_MS: i64 = 600_000;
        let (Some(own), Some(others)) = (self.whole(), other.whole()) else { return true };
        own.around(others).length_ms() <= own.length_ms().saturating_add(others.length_ms()).saturating_add(NEAR_MS)
    }
}

fn either(one: Option<Stretch>, other: Option<Stretch>) -> Option<Stretch> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.around(other)),
        (one, other) => one.or(other),
    }
}

/// Where the windows of a selector end.
struct Placed {
    /// The first and the last end.
    ends: Stretch,
    offset_ms: i64,
    at_ms: Option<Millis>,
}

impl Placed {
    fn of(evaluation: Evaluation, modifiers: &Modifiers, span: Span) -> Result<Self, Refusal> {
        let offset_ms = match modifiers.offset {
            None => 0,
            Some(offset) if offset.ahead => -millis(offset.length, span)?,
            Some(offset) => millis(offset.length, span)?,
        };
        let at_ms = modifiers.at.map(|at| match at {
            At::Millis(at) => at,
            At::Start => evaluation.whole.start_ms,
            At::End => evaluation.whole.end_ms(),
        });
        let end = |at: Millis| at.saturating_sub(offset_ms).clamp(-FARTHEST, FARTHEST);
        let (first, last) = at_ms.map_or((evaluation.steps.start_ms, evaluation.steps.end_ms()), |at| (at, at));
        Ok(Self { ends: Stretch { from_ms: end(first), to_ms: end(last) }, offset_ms, at_ms })
    }
}

fn millis(window: Window, span: Span) -> Result<i64, Refusal> {
    match window {
        Window::Millis(ms) => Ok(ms.clamp(-FARTHEST, FARTHEST)),
        Window::Interval | Window::RateInterval | Window::Range => {
            let refusal = Refusal::wrong("the variable was not replaced", span);
            Err(refusal.hint("Grafana replaces `$__interval` and its like; write a duration such as `5m`"))
        }
    }
}

/// The selector without its window and modifiers.
fn plain(selector: &Selector) -> Selector {
    Selector { window: None, modifiers: Modifiers::default(), ..selector.clone() }
}

/// What a selector asks for, wherever it stands.
fn placeless(selector: &Selector) -> Selector {
    let mut selector = selector.clone();
    let place = |matcher: &mut Matcher| matcher.span = Span::default();
    selector.matchers.iter_mut().for_each(place);
    if let MetricRef::Matching(matchers) = &mut selector.metric {
        matchers.iter_mut().for_each(place);
    }
    selector
}

/// A selector must not select everything.
fn needs_a_matcher(selector: &Selector, span: Span, patterns: &Patterns) -> Result<(), Refusal> {
    let on_name = match &selector.metric {
        MetricRef::Names(names) if names.iter().any(|name| !name.is_empty()) => return Ok(()),
        MetricRef::Matching(matchers) => matchers.as_slice(),
        MetricRef::Names(_) | MetricRef::Any => &[],
    };
    for matcher in on_name.iter().chain(&selector.matchers) {
        let accepts_nothing = match &matcher.test {
            Test::In(values) => values.iter().any(String::is_empty),
            Test::NotIn(values) => !values.iter().any(String::is_empty),
            Test::Match(pattern) => matches_empty(pattern, matcher.span, patterns)?,
            Test::NotMatch(pattern) => !matches_empty(pattern, matcher.span, patterns)?,
            Test::Everything => true,
            Test::Nothing | Test::Compare(..) => false,
        };
        if !accepts_nothing {
            return Ok(());
        }
    }
    let refusal =
        Refusal::wrong("a selector must contain at least one matcher that the empty string does not pass", span);
    Err(refusal.hint("name a metric"))
}

fn matches_empty(pattern: &str, span: Span, patterns: &Patterns) -> Result<bool, Refusal> {
    let pattern = patterns.whole(pattern).map_err(|error| Refusal::wrong(error.to_string(), span))?;
    Ok(pattern.is_match(""))
}
