//! What tells the rows of a query apart, by the tables beneath it.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::derived::{KeyPart, RowFacts, RowKey, said};
use super::graph::{ColumnId, ViewGraph};
use super::known::{Effort, KnownColumns};
use super::scope::{self, Atom, RangeEntry, Scope};
use super::tree::Node;
use super::{calls, grouped, united};

/// A query, and those around it.
pub(super) struct Reading<'a> {
    pub(super) graph: &'a ViewGraph,
    /// The outermost first, itself last.
    levels: Vec<&'a Node>,
    /// The named queries that were read: each may be named many times.
    named: &'a RefCell<HashMap<*const Node, RowFacts>>,
    pub(super) effort: &'a Effort,
}

/// A column that a query gives.
pub(super) struct ShownColumn<'a> {
    pub(super) number: i16,
    pub(super) name: &'a str,
    pub(super) group: i64,
    pub(super) node: &'a Node,
    /// The column that it is.
    pub(super) identity: Option<Atom>,
    /// Whether what that column takes for equal is equal here.
    pub(super) is_kept: bool,
    /// The columns that it is made of.
    pub(super) looks: BTreeSet<Atom>,
    pub(super) is_time: bool,
    pub(super) is_hidden: bool,
}

/// A query that is no UNION.
pub(super) struct Select<'a> {
    pub(super) scope: &'a Scope<'a>,
    pub(super) shown: Vec<ShownColumn<'a>>,
    /// The columns that are known from those that are shown, the time for what is made of it.
    pub(super) atoms: BTreeSet<Atom>,
    /// The same without what is made of a time.
    pub(super) exact: BTreeSet<Atom>,
    /// The same of columns where what is equal stays so.
    pub(super) kept: BTreeSet<Atom>,
    /// What is known from each.
    pub(super) known: KnownColumns,
    pub(super) exactly_known: KnownColumns,
}

/// What is known of the rows of a query.
pub(super) fn rows(query: &Node, graph: &ViewGraph) -> RowFacts {
    let (named, effort) = (RefCell::default(), Effort::default());
    let rows = Reading { graph, levels: vec![query], named: &named, effort: &effort }.rows();
    if effort.is_spent() { RowFacts::lacks("what its definition says (it is too large to be followed)") } else { rows }
}

impl<'a> Reading<'a> {
    fn rows(&self) -> RowFacts {
        let Some(query) = self.levels.last() else { return RowFacts::default() };
        if query.get("setOperations").is_some() {
            return united::rows(self, query);
        }
        let scope = Scope::of(query, self);
        let select = Select::of(query, &scope);
        let mut rows = if query.get("groupClause").is_some() || query.get("groupingSets").is_some() {
            grouped::rows(&select, &groups(query), query.get("groupingSets").is_some())
        } else if query.get("hasAggs").is_true() {
            RowFacts { keys: vec![Vec::new()], ..RowFacts::default() }
        } else {
            select.rows()
        };
        let is_summed = query.get("groupClause").is_some() || query.get("hasAggs").is_true();
        if is_summed && (scope.is_narrowed(query.get("jointree").get("quals")) || select.is_narrowed()) {
            rows.narrowed.push("what each of its parts counts".to_owned());
        }
        select.describe(&mut rows);
        // WITH TIES leaves more than it counts.
        if is_one(query.get("limitCount")) && query.get("limitOption").number() == 0 {
            rows = RowFacts { keys: vec![Vec::new()], times: rows.times, ..RowFacts::default() };
        } else {
            select.multiply(&mut rows);
            rows = select.leave_one_each(query, rows);
        }
        rows
    }

    /// The rows of a query within.
    pub(super) fn within(&self, query: &'a Node) -> RowFacts {
        let levels = self.levels.iter().copied().chain([query]).collect();
        Reading { graph: self.graph, levels, named: self.named, effort: self.effort }.rows()
    }

