//! The roles of the columns of a relation. Those of a view that shows columns of a table without a key have the roles that
//! they have there: of a view there are no statistics.

use super::discovered::CandidateRelation;
use super::keys::RelationKeys;
use super::labels::{self, SourceRelation};
use super::roles::{ColumnRole, KeyedRelation};
use super::{distinguishing, layout, time};
use crate::catalog::SourceLabel;
use crate::catalog::facts::{ColumnFacts, ColumnOrigin, KeylessTable, LookedUpColumn, RelationFacts};
use crate::ident::Ident;

/// Every column but the time, with its role.
pub(super) fn survey<'a>(
    found: &CandidateRelation<'a>,
    time: &Ident,
    keys: &RelationKeys,
) -> Vec<(&'a ColumnFacts, ColumnRole)> {
    let mut columns = own(found, found.relation, time, keys);
    if keys.covered_by.is_none() {
        adopt(found, &mut columns);
    }
    columns
}

fn own<'a>(
    found: &CandidateRelation<'a>,
    relation: &'a RelationFacts,
    time: &Ident,
    keys: &RelationKeys,
) -> Vec<(&'a ColumnFacts, ColumnRole)> {
    let place = KeyedRelation { all: found.all, relation, keys, time: relation.column(time.as_str()) };
    let roles: Vec<ColumnRole> = layout::survey(&place).into_iter().map(|(_, role)| role).collect();
    let mut columns: Vec<_> = relation.columns.iter().filter(|column| column.name != *time).zip(roles).collect();
    distinguishing::resolve_roles(relation, &mut columns, time, keys);
    columns
}

/// Why the series of a view may be mixed that shows rows of tables without a key: it does not show all their labels, or they
/// are left out themselves. Names of metrics may be computed.
pub(super) fn lost(found: &CandidateRelation<'_>, columns: &[(&ColumnFacts, ColumnRole)]) -> Option<String> {
    let is_narrow = layout::narrow(columns).is_some();
    let lacks = |missing: Vec<&Ident>, shown: &KeylessTable| {
        let of = |column: &Ident| format!("`{column}` of {}", shown.relation.name);
        distinguishing::lacks(&missing.into_iter().map(of).collect::<Vec<_>>())
    };
    // Tables of things come last: what they say of rows is less.
    let read = found.relation.rows_of.iter().filter_map(|shown| {
        let table = found.all.relation(shown.relation.schema.as_str(), shown.relation.name.as_str())?;
        Some((shown, table, time::choose(table, found.zone)))
    });
    let mut all: Vec<_> = read.collect();
    all.sort_by_key(|(_, _, time)| time.is_none());
    all.into_iter().find_map(|(shown, table, time)| {
        let is_known = |column: &Ident| shown.known.contains(column) || is_described(found, shown, column);
        let Some((theirs, _)) = time else {
            let labels = labels::of_dimension(SourceRelation::own(found.all, table), &[]);
            let missing = labels.iter().map(|label| &label.column().name).filter(|name| !is_known(name));
            return lacks(missing.collect(), shown);
        };
        let keys = RelationKeys::of(table, &theirs.column);
        let roles = own(found, table, &theirs.column, &keys);
        let named = layout::narrow(&roles).map(|(name, _)| &name.name);
        let is_lost = |(column, role): &&(&ColumnFacts, ColumnRole)| {
            let is_name = named == Some(&column.name);
            (if is_name { !is_narrow } else { matches!(role, ColumnRole::Label(_)) }) && !is_known(&column.name)
        };
        let missing = roles.iter().filter(is_lost).map(|(column, _)| &column.name);
        if let Some(why) = lacks(missing.collect(), shown) {
            return Some(why);
        }
        let why = distinguishing::apart(table, &roles, &theirs.column, &keys)?;
        Some(format!("it reads {}, where {why}", shown.relation.name))
    })
}

/// Whether a view shows instead of a column all labels of the row that a join finds by it.
fn is_described(found: &CandidateRelation<'_>, shown: &KeylessTable, column: &Ident) -> bool {
    let described = |own: &&LookedUpColumn| {
        let table = found.all.relation(own.relation.schema.as_str(), own.relation.name.as_str());
        let labels = table.map(|table| labels::of_dimension(SourceRelation::own(found.all, table), &[]));
        let is_shown = |label: &SourceLabel| {
            let of = |origin: &&ColumnOrigin| origin.relation == own.relation && origin.theirs == label.column().name;
            found.relation.origins.iter().any(|origin| of(&origin))
        };
        labels.is_some_and(|labels| !labels.is_empty() && labels.iter().all(is_shown))
    };
    shown.looked_up.iter().filter(|own| own.column == *column).any(|own| described(&own))
}

/// Makes labels of the columns that are labels of the tables that they come from.
fn adopt<'a>(found: &CandidateRelation<'a>, columns: &mut [(&'a ColumnFacts, ColumnRole)]) {
    let mut tables: Vec<&RelationFacts> = found
        .relation
        .origins
        .iter()
        .filter_map(|origin| found.all.relation(origin.relation.schema.as_str(), origin.relation.name.as_str()))
        .collect();
    tables.sort_by(|a, b| a.relation.cmp(&b.relation));
    tables.dedup_by(|a, b| a.relation == b.relation);
    for table in tables {
        let Some((theirs, _)) = time::choose(table, found.zone) else { continue };
        let keys = RelationKeys::of(table, &theirs.column);
        let roles = own(found, table, &theirs.column, &keys);
        let origins = || found.relation.origins.iter().filter(|origin| origin.relation == table.relation);
        for origin in origins() {
            let is_label =
                roles.iter().any(|(own, role)| own.name == origin.theirs && matches!(role, ColumnRole::Label(_)));
            let own = columns.iter_mut().find(|(own, _)| own.name == origin.column).filter(|_| is_label);
            if let Some((column, role)) =
                own.filter(|(_, role)| !matches!(role, ColumnRole::Label(_) | ColumnRole::Members(_)))
            {
                *role = ColumnRole::Label(format!("{}, as in {}", column.ty, table.relation));
            }
        }
    }
}
