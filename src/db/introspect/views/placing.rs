//! Where a query shows what tells the rows apart that it reads.

use std::collections::BTreeSet;

use super::derived::{KeyPart, RowKey};
use super::scope::Atom;
use super::select::{Select, ShownColumn};

/// Where the parts of a key are shown.
pub(super) struct Placed {
    pub(super) columns: Vec<i16>,
    is_exact: bool,
    pub(super) is_all: bool,
}

impl<'a> Select<'a> {
    /// What a teller of an entry is here, unless a part of it is lost.
    pub(super) fn carried(&self, at: usize, teller: &RowKey, is_alone: bool) -> Option<RowKey> {
        let parts: Vec<Atom> = teller.parts.iter().map(|part| Atom { entry: at, column: part.column }).collect();
        let placed = self.placed(&parts);
        if !self.lost(at, teller).is_empty() || placed.columns.is_empty() {
            return None;
        }
        let is_whole = is_alone && teller.is_whole && placed.is_exact && placed.is_all;
        let mut key = self.key(&placed.columns, is_whole);
        for part in &mut key.parts {
            let theirs = teller
                .parts
                .iter()
                .zip(&parts)
                .find(|(_, atom)| self.place(**atom).is_some_and(|own| own.number == part.column));
            if let Some((theirs, _)) = theirs {
                (part.name, part.of) = (theirs.name.clone(), theirs.of.clone());
            }
        }
        (key.divides, key.is_of_groups) = (teller.divides, teller.is_of_groups);
        Some(key)
    }

    /// The parts of a key that are not known. One of its times may be computed, where none is shown as it is.
    pub(super) fn lost<'k>(&self, at: usize, key: &'k RowKey) -> Vec<&'k KeyPart> {
        let atom = |part: &KeyPart| Atom { entry: at, column: part.column };
        let (times, others): (Vec<&KeyPart>, Vec<&KeyPart>) = key.parts.iter().partition(|part| part.is_time);
        let mut lost: Vec<&KeyPart> =
            times.iter().copied().filter(|part| !self.exactly_known.has(atom(part))).collect();
        if lost.len() == times.len() {
            let computed = lost.iter().position(|part| self.known.has(atom(part)));
            computed.map(|at| lost.remove(at));
        }
        lost.extend(others.into_iter().filter(|part| !self.known.has(atom(part))));
        lost
    }

    /// The column that shows another one: itself, one that is equal, or a time that is made of it.
    pub(super) fn place(&self, atom: Atom) -> Option<&ShownColumn<'a>> {
        let equal = self.scope.ties.equal_to(atom);
        let is_it = |column: &&ShownColumn<'a>| column.identity == Some(atom);
        let is_equal = |column: &&ShownColumn<'a>| column.identity.is_some_and(|own| equal.contains(&own));
        let is_made =
            |column: &&ShownColumn<'a>| column.is_time && self.atoms.contains(&atom) && column.looks.contains(&atom);
        let is_kept = |column: &&ShownColumn<'a>| column.is_kept && is_it(column);
        self.open()
            .find(is_kept)
            .or_else(|| self.open().find(is_it))
            .or_else(|| self.open().find(is_equal))
            .or_else(|| self.open().find(is_made))
    }

    /// Where columns are shown, and with what others they are known.
    pub(super) fn placed(&self, atoms: &[Atom]) -> Placed {
        let mut placed = Placed { columns: Vec::new(), is_exact: true, is_all: true };
        let mut unplaced = Vec::new();
        for atom in atoms {
            match self.place(*atom) {
                Some(column) => {
                    placed.is_exact &= column.identity.is_some();
                    placed.columns.extend((!placed.columns.contains(&column.number)).then_some(column.number));
                }
                None => unplaced.push(*atom),
            }
        }
        if unplaced.is_empty() {
            return placed;
        }
        let known = |columns: &[i16]| {
            let known = self.scope.known(self.atoms_of(columns), &[]);
            unplaced.iter().filter(|atom| known.has(**atom)).count()
        };
        let may_tell = |column: &&ShownColumn<'a>| column.identity.is_some_and(|own| self.scope.telling.contains(&own));
        let all: Vec<i16> = self.open().filter(may_tell).map(|column| column.number).collect();
        let most = if known(&placed.columns) < unplaced.len() { known(&all) } else { known(&placed.columns) };
        if known(&placed.columns) < most {
            let mut kept = all.clone();
            for column in all.into_iter().filter(|column| !placed.columns.contains(column)) {
                let fewer: Vec<i16> = kept.iter().copied().filter(|own| *own != column).collect();
                if known(&fewer) == most {
                    kept = fewer;
                }
            }
            placed
                .columns
                .extend(kept.into_iter().filter(|column| !placed.columns.contains(column)).collect::<Vec<_>>());
        }
        placed.is_all = most == unplaced.len();
        placed
    }

    /// The columns that shown ones are.
    fn atoms_of(&self, columns: &[i16]) -> BTreeSet<Atom> {
        let own = self.open().filter(|column| columns.contains(&column.number));
        own.filter_map(|column| column.identity).collect()
    }

    /// Where a key of the only entry is shown, each column as it is.
    pub(super) fn exactly(&self, at: usize, key: &[i16]) -> Option<Vec<i16>> {
        let atoms: Vec<Atom> = key.iter().map(|column| Atom { entry: at, column: *column }).collect();
        let placed = self.placed(&atoms);
        let is_kept = self.open().filter(|column| placed.columns.contains(&column.number)).all(|column| column.is_kept);
        (is_kept && placed.is_exact && placed.is_all).then_some(placed.columns)
    }
}
