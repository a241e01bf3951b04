//! Expression → fetches and a tree. Types and names are checked here; what is not done is refused by name and
//! position, never half-done.

use std::collections::HashMap;

use super::request::{ExpressionRefusal, FetchRequest, FoldRequest, Lowered, PushedAggregate, SampleRead};
use super::semantics::Semantics;
use crate::ast::{
    Aggregate, AggregateOp, Binary, Cardinality, Expr, ExprKind, Grouping, Matching, MetricRef, Selector, Span, Test,
};
use crate::evaluate::{BinaryNode, NanPlace, Node};
use crate::pattern::Patterns;

/// How many values of a list are compared by text; longer lists are then compared themselves.
const SKETCHED: usize = 16;

/// Splits an expression into what SQL answers and what is computed above it.
///
/// # Errors
/// A part of the expression is not supported, or means nothing.
pub fn lower(expr: &Expr, patterns: &Patterns) -> Result<Lowered, ExpressionRefusal> {
    let mut lowering = Lowering::new(Semantics::Panel, patterns);
    let node = lowering.node(expr)?;
    let mut fetches = lowering.fetches;
    if let Some(answer) = node.answer().and_then(|at| fetches.get_mut(at)) {
        answer.answers = true;
    }
    Ok(Lowered { node, fetches })
}

/// The expression without the parentheses around it.
pub(super) fn bare(expr: &Expr) -> &Expr {
    let mut inner = expr;
    while let ExprKind::Paren(next) = &inner.kind {
        inner = next;
    }
    inner
}

/// The fetches so far.
pub(super) struct Lowering<'p> {
    fetches: Vec<FetchRequest>,
    /// The reads so far.
    pub(super) reads: Vec<SampleRead>,
    /// The folds so far.
    pub(super) folds: Vec<FoldRequest>,
    /// The numbers of those that are sketched alike.
    numbers: HashMap<String, Vec<usize>>,
    /// The patterns of the request.
    pub(super) patterns: &'p Patterns,
    /// What expressions mean.
    pub(super) semantics: Semantics,
}

impl<'p> Lowering<'p> {
    pub(super) fn new(semantics: Semantics, patterns: &'p Patterns) -> Self {
        Self { fetches: Vec::new(), reads: Vec::new(), folds: Vec::new(), numbers: HashMap::new(), patterns, semantics }
    }
}

