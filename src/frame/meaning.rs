//! What the numbers of an answer are: their unit and what they measure, followed through the expression.
//!
//! What keeps the kind of number keeps the unit. A rate has the unit per second where Grafana has one. Arithmetic
//! leaves a unit only in sums and differences of the same unit, or with a plain number.

use crate::ast::{AggregateOp, BinaryOp, OverTime};
use crate::catalog::{Metric, Snapshot};
use crate::evaluate::{BinaryNode, Node, RangeFunction};
use crate::lower::Lowered;
use crate::plan::FetchGroup;

/// The expression and the metrics that it reads.
#[derive(Clone, Copy, Debug)]
pub struct Units<'a> {
    /// The tree and its fetches.
    pub lowered: &'a Lowered,
    /// What each fetch reads.
    pub groups: &'a [FetchGroup],
    /// The catalog.
    pub snapshot: &'a Snapshot,
}

impl<'a> Units<'a> {
    /// Grafana's id of the unit of a series that has this metric's name, or none.
    #[must_use]
    pub fn unit(&self, name: Option<&str>) -> Option<String> {
        self.of(&self.lowered.node, name).map(str::to_owned)
    }

    /// What the metric of that name measures; without a name, the only metric that is read.
    #[must_use]
    pub fn help(&self, name: Option<&str>) -> Option<String> {
        let mut metrics = self.groups.iter().flat_map(|group| &group.fetches).map(|fetch| fetch.rows.metric.as_str());
        let name = name.or_else(|| {
            let first = metrics.next()?;
            metrics.all(|other| other == first).then_some(first)
        });
        self.snapshot.metric(name?)?.1.help.clone()
    }

    fn of(&self, node: &Node, name: Option<&str>) -> Option<&'a str> {
        match node {
            Node::Fetch(number) => self.fetched(*number, name),
            Node::Math { function, child, .. } if matches!(function.word, "abs" | "ceil" | "floor" | "-") => {
                self.of(child, name)
            }
            Node::Limit { child, .. }
            | Node::LabelReplace { child, .. }
            | Node::LabelJoin { child, .. }
            | Node::Quantile { child, .. }
            | Node::Rank { child, .. } => self.of(child, name),
            Node::Aggregate { op, child, .. } if keeps(*op) => self.of(child, name),
            Node::Binary(binary) => self.binary(binary, name),
            _ => None,
        }
    }

    fn binary(&self, binary: &BinaryNode, name: Option<&str>) -> Option<&'a str> {
        let (lhs, rhs) = (&binary.lhs, &binary.rhs);
        let agreed = || self.of(lhs, name).filter(|unit| self.of(rhs, name) == Some(unit));
        match binary.op {
            BinaryOp::And | BinaryOp::Unless => self.of(lhs, name),
            BinaryOp::Or => agreed(),
            op if op.is_comparison() && binary.returns_bool => None,
            op if op.is_comparison() && lhs.is_scalar() => self.of(rhs, name),
            op if op.is_comparison() => self.of(lhs, name),
            BinaryOp::Add | BinaryOp::Sub if lhs.is_scalar() => self.of(rhs, name),
            BinaryOp::Add | BinaryOp::Sub if rhs.is_scalar() => self.of(lhs, name),
            BinaryOp::Add | BinaryOp::Sub => agreed(),
            _ => None,
        }
    }

    /// The unit of a fetch: that of the named metric, else the one that all its metrics share.
    fn fetched(&self, number: usize, name: Option<&str>) -> Option<&'a str> {
        let (request, group) = (self.lowered.fetches.get(number)?, self.groups.get(number)?);
        if request.pushed.as_ref().is_some_and(|pushed| !keeps(pushed.op)) {
            return None;
        }
        let metrics = || group.fetches.iter().filter_map(|fetch| self.snapshot.metric(&fetch.rows.metric)).map(|m| m.1);
        let unit = |metric: &'a Metric| after(request.function, metric);
        if let Some(own) = metrics().find(|metric| Some(metric.name.as_str()) == name) {
            return unit(own);
        }
        let first = unit(metrics().next()?)?;
        metrics().all(|metric| unit(metric) == Some(first)).then_some(first)
    }
}

/// Whether an aggregation of values has their unit.
const fn keeps(op: AggregateOp) -> bool {
    !matches!(op, AggregateOp::Count | AggregateOp::Group | AggregateOp::Stdvar | AggregateOp::CountValues)
}

/// The unit of a function over a metric's samples.
fn after(function: Option<RangeFunction>, metric: &Metric) -> Option<&str> {
    let unit = metric.unit.as_deref()?;
    match function.unwrap_or(RangeFunction::OverTime(metric.over_time)) {
        RangeFunction::OverTime(OverTime::Count)
        | RangeFunction::Stdvar
        | RangeFunction::Present
        | RangeFunction::Changes
        | RangeFunction::Resets => None,
        RangeFunction::Rate | RangeFunction::Irate | RangeFunction::Deriv => per_second(unit),
        _ => Some(unit),
    }
}

/// Grafana's id of a unit per second; none where it has no such unit.
fn per_second(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "bytes" => "binBps",
        "decbytes" => "Bps",
        "bits" => "binbps",
        "decbits" => "bps",
        "kbytes" => "KiBs",
        "deckbytes" => "KBs",
        "mbytes" => "MiBs",
        "decmbytes" => "MBs",
        "gbytes" => "GiBs",
        "decgbytes" => "GBs",
        "s" => "percentunit",
        "joule" => "watt",
        "lengthm" => "velocityms",
        "short" | "none" => "cps",
        _ => return None,
    })
}
