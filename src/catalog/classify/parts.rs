//! Whole numbers that name the part of a thing that a row is about, by their name and what the statistics say of them.

use super::distinguishing::{ABOUT, rows_of_instant};
use super::keys::RelationKeys;
use super::roles::{KeyedRelation, has_measure, refers};
use super::words;
use crate::catalog::ColumnType;
use crate::catalog::facts::{ColumnFacts, RelationFacts};
use crate::ident::Ident;

/// A thing has not more parts whose state or load may have the same name.
const MOST_OF_STATE: f64 = 32.0;
/// Fewer rows are one row of an instant.
const SEVERAL: f64 = 1.5;
/// How far the rows of an instant may be above the things, as statistics are estimates.
const EQUAL: f64 = 1.02;
/// Numbers that differ from row to row are less in order: two of them by a half.
const IN_ORDER: f64 = 0.9;

/// Whether a column of rows that no key tells apart names a part.
pub(super) fn names_part(place: &KeyedRelation<'_>, column: &ColumnFacts) -> bool {
    if place.keys.covered_by.is_some() || place.keys.are_made || !has_measure(place.relation, column) {
        return false;
    }
    let name = column.name.as_str();
    let distinct = place.relation.distinct(column);
    let is_few = distinct.is_some_and(|distinct| distinct <= MOST_OF_STATE) && is_in_a_row(column, distinct);
    if words::is_filled(name) {
        return is_few && is_no_state(place, column);
    }
    if words::is_part(name) {
        return true;
    }
    let is_loaded = words::is_loaded(name) && has_load(place.relation, column);
    if words::is_numbered(name) && (words::is_actor(name) || is_loaded) {
        return distinct.is_none_or(|distinct| distinct <= MOST_OF_STATE);
    }
    is_few && (words::is_actor(name) || is_loaded) && is_no_state(place, column)
}

/// Whether a number may name a part or a place on a scale, or be the state or the load of a part: its name does not say
/// which of them, and nothing has been counted yet.
pub(super) fn may_name_part(relation: &RelationFacts, keys: &RelationKeys, column: &ColumnFacts) -> bool {
    if keys.covered_by.is_some() || keys.are_made || column.stats.is_some() || !has_measure(relation, column) {
        return false;
    }
    let name = column.name.as_str();
    let is_beside = |is: &dyn Fn(&str) -> bool| {
        let others = relation.columns.iter().filter(|other| other.name != column.name);
        others.filter(|other| other.is_number() || other.ty == ColumnType::Bool).any(|other| is(other.name.as_str()))
    };
    let is_host = |other: &str| words::is_of_another(other, name) || words::is_host_load(other);
    if words::is_scale(name) {
        return true;
    }
    if words::is_battery(name) {
        let is_of_thing = relation.columns.iter().any(|other| {
            let is_other = other.name != column.name && !other.ty.is_time();
            is_other && names_thing(relation, other)
        });
        return column.is_integer() && !is_of_thing && is_beside(&words::tells_charge);
    }
    if words::is_loaded(name) {
        // A `cpu` with a fraction is how busy all of them are.
        let may_be = column.is_integer() || !words::is_one(name, &["cpu"]);
        return may_be && has_load(relation, column) && !is_beside(&is_host);
    }
    match column.is_integer() {
        true => words::is_filled(name) || words::is_actor(name) && !is_beside(&words::is_level),
        false => words::is_only_part(name),
    }
}

/// Whether the numbers of a column that may be the state or the load of a part say instead which part is meant. Rows of one
/// instant tell: either other columns tell them apart, or this one has to.
fn is_no_state(place: &KeyedRelation<'_>, column: &ColumnFacts) -> bool {
    let name = column.name.as_str();
    match is_told(place, column) {
        Some(is_told) => !is_told,
        None if words::is_level(name) => {
            let others = || place.relation.columns.iter().filter(|other| other.name != column.name);
            let is_level = |other: &ColumnFacts| {
                (other.is_number() || other.ty == ColumnType::Bool) && words::is_level(other.name.as_str())
            };
            let is_of_thing = words::is_battery(name) && others().any(|other| names_thing(place.relation, other));
            // What is off is 0, and parts are counted from 1.
            let is_counted = is_from(column, 1.0) && !is_from(column, 0.0);
            is_counted && !is_in_order(place, column) && !others().any(is_level) && !is_of_thing
        }
        None => is_from(column, 1.0),
    }
}

