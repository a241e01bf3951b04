//! Arithmetic and comparison between two sets of series, paired as PromQL pairs them, bucket by bucket.

use std::collections::BTreeMap;

use super::binary::{apply, drops_name};
use super::error::{EvaluateErrorKind, Side};
use super::labels::{LabelChoice, nameless};
use super::node::BinaryNode;
use super::unique::{DuplicateLabels, unique};
use crate::ast::{Cardinality, Matching};
use crate::series::{Labels, Point, Series};

/// The series that share the labels on which they match.
#[derive(Default)]
pub(super) struct MatchGroup<'a> {
    pub(super) left: Vec<&'a Series>,
    pub(super) right: Vec<&'a Series>,
}

/// Groups both sides once, so that no point is ever hashed.
pub(super) fn groups<'a>(
    matching: &Matching,
    left: &'a [Series],
    right: &'a [Series],
) -> BTreeMap<Labels, MatchGroup<'a>> {
    let choice = LabelChoice::of_matching(matching);
    let mut groups: BTreeMap<Labels, MatchGroup<'a>> = BTreeMap::new();
    for one in left {
        groups.entry(choice.chosen(&one.labels)).or_default().left.push(one);
    }
    for one in right {
        groups.entry(choice.chosen(&one.labels)).or_default().right.push(one);
    }
    groups
}

/// One more than the last bucket that has a point.
pub(super) fn width(sides: [&[Series]; 2]) -> usize {
    let last = sides.into_iter().flatten().filter_map(|one| one.points.last());
    last.map(|point| point.bucket as usize + 1).max().unwrap_or(0)
}

/// The results, sorted by labels.
pub(super) fn matched(node: &BinaryNode, left: &[Series], right: &[Series]) -> Result<Vec<Series>, DuplicateLabels> {
    let pairing = OperandPairing::of(node);
    let mut slots = vec![GroupSlot::default(); width([left, right])];
    // Where one side has nothing at all, nothing can match and nothing clash.
    let occupied = occupied(if pairing.swapped { right } else { left }, slots.len());
    let mut results = Vec::new();
    for (labels, group) in groups(&node.matching, left, right) {
        let (many, one) = if pairing.swapped { (group.right, group.left) } else { (group.left, group.right) };
        for (owner, point) in one.iter().zip(0..).flat_map(|(s, at)| s.points.iter().map(move |p| (at, p))) {
            let slot = &mut slots[point.bucket as usize];
            if slot.owner.replace(owner).is_some() && occupied[point.bucket as usize] {
                let side = if pairing.swapped { Side::Left } else { Side::Right };
                return Err((EvaluateErrorKind::ManyToMany(side), labels));
            }
            slot.value = point.value;
        }
        for series in many {
            let paired = pairing.paired(series, &mut slots).ok_or(EvaluateErrorKind::ManyToOne);
            for (owner, points) in paired.map_err(|kind| (kind, labels.clone()))? {
                results.push(Series { labels: pairing.labels(series, one[owner as usize]), points });
            }
        }
        for point in one.iter().flat_map(|series| &series.points) {
            slots[point.bucket as usize] = GroupSlot::default();
        }
    }
    let clash = if pairing.grouped { EvaluateErrorKind::SameMatch } else { EvaluateErrorKind::SameLabels };
    unique(results, clash)
}

/// The buckets in which some series has a point.
fn occupied(series: &[Series], width: usize) -> Vec<bool> {
    let mut occupied = vec![false; width];
    series.iter().flat_map(|one| &one.points).for_each(|point| occupied[point.bucket as usize] = true);
    occupied
}

/// What the side that has one series per group has at a bucket.
#[derive(Clone, Copy, Default)]
struct GroupSlot {
    owner: Option<u32>,
    value: f64,
    taken: bool,
}

/// How an operator pairs its operands.
struct OperandPairing<'a> {
    node: &'a BinaryNode,
    /// Whether the right side is the one with many.
    swapped: bool,
    /// Whether a group clause allows many.
    grouped: bool,
    include: &'a [String],
    choice: LabelChoice<'a>,
}

impl<'a> OperandPairing<'a> {
    fn of(node: &'a BinaryNode) -> Self {
        let (swapped, grouped, include) = match &node.matching.cardinality {
            Cardinality::OneToOne => (false, false, [].as_slice()),
            Cardinality::ManyToOne(include) => (false, true, include.as_slice()),
            Cardinality::OneToMany(include) => (true, true, include.as_slice()),
        };
        Self { node, swapped, grouped, include, choice: LabelChoice::of_matching(&node.matching) }
    }

    /// The results of one of the many, by the series it was paired with; none where another took its place before.
    fn paired(&self, series: &Series, slots: &mut [GroupSlot]) -> Option<Vec<(u32, Vec<Point>)>> {
        let mut results: Vec<(u32, Vec<Point>)> = Vec::new();
        for point in &series.points {
            let slot = &mut slots[point.bucket as usize];
            let Some(owner) = slot.owner else { continue };
            let (left, right) = if self.swapped { (slot.value, point.value) } else { (point.value, slot.value) };
            let value = apply(self.node.op, self.node.returns_bool, left, right, left);
            let Some(value) = value else { continue };
            if slot.taken && !self.grouped {
                return None;
            }
            slot.taken = true;
            let at = results.iter().rposition(|(own, _)| *own == owner).unwrap_or_else(|| {
                results.push((owner, Vec::new()));
                results.len() - 1
            });
            results[at].1.push(Point { bucket: point.bucket, value });
        }
        Some(results)
    }

    /// The labels of a result.
    fn labels(&self, many: &Series, one: &Series) -> Labels {
        let dropped = drops_name(self.node.op, self.node.returns_bool);
        let mut labels = if dropped { nameless(&many.labels) } else { many.labels.clone() };
        if !self.grouped {
            self.choice.retain(&mut labels);
        }
        let source = one.labels.iter();
        let source: BTreeMap<&str, _> = source.map(|(name, value)| (&**name, (name, value))).collect();
        for name in self.include {
            match source.get(name.as_str()) {
                Some((name, value)) => labels.set((*name).clone(), (*value).clone()),
                None => labels.set(name.as_str().into(), "".into()),
            }
        }
        labels
    }
}
