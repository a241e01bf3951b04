//! Which columns of what FROM reads are known from which others: by equality, by keys, by the span of a time.

use std::collections::BTreeSet;

use super::graph::ColumnId;
use super::limits::Limit;
use super::scope::{Atom, Looks, MERGED, RangeEntry, Scope, type_of};
use super::tree::Node;

/// A column that others determine.
pub(super) struct Tie {
    pub(super) of: BTreeSet<Atom>,
    pub(super) to: Atom,
}

/// An end of the span in which something lies.
struct Bound {
    entry: usize,
    of: Option<Atom>,
    own: BTreeSet<Atom>,
    outside: BTreeSet<Atom>,
    is_lower: bool,
}

/// What conditions say.
#[derive(Default)]
pub(super) struct Ties {
    pub(super) ties: Vec<Tie>,
    /// Columns that have the same value in every row.
    equal: Vec<[Atom; 2]>,
    /// The columns that a FULL JOIN compares: each pair is a column of its own.
    merged: Vec<[Atom; 2]>,
    bounds: Vec<Bound>,
    /// What conditions say of the values of columns in every row.
    pub(super) limits: Vec<(Atom, Limit)>,
    /// Columns that are not NULL in any row that has their entry's, because they are compared.
    pub(super) compared: BTreeSet<Atom>,
}

/// One side of an equality.
struct Compared {
    /// The column that it is, where the equality is that of the column.
    exact: Option<Atom>,
    /// The column that is known where the other side is.
    determined: Option<Atom>,
    /// The columns that have to be known for the other side to be.
    determines: Option<BTreeSet<Atom>>,
}

/// `timestamp = timestamptz`: an hour that clocks skip is equal to the one behind it.
const BETWEEN_CLOCKS: [i64; 2] = [2536, 2542];
const TIMESTAMP: i64 = 1114;

/// Which rows a condition is about.
enum Side {
    /// Every row.
    All,
    /// The rows of these entries may be missing where it fails.
    Of(BTreeSet<usize>),
    /// Both sides may be missing.
    Both,
}

impl Ties {
    /// The column that a FULL JOIN makes of two.
    pub(super) fn merged(&self, one: Atom, other: Atom) -> Option<Atom> {
        let at = self.merged.iter().position(|pair| *pair == [one, other] || *pair == [other, one])?;
        Some(Atom { entry: MERGED, column: i16::try_from(at).ok()? })
    }

    /// The columns that have the same value as one in every row, itself included.
    pub(super) fn equal_to(&self, atom: Atom) -> BTreeSet<Atom> {
        let mut all = BTreeSet::from([atom]);
        loop {
            let more = self.equal.iter().filter(|pair| pair.iter().any(|one| all.contains(one)));
            let more: BTreeSet<Atom> = more.flatten().copied().collect();
            if more.is_subset(&all) {
                return all;
            }
            all.extend(more);
        }
    }
}

impl<'a> Scope<'a> {
    /// Takes what the joins and conditions of FROM say; the entries within.
    pub(super) fn walk(&mut self, node: &'a Node, is_nullable: bool) -> BTreeSet<usize> {
        match node.kind() {
            "RANGETBLREF" => {
                let at = usize::try_from(node.get("rtindex").number() - 1).unwrap_or(MERGED);
                if let Some(entry) = self.entries.get_mut(at) {
                    (entry.is_read, entry.is_nullable) = (true, is_nullable);
                }
                BTreeSet::from([at])
            }
            "FROM" => {
                let items = node.get("fromlist").items().iter();
                let within = items.flat_map(|item| self.walk(item, is_nullable)).collect();
                self.condition(node.get("quals"), &Side::All);
                within
            }
            "JOIN" => self.join(node, is_nullable),
            _ => BTreeSet::new(),
        }
    }

