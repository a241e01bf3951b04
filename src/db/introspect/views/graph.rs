//! The views, the tables that they read, and what is known of the rows of each.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::derived::{KeyPart, KnownOfTable, RowFacts, RowKey};
use super::rows::{Operators, TableRow, ViewRow};
use super::select;
use super::tree::Node;
use crate::catalog::classify::is_epoch_name;

/// What a view lacks that cannot be read.
const UNREAD: &str = "what its definition says";

/// A column of a table or a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ColumnId {
    pub(super) relation: i64,
    pub(super) column: i16,
}

/// Everything that is known.
#[derive(Default)]
pub(super) struct ViewGraph {
    pub(super) views: HashMap<i64, ViewRow>,
    pub(super) tables: HashMap<i64, Vec<TableRow>>,
    pub(super) operators: Operators,
    facts: HashMap<i64, RowFacts>,
    /// The names of columns that were asked about, and whether they are of epochs: views share most of them.
    epochs: RefCell<HashMap<String, bool>>,
}

impl ViewGraph {
    /// Reads the views that a view reads, and then itself.
    pub(super) fn read(&mut self, id: i64) {
        let (mut open, mut begun) = (vec![id], HashSet::from([id]));
        while let Some(id) = open.last().copied() {
            let reads = self.views.get(&id).map_or(&[][..], |view| view.reads.as_slice());
            let is_unread = |read: &&i64| self.views.contains_key(read) && !self.facts.contains_key(read);
            let next = reads.iter().filter(is_unread).find(|read| begun.insert(**read));
            match next {
                Some(next) => open.push(*next),
                None => {
                    open.pop();
                    self.read_one(id);
                }
            }
        }
    }

    /// Reads a view; what it reads is known.
    fn read_one(&mut self, id: i64) {
        let Some(view) = self.views.get(&id).filter(|_| !self.facts.contains_key(&id)) else { return };
        let tree = Node::parse(&view.tree);
        let query = tree.as_ref().and_then(|tree| tree.items().first());
        let mut facts = query.map_or_else(|| RowFacts::lacks(UNREAD), |query| select::rows(query, self));
        view.name(&mut facts);
        // A materialized view may have indexes of its own.
        let own = self.of_table(id, true);
        facts.keys.extend(own.keys);
        facts.nullable_keys.extend(own.nullable_keys);
        self.facts.insert(id, facts);
    }

    /// Whether a name is that of an epoch.
    pub(super) fn is_epoch(&self, name: &str) -> bool {
        if let Some(known) = self.epochs.borrow().get(name) {
            return *known;
        }
        let is_epoch = is_epoch_name(name);
        self.epochs.borrow_mut().insert(name.to_owned(), is_epoch);
        is_epoch
    }

    /// What is known of the rows of a table, or of a view; of a table with or without those of its children.
    pub(super) fn rows_of(&self, id: i64, has_children: bool) -> RowFacts {
        match self.facts.get(&id) {
            Some(facts) => facts.clone(),
            None if self.views.contains_key(&id) => RowFacts::lacks(UNREAD),
            None => self.of_table(id, has_children),
        }
    }

    fn of_table(&self, id: i64, has_children: bool) -> RowFacts {
        let mut facts = RowFacts::default();
        for row in self.tables.get(&id).map_or(&[][..], Vec::as_slice) {
            if matches!(row.kind.as_str(), "f" | "c") {
                continue;
            }
            for at in 0..row.numbers.len() {
                let is_time = row.is_time(at);
                facts.times.extend(is_time.then_some(row.numbers[at]));
                facts.not_null.extend(row.filled[at].then_some(row.numbers[at]));
            }
            let is_whole = if has_children { row.is_whole } else { row.is_own };
            match row.kind.as_str() {
                "n" => facts.numbered.extend(&row.numbers),
                "u" if !is_whole => {}
                "u" if row.is_filled() => facts.keys.push(row.numbers.clone()),
                "u" => facts.nullable_keys.push(row.numbers.clone()),
                _ => {}
            }
            facts.tellers.extend(row.teller(is_whole).filter(|teller| !teller.parts.is_empty()));
        }
        // A key without a time tells rows apart, not series.
        let has_key = facts.tellers.iter().any(|key| !key.divides && key.is_needed());
        if !has_key && !self.views.contains_key(&id) {
            facts.keyless.insert(id, KnownOfTable::default());
        }
        facts
    }

    /// A column of a table that may tell its rows apart and is not known; what nobody sees may.
    pub(super) fn unknown(&self, id: i64, known: &BTreeMap<i16, BTreeSet<i16>>) -> Option<String> {
        let called = self.called(id).unwrap_or_default();
        let Some(all) = self.tables.get(&id).and_then(|rows| rows.iter().find(|row| row.kind == "c")) else {
            return Some(format!("the columns of {called}"));
        };
        let is_lost = |at: &usize| !all.times[*at] && !all.counts[*at] && !known.contains_key(&all.numbers[*at]);
        let lost = (0..all.numbers.len()).find(is_lost)?;
        Some(format!("`{}` of {called}", all.names[lost]))
    }

    /// The name of a table or a view.
    pub(super) fn called(&self, id: i64) -> Option<&str> {
        let table = self.tables.get(&id).and_then(|rows| rows.first()).map(|row| row.called.as_str());
        table.or_else(|| self.views.get(&id).map(|view| view.called.as_str()))
    }

    /// Whether a column of a table is a foreign key to that column alone.
    pub(super) fn refers(&self, own: ColumnId, theirs: ColumnId) -> bool {
        let rows = self.tables.get(&own.relation).map_or(&[][..], Vec::as_slice);
        let is_it = |row: &&TableRow| {
            row.kind == "f"
                && row.is_whole
                && row.numbers == [own.column]
                && row.target == theirs.relation
                && row.theirs == [theirs.column]
        };
        rows.iter().any(|row| is_it(&row))
    }
}

impl TableRow {
    fn is_time(&self, at: usize) -> bool {
        self.times[at] || self.counts[at] && is_epoch_name(&self.names[at])
    }

    /// Whether no column of a key may be NULL. Rows without a time are in no series.
    fn is_filled(&self) -> bool {
        (0..self.numbers.len()).all(|at| self.filled[at] || self.is_time(at))
    }

    /// What a key tells apart; nothing of foreign keys and sequences.
    fn teller(&self, is_whole: bool) -> Option<RowKey> {
        let divides = self.kind == "p";
        if !divides && self.kind != "u" {
            return None;
        }
        let part = |at: usize| KeyPart {
            column: self.numbers[at],
            is_time: self.is_time(at),
            name: self.names[at].clone(),
            of: self.called.clone(),
        };
        let parts = (0..self.numbers.len()).map(part).filter(|part| !divides || !part.is_time).collect();
        Some(RowKey { parts, is_whole: is_whole && !divides, is_of_groups: false, divides })
    }
}

impl ViewRow {
    /// Gives the parts of keys the names that the view has for them.
    fn name(&self, facts: &mut RowFacts) {
        for part in facts.tellers.iter_mut().flat_map(|teller| &mut teller.parts) {
            if let Some(at) = usize::try_from(part.column - 1).ok().filter(|at| *at < self.names.len()) {
                part.name.clone_from(&self.names[at]);
                part.is_time = self.times[at] || self.counts[at] && is_epoch_name(&self.names[at]);
            }
            part.of.clone_from(&self.called);
        }
    }
}