    /// The rows of a query that has a name.
    pub(super) fn named(&self, entry: &Node, width: usize) -> RowFacts {
        let up = usize::try_from(entry.get("ctelevelsup").number()).unwrap_or(usize::MAX);
        let Some(depth) = self.levels.len().checked_sub(up).filter(|depth| *depth > 0) else {
            return RowFacts::default();
        };
        let name = entry.get("ctename").word();
        let mut all = self.levels[depth - 1].get("cteList").items().iter();
        let Some(found) = all.find(|one| one.get("ctename").word() == name) else { return RowFacts::default() };
        if found.get("cterecursive").is_true() || entry.get("self_reference").is_true() {
            let columns = 1..=i16::try_from(width).unwrap_or(0);
            let types = found.get("ctecoltypes").items().iter().skip(1);
            let times = columns.clone().zip(types).filter(|(_, ty)| scope::is_time(ty.number()));
            let times = times.map(|(column, _)| column).collect();
            let dropped = reads_tables(found.get("ctequery")).then(|| format!("which rows `{name}` gives again"));
            let dropped = dropped.into_iter().collect();
            return RowFacts { keys: vec![columns.collect()], times, dropped, ..RowFacts::default() };
        }
        let query = found.get("ctequery");
        if let Some(known) = self.named.borrow().get(&std::ptr::from_ref(query)) {
            return known.clone();
        }
        let levels = self.levels[..depth].iter().copied().chain([query]).collect();
        let rows = Reading { graph: self.graph, levels, named: self.named, effort: self.effort }.rows();
        self.named.borrow_mut().insert(std::ptr::from_ref(query), rows.clone());
        rows
    }
}

/// The numbers of the columns that a query is grouped by, in its clauses.
fn groups(query: &Node) -> Vec<i64> {
    query.get("groupClause").items().iter().map(|group| group.get("tleSortGroupRef").number()).collect()
}

/// Whether anything beneath a query is a table or a view.
fn reads_tables(node: &Node) -> bool {
    node.get("relid").number() > 0 || node.children().any(reads_tables)
}

/// Whether a LIMIT leaves one row.
fn is_one(limit: &Node) -> bool {
    let Some(value) = calls::constant(limit) else { return false };
    let bytes: Vec<&str> = value.items().iter().map(Node::word).collect();
    matches!(bytes.as_slice(), [_, "[", "1", rest @ .., "]"] if rest.iter().all(|byte| *byte == "0"))
}

impl<'a> Select<'a> {
    fn of(query: &'a Node, scope: &'a Scope<'a>) -> Self {
        let shown: Vec<ShownColumn<'a>> =
            query.get("targetList").items().iter().map(|target| ShownColumn::of(target, scope)).collect();
        let open = || shown.iter().filter(|column| !column.is_hidden);
        let exact: BTreeSet<Atom> = open().filter_map(|column| column.identity).collect();
        let kept = open().filter(|column| column.is_kept).filter_map(|column| column.identity).collect();
        let made = open().filter(|column| column.is_time).flat_map(|column| times_of(scope, &column.looks));
        let atoms: BTreeSet<Atom> = exact.iter().copied().chain(made).collect();
        let (known, exactly_known) = (scope.known(atoms.clone(), &[]), scope.known(exact.clone(), &[]));
        Self { scope, shown, atoms, exact, kept, known, exactly_known }
    }

