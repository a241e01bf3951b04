//! What tells the rows of views apart: the keys of the tables beneath them, as far as the views carry them.

mod rows;

use std::collections::HashMap;

use self::rows::{RowKeyColumn, TableRow, ViewColumn, ViewRow};
use super::{Loading, Results};
use crate::catalog::classify::is_epoch_name;
use crate::catalog::facts::{ColumnOrigin, RelationKind};

/// How deep views of views are followed.
const DEEPEST: usize = 32;

/// What the columns of views come from, and the keys of the tables beneath.
pub(super) const SCRIPTS: [&str; 2] =
    [include_str!("../scripts/views.sql"), include_str!("../scripts/keys_beneath.sql")];

/// What tells the rows of a relation apart.
#[derive(Clone)]
struct RowKey {
    parts: Vec<RowKeyColumn>,
    /// Whether it does so for all rows, alone.
    is_whole: bool,
    /// Whether rows are partitioned by it.
    divides: bool,
}

/// What is known of one view.
#[derive(Clone, Default)]
struct ViewFacts {
    tellers: Vec<RowKey>,
    dropped: Vec<String>,
}

/// The views, and the tables that they read.
#[derive(Default)]
struct ViewGraph {
    views: HashMap<i64, ViewRow>,
    tables: HashMap<i64, Vec<TableRow>>,
    facts: HashMap<i64, ViewFacts>,
}

/// Takes what the views in scope carry.
pub(super) fn load(results: &mut Results, loading: &mut Loading) -> Result<(), sqlx::Error> {
    let views: Vec<ViewRow> = results.rows()?;
    let mut beneath = ViewGraph::default();
    for row in results.rows::<TableRow>()? {
        beneath.tables.entry(row.relation).or_default().push(row);
    }
    beneath.views = views.into_iter().map(|view| (view.relation, view)).collect();
    let mut ids: Vec<i64> = beneath.views.keys().copied().filter(|id| loading.place.contains_key(id)).collect();
    ids.sort_unstable();
    for id in ids {
        let facts = beneath.facts_of(id, 0);
        put(loading, id, &facts, &beneath);
    }
    Ok(())
}

/// Adds what is known of a view to its facts.
fn put(loading: &mut Loading, id: i64, facts: &ViewFacts, beneath: &ViewGraph) {
    let origins = beneath.origins(loading, id);
    let numbered = beneath.numbered(id);
    let named = |numbers: &[i16]| loading.names(id, numbers).filter(|names| !names.is_empty());
    let (mut whole, mut partial, mut divides) = (Vec::new(), Vec::new(), Vec::new());
    for teller in &facts.tellers {
        let numbers: Vec<i16> = teller.parts.iter().map(|part| part.number).collect();
        match (teller.divides, teller.is_whole) {
            (true, _) => divides.extend(named(&numbers).into_iter().flatten()),
            (false, true) => whole.extend(named(&numbers)),
            (false, false) => partial.extend(named(&numbers)),
        }
    }
    let numbered = named(&numbered).unwrap_or_default();
    let Some((relation, _)) = loading.at(id) else { return };
    if !matches!(relation.kind, RelationKind::View | RelationKind::MaterializedView) {
        return;
    }
    relation.keys_behind.extend(whole);
    relation.partial_keys.extend(partial);
    relation.divided_by.extend(divides);
    relation.dropped.clone_from(&facts.dropped);
    relation.origins = origins;
    for column in relation.columns.iter_mut().filter(|column| numbered.contains(&column.name)) {
        column.numbered = true;
    }
}

impl ViewGraph {
    /// What tells the rows of a view apart, and what it lacks of that.
    fn facts_of(&mut self, id: i64, depth: usize) -> ViewFacts {
        if let Some(facts) = self.facts.get(&id) {
            return facts.clone();
        }
        let reads = self.views.get(&id).map(|view| view.reads.clone()).unwrap_or_default();
        for read in reads.iter().filter(|_| depth < DEEPEST) {
            if self.views.contains_key(read) {
                self.facts_of(*read, depth + 1);
            }
        }
        let facts = self.views.get(&id).map(|view| self.of_view(view)).unwrap_or_default();
        self.facts.insert(id, facts.clone());
        facts
    }

    fn of_view(&self, view: &ViewRow) -> ViewFacts {
        let mut facts = ViewFacts::default();
        if view.is_grouped {
            let is_group = |at: &usize| view.grouped.get(*at).copied().flatten().unwrap_or_default();
            let parts = (0..view.numbers.len()).filter(is_group).map(|at| view.part(at)).collect();
            facts.tellers.push(RowKey { parts, is_whole: true, divides: false });
            let carried = view.carried();
            if view.hidden_sources.iter().any(|source| !self.is_named(view, &carried, *source, true)) {
                facts.dropped.push("what its rows are grouped by".to_owned());
            }
            return facts;
        }
        for arm in view.arms() {
            let mut sources: Vec<i64> = arm.iter().map(|own| own.source).filter(|source| *source > 0).collect();
            sources.sort_unstable();
            sources.dedup();
            if let ([], [only]) = (sources.as_slice(), view.reads.as_slice()) {
                sources.push(*only);
            }
            for source in sources {
                facts.dropped.extend(self.facts.get(&source).map(|facts| facts.dropped.clone()).unwrap_or_default());
                for teller in self.tellers(source) {
                    self.carry(view, &arm, source, &teller, &mut facts);
                }
            }
        }
        facts.dropped.sort();
        facts.dropped.dedup();
        facts
    }

