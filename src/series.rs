//! Series and the points on them: what a fetch produces, the evaluator transforms and the renderers draw.

use std::sync::Arc;

/// The label that carries a metric's name.
pub const METRIC_NAME: &str = "__name__";

/// A set of labels, sorted by name; an absent label is simply not there, so no value is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(Vec<(Arc<str>, Arc<str>)>);

impl Labels {
    /// Sorts the pairs and drops those whose value is empty; of several pairs with one name the last wins.
    #[must_use]
    pub fn new(pairs: impl IntoIterator<Item = (Arc<str>, Arc<str>)>) -> Self {
        let mut labels = Self::default();
        for (name, value) in pairs {
            labels.set(name, value);
        }
        labels
    }

    /// The label's value; the empty string when it is absent.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.position(name).map_or("", |at| &self.0[at].1)
    }

    /// Sets a label; an empty value removes it.
    pub fn set(&mut self, name: Arc<str>, value: Arc<str>) {
        match (self.position(&name), value.is_empty()) {
            (Ok(at), true) => drop(self.0.remove(at)),
            (Ok(at), false) => self.0[at].1 = value,
            (Err(_), true) => {}
            (Err(at), false) => self.0.insert(at, (name, value)),
        }
    }

    /// Keeps the labels whose name passes.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|(name, _)| keep(name));
    }

    /// The pairs in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Whether there is no label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn position(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(have, _)| (**have).cmp(name))
    }
}

/// A value in one bucket of the grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Index of the bucket in the grid.
    pub bucket: u32,
    /// The value; NaN and infinities are kept until an answer is written.
    pub value: f64,
}

/// One series on a grid: points ascend by bucket, at most one each; a bucket without a point has no value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its labels, the metric's name among them (as `__name__`) as long as the value still is that metric.
    pub labels: Labels,
    /// Its points.
    pub points: Vec<Point>,
}

/// What a label takes besides its value: its pair in the list and the value's own head.
const LABEL_BYTES: usize = 56;

impl Series {
    /// About the bytes of memory that it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let labels: usize = self.labels.iter().map(|(_, value)| LABEL_BYTES + value.len()).sum();
        size_of::<Self>() + labels + self.points.capacity() * size_of::<Point>()
    }
}
