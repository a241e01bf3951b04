//! Prometheus' meaning of selectors, ranges and subqueries.

use super::call::arguments;
use super::lowering::{Lowering, bare};
use super::request::{ExpressionRefusal, FARTHEST, FoldRequest, LoweredSteps, Root, SampleRead};
use super::semantics::{EvaluationTimes, SUBQUERY_STEP_MS, SUBQUERY_STEPS, Semantics};
use crate::ast::{At, Call, Expr, ExprKind, Matcher, MetricRef, Modifiers, Selector, Span, Subquery, WindowLength};
use crate::evaluate::{FoldPlan, NEGATE, Node, OverFunction, OverInput, OverNode};
use crate::pattern::Patterns;
use crate::range::Function;
use crate::time::Millis;

/// What a function of a range is given.
pub(super) struct RangeArguments<'a> {
    pub(super) range: &'a Expr,
    pub(super) numbers: Vec<Node>,
}

impl<'a> RangeArguments<'a> {
    /// A range alone.
    pub(super) const fn only(range: &'a Expr) -> Self {
        Self { range, numbers: Vec::new() }
    }
}

/// Splits an expression that [`language::promql`](crate::language::promql) has read into what is read and what is computed of
/// it at each step, in Prometheus' meaning.
///
/// # Errors
/// A part of the expression is not supported, or means nothing.
pub fn lower_steps(
    expr: &Expr,
    evaluation: EvaluationTimes,
    patterns: &Patterns,
) -> Result<LoweredSteps, ExpressionRefusal> {
    let mut lowering = Lowering::new(Semantics::Prometheus(evaluation), patterns);
    let inner = bare(expr);
    let root = match &inner.kind {
        ExprKind::Text(text) => Root::Text(text.clone()),
        ExprKind::Selector(Selector { window: Some(_), .. }) | ExprKind::Subquery(_) => {
            let node = lowering.ranged(evaluation, inner, OverFunction::Range(Function::Last), Vec::new())?;
            Root::Range(lowering.kept(evaluation, node))
        }
        _ => Root::Node(lowering.node(expr)?),
    };
    Ok(LoweredSteps { root, reads: lowering.reads, folds: lowering.folds })
}

