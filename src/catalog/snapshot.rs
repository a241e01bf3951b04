//! The finished catalog and its lookups.

mod met;
mod notes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use super::classify::{Decision, seen_decisions};
use super::missing::MissingNames;
use super::searched::Searched;
use super::{AnnotationSource, Metric, Rollup, RollupCoverage, Source, SourceLabel};
use crate::nearest::Lexicon;
use crate::time::Zone;
use met::MetTimes;

/// Everything that exists, at one moment. Immutable: a refresh makes a new one.
#[derive(Clone, Debug)]
pub struct Snapshot {
    sources: Vec<Source>,
    /// Each with the sources that carry it and its number in each.
    metrics: BTreeMap<String, Vec<(usize, usize)>>,
    /// Names that answer, but are not listed.
    aliases: BTreeMap<String, String>,
    annotations: Vec<AnnotationSource>,
    zone: Zone,
    /// How far the database's clock is ahead of ours, in milliseconds.
    skew_ms: i64,
    notes: Vec<String>,
    missing: MissingNames,
    /// One decision for each relation.
    decisions: Vec<Decision>,
    /// Where discovery looked.
    searched: Searched,
    /// By source, what questions have met in its rows.
    met: Arc<[MetTimes]>,
    /// The names, arranged for the first misspelt one.
    lexicon: OnceLock<Arc<Lexicon>>,
}

/// A source that carries a metric.
#[derive(Clone, Copy, Debug)]
pub struct Carrier<'a> {
    /// The number of the source among [`Snapshot::sources`].
    pub at: usize,
    /// The source.
    pub source: &'a Source,
    /// The metric in it.
    pub metric: &'a Metric,
}

/// Two metrics with one name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two metrics are called {name:?}: {first} and {second}; name one of them in datebin.toml")]
pub struct NameClash {
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
    pub fn new(sources: Vec<Source>, annotations: Vec<AnnotationSource>, zone: Zone) -> Result<Self, NameClash> {
        Self::united(sources, annotations, zone, |_, _| false)
    }

    /// As [`Snapshot::new`], but names that are data, as `unites` says of a metric of the source of that number, unite
    /// the sources that carry them.
    ///
    /// # Errors
    /// Two metrics have one name, and it is data for neither.
    pub fn united(
        sources: Vec<Source>,
        annotations: Vec<AnnotationSource>,
        zone: Zone,
        unites: impl Fn(usize, &Metric) -> bool,
    ) -> Result<Self, NameClash> {
        let mut metrics: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
        for (at, source) in sources.iter().enumerate() {
            for (within, metric) in source.metrics.iter().enumerate() {
                let carriers = metrics.entry(metric.name.clone()).or_default();
                let is_given = !unites(at, metric);
                let given = carriers.iter().find(|(s, m)| is_given && !unites(*s, &sources[*s].metrics[*m]));
                if let Some((s, m)) = given {
                    let first = place(&sources[*s], &sources[*s].metrics[*m]);
                    return Err(NameClash { name: metric.name.clone(), first, second: place(source, metric) });
                }
                carriers.push((at, within));
            }
        }
        let annotations = AnnotationSource::own().into_iter().chain(annotations).collect();
        let (aliases, notes, lexicon) = (BTreeMap::new(), Vec::new(), OnceLock::new());
        let (missing, decisions) = (MissingNames::default(), Vec::new());
        let met = sources.iter().map(|_| MetTimes::default()).collect();
        Ok(Self {
            sources,
            metrics,
            aliases,
            annotations,
            zone,
            skew_ms: 0,
            notes,
            missing,
            decisions,
            searched: Searched::default(),
            met,
            lexicon,
        })
    }