    fn join(&mut self, node: &'a Node, is_nullable: bool) -> BTreeSet<usize> {
        let (of_left, of_right) = match node.get("jointype").number() {
            0 => (is_nullable, is_nullable),
            1 => (is_nullable, true),
            3 => (true, is_nullable),
            _ => (true, true),
        };
        let left = self.walk(node.get("larg"), of_left);
        let right = self.walk(node.get("rarg"), of_right);
        let within = left.union(&right).copied().collect();
        let quals = node.get("quals");
        let side = match node.get("jointype").number() {
            0 => Side::All,
            // A foreign key finds its row.
            1 if self.refers(quals, &right) => Side::All,
            3 if self.refers(quals, &left) => Side::All,
            1 => Side::Of(right),
            3 => Side::Of(left),
            _ => Side::Both,
        };
        let (before, limits) = (self.ties.merged.len(), self.ties.limits.len());
        self.condition(quals, &side);
        if is_nullable {
            self.ties.limits.truncate(limits);
        }
        let merged = before..self.ties.merged.len();
        let of: BTreeSet<Atom> =
            merged.clone().map(|at| Atom { entry: MERGED, column: i16::try_from(at).unwrap_or(-1) }).collect();
        let both: Vec<Atom> = self.ties.merged[merged].iter().flatten().copied().collect();
        self.ties.ties.extend(both.into_iter().map(|to| Tie { of: of.clone(), to }));
        within
    }