impl Lowering<'_> {
    /// Scalar or series.
    pub(super) fn node(&mut self, expr: &Expr) -> Result<Node, ExpressionRefusal> {
        match &expr.kind {
            ExprKind::Paren(inner) | ExprKind::Plus(inner) => self.node(inner),
            ExprKind::Number(number) => Ok(Node::Number(*number)),
            ExprKind::Duration(ms) => Ok(Node::Number(*ms as f64 / 1000.0)),
            ExprKind::Text(_) => Err(ExpressionRefusal::wrong("a text cannot stand here", expr.span)),
            ExprKind::Subquery(_) => Err(self.stray_subquery(expr.span)),
            ExprKind::Selector(selector) => self.selector(selector, expr.span),
            ExprKind::Negate(inner) => {
                let child = Box::new(self.node(inner)?);
                Ok(self.negated(child, expr.span))
            }
            ExprKind::Call(call) => self.call(call, expr.span),
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate),
            ExprKind::Binary(binary) => self.binary(binary),
        }
    }

    /// Series; `what` asks for them.
    pub(super) fn series(&mut self, expr: &Expr, what: &str) -> Result<Node, ExpressionRefusal> {
        let node = self.node(expr)?;
        if !node.is_scalar() {
            return Ok(node);
        }
        let refusal = ExpressionRefusal::wrong(format!("`{what}` takes series, and this is a number"), expr.span);
        Err(refusal.hint("`vector(…)` makes a series of a number"))
    }

    /// A scalar; `what` asks for it.
    pub(super) fn scalar(&mut self, expr: &Expr, what: &str) -> Result<Node, ExpressionRefusal> {
        let node = self.node(expr)?;
        if node.is_scalar() {
            return Ok(node);
        }
        let refusal =
            ExpressionRefusal::wrong(format!("`{what}` takes a number here, and these are series"), expr.span);
        Err(refusal.hint("`scalar(…)` makes a number of a single series"))
    }

    /// A number that does not depend on the data; `what` asks for it.
    pub(super) fn constant(&mut self, expr: &Expr, what: &str) -> Result<f64, ExpressionRefusal> {
        let node = self.scalar(expr, what)?;
        let refused = || {
            ExpressionRefusal::unsupported(&format!("`{what}` with a parameter that depends on the data"), expr.span)
        };
        node.constant().ok_or_else(refused)
    }

    fn selector(&mut self, selector: &Selector, span: Span) -> Result<Node, ExpressionRefusal> {
        if let Semantics::Prometheus(evaluation) = self.semantics {
            return self.instant(evaluation, selector, span);
        }
        if selector.window.is_some() {
            let refusal = ExpressionRefusal::wrong("a window needs a function over it", span);
            return Err(refusal.hint("for example `avg_over_time(…)`, or leave the brackets away"));
        }
        let selector = selector.clone();
        Ok(self.fetch(FetchRequest::plain(selector, span)))
    }

    /// Equal requests are one fetch, wherever they stand.
    pub(super) fn fetch(&mut self, request: FetchRequest) -> Node {
        let placeless = without_place(&request);
        let alike = self.numbers.entry(sketch(&placeless)).or_default();
        let same = |number: &&usize| without_place(&self.fetches[**number]) == placeless;
        if let Some(number) = alike.iter().find(same) {
            return Node::Fetch(*number);
        }
        alike.push(self.fetches.len());
        self.fetches.push(request);
        Node::Fetch(self.fetches.len() - 1)
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Node, ExpressionRefusal> {
        use AggregateOp::{Bottomk, CountValues, LimitRatio, Limitk, Quantile, Topk};
        let (op, span, word) = (aggregate.op, aggregate.op_span, aggregate.op.word());
        if matches!(op, Limitk | LimitRatio) {
            return Err(ExpressionRefusal::unsupported(&format!("`{word}`"), span));
        }
        let parametric = matches!(op, Topk | Bottomk | Quantile | CountValues);
        let grouping = aggregate.grouping.clone();
        match (&aggregate.param, parametric) {
            (None, false) => self.plain_aggregate(aggregate),
            (Some(param), true) if op == CountValues => {
                let label = self.label_name(param, word)?;
                let child = Box::new(self.series(&aggregate.expr, word)?);
                Ok(Node::CountValues { label, grouping, child })
            }
            (Some(param), true) if op == Quantile => {
                let phi = Box::new(self.scalar(param, word)?);
                let child = Box::new(self.series(&aggregate.expr, word)?);
                let is_panel = self.semantics == Semantics::Panel;
                let nan = if is_panel { NanPlace::Everywhere } else { NanPlace::Lowest };
                Ok(Node::Quantile { phi, phi_span: bare(param).span, nan, grouping, child })
            }
            (Some(param), true) if self.semantics != Semantics::Panel => {
                let k = Box::new(self.scalar(param, word)?);
                let child = Box::new(self.series(&aggregate.expr, word)?);
                Ok(Node::RankAtStep { top: op == Topk, k, grouping, child, span: param.span })
            }
            (Some(param), true) => {
                let k = self.constant(param, word)?;
                if k.is_nan() {
                    return Err(ExpressionRefusal::wrong(
                        format!("`{word}` takes how many series, not NaN"),
                        param.span,
                    ));
                }
                let child = Box::new(self.series(&aggregate.expr, word)?);
                // The cast keeps to the type's range: below 1 is none, beyond it is all.
                Ok(Node::Rank { top: op == Topk, k: k as usize, grouping, child })
            }
            (Some(param), false) => Err(ExpressionRefusal::wrong(format!("`{word}` takes no parameter"), param.span)),
            (None, true) => Err(ExpressionRefusal::wrong(format!("`{word}` takes a parameter and series"), span)),
        }
    }

    /// The simple ones directly over a leaf are the database's work.
    fn plain_aggregate(&mut self, aggregate: &Aggregate) -> Result<Node, ExpressionRefusal> {
        use AggregateOp::{Avg, Count, Group, Max, Min, Sum};
        let (op, grouping) = (aggregate.op, aggregate.grouping.clone());
        let inner = bare(&aggregate.expr);
        if matches!(op, Sum | Avg | Min | Max | Count | Group)
            && let Some(leaf) = self.leaf(inner)?
        {
            return Ok(self.fetch(FetchRequest { pushed: Some(PushedAggregate { op, grouping }), ..leaf }));
        }
        let child = Box::new(self.series(&aggregate.expr, op.word())?);
        Ok(Node::Aggregate { op, grouping, child })
    }

    /// The fetch that the expression is and nothing else, not yet entered.
    fn leaf(&mut self, expr: &Expr) -> Result<Option<FetchRequest>, ExpressionRefusal> {
        if self.semantics != Semantics::Panel {
            return Ok(None);
        }
        match &expr.kind {
            ExprKind::Selector(selector) if selector.window.is_none() => {
                Ok(Some(FetchRequest::plain(selector.clone(), expr.span)))
            }
            ExprKind::Call(call) => self.range_call(call, expr.span),
            _ => Ok(None),
        }
    }

    fn binary(&mut self, binary: &Binary) -> Result<Node, ExpressionRefusal> {
        let (op, span) = (binary.op, binary.op_span);
        let (lhs, rhs) = (self.node(&binary.lhs)?, self.node(&binary.rhs)?);
        let scalars = [&lhs, &rhs].into_iter().filter(|side| side.is_scalar()).count();
        if op.is_set() && scalars > 0 {
            let message = format!("`{op}` combines series, and one side is a number");
            return Err(ExpressionRefusal::wrong(message, span).hint("`vector(…)` makes a series of a number"));
        }
        if scalars == 2 && op.is_comparison() && !binary.returns_bool {
            let message = format!("`{op}` between two numbers has nothing to filter");
            return Err(ExpressionRefusal::wrong(message, span).hint(format!("`{op} bool` gives 0 or 1")));
        }
        // Prometheus drops an empty list beside a number, with the group behind it.
        let is_matched = scalars == 0 || self.semantics == Semantics::Panel;
        let matching = binary.matching.as_ref().filter(|_| is_matched);
        if scalars > 0 && matching.is_some_and(|matching| !is_plain(matching)) {
            return Err(ExpressionRefusal::wrong("`on` and `ignoring` pair series, and one side is a number", span));
        }
        let everything = Matching { on: false, labels: Vec::new(), cardinality: Cardinality::OneToOne };
        let matching = matching.cloned().unwrap_or(everything);
        let returns_bool = binary.returns_bool;
        Ok(Node::Binary(Box::new(BinaryNode { op, returns_bool, matching, lhs, rhs, span })))
    }
}

