//! Where a query shows what tells the rows apart that it reads.

use std::collections::BTreeSet;

use super::derived::{KeyPart, RowKey};
use super::scope::Atom;
use super::select::{Select, ShownColumn};

/// Where the parts of a key are shown.
pub(super) struct Placed {
    pub(super) columns: Vec<i16>,
    is_exact: bool,
    is_all: bool,
}

impl<'a> Select<'a> {
    /// What a teller of an entry is here, unless a part of it is lost.
    pub(super) fn carried(&self, at: usize, teller: &RowKey, is_alone: bool) -> Option<RowKey> {
        let parts: Vec<Atom> = teller.parts.iter().map(|part| Atom { entry: at, column: part.column }).collect();
        let placed = self.placed(&parts);
        let is_lost = |part: &KeyPart| !part.is_time;
        let missing = parts.iter().zip(&teller.parts).filter(|(atom, _)| !self.is_known(**atom));
        if missing.into_iter().any(|(_, part)| is_lost(part)) || placed.columns.is_empty() {
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
        key.divides = teller.divides;
        Some(key)
    }

    fn is_known(&self, atom: Atom) -> bool {
        self.scope.known(self.atoms.clone(), &[]).has(atom)
    }

    /// The column that shows another one: itself, one that is equal, or a time that is made of it.
    fn place(&self, atom: Atom) -> Option<&ShownColumn<'a>> {
        let equal = self.scope.ties.equal_to(atom);
        let is_it = |column: &&ShownColumn<'a>| column.identity == Some(atom);
        let is_equal = |column: &&ShownColumn<'a>| column.identity.is_some_and(|own| equal.contains(&own));
        let is_made =
            |column: &&ShownColumn<'a>| column.is_time && self.atoms.contains(&atom) && column.looks.contains(&atom);
        self.open().find(is_it).or_else(|| self.open().find(is_equal)).or_else(|| self.open().find(is_made))
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
        let known = |columns: &[i16]| {
            let known = self.scope.known(self.atoms_of(columns), &[]);
            unplaced.iter().filter(|atom| known.has(**atom)).count()
        };
        let all: Vec<i16> =
            self.open().filter(|column| column.identity.is_some()).map(|column| column.number).collect();
        let most = if known(&placed.columns) < unplaced.len() { known(&all) } else { known(&placed.columns) };
        if known(&placed.columns) < most {
            let mut kept = all;
            for column in self.open().map(|column| column.number).filter(|column| !placed.columns.contains(column)) {
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
        (placed.is_exact && placed.is_all).then_some(placed.columns)
    }
}