impl Lowering<'_> {
    /// Why a subquery cannot stand where a value is wanted.
    pub(super) fn stray_subquery(&self, span: Span) -> ExpressionRefusal {
        match self.semantics {
            Semantics::Panel => ExpressionRefusal::unsupported("a subquery", span),
            Semantics::Prometheus(_) => {
                ExpressionRefusal::wrong("a subquery needs a function of a range over it", span)
            }
        }
    }

    /// A minus sign in front.
    pub(super) fn negated(&self, child: Box<Node>, span: Span) -> Node {
        let is_plain = self.semantics == Semantics::Panel || child.is_scalar();
        let child = if is_plain { child } else { Box::new(Node::Nameless { child, span }) };
        Node::Math { function: &NEGATE, child, span }
    }

    /// An instant selector.
    pub(super) fn instant(
        &mut self,
        evaluation: EvaluationTimes,
        selector: &Selector,
        span: Span,
    ) -> Result<Node, ExpressionRefusal> {
        if selector.window.is_some() {
            let refusal = ExpressionRefusal::wrong("a range selector needs a function over it", span);
            return Err(refusal.hint("for example `rate(…)`, or leave the brackets away"));
        }
        let node = self.newest(evaluation, selector, span, OverFunction::Instant)?;
        Ok(Node::Over(Box::new(node)))
    }

    /// `timestamp` of a selector is the time of the sample; none where the argument is no selector.
    pub(super) fn sample_time(&mut self, arg: &Expr) -> Result<Option<Node>, ExpressionRefusal> {
        let inner = bare(arg);
        match (self.semantics, &inner.kind) {
            (Semantics::Prometheus(evaluation), ExprKind::Selector(selector)) if selector.window.is_none() => {
                let node = self.newest(evaluation, selector, inner.span, OverFunction::InstantTime)?;
                Ok(Some(Node::Over(Box::new(node))))
            }
            _ => Ok(None),
        }
    }

    fn newest(
        &mut self,
        evaluation: EvaluationTimes,
        selector: &Selector,
        span: Span,
        function: OverFunction,
    ) -> Result<OverNode, ExpressionRefusal> {
        let placed = WindowPlacement::of(evaluation, &selector.modifiers, span)?;
        let of = OverInput::Read(self.read(selector, span));
        let WindowPlacement { offset_ms, at_ms } = placed;
        let (window_ms, range, number) = (0, span, span);
        let node = OverNode { function, args: Vec::new(), of, window_ms, offset_ms, at_ms, span, range, number };
        Ok(self.folded(evaluation, node))
    }

    /// A function of a range by its name; none when the call is none.
    pub(super) fn range_function(
        &mut self,
        evaluation: EvaluationTimes,
        call: &Call,
        span: Span,
    ) -> Result<Option<Node>, ExpressionRefusal> {
        let Some(function) = Function::from_word(&call.name) else { return Ok(None) };
        let before = function.scalars_before();
        let count = before + 1 + function.scalars_after();
        let args = arguments(call, span, count, count)?;
        let (front, rest) = args.split_at(before);
        let [range, back @ ..] = rest else { return Ok(None) };
        let numbers = front.iter().chain(back).map(|arg| self.scalar(arg, &call.name));
        let numbers = numbers.collect::<Result<Vec<Node>, ExpressionRefusal>>()?;
        self.over(evaluation, call, span, function, RangeArguments { range, numbers }).map(Some)
    }

    /// A function over a range selector or a subquery.
    pub(super) fn over(
        &mut self,
        evaluation: EvaluationTimes,
        call: &Call,
        span: Span,
        function: Function,
        args: RangeArguments<'_>,
    ) -> Result<Node, ExpressionRefusal> {
        let inner = bare(args.range);
        let is_range = match &inner.kind {
            ExprKind::Selector(selector) => selector.window.is_some(),
            kind => matches!(kind, ExprKind::Subquery(_)),
        };
        if !is_range {
            let refusal =
                ExpressionRefusal::wrong(format!("`{}` takes a range selector or a subquery", call.name), inner.span);
            return Err(refusal.hint("for example `[5m]` behind the selector"));
        }
        let node = self.ranged(evaluation, inner, OverFunction::Range(function), args.numbers)?;
        let number = call.args.first().map_or(span, |first| first.span);
        Ok(Node::Over(Box::new(self.folded(evaluation, OverNode { span, number, ..node }))))
    }

    /// The windows of a range selector or a subquery.
    fn ranged(
        &mut self,
        evaluation: EvaluationTimes,
        range: &Expr,
        function: OverFunction,
        args: Vec<Node>,
    ) -> Result<OverNode, ExpressionRefusal> {
        let span = range.span;
        let (modifiers, window) = match &range.kind {
            ExprKind::Selector(selector) => (&selector.modifiers, selector.window),
            ExprKind::Subquery(subquery) => (&subquery.modifiers, Some(subquery.range)),
            _ => return Err(ExpressionRefusal::wrong("a range selector or a subquery is wanted here", span)),
        };
        let window_ms = window.map_or(Ok(0), |window| millis(window, span))?;
        let placed = WindowPlacement::of(evaluation, modifiers, span)?;
        let node = OverNode {
            function,
            args,
            of: OverInput::Read(0),
            window_ms,
            offset_ms: placed.offset_ms,
            at_ms: placed.at_ms,
            span,
            range: span,
            number: span,
        };
        let of = match &range.kind {
            ExprKind::Subquery(subquery) => {
                self.subquery(evaluation, subquery, node.windows(&evaluation.steps), span)?
            }
            ExprKind::Selector(selector) => OverInput::Read(self.read(selector, span)),
            _ => node.of,
        };
        Ok(OverNode { of, ..node })
    }

    /// The node over samples that are folded as they come, where its numbers allow; else they are kept.
    fn folded(&mut self, evaluation: EvaluationTimes, node: OverNode) -> OverNode {
        let OverInput::Read(read) = node.of else { return node };
        let Some(plan) = node.folded(&evaluation.steps) else { return self.kept(evaluation, node) };
        let request = FoldRequest { read, plan };
        let known = self.folds.iter().position(|fold| *fold == request);
        let at = known.unwrap_or_else(|| {
            self.folds.push(request);
            self.folds.len() - 1
        });
        OverNode { of: OverInput::Folded(at), ..node }
    }

    /// The node over samples that are kept.
    fn kept(&mut self, evaluation: EvaluationTimes, node: OverNode) -> OverNode {
        if let OverInput::Read(at) = node.of
            && let Some(read) = self.reads.get_mut(at)
        {
            read.kept.push(node.windows(&evaluation.steps));
        }
        node
    }

    /// The expression of a subquery at the times that its windows cover.
    fn subquery(
        &mut self,
        evaluation: EvaluationTimes,
        subquery: &Subquery,
        windows: FoldPlan,
        span: Span,
    ) -> Result<OverInput, ExpressionRefusal> {
        let step_ms = subquery.resolution.map_or(Ok(SUBQUERY_STEP_MS), |step| millis(step, span))?;
        let window_ms = windows.window_ms.unwrap_or_default();
        let steps = windows.ends.multiples_within(step_ms.max(1), window_ms, -FARTHEST);
        let Some(steps) = steps.filter(|steps| steps.len <= SUBQUERY_STEPS) else {
            let message = format!("a subquery at more than {SUBQUERY_STEPS} times");
            return Err(ExpressionRefusal::unsupported(&message, span).hint("give it a longer step or a shorter range"));
        };
        self.semantics = Semantics::Prometheus(EvaluationTimes { steps, ..evaluation });
        let child = self.node(&subquery.expr);
        self.semantics = Semantics::Prometheus(evaluation);
        Ok(OverInput::Subquery { child: Box::new(child?), steps })
    }

    /// Enters a read; equal selectors are read once.
    fn read(&mut self, selector: &Selector, span: Span) -> usize {
        let selector = placeless(selector);
        let known = self.reads.iter().position(|read| read.selector == selector);
        known.unwrap_or_else(|| {
            self.reads.push(SampleRead { selector, kept: Vec::new(), span });
            self.reads.len() - 1
        })
    }
}

