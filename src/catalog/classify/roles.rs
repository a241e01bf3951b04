//! The role of each column of a relation (time, value, label or none), with the reason.

use super::counters::counter;
use super::keys::{KeyPart, RelationKeys, SMALL_ROWS, has_surrogate, share};
use super::{owners, parts, texts, words};
use crate::catalog::ColumnType;
use crate::catalog::facts::{ColumnFacts, Facts, RelationFacts};
use crate::ident::Ident;

/// A reference with more distinct values than this share of the rows tells rows apart.
const ROW_KEY_SHARE: f64 = 0.5;
/// A reference with more than this share is of the row, whatever its name.
const EACH_ROW_SHARE: f64 = 0.9;
/// A number with more values does not say which kind of value its row has.
const MOST_KINDS: f64 = 100.0;

/// What a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ColumnRole {
    Value(String),
    Label(String),
    /// Each member of the document is a label.
    Members(String),
    /// A label of too many values, left out where nothing else needs it.
    Crowded(String),
    Out(String),
}

/// A relation, everything beside it, and what its keys say.
pub(super) struct KeyedRelation<'a> {
    pub(super) all: &'a Facts,
    pub(super) relation: &'a RelationFacts,
    pub(super) keys: &'a RelationKeys,
    /// The column that says when a row was, where it is the relation's own.
    pub(super) time: Option<&'a ColumnFacts>,
}

fn out(reason: impl Into<String>) -> ColumnRole {
    ColumnRole::Out(reason.into())
}

/// The role of a column that is not the time.
pub(super) fn role(place: &KeyedRelation<'_>, column: &ColumnFacts) -> ColumnRole {
    let name = column.name.as_str();
    if !column.readable {
        return out("the role may not SELECT it");
    }
    let is_of_board = words::is_one(name, &["pin"]) && place.keys.part(&column.name) == Some(KeyPart::Label);
    if column.is_text() && words::is_sensitive(name) && !is_of_board {
        return out("its name says that it is secret, or about a person");
    }
    if column.is_dead() {
        return out("only NULLs, by the statistics");
    }
    match place.keys.part(&column.name) {
        Some(KeyPart::Row) if column.numbered => return out("a row id: the database generates it"),
        Some(KeyPart::Row) => return out("a row id: unique"),
        Some(KeyPart::Order) => return out("part of a key that puts rows in order"),
        Some(KeyPart::Label) if column.ty == ColumnType::Jsonb => {
            return ColumnRole::Members("part of a key: each member is a label".into());
        }
        Some(KeyPart::Label) => {
            return ColumnRole::Label(format!("{}, part of a key that tells series apart", column.ty));
        }
        None if is_of_somebody(place, column) => {
            return out("its name says that it is about a person");
        }
        None if column.numbered => return out("a row id: the database generates it"),
        None => {}
    }
    if is_other_value(place.relation, column) {
        return out("a value of another type than the numbers beside it: declare them as one `value`");
    }
    by_type(place, column)
}

/// Whether a text is about a person and is left out. It stays a label in measured rows that no key covers.
fn is_of_somebody(place: &KeyedRelation<'_>, column: &ColumnFacts) -> bool {
    let is_needed = place.keys.are_measured && place.keys.covered_by.is_none();
    column.is_text() && words::is_personal(column.name.as_str()) && !refers(place.relation, column) && !is_needed
}

/// The role of a column of which no key says anything.
fn by_type(place: &KeyedRelation<'_>, column: &ColumnFacts) -> ColumnRole {
    let name = column.name.as_str();
    match &column.ty {
        ColumnType::Timestamptz | ColumnType::Timestamp | ColumnType::Date => out("another time"),
        ColumnType::Bool => ColumnRole::Value("boolean, as 0 and 1".into()),
        ColumnType::Interval => ColumnRole::Value("interval, as seconds".into()),
        ColumnType::Money => ColumnRole::Value("money".into()),
        ColumnType::Jsonb if words::is_document(name) => {
            ColumnRole::Members("jsonb of that name: each member is a label".into())
        }
        ColumnType::Jsonb => out("jsonb: declare the members that are metrics or labels"),
        ColumnType::Json => out("json: declare the members that are labels"),
        ColumnType::Bytea => out("bytes: part of no key"),
        // They count what the database does, and differ from row to row.
        ColumnType::Scalar(ty) if ["pg_lsn", "xid", "xid8", "cid", "tid"].contains(&ty.as_str()) => {
            out(format!("{ty}: part of no key"))
        }
        _ if column.is_number() => number(place, column),
        ty if ty.can_be_label() => texts::role(place, column),
        other => out(format!("its type ({other}) can be neither a metric nor a label")),
    }
}

