//! A catalog before the names that narrow sources store are known.

use std::collections::{BTreeMap, HashSet};

use super::own::SampleRules;
use crate::catalog::file::MetricDecl;
use crate::catalog::{AnnotationSource, CoalescedNumber, Column, Metric, MetricValue, Relation, Source};
use crate::ident::Ident;
use crate::time::Zone;

/// One decision about a relation or one of its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The relation.
    pub relation: Relation,
    /// The column; absent: the relation as a whole.
    pub column: Option<Ident>,
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
}

/// The decisions that a caller may see: those about its sources, without reasons, because a reason may name hidden columns.
pub(in crate::catalog) fn seen_decisions(decisions: &[Decision], sources: &[Source]) -> Vec<Decision> {
    let seen: HashSet<&Relation> = sources.iter().map(|source| &source.relation).collect();
    let own = decisions.iter().filter(|one| one.verdict != Verdict::LeftOut && seen.contains(&one.relation));
    own.map(|one| Decision { reason: String::new(), ..one.clone() }).collect()
}

/// What a relation or a column was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A source that was found.
    Source,
    /// A source that the file declares.
    Declared,
    /// When each row was.
    Time,
    /// A metric, or the value of a narrow source.
    Value,
    /// A label.
    Label,
    /// The column that carries the metric's name.
    Name,
    /// Not offered.
    LeftOut,
}

/// Sources whose metrics have no final names yet.
#[derive(Clone, Debug)]
pub struct Draft {
    pub(super) sources: Vec<DraftSource>,
    pub(super) annotations: Vec<AnnotationSource>,
    pub(super) zone: Zone,
    /// The most names that one narrow source may have.
    pub(super) most_names: u32,
    pub(super) decisions: Vec<Decision>,
    /// What the operator should know of the file.
    pub(super) notes: Vec<String>,
}

/// One source.
#[derive(Clone, Debug)]
pub(super) struct DraftSource {
    /// Without metrics.
    pub(super) source: Source,
    pub(super) declared: bool,
    /// Whether it is one of a family.
    pub(super) family: bool,
    /// Metrics with a column of their own.
    pub(super) metrics: Vec<DraftMetric>,
    pub(super) narrow: Option<Narrow>,
    /// How a member of a family is called, if a relation says so.
    pub(super) member: Option<FamilyMember>,
}

/// A relation that says what the members of a family are called.
#[derive(Clone, Debug, PartialEq)]
pub struct NamingRelation {
    /// The relation.
    pub relation: Relation,
    /// Its column with the member's own name.
    pub key: Column,
    /// Its column with the metric's name.
    pub name: Column,
}

/// A member of a family.
#[derive(Clone, Debug)]
pub(super) struct FamilyMember {
    pub(super) names: NamingRelation,
    /// Its own name.
    pub(super) key: String,
    /// What stands in front of every name.
    pub(super) prefix: String,
    /// What its metrics are called after where the relation says nothing.
    pub(super) base: String,
}

/// A metric and what it may be called, the shortest first.
#[derive(Clone, Debug)]
pub(super) struct DraftMetric {
    pub(super) names: Vec<String>,
    pub(super) metric: Metric,
}

/// What the rows of a narrow source have in common.
#[derive(Clone, Debug)]
pub(super) struct Narrow {
    pub(super) value: NarrowValue,
    /// What may stand in front of the stored names, the shortest first.
    pub(super) prefixes: Vec<String>,
    /// What the file says of stored names.
    pub(super) declared: BTreeMap<String, MetricDecl>,
    /// What that comes to for their values.
    pub(super) own: BTreeMap<String, SampleRules>,
    pub(super) help: Option<String>,
}

/// Where the value of a stored name is.
#[derive(Clone, Debug)]
pub(super) enum NarrowValue {
    /// In the same place for all names.
    One(MetricValue),
    /// In the member of that name.
    Members(CoalescedNumber),
}