    /// What tells the rows of a table or a view apart.
    fn tellers(&self, source: i64) -> Vec<RowKey> {
        if let Some(facts) = self.facts.get(&source) {
            return facts.tellers.clone();
        }
        let rows = self.tables.get(&source).map_or(&[][..], Vec::as_slice);
        let teller = |row: &TableRow| {
            let parts = (0..row.numbers.len()).map(|at| RowKeyColumn {
                number: row.numbers[at],
                name: row.names[at].clone(),
                is_time: row.times[at] || row.counts[at] && is_epoch_name(&row.names[at]),
            });
            let divides = row.kind == "p";
            let parts = parts.filter(|part| !divides || !part.is_time).collect();
            RowKey { parts, is_whole: !divides, divides }
        };
        let tellers = rows.iter().filter(|row| row.kind != "n").map(teller);
        tellers.filter(|teller| !teller.parts.is_empty()).collect()
    }

    /// Adds what a view, or one part of it, carries of what tells the rows of a source apart.
    fn carry(&self, view: &ViewRow, arm: &[ViewColumn], source: i64, teller: &RowKey, facts: &mut ViewFacts) {
        let place = |part: &RowKeyColumn| view.place(arm, source, part);
        let (carried, missing): (Vec<&RowKeyColumn>, Vec<&RowKeyColumn>) =
            teller.parts.iter().partition(|part| place(part).is_some());
        // What a part within groups the rows by something else is told apart by that.
        let is_lost = |part: &&&RowKeyColumn| {
            !part.is_time && (!view.groups_within || view.inner_groups.contains(&(source, part.number)))
        };
        let lost: Vec<&str> = missing.iter().filter(is_lost).map(|part| part.name.as_str()).collect();
        let is_needed = teller.divides || teller.parts.iter().any(|part| part.is_time);
        if let (false, true) = (lost.is_empty(), is_needed && !self.is_named(view, arm, source, false)) {
            facts.dropped.push(format!("`{}` of {}", lost.join("`, `"), self.called(source)));
        }
        if !lost.is_empty() {
            return;
        }
        let mut parts: Vec<RowKeyColumn> = carried.iter().filter_map(|part| view.numbered_as(place(part)?)).collect();
        let is_same = missing.is_empty();
        if !is_same {
            parts.extend(view.other_time(arm));
        }
        if !parts.is_empty() {
            let is_alone = view.arms.is_empty() && view.reads.len() == 1 && !view.groups_within;
            facts.tellers.push(RowKey {
                parts,
                is_whole: is_same && is_alone && teller.is_whole,
                divides: teller.divides,
            });
        }
    }

    fn called(&self, source: i64) -> &str {
        let table = self.tables.get(&source).and_then(|rows| rows.first()).map(|row| row.called.as_str());
        table.or_else(|| self.views.get(&source).map(|view| view.called.as_str())).unwrap_or_default()
    }

    /// Whether a view shows what rows are called instead of their key: a name, or what is unique alone, of a relation
    /// that is joined. `same`: of the relation itself.
    fn is_named(&self, view: &ViewRow, arm: &[ViewColumn], source: i64, same: bool) -> bool {
        arm.iter().any(|own| {
            let at = view.numbers.iter().position(|number| *number == own.number);
            let is_unique =
                || self.tellers(own.source).iter().any(|t| matches!(&*t.parts, [p] if p.number == own.theirs));
            let is_name = |at: usize| view.names[at].to_lowercase().ends_with("name") || is_unique();
            own.source > 0 && (own.source == source) == same && at.is_some_and(|at| view.texts[at] && is_name(at))
        })
    }

    /// The columns of a view that are columns of tables in scope.
    fn origins(&self, loading: &Loading, id: i64) -> Vec<ColumnOrigin> {
        let Some(view) = self.views.get(&id).filter(|view| view.arms.is_empty()) else { return Vec::new() };
        let origin = |own: &ViewColumn| {
            let (table, column) = self.base(own.source, own.theirs)?;
            let facts = &loading.facts.relations[*loading.place.get(&table)?];
            Some(ColumnOrigin {
                column: loading.names(id, &[own.number])?.pop()?,
                relation: facts.relation.clone(),
                theirs: loading.names(table, &[column])?.pop()?,
            })
        };
        view.carried().iter().filter_map(origin).collect()
    }

    /// The table behind views.
    fn base(&self, mut source: i64, mut column: i16) -> Option<(i64, i16)> {
        for _ in 0..DEEPEST {
            let Some(view) = self.views.get(&source) else { break };
            let at = view.numbers.iter().position(|number| *number == column)?;
            (source, column) = (view.sources[at], view.theirs[at]);
        }
        (source > 0).then_some((source, column))
    }

    /// The columns of a view of one table that a sequence fills.
    fn numbered(&self, id: i64) -> Vec<i16> {
        let Some(view) = self.views.get(&id).filter(|view| view.reads.len() == 1) else { return Vec::new() };
        let fills = |own: &ViewColumn| {
            let (table, column) = self.base(own.source, own.theirs)?;
            let mut rows = self.tables.get(&table)?.iter().filter(|row| row.kind == "n");
            rows.any(|row| row.numbers == [column]).then_some(own.number)
        };
        view.carried().iter().filter_map(fills).collect()
    }
}