/// Whether a boolean or a text stands for the value where the numbers of its row do not.
fn is_other_value(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let typed = |column: &ColumnFacts| is_typed_value(column.name.as_str());
    (column.is_text() || column.ty == ColumnType::Bool)
        && typed(column)
        && relation.columns.iter().any(|other| other.is_number() && typed(other))
}

/// Whether a name says that this is a value of one type beside those of others: `bool_v` beside `dbl_v`.
fn is_typed_value(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["_v", "_val", "_value"].iter().any(|end| lower.ends_with(end))
        || ["value_", "val_"].iter().any(|start| lower.starts_with(start))
}

/// Whether a column is a foreign key, or a part of one.
pub(super) fn refers(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    relation.foreign_keys.iter().any(|key| key.columns.contains(&column.name))
}

fn number(place: &KeyedRelation<'_>, column: &ColumnFacts) -> ColumnRole {
    let name = column.name.as_str();
    let relation = place.relation;
    if refers(relation, column) {
        return reference(place, column, "a foreign key");
    }
    if words::is_process(name) && !place.all.is_key_elsewhere(&relation.relation, column) {
        return out("an id of a process or of a row of the database");
    }
    if column.is_integer() && words::is_sequence(name) {
        return out("counts rows as they come, by its name");
    }
    if column.is_integer() && words::is_attempt(name, place.keys.are_measured) {
        return out("how often its row was tried, or may be, by its name");
    }
    let is_of_made = || place.keys.are_made && words::is_reference_of_made(name);
    // Databases that know one type of numbers have ids without a scale.
    let is_unscaled = matches!(column.ty, ColumnType::Numeric { bounded: false });
    let is_reference = words::is_plain_reference(name)
        || column.is_integer() && (words::is_reference(name) || is_of_made())
        || is_unscaled && place.keys.are_made && (words::refers_in_a_word(name) || is_of_made());
    if words::is_bare_id(name) || is_reference {
        return reference(place, column, "a key by its name");
    }
    if place.all.is_key_elsewhere(&relation.relation, column) && !words::is_value(name) {
        return reference(place, column, "called like the primary key of another relation");
    }
    if column.is_integer() && !words::is_value(name) && leads_time(place, column) {
        return reference(place, column, "an index leads with it to the time");
    }
    if column.is_integer() && (parts::names_part(place, column) || parts::is_of_flow(place, column)) {
        return reference(place, column, "the number of a part, by its name");
    }
    if words::is_code(name) {
        return out("a code, by its name: its sum and average would be meaningless");
    }
    if column.is_integer() && words::is_place(name) {
        return reference(place, column, "the number of a part, by its name");
    }
    if column.is_integer() && words::is_kind(name) && tells_kinds(place, column) {
        return reference(place, column, "the kind of the value beside it, by its name");
    }
    let is_position = words::is_one(name, &["index", "idx", "rownum", "row_number"]);
    let is_choice = words::is_choice(name) && !(place.keys.are_measured && words::is_choice_unless_measured(name))
        || words::is_one(name, &["level"]) && tells_severity(place.relation);
    if column.is_integer() && (is_choice || is_position) {
        return out("a code or a place in a row, by its name and type: its sum and average would be meaningless");
    }
    if column.is_integer() && words::is_rank(name) && !place.keys.are_measured && has_measure(relation, column) {
        return out("where its row stands among others, by its name");
    }
    if words::is_surely_epoch(name)
        || column.stats.is_none() && words::is_time_of_row(name)
        || words::time_rank(name).is_none() && (words::is_epoch_name(name) || !words::tells_expiry(name))
        || super::time::kind(column, crate::time::Zone::UTC).is_some()
    {
        return out("another time");
    }
    ColumnRole::Value(match counter(relation, column) {
        Some(why) => format!("{}, {why}", column.ty),
        None => column.ty.to_string(),
    })
}

