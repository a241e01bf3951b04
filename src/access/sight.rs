//! What a token sees of the catalog.

use super::globs::Globs;
use crate::ast::Matcher;
use crate::catalog::{Filter, Snapshot, Source, ValueCondition};
use crate::pattern::Patterns;
use crate::plan;

/// What a token sees.
#[derive(Clone, Debug, Default)]
pub struct TokenScope {
    pub(super) metrics: Globs,
    /// What the labels of every series must be.
    pub(super) labels: Vec<Matcher>,
    pub(super) annotations: Globs,
    /// Whether people ask, whose rows the database tells apart.
    pub(super) is_of_people: bool,
}

impl TokenScope {
    /// Whether nothing is hidden.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.metrics.is_all() && self.annotations.is_all() && self.labels.is_empty() && !self.is_of_people
    }

    /// Whether rows of what is seen are hidden: what statistics and rollups say is of other rows as well.
    #[must_use]
    pub const fn hides_rows(&self) -> bool {
        !self.labels.is_empty() || !self.metrics.is_all() || self.is_of_people
    }

    /// Whether rows tell which metrics are seen.
    #[must_use]
    pub const fn is_told_by_rows(&self) -> bool {
        !self.labels.is_empty() || self.is_of_people
    }

    /// The part of a catalog that is seen.
    #[must_use]
    pub fn of(&self, whole: &Snapshot) -> Snapshot {
        let patterns = Patterns::default();
        let narrowed = |source: &Source| self.narrowed(source, &patterns).map(|source| self.of_names(source));
        whole.narrowed(narrowed, |annotations| self.annotations.accept(&annotations.name))
    }

    /// The metrics of a source that are seen, and the rows that carry their names.
    fn of_names(&self, mut source: Source) -> Source {
        let all = source.metrics.len();
        source.metrics.retain(|metric| self.metrics.accept(&metric.name));
        if source.metrics.len() == all {
            return source;
        }
        if let Some(value) = source.name_value() {
            let names = source.metrics.iter().filter_map(|metric| metric.stored_name.clone()).collect();
            source.filters.push(Filter { value, wanted: ValueCondition::OneOf(names) });
            source.rollups.clear();
        }
        source
    }

    /// The rows of a source that are seen; none where none can be.
    fn narrowed(&self, source: &Source, patterns: &Patterns) -> Option<Source> {
        let mut seen = source.clone();
        if self.is_of_people || source.by_token {
            seen.rollups.retain(|rollup| rollup.is_safe);
        }
        if self.labels.is_empty() {
            return Some(seen);
        }
        // The patterns were tried when the file was read.
        let filters = plan::narrowed(source, &self.labels, patterns)?;
        if filters != source.filters {
            // A rollup holds what the samples of all rows come to.
            seen.rollups.clear();
            seen.filters = filters;
        }
        Some(seen)
    }
}
