//! What is known of the rows of a table, a view or a part of its query.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::graph::ColumnId;
use super::limits::Limit;

/// One column of what tells rows apart.
#[derive(Clone, Debug)]
pub(super) struct KeyPart {
    pub(super) column: i16,
    pub(super) is_time: bool,
    /// What people call it, and the relation that it is of.
    pub(super) name: String,
    pub(super) of: String,
}

/// What tells the rows of a relation apart, and its series if it has a time.
#[derive(Clone, Debug)]
pub(super) struct RowKey {
    pub(super) parts: Vec<KeyPart>,
    /// Whether it does so for all rows, alone.
    pub(super) is_whole: bool,
    /// Whether the rows are those of a GROUP BY, each of which stands for others.
    pub(super) is_of_groups: bool,
    /// Whether rows are partitioned by it.
    pub(super) divides: bool,
}

/// What is known of the columns of a table without a key from what is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownOfTable {
    /// Each with the columns of the view from which it is known: with none where conditions fix it.
    pub(super) known: BTreeMap<i16, BTreeSet<i16>>,
    /// The columns of the view from which a row of the table is known: nothing of it is lost.
    pub(super) found: Option<BTreeSet<i16>>,
    /// The columns that a join looks up by the whole key of another table.
    pub(super) looked_up: BTreeSet<LookedUp>,
}

/// A column and the table in which its row is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LookedUp {
    pub(super) column: i16,
    pub(super) table: i64,
}

/// What is known of rows, by the numbers of their columns.
#[derive(Clone, Debug, Default)]
pub(super) struct RowFacts {
    /// What tells them apart: what reads them has to carry it, or its series are mixed.
    pub(super) tellers: Vec<RowKey>,
    /// The columns of which no two rows have the same values.
    pub(super) keys: Vec<Vec<i16>>,
    /// The same of columns that may be NULL, in any number of rows.
    pub(super) nullable_keys: Vec<Vec<i16>>,
    /// What a view lacks of what tells its rows apart.
    pub(super) dropped: Vec<String>,
    /// What conditions fix of what tells them apart, and is not shown: the parts of a UNION may fix it differently.
    pub(super) narrowed: Vec<String>,
    /// The columns that are times.
    pub(super) times: BTreeSet<i16>,
    /// The columns that are never NULL.
    pub(super) not_null: BTreeSet<i16>,
    /// The columns that conditions fix: each has one value in all rows.
    pub(super) fixed: BTreeSet<i16>,
    /// What holds for the values of columns in all rows.
    pub(super) limits: BTreeMap<i16, Vec<Limit>>,
    /// The columns that the database numbers, where they tell the rows apart.
    pub(super) numbered: BTreeSet<i16>,
    /// The columns that are columns of tables, each value as it is or as another.
    pub(super) carried: BTreeMap<i16, ColumnId>,
    /// The tables whose rows they are and whose series no key tells apart.
    pub(super) keyless: BTreeMap<i64, KnownOfTable>,
}

impl KnownOfTable {
    /// What is known of a table where it is read twice.
    pub(super) fn and(&mut self, other: Self) {
        let mut others = other.known;
        self.known.retain(|column, by| others.remove(column).map(|more| by.extend(more)).is_some());
        self.found = self.found.take().zip(other.found).map(|(one, other)| &one | &other);
        self.looked_up.extend(other.looked_up);
    }
}

impl RowFacts {
    /// Nothing is known but that something is missing.
    pub(super) fn lacks(what: &str) -> Self {
        Self { dropped: vec![what.to_owned()], ..Self::default() }
    }

    /// What is known of rows without a time of which each is left once: nothing else tells them apart than these columns.
    pub(super) fn once_each(mut self, parts: Vec<KeyPart>) -> Self {
        self.keys.push(parts.iter().map(|part| part.column).collect());
        self.tellers = vec![RowKey { parts, is_whole: true, is_of_groups: true, divides: false }];
        self.dropped.clear();
        self.keyless.clear();
        self
    }

    /// Takes what is known of tables without a key.
    pub(super) fn take_keyless(&mut self, tables: BTreeMap<i64, KnownOfTable>) {
        for (table, of) in tables {
            match self.keyless.entry(table) {
                Entry::Vacant(place) => drop(place.insert(of)),
                Entry::Occupied(mut known) => known.get_mut().and(of),
            }
        }
    }
}

impl RowKey {
    /// Whether series are told apart by it.
    pub(super) fn is_needed(&self) -> bool {
        self.divides || self.is_of_groups || self.parts.iter().any(|part| part.is_time)
    }
}

/// The names of parts, and whose they are: "`ch` of m".
pub(super) fn said<'a>(parts: impl IntoIterator<Item = &'a KeyPart>) -> String {
    let parts: Vec<&KeyPart> = parts.into_iter().collect();
    let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    format!("`{}` of {}", names.join("`, `"), parts.first().map_or("", |part| part.of.as_str()))
}
