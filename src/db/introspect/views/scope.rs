//! What FROM reads, and which of its columns an expression is.

use std::collections::BTreeSet;

use super::calls;
use super::derived::RowFacts;
use super::select::Reading;
use super::ties::Ties;
use super::tree::Node;

/// A column of something that FROM reads; of columns that a FULL JOIN merges the number of the pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Atom {
    pub(super) entry: usize,
    pub(super) column: i16,
}

/// The entry of columns that a FULL JOIN merges.
pub(super) const MERGED: usize = usize::MAX;

/// What FROM may read.
pub(super) struct RangeEntry<'a> {
    pub(super) node: &'a Node,
    pub(super) rows: RowFacts,
    pub(super) called: String,
    /// The columns of other entries that it looks at.
    pub(super) outer: BTreeSet<Atom>,
    pub(super) is_read: bool,
    /// Whether its row may be missing.
    pub(super) is_nullable: bool,
}

/// One SELECT.
pub(super) struct Scope<'a> {
    pub(super) reading: &'a Reading<'a>,
    pub(super) entries: Vec<RangeEntry<'a>>,
    pub(super) ties: Ties,
    /// The columns from which others may be known.
    pub(super) telling: BTreeSet<Atom>,
}

/// The columns that an expression looks at.
#[derive(Default)]
pub(super) struct Looks {
    pub(super) at: BTreeSet<Atom>,
    /// Whether it is made of more than its row: of other rows, or of other relations.
    pub(super) is_of_more: bool,
}

const SUBQUERY: i64 = 1;
const JOINED: i64 = 2;
const GROUPED: i64 = 9;

/// Texts.
pub(super) const TEXTS: [i64; 4] = [19, 25, 1042, 1043];
const TIMES: [i64; 5] = [1082, 1083, 1114, 1184, 1266];
const NUMBERS: [i64; 9] = [16, 20, 21, 23, 700, 701, 790, 1186, 1700];

/// Whether a type has times.
pub(super) fn is_time(ty: i64) -> bool {
    TIMES.contains(&ty)
}

/// Whether a type has numbers that may be a value.
pub(super) fn is_number(ty: i64) -> bool {
    NUMBERS.contains(&ty)
}

/// Whether values of a type may be what something is, and not what was measured of it.
pub(super) fn is_what(ty: i64) -> bool {
    !is_time(ty) && ![700, 701, 790, 1186, 1700].contains(&ty)
}

/// Whether a type has words or an id.
pub(super) fn is_text(ty: i64) -> bool {
    TEXTS.contains(&ty) || ty == 2950
}

/// The type of an expression; 0 where nobody says.
pub(super) fn type_of(node: &Node) -> i64 {
    let fields = [
        "vartype",
        "consttype",
        "funcresulttype",
        "opresulttype",
        "resulttype",
        "coalescetype",
        "casetype",
        "minmaxtype",
        "aggtype",
        "wintype",
        "type",
    ];
    match node.kind() {
        "COLLATE" => type_of(node.get("arg")),
        _ => node.first_of(&fields).number(),
    }
}

impl<'a> Scope<'a> {
    pub(super) fn of(query: &'a Node, reading: &'a Reading<'a>) -> Self {
        let mut scope = Self { reading, entries: Vec::new(), ties: Ties::default(), telling: BTreeSet::new() };
        scope.entries = query.get("rtable").items().iter().map(|node| RangeEntry::of(node, reading)).collect();
        for at in 0..scope.entries.len() {
            let node = scope.entries[at].node;
            let mut outer = BTreeSet::new();
            for field in ["subquery", "functions", "values_lists", "tablefunc"] {
                scope.outer(node.get(field), 0, &mut outer);
            }
            outer.retain(|atom| atom.entry != at);
            scope.entries[at].outer = outer;
        }
        scope.walk(query.get("jointree"), false);
        scope.bind_times();
        scope.take_compared_keys();
        scope.telling = scope.telling();
        scope
    }

    /// The columns of this SELECT that a part of it within looks at.
    fn outer(&self, node: &Node, depth: i64, found: &mut BTreeSet<Atom>) {
        match node.kind() {
            "VAR" if node.get("varlevelsup").number() == depth => {
                let own = Node::get(node, "varno").number();
                let is_own = usize::try_from(own - 1).is_ok_and(|at| at < self.entries.len());
                found.extend(is_own.then(|| self.column(node)).into_iter().flat_map(|looks| looks.at));
            }
            kind => {
                let depth = if kind == "QUERY" { depth + 1 } else { depth };
                node.children().for_each(|child| self.outer(child, depth, found));
            }
        }
    }

    /// What a column of this SELECT is, whatever its level says.
    fn column(&self, var: &Node) -> Looks {
        match self.resolve(var) {
            Some(Ok(atom)) => Looks { at: BTreeSet::from([atom]), is_of_more: false },
            Some(Err(expression)) => self.looks(expression),
            None => Looks { is_of_more: true, ..Looks::default() },
        }
    }