    /// Whether the condition of a join compares a foreign key that is never NULL with what it refers to, and nothing else.
    fn refers(&self, quals: &Node, side: &BTreeSet<usize>) -> bool {
        let [one, other] = quals.get("args").items() else { return false };
        let (Some(one), Some(other)) = (self.compared(quals, one).exact, self.compared(quals, other).exact) else {
            return false;
        };
        let (own, theirs) = if side.contains(&other.entry) { (one, other) } else { (other, one) };
        // A table within a join, a sample or a table without its children may lack the row.
        let is_plain = |entry: &RangeEntry<'_>| {
            entry.is_table(self) && entry.node.get("inh").is_true() && !entry.node.get("tablesample").is_some()
        };
        if *side != BTreeSet::from([theirs.entry]) || !self.entries.get(theirs.entry).is_some_and(is_plain) {
            return false;
        }
        let column = |atom: Atom| {
            let relation = self.entries.get(atom.entry)?.node.get("relid").number();
            Some(ColumnId { relation, column: atom.column })
        };
        let pair = column(own).zip(column(theirs)).filter(|(_, theirs)| theirs.relation > 0);
        self.is_equality(quals)
            && self.is_never_null(own)
            && pair.is_some_and(|(own, theirs)| self.reading.graph.refers(own, theirs))
    }

    fn is_equality(&self, node: &Node) -> bool {
        node.kind() == "OP" && self.reading.graph.operators.equal.contains(&node.get("opno").number())
    }

    fn condition(&mut self, node: &'a Node, side: &Side) {
        let args = node.get("args").items();
        if matches!(side, Side::All) {
            let limit = self.limit(node);
            self.ties.limits.extend(limit);
        }
        match node.kind() {
            "BOOL" if node.get("boolop").word() == "and" => args.iter().for_each(|arg| self.condition(arg, side)),
            // An end may be open: `valid_to IS NULL OR ts < valid_to`. A condition on another column lets more rows in.
            "BOOL" if node.get("boolop").word() == "or" => {
                let looks: Vec<Looks> = args.iter().map(|arg| self.looks(arg)).collect();
                let is_all = |own: &Looks| looks.iter().all(|other| !other.is_of_more && other.at.is_subset(&own.at));
                args.iter().zip(&looks).filter(|(_, own)| is_all(own)).for_each(|(arg, _)| self.bound(arg));
            }
            "OP" if self.is_equality(node) => {
                if let [one, other] = args {
                    self.equality(node, [one, other], side);
                }
            }
            _ => self.bound(node),
        }
    }

    fn equality(&mut self, node: &Node, [one, other]: [&Node; 2], side: &Side) {
        let (left, right) = (self.compared(node, one), self.compared(node, other));
        if let (Some(left), Some(right)) = (left.exact, right.exact) {
            match side {
                Side::All => self.ties.equal.push([left, right]),
                Side::Both => self.ties.merged.push([left, right]),
                Side::Of(_) => {}
            }
        }
        let is_determined = |to: &Atom| match side {
            Side::All => true,
            Side::Of(entries) => entries.contains(&to.entry),
            Side::Both => false,
        };
        for (own, node, from) in [(&left, one, &right), (&right, other, &left)] {
            self.ties.compared.extend(self.identity(node).filter(is_determined));
            if let Some((to, of)) = own.determined.filter(is_determined).zip(from.determines.clone()) {
                self.ties.ties.push(Tie { of, to });
            }
        }
    }

    /// What an equality says of one of its sides.
    fn compared(&self, equality: &Node, side: &Node) -> Compared {
        let by = self.reading.graph.operators.folds.iter().find(|id| **id == equality.get("inputcollid").number());
        let by = by.copied().unwrap_or(0);
        let is_local = BETWEEN_CLOCKS.contains(&equality.get("opno").number());
        // The equality compares by its own collation.
        let bare = if side.kind() == "COLLATE" { side.get("arg") } else { side };
        let (own, looks, folds) = (self.kept(bare), self.looks(bare), self.folds(bare));
        let is_local_time = is_local && type_of(bare) == TIMESTAMP;
        let is_respected = if own.is_some() { folds == 0 || folds == by } else { self.is_same_of_equal(bare) };
        Compared {
            exact: own.filter(|_| folds == by && !is_local),
            determined: own.filter(|_| (by == 0 || folds == by) && !is_local_time),
            determines: Some(looks).filter(|looks| !looks.is_of_more && is_respected).map(|looks| looks.at),
        }
    }

    fn bound(&mut self, node: &Node) {
        let operators = &self.reading.graph.operators;
        let number = node.get("opno").number();
        let is_less = operators.less.contains(&number);
        let [one, other] = node.get("args").items() else { return };
        if node.kind() != "OP" || !is_less && !operators.greater.contains(&number) {
            return;
        }
        for (own, outside, is_lower) in [(one, other, is_less), (other, one, !is_less)] {
            let (looks, outside) = (self.looks(own), self.looks(outside).at);
            let entries: BTreeSet<usize> = looks.at.iter().map(|atom| atom.entry).collect();
            let Some(entry) = entries.first().copied().filter(|_| entries.len() == 1) else { continue };
            if !outside.is_empty() && outside.iter().all(|atom| atom.entry != entry) {
                let of = self.identity(own);
                self.ties.bounds.push(Bound { entry, of, own: looks.at, outside, is_lower });
            }
        }
    }

    /// A time between two ends of another row's belongs to that row: the version that is valid then. Two ends that are made of
    /// one column are a window, in which several rows are.
    pub(super) fn bind_times(&mut self) {
        let bounds = &self.ties.bounds;
        let mut ties = Vec::new();
        for bound in bounds {
            let is_other_end = |other: &&Bound| {
                other.entry == bound.entry
                    && bound.of.is_some_and(|of| !other.own.contains(&of))
                    && other.is_lower != bound.is_lower
                    && !other.outside.is_disjoint(&bound.outside)
            };
            let is_time = |atom: &Atom| self.entries[atom.entry].rows.times.contains(&atom.column);
            let to = bound.of.filter(|atom| atom.entry < self.entries.len()).filter(is_time);
            if let Some((to, other)) = to.zip(bounds.iter().find(is_other_end)) {
                ties.push(Tie { of: bound.outside.union(&other.outside).copied().collect(), to });
            }
        }
        self.ties.ties.extend(ties);
    }
}
