//! The views, the tables that they read, and what is known of the rows of each.

use std::cell::RefCell;
use std::collections::HashMap;

use super::derived::{KeyPart, KnownOfTable, RowFacts, RowKey};
use super::rows::{Operators, TableRow, ViewRow};
use super::select;
use super::tree::Node;
use crate::catalog::classify::is_epoch_name;

/// How deep views of views are followed.
const DEEPEST: usize = 32;

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
    pub(super) fn read(&mut self, id: i64, depth: usize) {
        if self.facts.contains_key(&id) {
            return;
        }
        let reads = self.views.get(&id).map(|view| view.reads.clone()).unwrap_or_default();
        for read in reads.iter().filter(|_| depth < DEEPEST) {
            if self.views.contains_key(read) {
                self.read(*read, depth + 1);
            }
        }
        let Some(view) = self.views.get(&id) else { return };
        let tree = Node::parse(&view.tree);
        let query = tree.as_ref().and_then(|tree| tree.items().first());
        let mut facts = match query {
            Some(query) => select::rows(query, self),
            None => RowFacts { dropped: vec!["what its definition says".to_owned()], ..RowFacts::default() },
        };
        view.name(&mut facts);
        // A materialized view may have indexes of its own.
        let own = self.of_table(id);
        facts.keys.extend(own.keys);
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

    /// What is known of the rows of a table or a view.
    pub(super) fn rows_of(&self, id: i64) -> RowFacts {
        self.facts.get(&id).cloned().unwrap_or_else(|| self.of_table(id))
    }

    fn of_table(&self, id: i64) -> RowFacts {
        let mut facts = RowFacts::default();
        for row in self.tables.get(&id).map_or(&[][..], Vec::as_slice) {
            if row.kind == "f" {
                continue;
            }
            for at in 0..row.numbers.len() {
                let is_time = row.times[at] || row.counts[at] && is_epoch_name(&row.names[at]);
                facts.times.extend(is_time.then_some(row.numbers[at]));
                facts.not_null.extend(row.filled[at].then_some(row.numbers[at]));
            }
            match row.kind.as_str() {
                "n" => facts.numbered.extend(&row.numbers),
                "u" => facts.keys.push(row.numbers.clone()),
                _ => {}
            }
            facts.tellers.extend(row.teller().filter(|teller| !teller.parts.is_empty()));
        }
        if facts.keys.is_empty() && !self.views.contains_key(&id) {
            facts.keyless.insert(id, KnownOfTable::default());
        }
        facts
    }

    /// The name of a table or a view.
    pub(super) fn called(&self, id: i64) -> Option<&str> {
        let table = self.tables.get(&id).and_then(|rows| rows.first()).map(|row| row.called.as_str());
        let read = || {
            self.views.values().find_map(|view| view.names_read.get(view.reads.iter().position(|read| *read == id)?))
        };
        table.or_else(|| self.views.get(&id).map(|view| view.called.as_str())).or_else(|| read().map(String::as_str))
    }

    /// Whether a column of a table is a foreign key to that column alone.
    pub(super) fn refers(&self, own: ColumnId, theirs: ColumnId) -> bool {
        let rows = self.tables.get(&own.relation).map_or(&[][..], Vec::as_slice);
        let is_it = |row: &&TableRow| {
            row.kind == "f"
                && row.numbers == [own.column]
                && row.target == theirs.relation
                && row.theirs == [theirs.column]
        };
        rows.iter().any(|row| is_it(&row))
    }
}

impl TableRow {
    /// What a key tells apart; nothing of foreign keys and sequences.
    fn teller(&self) -> Option<RowKey> {
        let divides = self.kind == "p";
        if !divides && self.kind != "u" {
            return None;
        }
        let part = |at: usize| KeyPart {
            column: self.numbers[at],
            is_time: self.times[at] || self.counts[at] && is_epoch_name(&self.names[at]),
            name: self.names[at].clone(),
            of: self.called.clone(),
        };
        let parts = (0..self.numbers.len()).map(part).filter(|part| !divides || !part.is_time).collect();
        Some(RowKey { parts, is_whole: !divides, divides })
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