/// Whether a `level` is how severe a message is: a text beside it says what happened.
fn tells_severity(relation: &RelationFacts) -> bool {
    let is_message = |name: &str| words::is_one(name, &["message", "msg", "logger", "logger_name", "culprit"]);
    relation.columns.iter().any(|other| other.is_text() && is_message(other.name.as_str()))
}

/// Whether an index finds the rows of each value of a column by their time: somebody asks for them series by series. Rows of
/// things are found by their numbers, too.
fn leads_time(place: &KeyedRelation<'_>, column: &ColumnFacts) -> bool {
    let leads = |index: &Vec<Ident>, time: &ColumnFacts| {
        index.split_first().is_some_and(|(first, rest)| *first == column.name && rest.contains(&time.name))
    };
    let is_measured = words::may_count(column.name.as_str()) || counter(place.relation, column).is_some();
    let is_asked = place.time.is_some_and(|time| place.relation.indexes.iter().any(|index| leads(index, time)));
    is_asked
        && !is_measured
        && place.keys.covered_by.is_none()
        && !place.keys.are_made
        && has_measure(place.relation, column)
}

/// Whether a column may say which kind of value its row has: a value stands beside it, no key tells series apart without
/// it, and it has few values as far as the statistics tell.
fn tells_kinds(place: &KeyedRelation<'_>, column: &ColumnFacts) -> bool {
    let has_value =
        place.relation.columns.iter().any(|other| other.is_number() && words::is_value(other.name.as_str()));
    let has_few = place.relation.distinct(column).is_none_or(|distinct| distinct <= MOST_KINDS);
    place.keys.covered_by.is_none() && has_value && has_few
}

/// Whether a relation has a number that is measured besides that column.
pub(super) fn has_measure(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    relation.columns.iter().any(|other| {
        let name = other.name.as_str();
        let is_plain = !words::is_rank(name) && !words::is_choice(name) && !words::is_code(name);
        let is_own = !words::is_sequence(name) && !words::is_attempt(name, false) && !refers(relation, other);
        let tells_apart = other.numbered || words::is_bare_id(name) || words::is_reference(name);
        let is_time = words::is_surely_epoch(name) || super::time::kind(other, crate::time::Zone::UTC).is_some();
        other.name != column.name && other.is_number() && is_plain && is_own && !tells_apart && !is_time
    })
}

/// Whether nearly every row has its own: where rows have a key besides, the number says nothing of whose row it is. Devices
/// may have reported once each.
fn is_of_each_row(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let lower = column.name.as_str().to_lowercase();
    let thing = lower.strip_suffix("id").map_or(lower.as_str(), |thing| thing.trim_end_matches('_'));
    let is_each = share(relation, column).is_some_and(|share| share > EACH_ROW_SHARE);
    is_each && has_surrogate(relation) && !words::is_owner_name(thing)
}

/// A number that refers to something is a label, unless nearly every row has one of its own and may be told apart otherwise.
fn reference(place: &KeyedRelation<'_>, column: &ColumnFacts, why: &str) -> ColumnRole {
    if !column.is_integer() && !matches!(column.ty, ColumnType::Numeric { .. }) {
        return out("a key or a reference by its name, and no whole number");
    }
    let is_large = place.relation.rows.is_none_or(|rows| rows > SMALL_ROWS);
    let is_owner = owners::is_owner(place.relation, place.keys, place.time.map(|time| &time.name), column)
        && !is_of_each_row(place.relation, column);
    match share(place.relation, column).filter(|share| is_large && !is_owner && *share > ROW_KEY_SHARE) {
        Some(share) => out(format!("{why} that tells rows apart: {:.0} % of its values are distinct", share * 100.0)),
        None => ColumnRole::Label(format!("{}, {why}", column.ty)),
    }
}
