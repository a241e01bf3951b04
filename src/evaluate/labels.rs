//! Which labels survive, and how functions rewrite them.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::ast::{Grouping, Matching};
use crate::pattern::Pattern;
use crate::series::{Labels, METRIC_NAME, Series};

/// A choice of labels: only some, or all but some and the metric's name.
pub(super) struct LabelChoice<'a> {
    only: bool,
    names: HashSet<&'a str>,
}

impl<'a> LabelChoice<'a> {
    pub(super) fn of_grouping(grouping: &'a Grouping) -> Self {
        match grouping {
            Grouping::By(names) => Self::new(true, names),
            Grouping::Without(names) => Self::new(false, names),
        }
    }

    /// The labels that two series must share to match.
    pub(super) fn of_matching(matching: &'a Matching) -> Self {
        Self::new(matching.on, &matching.labels)
    }

    pub(super) fn new(only: bool, names: &'a [String]) -> Self {
        Self { only, names: names.iter().map(String::as_str).collect() }
    }

    /// Whether a label survives a grouping.
    pub(super) fn keeps(grouping: &Grouping, name: &str) -> bool {
        match grouping {
            Grouping::By(names) => names.iter().any(|own| own == name),
            Grouping::Without(names) => name != METRIC_NAME && names.iter().all(|own| own != name),
        }
    }

    pub(super) fn chosen(&self, labels: &Labels) -> Labels {
        let mut labels = labels.clone();
        labels.retain(|name| self.names.contains(name) == self.only && (self.only || name != METRIC_NAME));
        labels
    }

    /// As [`Self::chosen`], but the metric's name is a label like any other.
    pub(super) fn retain(&self, labels: &mut Labels) {
        labels.retain(|name| self.names.contains(name) == self.only);
    }
}

/// The series of each group, in order of the labels that survive.
pub(super) fn grouped<'a>(grouping: &Grouping, series: &'a [Series]) -> BTreeMap<Labels, Vec<&'a Series>> {
    let choice = LabelChoice::of_grouping(grouping);
    let mut groups: BTreeMap<Labels, Vec<&Series>> = BTreeMap::new();
    for one in series {
        groups.entry(choice.chosen(&one.labels)).or_default().push(one);
    }
    groups
}

/// The labels without the metric's name.
pub(super) fn nameless(labels: &Labels) -> Labels {
    let mut labels = labels.clone();
    labels.retain(|name| name != METRIC_NAME);
    labels
}

/// The longest value that a function may give a label: nested ones could double it at every level.
const LONGEST: usize = 64 * 1024;

/// The replacement of `label_replace`.
pub(super) struct Replacement<'a> {
    text: &'a str,
    /// How many groups it may insert.
    groups: usize,
}

impl<'a> Replacement<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, groups: text.matches('$').count() }
    }
}

/// `label_replace` on one series; false when the value would be too long.
pub(super) fn replace(
    labels: &mut Labels,
    target: &Arc<str>,
    replacement: &Replacement<'_>,
    source: &str,
    pattern: &Pattern,
) -> bool {
    let value = labels.get(source);
    // No group is longer than the value.
    if replacement.text.len().saturating_add(replacement.groups.saturating_mul(value.len())) > LONGEST {
        return false;
    }
    if let Some(value) = pattern.replaced(value, replacement.text) {
        labels.set(Arc::clone(target), Arc::from(value));
    }
    true
}

/// `label_join` on one series; false when the value would be too long.
pub(super) fn join(labels: &mut Labels, target: &Arc<str>, separator: &str, sources: &[String]) -> bool {
    let values: Vec<&str> = sources.iter().map(|source| labels.get(source)).collect();
    let length: usize = values.iter().map(|value| value.len() + separator.len()).sum();
    if length > LONGEST {
        return false;
    }
    let joined = values.join(separator);
    labels.set(Arc::clone(target), Arc::from(joined));
    true
}