impl NarrowValue {
    /// Where the value of that name is.
    pub(super) fn of(&self, stored: &str) -> MetricValue {
        match self {
            Self::One(value) => value.clone(),
            Self::Members(reading) => {
                let cells = reading.cells.iter().map(|cell| cell.member(stored)).collect();
                MetricValue::Read(Box::new(CoalescedNumber { cells, words: reading.words.clone() }))
            }
        }
    }
}

/// The names that a narrow source stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredNames {
    /// The names.
    pub names: Vec<String>,
    /// How they were found.
    pub strategy: NameStrategy,
    /// Whether there are more than the source may have.
    pub cut: bool,
}

/// How stored names were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameStrategy {
    /// From name to name along an index that leads with the column.
    LooseScan,
    /// From the relation that is joined for them.
    Dimension,
    /// From the documents of some rows.
    Members,
    /// From all rows.
    AllRows,
    /// From the newest rows and the statistics.
    NewestRows,
    /// From any rows and the statistics.
    SomeRows,
    /// From the statistics alone.
    Statistics,
    /// Not at all.
    Unread,
}

impl NameStrategy {
    /// Whether no name can be missing.
    #[must_use]
    pub const fn is_complete(self) -> bool {
        matches!(self, Self::LooseScan | Self::Dimension | Self::AllRows)
    }

    /// The strategy in words.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::LooseScan => "along an index that leads with the name",
            Self::Dimension => "from the relation that is joined for them",
            Self::Members => "from the documents of some rows, the newest where they are found",
            Self::AllRows => "from all rows",
            Self::NewestRows => "from the newest rows and the statistics; an index on the name would find all",
            Self::SomeRows => "from some rows and the statistics; an index on the name would find all",
            Self::Statistics => "from the statistics alone; an index on the name would find all",
            Self::Unread => "as its rows were not read",
        }
    }
}

impl Draft {
    /// The narrow sources, each with the number that [`finish`](super::finish) knows it by.
    pub fn narrow(&self) -> impl Iterator<Item = (usize, &Source)> {
        let all = self.sources.iter().enumerate();
        all.filter(|(_, draft)| draft.narrow.is_some()).map(|(at, draft)| (at, &draft.source))
    }

    /// The most names that one narrow source may have.
    #[must_use]
    pub const fn most_names(&self) -> u32 {
        self.most_names
    }

    /// The relation of each rollup and that of its source.
    pub(super) fn rollups(&self) -> impl Iterator<Item = (Relation, Relation)> {
        let of = |source: &Source| {
            let own = source.relation.clone();
            source
                .rollups
                .iter()
                .map(|rollup| rollup.rows.relation.clone())
                .map(move |rollup| (rollup, own.clone()))
                .collect::<Vec<_>>()
        };
        self.sources.iter().flat_map(move |draft| of(&draft.source))
    }

    /// One decision for each relation: served as declared, served as discovered, or left out.
    pub(super) fn of_relations(&self) -> Vec<Decision> {
        let is_of_relation = |decision: &&Decision| {
            decision.column.is_none() && matches!(decision.verdict, Verdict::Source | Verdict::LeftOut)
        };
        let noted: Vec<&Decision> = self.decisions.iter().filter(is_of_relation).collect();
        let found: HashSet<&Relation> =
            noted.iter().filter(|one| one.verdict == Verdict::Source).map(|one| &one.relation).collect();
        let served: HashSet<&Relation> = self.sources.iter().map(|draft| &draft.source.relation).collect();
        let declared = served.iter().filter(|relation| !found.contains(*relation)).map(|relation| Decision {
            relation: (*relation).clone(),
            column: None,
            verdict: Verdict::Declared,
            reason: String::new(),
        });
        let noted = noted.iter().filter(|one| one.verdict == Verdict::Source || !served.contains(&one.relation));
        let mut all: Vec<Decision> = noted.map(|one| (*one).clone()).chain(declared).collect();
        all.sort_by(|a, b| a.relation.cmp(&b.relation));
        all
    }

    /// What was decided and why, in the order of the relations.
    #[must_use]
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }
}