fn is_plain(matching: &Matching) -> bool {
    !matching.on && matching.labels.is_empty() && matching.cardinality == Cardinality::OneToOne
}

/// A text that is the same for equal requests, and short where a request has thousands of values.
fn sketch(request: &FetchRequest) -> String {
    let mut request = request.clone();
    let on_name =
        if let MetricRef::Matching(matchers) = &mut request.selector.metric { matchers } else { &mut Vec::new() };
    for matcher in request.selector.matchers.iter_mut().chain(on_name) {
        if let Test::In(values) | Test::NotIn(values) = &mut matcher.test
            && values.len() > SKETCHED
        {
            let first = values.iter().take(SKETCHED).cloned();
            *values = first.chain(values.last().cloned()).chain([values.len().to_string()]).collect();
        }
    }
    format!("{request:?}")
}

/// What the request asks, wherever it stands.
fn without_place(request: &FetchRequest) -> FetchRequest {
    let nowhere = Span::default();
    let mut request = FetchRequest { span: nowhere, function_span: nowhere, ..request.clone() };
    let selector = &mut request.selector;
    selector.modifiers.span = selector.modifiers.span.map(|_| nowhere);
    selector.matchers.iter_mut().for_each(|matcher| matcher.span = nowhere);
    if let MetricRef::Matching(matchers) = &mut selector.metric {
        matchers.iter_mut().for_each(|matcher| matcher.span = nowhere);
    }
    if let Some(PushedAggregate { grouping: Grouping::By(labels) | Grouping::Without(labels), .. }) =
        &mut request.pushed
    {
        labels.sort();
        labels.dedup();
    }
    request
}