    pub(super) fn open(&self) -> impl Iterator<Item = &ShownColumn<'a>> {
        self.shown.iter().filter(|column| !column.is_hidden)
    }

    /// Whether something that it reads has only some rows of what is beneath.
    fn is_narrowed(&self) -> bool {
        self.scope.read().any(|(_, entry)| !entry.rows.narrowed.is_empty())
    }

    /// The rows of a query that is not grouped.
    fn rows(&self) -> RowFacts {
        let mut rows = RowFacts::default();
        let read: Vec<(usize, &RangeEntry<'_>)> = self.scope.read().collect();
        let tabled = self.known_of_tables(&read);
        let fixed = self.scope.known(BTreeSet::new(), &[]);
        for (at, entry) in &read {
            rows.dropped.extend(entry.rows.dropped.iter().cloned());
            rows.narrowed.extend(entry.rows.narrowed.iter().cloned());
            rows.take_keyless(self.keyless(*at, &tabled));
            for teller in entry.rows.tellers.iter().filter(|teller| teller.is_needed()) {
                let lost = self.lost(*at, teller);
                if !lost.is_empty() {
                    rows.dropped.push(said(lost));
                }
                let is_narrowed = |part: &&KeyPart| {
                    let atom = Atom { entry: *at, column: part.column };
                    !part.is_time && fixed.has(atom) && !self.exact.contains(&atom)
                };
                let narrowed: Vec<&KeyPart> = teller.parts.iter().filter(is_narrowed).collect();
                rows.narrowed.extend((!narrowed.is_empty()).then(|| said(narrowed)));
            }
            let tellers = entry.rows.tellers.iter();
            rows.tellers.extend(tellers.filter_map(|teller| self.carried(*at, teller, read.len() == 1)));
        }
        if read.len() > 1 {
            rows.dropped.extend(self.multiplied(&read));
        }
        let combined = self.combined(&read, &self.atoms);
        let is_new = |columns: &Vec<i16>| !rows.tellers.iter().any(|teller| is_same(&teller.parts, columns));
        let combined = combined.filter(|columns| read.len() > 1 && is_new(columns));
        rows.tellers.extend(combined.map(|columns| self.key(&columns, false)));
        match read.as_slice() {
            [(at, entry)] => {
                rows.keys.extend(entry.rows.keys.iter().filter_map(|key| self.exactly(*at, key)));
                rows.nullable_keys.extend(entry.rows.nullable_keys.iter().filter_map(|key| self.exactly(*at, key)));
            }
            _ => rows.keys.extend(self.combined(&read, &self.kept)),
        }
        rows.numbered = self.numbered(&read);
        rows.dropped.sort();
        rows.dropped.dedup();
        rows
    }

    /// What a query knows of its columns whatever it does with the rows.
    fn describe(&self, rows: &mut RowFacts) {
        rows.times.extend(self.open().filter(|column| column.is_time).map(|column| column.number));
        let is_filled = |column: &&ShownColumn<'_>| column.identity.is_some_and(|atom| self.scope.is_never_null(atom));
        rows.not_null.extend(self.open().filter(is_filled).map(|column| column.number));
        let fixed = self.scope.known(BTreeSet::new(), &[]);
        let is_fixed = |column: &&ShownColumn<'_>| {
            column.is_kept && column.identity.is_some_and(|atom| fixed.atoms.contains(&atom))
        };
        rows.fixed.extend(self.open().filter(is_fixed).map(|column| column.number));
        let limits = self.open().map(|column| (column.number, self.scope.limits(column.node)));
        rows.limits.extend(limits.filter(|(_, limits)| !limits.is_empty()));
        let carried = |column: &ShownColumn<'_>| {
            let atom = column.identity?;
            let entry = self.scope.entries.get(atom.entry)?;
            let own = ColumnId { relation: entry.node.get("relid").number(), column: atom.column };
            Some((column.number, if entry.is_table(self.scope) { own } else { *entry.rows.carried.get(&atom.column)? }))
        };
        rows.carried.extend(self.open().filter_map(carried));
    }

    /// A key of shown columns.
    pub(super) fn key(&self, columns: &[i16], is_whole: bool) -> RowKey {
        let part = |number: &i16| {
            let column = self.open().find(|column| column.number == *number);
            KeyPart {
                column: *number,
                is_time: column.is_some_and(|column| column.is_time),
                name: column.map_or("", |column| column.name).to_owned(),
                of: String::new(),
            }
        };
        RowKey { parts: columns.iter().map(part).collect(), is_whole, is_of_groups: false, divides: false }
    }
}

/// What a time that is made of columns stands for: for the times of one row, and for the number of another, with which it
/// differs.
fn times_of(scope: &Scope<'_>, looks: &BTreeSet<Atom>) -> Vec<Atom> {
    let entry = |atom: &&Atom| scope.entries.get(atom.entry);
    let is_time = |atom: &&Atom| entry(atom).is_some_and(|own| !own.is_call() && own.rows.times.contains(&atom.column));
    let first = looks.iter().find(is_time).map(|atom| atom.entry);
    let times = looks.iter().filter(is_time).filter(|atom| Some(atom.entry) == first);
    let calls = looks.iter().filter(|atom| entry(atom).is_some_and(RangeEntry::is_call));
    times.chain(calls).copied().collect()
}

fn is_same(parts: &[KeyPart], columns: &[i16]) -> bool {
    let own: BTreeSet<i16> = parts.iter().map(|part| part.column).collect();
    own == columns.iter().copied().collect()
}

impl<'a> ShownColumn<'a> {
    fn of(target: &'a Node, scope: &Scope<'_>) -> Self {
        let node = target.get("expr");
        let name = target.get("resname").word();
        let identity = scope.identity(node);
        let is_key_time = identity.is_some_and(|atom| {
            scope.entries.get(atom.entry).is_some_and(|entry| entry.rows.times.contains(&atom.column))
        });
        let ty = scope::type_of(node);
        let is_epoch = scope::is_number(ty) && scope.reading.graph.is_epoch(name);
        Self {
            number: i16::try_from(target.get("resno").number()).unwrap_or(0),
            name,
            group: target.get("ressortgroupref").number(),
            node,
            identity,
            is_kept: scope.kept(node).is_some(),
            looks: scope.looks(node).at,
            is_time: scope::is_time(ty) || is_epoch || is_key_time,
            is_hidden: target.get("resjunk").is_true(),
        }
    }
}