    /// A column of an entry, or the expression that stands behind its name.
    pub(super) fn resolve(&self, var: &Node) -> Option<Result<Atom, &'a Node>> {
        let entry = usize::try_from(var.get("varno").number() - 1).ok()?;
        let column = i16::try_from(var.get("varattno").number()).ok().filter(|column| *column > 0)?;
        let behind: &'a Node = self.entries.get(entry)?.node;
        let list = match behind.get("rtekind").number() {
            JOINED => behind.get("joinaliasvars"),
            GROUPED => behind.get("groupexprs"),
            _ => return Some(Ok(Atom { entry, column })),
        };
        list.items().get(usize::try_from(column - 1).ok()?).map(Err)
    }

    /// What stands behind the names of expressions.
    pub(super) fn behind(&self, node: &'a Node) -> &'a Node {
        let is_own = node.kind() == "VAR" && node.get("varlevelsup").number() == 0;
        match is_own.then(|| self.resolve(node)).flatten() {
            Some(Err(expression)) => self.behind(expression),
            _ => node,
        }
    }

    /// The columns that an expression looks at.
    pub(super) fn looks(&self, node: &Node) -> Looks {
        match node.kind() {
            "VAR" if node.get("varlevelsup").number() > 0 => Looks::default(),
            "VAR" => self.column(node),
            "AGGREF" | "WINDOWFUNC" | "SUBLINK" | "GROUPINGFUNC" => Looks { is_of_more: true, ..Looks::default() },
            _ => node.children().map(|child| self.looks(child)).fold(Looks::default(), |mut all, one| {
                all.at.extend(one.at);
                all.is_of_more |= one.is_of_more;
                all
            }),
        }
    }

    /// Whether a condition leaves out rows by anything but their time.
    pub(super) fn is_narrowed(&self, quals: &Node) -> bool {
        let looks = self.looks(quals);
        let is_time =
            |atom: &Atom| self.entries.get(atom.entry).is_some_and(|own| own.rows.times.contains(&atom.column));
        looks.is_of_more || !looks.at.iter().all(is_time)
    }

    pub(super) fn is_never_null(&self, atom: Atom) -> bool {
        self.entries
            .get(atom.entry)
            .is_some_and(|entry| !entry.is_nullable && entry.rows.not_null.contains(&atom.column))
    }

    /// What FROM reads.
    pub(super) fn read(&self) -> impl Iterator<Item = (usize, &RangeEntry<'a>)> {
        self.entries.iter().enumerate().filter(|(_, entry)| entry.is_read)
    }
}

impl<'a> RangeEntry<'a> {
    fn of(node: &'a Node, reading: &'a Reading<'a>) -> Self {
        let alias = node.get("eref").get("aliasname").word().to_owned();
        let columns = node.get("eref").get("colnames").items();
        let (mut called, mut rows) = (alias, RowFacts::default());
        match node.get("rtekind").number() {
            0 => {
                let id = node.get("relid").number();
                rows = reading.graph.rows_of(id, node.get("inh").is_true());
                called = reading.graph.called(id).unwrap_or(&called).to_owned();
            }
            SUBQUERY => rows = reading.within(node.get("subquery")),
            3 => rows = calls::functions(node, reading.graph),
            4 => rows = calls::table_function(node),
            5 => rows = calls::values(node, reading.graph),
            6 => rows = reading.named(node, columns.len()),
            8 => rows.keys.push(Vec::new()),
            _ => {}
        }
        let parts = rows.tellers.iter_mut().flat_map(|teller| &mut teller.parts);
        parts.filter(|part| part.of.is_empty()).for_each(|part| part.of.clone_from(&called));
        Self { node, rows, called, outer: BTreeSet::new(), is_read: false, is_nullable: false }
    }

    /// Whether it is a table, and no view or part of the query.
    pub(super) fn is_table(&self, scope: &Scope<'_>) -> bool {
        let id = self.node.get("relid").number();
        self.node.get("rtekind").number() == 0 && !scope.reading.graph.views.contains_key(&id)
    }

    /// Whether it is what functions return.
    pub(super) fn is_call(&self) -> bool {
        self.node.get("rtekind").number() == 3
    }

    /// How many columns it has.
    pub(super) fn width(&self) -> i16 {
        i16::try_from(self.node.get("eref").get("colnames").items().len()).unwrap_or(i16::MAX)
    }

    /// What a column of it is called.
    pub(super) fn name(&self, column: i16) -> &str {
        let names = self.node.get("eref").get("colnames").items();
        usize::try_from(column - 1).ok().and_then(|at| names.get(at)).map_or("", Node::unquoted)
    }
}
