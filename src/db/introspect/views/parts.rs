//! What tells the parts of a UNION apart.

use std::collections::BTreeSet;

use super::limits::Limit;
use super::scope;
use super::select::Reading;
use super::tree::Node;
use super::united::{Arm, number};
use super::values::Value;

/// The columns that tell parts apart.
pub(super) struct PartColumns<'a> {
    /// Of any two parts one of these has no value in both; none where two may have equal rows.
    pub(super) told: Option<Vec<&'a Node>>,
    /// Whether a series says of which part it is: each has values of its own in one column that is no time.
    pub(super) is_shown: bool,
}

/// The columns that tell the parts of a query apart, as few as there are.
pub(super) fn told<'a>(arms: &[Arm<'a>], targets: &[&'a Node], reading: &Reading<'a>) -> PartColumns<'a> {
    let nothing = PartColumns { told: None, is_shown: false };
    if arms.len() < 2 {
        return nothing;
    }
    let columns: Vec<&'a Node> =
        targets.iter().copied().filter(|target| may_tell(arms, targets, target, reading)).collect();
    let is_label = |target: &&&Node| !is_time(arms, target);
    let is_label_of_all =
        |target: &&&Node| is_label(target) && arms.iter().all(|arm| is_fixed(arm, target)) && is_all(arms, target);
    if let Some(target) = columns.iter().find(is_label_of_all) {
        return PartColumns { told: Some(vec![target]), is_shown: true };
    }
    if let Some(target) = columns.iter().find(|target| is_all(arms, target)) {
        return PartColumns { told: Some(vec![target]), is_shown: false };
    }
    reading.effort.spend(arms.len() * arms.len() * columns.len());
    if reading.effort.is_spent() {
        return nothing;
    }
    let mut told: Vec<&'a Node> = Vec::new();
    for (at, one) in arms.iter().enumerate() {
        for other in &arms[at + 1..] {
            if told.iter().any(|target| is_apart(one, other, target)) {
                continue;
            }
            let Some(target) = columns.iter().find(|target| is_apart(one, other, target)) else { return nothing };
            told.push(target);
        }
    }
    PartColumns { told: Some(told), is_shown: false }
}

/// What a query lacks whose parts may have equal rows.
pub(super) fn which(arms: &[Arm<'_>], reading: &Reading<'_>) -> String {
    let tables: Vec<BTreeSet<i64>> = arms.iter().map(Arm::tables).collect();
    let all: BTreeSet<i64> = tables.iter().flatten().copied().collect();
    let names: Vec<&str> = all.iter().filter_map(|id| reading.graph.called(*id)).collect();
    match names.as_slice() {
        [others @ .., last]
            if tables.iter().all(|own| own.len() == 1) && names.len() == arms.len() && arms.len() > 1 =>
        {
            format!("whether a row is of {} or {last}", others.join(", "))
        }
        _ => "which of its parts a row is of".to_owned(),
    }
}

/// Whether a column may say of which part a row is: the numbers that rows are about do not.
fn may_tell<'a>(arms: &[Arm<'a>], targets: &[&'a Node], target: &'a Node, reading: &Reading<'a>) -> bool {
    let is_constant = |arm: &Arm<'a>, target: &Node| {
        Value::constant(arm.value(target.get("resno").number()), reading.graph).is_some()
    };
    let is_number = |target: &Node| scope::is_number(scope::type_of(target.get("expr")));
    let column = number(target);
    let is_key = |arm: &Arm<'_>| arm.rows.tellers.iter().flat_map(|key| &key.parts).any(|part| part.column == column);
    if !is_number(target) || arms.iter().all(is_key) {
        return true;
    }
    let is_value = |other: &&&Node| is_number(other) && !arms.iter().all(|arm| is_constant(arm, other));
    arms.iter().all(|arm| is_constant(arm, target)) && targets.iter().any(|other| is_value(&other))
}

pub(super) fn is_time(arms: &[Arm<'_>], target: &Node) -> bool {
    scope::is_time(scope::type_of(target.get("expr")))
        || arms.iter().any(|arm| arm.rows.times.contains(&number(target)))
}

/// Whether all rows of a part have one of some values in a column.
fn is_fixed(arm: &Arm<'_>, target: &Node) -> bool {
    limits(arm, target).iter().any(|limit| matches!(limit, Limit::OneOf(_)))
}

/// Whether no two parts have a value of a column in common.
fn is_all(arms: &[Arm<'_>], target: &Node) -> bool {
    let is_apart_of_all =
        |(at, one): (usize, &Arm<'_>)| arms[at + 1..].iter().all(|other| is_apart(one, other, target));
    arms.iter().enumerate().all(is_apart_of_all)
}

fn is_apart(one: &Arm<'_>, other: &Arm<'_>, target: &Node) -> bool {
    limits(one, target).iter().any(|own| limits(other, target).iter().any(|theirs| own.excludes(theirs)))
}

fn limits<'r>(arm: &'r Arm<'_>, target: &Node) -> &'r [Limit] {
    arm.rows.limits.get(&number(target)).map_or(&[], Vec::as_slice)
}