/// Where the windows of a selector lie.
struct WindowPlacement {
    offset_ms: i64,
    at_ms: Option<Millis>,
}

impl WindowPlacement {
    fn of(evaluation: EvaluationTimes, modifiers: &Modifiers, span: Span) -> Result<Self, ExpressionRefusal> {
        let offset_ms = match modifiers.offset {
            None => 0,
            Some(offset) if offset.ahead => -millis(offset.length, span)?,
            Some(offset) => millis(offset.length, span)?,
        };
        let at_ms = modifiers.at.map(|at| match at {
            At::Millis(at) => at,
            At::Start => evaluation.start_ms,
            At::End => evaluation.end_ms,
        });
        Ok(Self { offset_ms, at_ms: at_ms.map(|at: Millis| at.clamp(-FARTHEST, FARTHEST)) })
    }
}

fn millis(window: WindowLength, span: Span) -> Result<i64, ExpressionRefusal> {
    match window {
        WindowLength::Millis(ms) => Ok(ms.clamp(-FARTHEST, FARTHEST)),
        WindowLength::Interval | WindowLength::RateInterval | WindowLength::Range => {
            let refusal = ExpressionRefusal::wrong("the variable was not replaced", span);
            Err(refusal.hint("Grafana replaces `$__interval` and its like; write a duration such as `5m`"))
        }
    }
}

/// The series that a selector asks for, wherever it stands, without its window, modifiers and text.
fn placeless(selector: &Selector) -> Selector {
    let mut selector = Selector { window: None, modifiers: Modifiers::default(), written: None, ..selector.clone() };
    let place = |matcher: &mut Matcher| matcher.span = Span::default();
    selector.matchers.iter_mut().for_each(place);
    if let MetricRef::Matching(matchers) = &mut selector.metric {
        matchers.iter_mut().for_each(place);
    }
    selector
}