    /// The part of it that a caller may see: of each source what `narrow` leaves, and the annotations that are seen. A
    /// source without metrics does not exist.
    #[must_use]
    pub fn narrowed(
        &self,
        narrow: impl FnMut(&Source) -> Option<Source>,
        annotations: impl Fn(&AnnotationSource) -> bool,
    ) -> Self {
        let mut sources: Vec<Source> = self.sources.iter().filter_map(narrow).collect();
        sources.retain(|source| !source.metrics.is_empty());
        let mut metrics: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
        for (at, source) in sources.iter().enumerate() {
            for (within, metric) in source.metrics.iter().enumerate() {
                metrics.entry(metric.name.clone()).or_default().push((at, within));
            }
        }
        let mut aliases = self.aliases.clone();
        aliases.retain(|_, name| metrics.contains_key(name));
        Self {
            met: sources.iter().map(|_| MetTimes::default()).collect(),
            annotations: self.annotations.iter().filter(|one| annotations(one)).cloned().collect(),
            zone: self.zone,
            skew_ms: self.skew_ms,
            notes: Vec::new(),
            missing: self.missing.seen(Vec::new()),
            decisions: seen_decisions(&self.decisions, &sources),
            searched: self.searched.unnamed(),
            lexicon: OnceLock::new(),
            sources,
            metrics,
            aliases,
        }
    }

    /// The same with what it lacks.
    #[must_use]
    pub fn lacking(self, missing: MissingNames) -> Self {
        Self { missing, ..self }
    }

    /// What it lacks, because rows could not be read.
    #[must_use]
    pub const fn missing(&self) -> &MissingNames {
        &self.missing
    }

    /// Says which members each source's document label has, in the order of the sources.
    pub fn set_members(&mut self, members: Vec<Vec<String>>) {
        for (source, members) in self.sources.iter_mut().zip(members) {
            source.members = members;
        }
    }

    /// The rollups whose rows say what they hold, each with its source (which has none).
    pub fn rollups_to_read(&mut self) -> impl Iterator<Item = (Source, &mut Rollup)> {
        self.sources.iter_mut().flat_map(|source| {
            let raw = Source { rollups: Vec::new(), metrics: Vec::new(), ..source.clone() };
            let read: Vec<_> = source.rollups.iter_mut().filter(|rollup| rollup.is_read_for(&raw)).collect();
            read.into_iter().map(move |rollup| (raw.clone(), rollup))
        })
    }

    /// Says by which names metrics are answered besides their own; a metric's own name wins.
    pub fn set_aliases(&mut self, aliases: BTreeMap<String, String>) {
        self.aliases = aliases;
    }

    /// Says how far the database's clock is ahead of ours, in milliseconds.
    pub const fn set_skew(&mut self, skew_ms: i64) {
        self.skew_ms = skew_ms;
    }

    /// How far the database's clock is ahead of ours, in milliseconds, as it was when the catalog was read.
    #[must_use]
    pub const fn skew_ms(&self) -> i64 {
        self.skew_ms
    }

    /// The metric of that name and the first source that carries it; all of them agree on what it is.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<(&Source, &Metric)> {
        self.carriers(name).next().map(|carrier| (carrier.source, carrier.metric))
    }

    /// The sources that carry the metric of that name.
    pub fn carriers(&self, name: &str) -> impl Iterator<Item = Carrier<'_>> {
        let own = self.metrics.get(name);
        let carriers = own.or_else(|| self.metrics.get(self.aliases.get(name)?));
        carriers.into_iter().flatten().map(|(at, within)| {
            let source = &self.sources[*at];
            Carrier { at: *at, source, metric: &source.metrics[*within] }
        })
    }

    /// The names of all metrics, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.metrics.keys().map(String::as_str)
    }

    /// Up to three names that look most like the given one, best first.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Vec<&str> {
        self.lexicon.get_or_init(|| Arc::new(Lexicon::of(self.names()))).nearest(name)
    }

    /// All sources.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Whether its sources are those of another, but for what their rollups hold.
    #[must_use]
    pub fn has_the_shape_of(&self, other: &Self) -> bool {
        let shape = |source: &Source| {
            let mut shape = source.clone();
            shape.rollups.iter_mut().for_each(|rollup| {
                (rollup.held, rollup.unsearched) = (RollupCoverage::Nothing(String::new()), None);
            });
            shape
        };
        let same = |(a, b): (&Source, &Source)| a == b || !a.rollups.is_empty() && shape(a) == shape(b);
        self.sources.len() == other.sources.len() && self.sources.iter().zip(&other.sources).all(same)
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
        let declared =
            labels.filter_map(|l| if let SourceLabel::One { name, .. } = l { Some(name.as_str()) } else { None });
        declared.chain(self.sources.iter().flat_map(|source| source.members.iter().map(String::as_str))).collect()
    }
}

fn place(source: &Source, metric: &Metric) -> String {
    metric.value.place(&source.relation)
}