/// Whether other columns tell the rows of an instant apart, as far as the statistics say: one of them has as many values as
/// there are rows. `Some(false)`: all of them together have too few.
fn is_told(place: &KeyedRelation<'_>, column: &ColumnFacts) -> Option<bool> {
    let time: &Ident = &place.time?.name;
    let rows = rows_of_instant(place.relation, time).filter(|rows| *rows >= SEVERAL)?;
    let things = place.relation.columns.iter().filter(|other| other.name != column.name && other.name != *time);
    let counts: Option<Vec<f64>> =
        things.filter(|other| names_thing(place.relation, other)).map(|other| place.relation.distinct(other)).collect();
    let counts = counts?;
    let most = counts.iter().copied().fold(1.0, f64::max);
    let all: f64 = counts.iter().product();
    let is_about = |count: f64| (rows / count - 1.0).abs() <= ABOUT;
    match () {
        () if rows <= most * EQUAL => Some(true),
        () if rows >= all * SEVERAL => Some(false),
        // The things are parts of each other, as devices of sites are.
        () if !is_about(all) && place.relation.distinct(column).is_some_and(|parts| is_about(most * parts)) => {
            Some(false)
        }
        () => None,
    }
}

/// Whether a column says which thing a row is about, by its type or its name.
fn names_thing(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let name = column.name.as_str();
    let is_word = column.ty.can_be_label()
        && !column.is_number()
        && !matches!(column.ty, ColumnType::Bool | ColumnType::Date | ColumnType::Bytea)
        && !words::is_free_text(name);
    let is_reference = || words::is_reference(name) || words::is_place(name) || refers(relation, column);
    column.readable && !column.is_dead() && !column.numbered && (is_word || column.is_integer() && is_reference())
}

/// Whether the smallest number of a column that ANALYZE kept is that or below.
fn is_from(column: &ColumnFacts, most: f64) -> bool {
    column.stats.as_ref().and_then(|stats| stats.span).is_some_and(|[first, _, _]| first <= most)
}

/// Whether the numbers of a column only fall or only grow with the time, as those of parts never do.
fn is_in_order(place: &KeyedRelation<'_>, column: &ColumnFacts) -> bool {
    let is_sorted = |column: &ColumnFacts| {
        column.stats.as_ref().and_then(|stats| stats.correlation).is_some_and(|order| order.abs() > IN_ORDER)
    };
    is_sorted(column) && place.time.is_some_and(is_sorted)
}

/// Whether the numbers of a column follow each other, as those of parts do, and are more than off and on.
fn is_in_a_row(column: &ColumnFacts, distinct: Option<f64>) -> bool {
    let span = column.stats.as_ref().and_then(|stats| stats.span);
    span.zip(distinct).is_some_and(|([first, _, last], distinct)| {
        let is_state = first >= 0.0 && last <= 1.0;
        !is_state && last - first < 2.0 * distinct
    })
}

/// Whether the load of a part stands beside it, and not that of something else.
fn has_load(relation: &RelationFacts, part: &ColumnFacts) -> bool {
    let name = part.name.as_str();
    let measures = |other: &ColumnFacts| {
        other.is_number() && words::tells_load(other.name.as_str()) && !words::is_of_another(other.name.as_str(), name)
    };
    relation.columns.iter().any(|other| other.name != part.name && measures(other))
}

/// Whether a column is a port or a protocol beside addresses, which tell flows apart.
pub(super) fn is_of_flow(place: &KeyedRelation<'_>, column: &ColumnFacts) -> bool {
    let is_address = |other: &ColumnFacts| {
        let words = words::words_of(other.name.as_str());
        let is_called = words.iter().any(|word| word == "ip" || word == "addr");
        matches!(other.ty, ColumnType::Inet | ColumnType::Cidr) || other.is_text() && is_called
    };
    let columns = || place.relation.columns.iter().filter(|other| other.name != column.name);
    words::is_flow(column.name.as_str())
        && place.keys.covered_by.is_none()
        && columns().filter(|o| is_address(o)).count() > 1
}
