//! The finished catalog and its look-ups.

use std::collections::{BTreeMap, BTreeSet};

use super::{AnnotationSource, Label, Metric, Rollup, Source};
use crate::nearest::nearest;
use crate::time::Zone;

/// Everything that exists, at one moment. Immutable: a refresh makes a new one.
#[derive(Clone, Debug)]
pub struct Snapshot {
    sources: Vec<Source>,
    metrics: BTreeMap<String, (usize, usize)>,
    /// Names that answer, but are not listed.
    aliases: BTreeMap<String, String>,
    annotations: Vec<AnnotationSource>,
    zone: Zone,
}

/// Two metrics with one name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two metrics are called {name:?}: {first} and {second}; name one of them in datebin.toml")]
pub struct Clash {
    /// The name.
    pub name: String,
    /// Relation and column of the one.
    pub first: String,
    /// Relation and column of the other.
    pub second: String,
}

impl Snapshot {
    /// Indexes the sources by the names of their metrics.
    ///
    /// # Errors
    /// Two metrics have one name.
    pub fn new(sources: Vec<Source>, annotations: Vec<AnnotationSource>, zone: Zone) -> Result<Self, Clash> {
        let mut metrics: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for (at, source) in sources.iter().enumerate() {
            for (within, metric) in source.metrics.iter().enumerate() {
                if let Some((s, m)) = metrics.insert(metric.name.clone(), (at, within)) {
                    let first = place(&sources[s], &sources[s].metrics[m]);
                    return Err(Clash { name: metric.name.clone(), first, second: place(source, metric) });
                }
            }
        }
        let annotations = AnnotationSource::own().into_iter().chain(annotations).collect();
        Ok(Self { sources, metrics, aliases: BTreeMap::new(), annotations, zone })
    }

    /// Says which members each source's document label has, in the order of the sources.
    pub fn set_members(&mut self, members: Vec<Vec<String>>) {
        for (source, members) in self.sources.iter_mut().zip(members) {
            source.members = members;
        }
    }

    /// All rollups, to say what they hold.
    pub fn rollups_mut(&mut self) -> impl Iterator<Item = &mut Rollup> {
        self.sources.iter_mut().flat_map(|source| &mut source.rollups)
    }

    /// Says by which names metrics are answered besides their own; a metric's own name wins.
    pub fn set_aliases(&mut self, aliases: BTreeMap<String, String>) {
        self.aliases = aliases;
    }

    /// The metric of that name and the source that carries it.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<(&Source, &Metric)> {
        let own = self.metrics.get(name);
        let (source, metric) = own.or_else(|| self.metrics.get(self.aliases.get(name)?))?;
        let source = &self.sources[*source];
        Some((source, &source.metrics[*metric]))
    }

    /// The names of all metrics, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.metrics.keys().map(String::as_str)
    }

    /// Up to three names that look most like the given one, best first.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Vec<&str> {
        nearest(name, self.names())
    }

    /// All sources.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// All relations with annotations, datebin's own table first.
    #[must_use]
    pub fn annotations(&self) -> &[AnnotationSource] {
        &self.annotations
    }

    /// The zone in which days are cut when the question names none.
    #[must_use]
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The labels of all sources, members of documents included as far as they were seen.
    #[must_use]
    pub fn label_names(&self) -> BTreeSet<&str> {
        let labels = self.sources.iter().flat_map(|source| &source.labels);
        let declared = labels.filter_map(|l| if let Label::One { name, .. } = l { Some(name.as_str()) } else { None });
        declared.chain(self.sources.iter().flat_map(|source| source.members.iter().map(String::as_str))).collect()
    }
}

fn place(source: &Source, metric: &Metric) -> String {
    let super::Value::Column(column) = &metric.value;
    format!("{}, column {}", source.relation, column.name)
}
