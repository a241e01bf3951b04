//! What tells the rows of views apart: the keys of the tables beneath them, as far as the views carry them.

mod calls;
mod derived;
mod graph;
mod grouped;
mod identity;
mod joined;
mod known;
mod limits;
mod parts;
mod placing;
mod repeated;
mod rows;
mod scope;
mod select;
mod ties;
mod tree;
mod united;
mod values;

use self::derived::{KnownOfTable, LookedUp, RowFacts};
use self::graph::{ColumnId, ViewGraph};
use self::rows::{TableRow, ViewRow};
use super::{Loading, Results};
use crate::catalog::facts::{ColumnOrigin, KeylessTable, LookedUpColumn, RelationKind};

/// The queries of views, the keys of the tables beneath, and the operators that compare.
pub(super) const SCRIPTS: [&str; 3] = [
    include_str!("../scripts/views.sql"),
    include_str!("../scripts/keys_beneath.sql"),
    include_str!("../scripts/operators.sql"),
];

/// Takes what the views in scope carry.
pub(super) fn load(results: &mut Results, loading: &mut Loading) -> Result<(), sqlx::Error> {
    let views: Vec<ViewRow> = results.rows()?;
    let mut graph = ViewGraph::default();
    for row in results.rows::<TableRow>()? {
        graph.tables.entry(row.relation).or_default().push(row);
    }
    graph.operators = results.row()?;
    graph.views = views.into_iter().map(|view| (view.relation, view)).collect();
    let mut ids: Vec<i64> = graph.views.keys().copied().filter(|id| loading.place.contains_key(id)).collect();
    ids.sort_unstable();
    for id in ids {
        graph.read(id);
        let mut facts = graph.rows_of(id, true);
        facts.dropped.extend(unseen(loading, &graph, &facts));
        put(loading, id, &facts);
    }
    Ok(())
}

/// Adds what is known of a view to its facts.
fn put(loading: &mut Loading, id: i64, facts: &RowFacts) {
    let (origins, rows_of) = (origins(loading, id, facts), rows_of(loading, facts));
    let named = |numbers: &[i16]| loading.names(id, numbers).filter(|names| !names.is_empty());
    let (mut whole, mut partial, mut divides) = (Vec::new(), Vec::new(), Vec::new());
    for teller in &facts.tellers {
        let numbers: Vec<i16> = teller.parts.iter().map(|part| part.column).collect();
        match (teller.divides, teller.is_whole) {
            (true, _) => divides.extend(named(&numbers).into_iter().flatten()),
            (false, true) => whole.extend(named(&numbers)),
            (false, false) => partial.extend(named(&numbers)),
        }
    }
    let numbered = named(&facts.numbered.iter().copied().collect::<Vec<_>>()).unwrap_or_default();
    let Some((relation, _)) = loading.at(id) else { return };
    if !matches!(relation.kind, RelationKind::View | RelationKind::MaterializedView) {
        return;
    }
    relation.keys_behind.extend(whole);
    relation.partial_keys.extend(partial);
    relation.divided_by.extend(divides);
    relation.dropped.clone_from(&facts.dropped);
    relation.origins = origins;
    relation.rows_of = rows_of;
    for column in relation.columns.iter_mut().filter(|column| numbered.contains(&column.name)) {
        column.numbered = true;
    }
}

/// The columns of a view that are columns of tables in scope.
fn origins(loading: &Loading, id: i64, facts: &RowFacts) -> Vec<ColumnOrigin> {
    let origin = |(number, of): (&i16, &ColumnId)| {
        let table = &loading.facts.relations[*loading.place.get(&of.relation)?];
        Some(ColumnOrigin {
            column: loading.names(id, &[*number])?.pop()?,
            relation: table.relation.clone(),
            theirs: loading.names(of.relation, &[of.column])?.pop()?,
        })
    };
    facts.carried.iter().filter_map(origin).collect()
}

/// What a view lacks of tables that are not in scope, whose series no key tells apart.
fn unseen(loading: &Loading, graph: &ViewGraph, facts: &RowFacts) -> Vec<String> {
    let is_unseen = |(id, of): &(&i64, &KnownOfTable)| !loading.place.contains_key(id) && of.found.is_none();
    facts.keyless.iter().filter(is_unseen).filter_map(|(id, of)| graph.unknown(*id, &of.known)).collect()
}

/// The tables whose rows a view has and whose series no key tells apart.
fn rows_of(loading: &Loading, facts: &RowFacts) -> Vec<KeylessTable> {
    let table = |(id, of): (&i64, &KnownOfTable)| {
        let table = &loading.facts.relations[*loading.place.get(id)?];
        let name = |number: i16| loading.names(*id, &[number])?.pop();
        let found = |looked_up: &LookedUp| {
            let table = &loading.facts.relations[*loading.place.get(&looked_up.table)?];
            Some(LookedUpColumn { column: name(looked_up.column)?, relation: table.relation.clone() })
        };
        let known = of.known.keys().filter_map(|number| name(*number)).collect();
        Some(KeylessTable {
            relation: table.relation.clone(),
            known,
            looked_up: of.looked_up.iter().filter_map(found).collect(),
        })
    };
    facts.keyless.iter().filter(|(_, of)| of.found.is_none()).filter_map(table).collect()
}
