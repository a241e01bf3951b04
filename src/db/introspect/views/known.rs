//! What is known of what FROM reads where some of its columns are.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::scope::{Atom, Scope};
use super::ties::Tie;

/// How many joins and conditions are looked at for one view: far more than a view has that anybody writes.
const MOST: usize = 2_000_000;

/// What is known where some columns are.
pub(super) struct KnownColumns {
    pub(super) atoms: BTreeSet<Atom>,
    /// Whether all columns of each entry are.
    pub(super) rows: Vec<bool>,
}

impl KnownColumns {
    pub(super) fn has(&self, atom: Atom) -> bool {
        self.atoms.contains(&atom) || self.rows.get(atom.entry).copied().unwrap_or(false)
    }
}

/// How much was looked at for a view.
#[derive(Default)]
pub(super) struct Effort(Cell<usize>);

impl Effort {
    /// Whether it is more than is looked at; then less is known than there is, and the view is left out.
    pub(super) fn is_spent(&self) -> bool {
        self.0.get() > MOST
    }

    pub(super) fn spend(&self, steps: usize) {
        self.0.set(self.0.get().saturating_add(steps));
    }
}

impl Scope<'_> {
    /// What is known from some columns and from all columns of some entries.
    pub(super) fn known(&self, atoms: BTreeSet<Atom>, entries: &[usize]) -> KnownColumns {
        let mut known = KnownColumns { atoms, rows: vec![false; self.entries.len()] };
        entries.iter().for_each(|at| known.rows[*at] = true);
        for (at, entry) in self.read().filter(|(_, entry)| !entry.is_nullable) {
            known.atoms.extend(entry.rows.fixed.iter().map(|column| Atom { entry: at, column: *column }));
        }
        let mut is_new = true;
        while is_new && !self.reading.effort.is_spent() {
            is_new = false;
            for (at, entry) in self.read() {
                let is_key = |key: &Vec<i16>| key.iter().all(|column| known.has(Atom { entry: at, column: *column }));
                if !known.rows[at]
                    && entry.rows.keys.iter().any(is_key)
                    && entry.outer.iter().all(|atom| known.has(*atom))
                {
                    known.rows[at] = true;
                    is_new = true;
                }
            }
            for Tie { of, to } in &self.ties.ties {
                if !known.has(*to) && of.iter().all(|atom| known.has(*atom)) {
                    known.atoms.insert(*to);
                    is_new = true;
                }
            }
            self.reading.effort.spend(self.entries.len() + self.ties.ties.len() + 1);
        }
        known
    }

    /// The columns from which others may be known.
    pub(super) fn telling(&self) -> BTreeSet<Atom> {
        let of_keys = self.read().flat_map(|(at, entry)| {
            let columns = entry.rows.keys.iter().flatten();
            columns.map(move |column| Atom { entry: at, column: *column }).chain(entry.outer.iter().copied())
        });
        of_keys.chain(self.ties.ties.iter().flat_map(|tie| tie.of.iter().copied())).collect()
    }

    /// A column that may be NULL tells rows apart where a condition compares it: such rows have a value.
    pub(super) fn take_compared_keys(&mut self) {
        for (at, entry) in self.entries.iter_mut().enumerate() {
            let rows = &mut entry.rows;
            let (known, others): (Vec<_>, Vec<_>) =
                std::mem::take(&mut rows.nullable_keys).into_iter().partition(|key| {
                    key.iter().all(|column| {
                        rows.not_null.contains(column)
                            || rows.times.contains(column)
                            || self.ties.compared.contains(&Atom { entry: at, column: *column })
                    })
                });
            rows.keys.extend(known);
            rows.nullable_keys = others;
        }
    }
}
