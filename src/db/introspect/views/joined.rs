//! What tells the rows of a join apart, and whether it gives rows of one table again for several of another.

use std::collections::{BTreeMap, BTreeSet};

use super::derived::{KnownOfTable, LookedUp};
use super::known::KnownColumns;
use super::scope::{Atom, RangeEntry};
use super::select::{Select, ShownColumn};

impl Select<'_> {
    /// The shown columns that tell all rows of a join apart, as few as possible.
    pub(super) fn combined(&self, read: &[(usize, &RangeEntry<'_>)], atoms: &BTreeSet<Atom>) -> Option<Vec<i16>> {
        let known = self.scope.known(atoms.clone(), &[]);
        let mut columns: Vec<i16> = Vec::new();
        for (at, entry) in read {
            let has = |column: &i16| known.has(Atom { entry: *at, column: *column });
            let key = entry.rows.keys.iter().filter(|key| key.iter().all(has)).min_by_key(|key| key.len())?;
            let key: Vec<Atom> = key.iter().map(|column| Atom { entry: *at, column: *column }).collect();
            columns
                .extend(self.placed(&key).columns.into_iter().filter(|own| !columns.contains(own)).collect::<Vec<_>>());
        }
        let tells = |columns: &[i16]| {
            let own = self.open().filter(|column| columns.contains(&column.number));
            let own = own.flat_map(|column| column.looks.iter().copied().chain(column.identity));
            let known = self.scope.known(own.filter(|atom| atoms.contains(atom)).collect(), &[]);
            read.iter().all(|(at, _)| known.rows[*at])
        };
        if !tells(&columns) {
            return None;
        }
        for column in columns.clone().into_iter().rev() {
            let fewer: Vec<i16> = columns.iter().copied().filter(|own| *own != column).collect();
            if tells(&fewer) {
                columns = fewer;
            }
        }
        Some(columns)
    }

    /// What a join lacks of what tells its rows apart, where rows of one table come again for several of another.
    pub(super) fn multiplied(&self, read: &[(usize, &RangeEntry<'_>)]) -> Option<String> {
        let shown = &self.known;
        let times = self.open().filter(|column| column.is_time).flat_map(|column| &column.looks);
        let carriers: BTreeSet<usize> = times.map(|atom| atom.entry).filter(|at| *at < shown.rows.len()).collect();
        // Each row is one of this entry; the others are known from it, or from what is shown.
        let is_one_of = |at: usize| {
            let own = self.scope.known(BTreeSet::new(), &[at]);
            let all = self.scope.known(self.atoms.clone(), &[at]);
            let is_timed = if carriers.is_empty() {
                read.iter().all(|(at, _)| own.rows[*at])
            } else {
                carriers.iter().all(|at| own.rows[*at])
            };
            is_timed && read.iter().all(|(at, _)| all.rows[*at])
        };
        if read.iter().all(|(at, _)| shown.rows[*at]) || read.iter().any(|(at, _)| is_one_of(*at)) {
            return None;
        }
        let main = carriers.first().or_else(|| read.first().map(|(at, _)| at))?;
        let known = self.scope.known(self.atoms.clone(), &[*main]);
        let others = || read.iter().filter(|(at, _)| at != main);
        let (at, entry) =
            others().find(|(at, _)| !known.rows[*at]).or_else(|| others().find(|(at, _)| !shown.rows[*at]))?;
        let missing =
            |key: &&Vec<i16>| key.iter().filter(|column| !known.has(Atom { entry: *at, column: **column })).count();
        Some(match entry.rows.keys.iter().min_by_key(missing) {
            Some(key) => {
                let lost = key.iter().filter(|column| !known.has(Atom { entry: *at, column: **column }));
                let lost: Vec<&str> = lost.map(|column| entry.name(*column)).collect();
                let lost = if lost.is_empty() { key.iter().map(|column| entry.name(*column)).collect() } else { lost };
                format!("`{}` of {}", lost.join("`, `"), entry.called)
            }
            None => format!("a key of {} (it has none)", entry.called),
        })
    }

    /// What is known of rows without the columns that alone tell all of them apart, such as the number of the row.
    pub(super) fn known_of_tables(&self, read: &[(usize, &RangeEntry<'_>)]) -> KnownColumns {
        let tells_all = |atom: &Atom| {
            let known = self.scope.known(BTreeSet::from([*atom]), &[]);
            read.iter().all(|(at, _)| known.rows[*at])
        };
        let is_series = |atom: &Atom| !self.scope.telling.contains(atom) || !tells_all(atom);
        self.scope.known(self.atoms.iter().copied().filter(is_series).collect(), &[])
    }

    /// The tables without a key whose rows an entry has, with what is known here of the columns of each.
    pub(super) fn keyless(&self, at: usize, known: &KnownColumns) -> BTreeMap<i64, KnownOfTable> {
        let entry = &self.scope.entries[at];
        let mut keyless = entry.rows.keyless.clone();
        for of in keyless.values_mut() {
            if !entry.is_table(self.scope) {
                let known = std::mem::take(&mut of.known).into_iter();
                of.known = known.filter_map(|(column, by)| Some((column, self.shown_by(at, &by)?))).collect();
                of.found = of.found.take().and_then(|by| self.shown_by(at, &by));
                continue;
            }
            if known.rows[at] {
                let keys = entry.rows.keys.iter().map(|key| key.iter().copied().collect());
                of.found = keys.filter_map(|key| self.shown_by(at, &key)).min_by_key(BTreeSet::len);
            }
            for atom in (1..=entry.width()).map(|column| Atom { entry: at, column }) {
                let by = match self.place(atom) {
                    Some(column) => Some(BTreeSet::from([column.number])),
                    None if known.atoms.contains(&atom) => self.shown_by(at, &BTreeSet::from([atom.column])),
                    None => of.found.clone(),
                };
                match by {
                    Some(by) => drop(of.known.insert(atom.column, by)),
                    None => of.looked_up.extend(self.looked_up(atom)),
                }
            }
        }
        keyless
    }

    /// The shown columns from which columns of an entry are known; none where they are not.
    fn shown_by(&self, at: usize, columns: &BTreeSet<i16>) -> Option<BTreeSet<i16>> {
        let atoms: Vec<Atom> = columns.iter().map(|column| Atom { entry: at, column: *column }).collect();
        if !atoms.iter().all(|atom| self.known.has(*atom)) {
            return None;
        }
        let placed = self.placed(&atoms);
        let all = || self.open().map(|column| column.number).collect();
        Some(if placed.is_all { placed.columns.into_iter().collect() } else { all() })
    }

    /// The tables in which a join finds the row of a column.
    fn looked_up(&self, atom: Atom) -> Vec<LookedUp> {
        if !self.scope.telling.contains(&atom) {
            return Vec::new();
        }
        let known = self.scope.known(BTreeSet::from([atom]), &[]);
        let found = self.scope.read().filter(|(at, entry)| known.rows[*at] && entry.is_table(self.scope));
        let table = |entry: &RangeEntry<'_>| entry.node.get("relid").number();
        found.map(|(_, entry)| LookedUp { column: atom.column, table: table(entry) }).collect()
    }

    /// The columns that the database numbers, where each of them alone tells all rows apart.
    pub(super) fn numbered(&self, read: &[(usize, &RangeEntry<'_>)]) -> BTreeSet<i16> {
        let tells_all = |atom: Atom| {
            let known = self.scope.known(BTreeSet::from([atom]), &[]);
            read.len() == 1 || read.iter().all(|(at, _)| known.rows[*at])
        };
        let is_numbered = |column: &&ShownColumn<'_>| {
            column.identity.is_some_and(|atom| {
                let entry = self.scope.entries.get(atom.entry);
                entry.is_some_and(|entry| entry.rows.numbered.contains(&atom.column)) && tells_all(atom)
            })
        };
        self.open().filter(is_numbered).map(|column| column.number).collect()
    }
}
