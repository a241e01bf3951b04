//! What conditions say of the values of a column, and whether two of them leave none that both allow.

use std::cmp::Ordering;

use super::scope::{Atom, Scope};
use super::tree::Node;
use super::values::Value;

/// The end of what a continuous aggregate has materialized: TimescaleDB rounds it as that aggregate rounds times.
const WATERMARK: &str = "watermark";

/// What holds for a column in all rows.
#[derive(Clone, Debug)]
pub(super) enum Limit {
    OneOf(Vec<Value>),
    NoneOf(Vec<Value>),
    Below(End),
    Above(End),
}

/// Where values end.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) value: Value,
    /// Whether the end is one of them.
    pub(super) is_within: bool,
    /// What it rounds a time to, where it does.
    pub(super) rounded: Option<String>,
}

impl Limit {
    /// Whether no value is allowed by both.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::OneOf(own), Self::OneOf(theirs)) => own.iter().all(|one| theirs.iter().all(|two| one.differs(two))),
            (Self::OneOf(own), Self::NoneOf(none)) | (Self::NoneOf(none), Self::OneOf(own)) => {
                own.iter().all(|one| none.iter().any(|two| one.is_same(two)))
            }
            (Self::OneOf(own), Self::Below(high)) | (Self::Below(high), Self::OneOf(own)) => {
                own.iter().all(|one| is_apart(high, &End::at(one)))
            }
            (Self::OneOf(own), Self::Above(low)) | (Self::Above(low), Self::OneOf(own)) => {
                own.iter().all(|one| is_apart(&End::at(one), low))
            }
            (Self::Below(high), Self::Above(low)) | (Self::Above(low), Self::Below(high)) => is_apart(high, low),
            (Self::NoneOf(_), _)
            | (_, Self::NoneOf(_))
            | (Self::Below(_), Self::Below(_))
            | (Self::Above(_), Self::Above(_)) => false,
        }
    }

    /// What it says of a time that is rounded down, by a function that is written so.
    fn rounded(&self, function: &str) -> Option<Self> {
        match self {
            Self::Below(high) => Some(Self::Below(high.clone())),
            Self::Above(low) if low.rounded.as_deref().is_some_and(|own| own == function || own == WATERMARK) => {
                Some(Self::Above(End { is_within: true, ..low.clone() }))
            }
            Self::OneOf(_) | Self::NoneOf(_) | Self::Above(_) => None,
        }
    }
}

impl End {
    fn at(value: &Value) -> Self {
        Self { value: value.clone(), is_within: true, rounded: None }
    }
}

/// Whether what lies up to one end is never what lies from another one.
fn is_apart(high: &End, low: &End) -> bool {
    match high.value.order(&low.value) {
        Some(Ordering::Less) => true,
        Some(Ordering::Equal) => !(high.is_within && low.is_within),
        Some(Ordering::Greater) | None => false,
    }
}

impl<'a> Scope<'a> {
    /// What a condition says of a column.
    pub(super) fn limit(&self, node: &'a Node) -> Option<(Atom, Limit)> {
        let [one, other] = node.get("args").items() else { return None };
        let operators = &self.reading.graph.operators;
        let (number, collation) = (node.get("opno").number(), node.get("inputcollid").number());
        let value = |node: &Node| Value::steady(node, collation, self.reading.graph);
        let (is_equal, is_unequal) = (operators.equal.contains(&number), operators.unequal.contains(&number));
        if node.kind() == "SCALARARRAYOP" {
            let elements = other.get("elements").items();
            let values: Vec<Value> = elements.iter().map(value).collect::<Option<_>>()?;
            let is_any = node.get("useOr").is_true();
            let limit = match (is_any && is_equal, !is_any && is_unequal) {
                (true, _) => Limit::OneOf(values),
                (_, true) => Limit::NoneOf(values),
                _ => return None,
            };
            return self.valued(one).filter(|_| !elements.is_empty()).map(|atom| (atom, limit));
        }
        if node.kind() != "OP" {
            return None;
        }
        let (atom, fixed, is_turned) = match self.valued(one) {
            Some(atom) => (atom, other, false),
            None => (self.valued(other)?, one, true),
        };
        let (is_less, is_greater) = (operators.less.contains(&number), operators.greater.contains(&number));
        let own = value(fixed)?;
        let end =
            End { value: own.clone(), is_within: !operators.strict.contains(&number), rounded: self.rounding(fixed) };
        let limit = match () {
            () if is_equal => Limit::OneOf(vec![own]),
            () if is_unequal => Limit::NoneOf(vec![own]),
            () if is_less && !is_turned || is_greater && is_turned => Limit::Below(end),
            () if is_less || is_greater => Limit::Above(end),
            () => return None,
        };
        Some((atom, limit))
    }

    /// What holds for the values of an expression in all rows.
    pub(super) fn limits(&self, node: &'a Node) -> Vec<Limit> {
        let node = self.behind(node);
        if let Some(value) = Value::constant(node, self.reading.graph) {
            return vec![Limit::OneOf(vec![value])];
        }
        if let Some(atom) = self.valued(node) {
            return self.limits_of(atom);
        }
        let time = node.get("args").items().get(1).and_then(|time| self.valued(time));
        let Some((atom, function)) = time.zip(self.rounding(node)) else { return Vec::new() };
        self.limits_of(atom).iter().filter_map(|limit| limit.rounded(&function)).collect()
    }

    fn limits_of(&self, atom: Atom) -> Vec<Limit> {
        let own = self.entries.get(atom.entry).filter(|entry| !entry.is_nullable);
        let own = own.and_then(|entry| entry.rows.limits.get(&atom.column)).into_iter().flatten();
        let equal = self.ties.equal_to(atom);
        let said = self.ties.limits.iter().filter(|(of, _)| equal.contains(of)).map(|(_, limit)| limit);
        own.chain(said).cloned().collect()
    }

    /// How an expression rounds a time down: its function, and what else than the time it is given.
    fn rounding(&self, node: &Node) -> Option<String> {
        let operators = &self.reading.graph.operators;
        if calls(node, &operators.watermarks) {
            return Some(WATERMARK.to_owned());
        }
        let function = node.get("funcid").number();
        let args = node.get("args").items().iter().enumerate().filter(|(at, _)| *at != 1);
        let fixed = args.map(|(_, arg)| (arg.kind() == "CONST").then(|| format!("{arg:?}")));
        let fixed = fixed.collect::<Option<Vec<String>>>().filter(|_| operators.rounding.contains(&function))?;
        Some(format!("{function} {fixed:?}"))
    }
}

/// Whether one of these functions is called anywhere in an expression.
fn calls(node: &Node, functions: &[i64]) -> bool {
    functions.contains(&node.get("funcid").number()) || node.children().any(|child| calls(child, functions))
}
