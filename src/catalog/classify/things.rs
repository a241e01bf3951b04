//! Relations with times that are no history of anything: rows that are things, the latest state of each, or the books
//! that a tool keeps. Said by keys, references and names, never by a row.

use std::collections::HashMap;

use super::keys::{has_surrogate, is_own_number, whole};
use super::made::{is_document, is_made_once};
use super::{time, words};
use crate::catalog::facts::{ColumnFacts, Facts, RelationFacts};
use crate::catalog::{ColumnType, Relation};
use crate::ident::Ident;

/// Above this share of the rows the names in a column are one for each.
const NAMED_SHARE: f64 = 0.5;

/// What things are called.
const NAME: &[&str] = &[
    "name",
    "username",
    "user_name",
    "login",
    "first_name",
    "last_name",
    "full_name",
    "display_name",
    "displayname",
    "lower_name",
    "sku",
    "slug",
    "label",
    "hostname",
    "nickname",
];
const BOOKKEEPING: &[&str] = &[
    "schema_migrations",
    "schema_version",
    "flyway_schema_history",
    "databasechangelog",
    "databasechangeloglock",
    "alembic_version",
    "__efmigrationshistory",
    "goose_db_version",
    "pgmigrations",
    "migrations",
    "schema_changes",
    "spatial_ref_sys",
    "ar_internal_metadata",
    "knex_migrations_lock",
];

/// How other relations refer to one.
#[derive(Clone, Copy, Default)]
pub(super) struct IncomingReferences {
    /// Whether any does.
    pub(super) by_any: bool,
    /// Whether one does whose rows were measured at a time.
    pub(super) by_samples: bool,
}

/// The relations that foreign keys of others point at.
pub(super) fn referenced(all: &Facts) -> HashMap<&Relation, IncomingReferences> {
    let mut referred: HashMap<&Relation, IncomingReferences> = HashMap::new();
    for facts in &all.relations {
        let others = facts.foreign_keys.iter().filter_map(|key| key.target.as_ref());
        let mut others = others.filter(|target| **target != facts.relation).peekable();
        if others.peek().is_none() {
            continue;
        }
        let by_samples = facts.columns.iter().any(|column| {
            words::time_rank(column.name.as_str()) == Some(3) && (column.ty.is_time() || column.is_number())
        });
        for target in others {
            let own = referred.entry(target).or_default();
            own.by_any = true;
            own.by_samples |= by_samples;
        }
    }
    referred
}

/// Words for relations whose rows say what became of others.
const JOURNAL: &[&str] = &["history", "log", "logs", "audit", "journal", "changelog", "revisions"];

/// Why the rows of a relation are no samples, where it is plain that they are not.
pub(super) fn no_samples(relation: &RelationFacts, time: &Ident, referred: IncomingReferences) -> Option<String> {
    if is_bookkeeping(relation.relation.name.as_str()) {
        return Some("the own table of a migration tool, by its name".to_owned());
    }
    if let Some(why) = thing(relation, time, referred) {
        return Some(format!("its rows describe things, not measurements: {why}; `{time}` only says since when"));
    }
    if has_surrogate(relation) && is_journal(relation.relation.name.as_str()) {
        return None;
    }
    let is_latest = words::is_latest(time.as_str());
    let is_change = words::is_change(time.as_str()) || is_latest && !has_surrogate(relation);
    if has_surrogate(relation) && !is_change && !is_latest {
        return counts_of_one(relation)
            .map(|of| format!("one row for each {of}, whose counts are changed later: the latest state, no history"));
    }
    let is_history = |key: &[Ident]| {
        numbers_rows(relation, key, time) || is_made_once(relation, key, time) || is_document(relation, key, time)
    };
    if let Some(key) = one_row_per(relation, time).filter(|key| !is_history(key)) {
        let names: Vec<&str> = key.iter().map(Ident::as_str).collect();
        return Some(format!("one row for each {}: the latest state, no history", names.join(", ")));
    }
    let untimed = whole(relation).into_iter().find(|key| !key.contains(time));
    untimed.filter(|_| is_change && !leads(relation, time)).map(|_| {
        format!("`{time}` is when a row was changed, and no other time says when it was made: the latest state")
    })
}

/// Whether the rows of a key of several columns are numbered one by one and were made at a time: trades of a symbol.
fn numbers_rows(relation: &RelationFacts, key: &[Ident], time: &Ident) -> bool {
    let is_number = |name: &Ident| relation.column(name.as_str()).is_some_and(|column| is_own_number(relation, column));
    let is_made = words::time_rank(time.as_str()).is_some_and(|rank| rank > 0);
    key.len() > 1
        && is_made
        && !words::is_change(time.as_str())
        && !words::is_latest(time.as_str())
        && key.iter().any(is_number)
}

/// What a row holds the present counts of: it refers to something that no other row refers to, has the time of the last
/// change, and all its numbers are counts.
fn counts_of_one(relation: &RelationFacts) -> Option<&Ident> {
    relation.columns.iter().find(|column| words::is_change(column.name.as_str()))?;
    let numbers = || relation.columns.iter().filter(|column| column.is_number());
    let is_key = |column: &ColumnFacts| column.numbered || whole(relation).contains(&&[column.name.clone()][..]);
    let is_count = |column: &ColumnFacts| is_key(column) || column.name.as_str().to_lowercase().ends_with("_count");
    let counts = numbers().any(|column| !is_key(column)) && numbers().all(is_count);
    let of = relation.foreign_keys.iter().find_map(|key| match key.columns.as_slice() {
        [only] if whole(relation).contains(&&[only.clone()][..]) => Some(only),
        _ => None,
    });
    of.filter(|_| counts)
}

/// Whether an index leads to rows by their time.
fn leads(relation: &RelationFacts, time: &Ident) -> bool {
    relation.indexes.iter().any(|columns| columns.first() == Some(time))
}

/// A key that tells things apart and has no time in it.
fn one_row_per<'a>(relation: &'a RelationFacts, time: &Ident) -> Option<&'a [Ident]> {
    whole(relation).into_iter().find(|key| match key {
        [only] => tells_things(relation, only),
        several => !several.contains(time) && several.iter().all(|column| is_of_thing(relation, column)),
    })
}

fn tells_things(relation: &RelationFacts, name: &Ident) -> bool {
    let Some(column) = relation.column(name.as_str()) else { return false };
    let refers = relation.foreign_keys.iter().any(|key| key.columns == [name.clone()]);
    let word = column.is_text() || matches!(column.ty, ColumnType::Enum(_));
    let is_id = words::is_bare_id(name.as_str()) || is_row_name(name.as_str());
    refers || word && !is_id && !is_time_word(name.as_str())
}

/// Whether a column of a longer key says which thing is meant, and not when or which row of it.
fn is_of_thing(relation: &RelationFacts, name: &Ident) -> bool {
    let refers = relation.foreign_keys.iter().any(|key| key.columns.contains(name));
    let counts = words::is_order(name.as_str()) || words::is_count_of_rows(name.as_str());
    let is_time = relation.column(name.as_str()).is_none_or(|column| column.ty.is_time());
    let is_run =
        words::is_one(name.as_str(), &["run_id", "execution_id", "build_id", "invocation_id", "transaction_id"])
            || words::is_attempt(name.as_str(), true);
    refers && !is_run
        || !counts && !is_time && !is_run && !is_time_word(name.as_str()) && !words::is_free_text(name.as_str())
}

/// A name for each row, and a mark that rows are kept and referred to.
fn thing(relation: &RelationFacts, time: &Ident, referred: IncomingReferences) -> Option<String> {
    let column = relation.column(time.as_str())?;
    if words::time_rank(time.as_str()) == Some(3) {
        return None;
    }
    if let Some(column) = relation.columns.iter().find(|column| is_login(relation, column)) {
        return Some(format!("`{}` is about somebody", column.name));
    }
    // An order is somebody's; what others refer to by its name is what they bought.
    let is_deal = relation.columns.iter().any(|own| own.is_number() && words::is_deal(own.name.as_str()))
        && (!referred.by_any
            || refers(relation)
            || !relation.columns.iter().any(|own| own.is_text() && is_name(own.name.as_str())));
    let is_document = || whole(relation).into_iter().any(|key| is_document(relation, key, time));
    if time::is_plain(relation, column) || is_deal || has_event(relation, time) || is_document() {
        return None;
    }
    // Rows with a title are written one after the other; the slug is made from the title.
    let is_titled =
        relation.columns.iter().any(|column| column.is_text() && words::is_one(column.name.as_str(), &["title"]));
    let has_own = has_surrogate(relation);
    let calls = |name: &str| {
        is_name(name) && !(is_titled && words::is_one(name, &["slug"])) || has_own && words::is_one(name, &["key"])
    };
    let name = relation.columns.iter().find(|column| column.is_text() && calls(column.name.as_str()));
    let Some(name) = name else {
        let is_made = words::is_creation(time.as_str()) && !words::is_first(time.as_str());
        let is_described = referred.by_samples || !is_made;
        let alone = referred.by_any && is_described && !refers(relation);
        return alone.then(|| "other tables refer to them, and they to none".to_owned());
    };
    if referred.by_any {
        return Some(format!("they have a `{}`, and other tables refer to them", name.name));
    }
    let is_changed = |column: &&ColumnFacts| {
        let name = column.name.as_str();
        words::is_change(name) || column.name != *time && column.ty.is_time() && words::is_latest(name)
    };
    let changes = relation.columns.iter().find(is_changed)?;
    let unique = relation.unique.iter().chain([&relation.primary_key]).any(|key| *key == [name.name.clone()]);
    let share = relation.distinct(name).zip(relation.rows).map(|(distinct, rows)| distinct / rows.max(1.0));
    let (name, changes) = (&name.name, &changes.name);
    match share {
        None if !unique => Some(format!(
            "they have a `{name}` and are changed later (`{changes}`), and before ANALYZE nobody knows whether names come again"
        )),
        _ => (unique || share.is_some_and(|share| share > NAMED_SHARE))
            .then(|| format!("each has a `{name}` of its own and is changed later (`{changes}`)")),
    }
}

/// Whether a text is about somebody: a password, a person's name, or an address that nobody else has.
fn is_login(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let name = column.name.as_str();
    let is_unique = || relation.unique.iter().any(|key| *key == [column.name.clone()]);
    let is_person = words::is_one(name, &["email", "e_mail", "mail", "username", "user_name", "login"]);
    let is_named = words::is_one(name, &["first_name", "firstname", "last_name", "lastname", "surname"]);
    column.is_text() && (words::is_password(name) || is_named || is_person && is_unique())
}

/// Whether something happened to a row besides its being made and changed.
fn has_event(relation: &RelationFacts, time: &Ident) -> bool {
    let is_event = |name: &str| {
        let is_of_row = words::is_creation(name) && !words::is_event(name) || words::is_change(name);
        !is_of_row && (words::is_end(name) || words::time_rank(name).is_some_and(|rank| rank > 0))
    };
    let is_time = |column: &&ColumnFacts| {
        let epoch = column.is_number() && words::is_surely_epoch(column.name.as_str());
        (column.ty.is_time() || epoch) && !column.is_dead()
    };
    words::is_event(time.as_str())
        || relation.columns.iter().filter(is_time).any(|column| column.name != *time && is_event(column.name.as_str()))
}

/// Whether rows belong to something else, as those of a history do.
fn refers(relation: &RelationFacts) -> bool {
    let is_key = |column: &ColumnFacts| relation.primary_key == [column.name.clone()];
    let by_name = |column: &ColumnFacts| words::is_reference(column.name.as_str()) && !is_key(column);
    !relation.foreign_keys.is_empty() || relation.columns.iter().any(by_name)
}

/// Whether a tool keeps account of its own work in a relation of that name.
fn is_bookkeeping(relation: &str) -> bool {
    let lower = relation.to_lowercase();
    words::is_one(relation, BOOKKEEPING) || lower.ends_with("_migrations") || lower.starts_with("flyway_schema_history")
}

/// Whether the rows of a relation of that name are added and never changed.
pub(super) fn is_journal(relation: &str) -> bool {
    words::words_of(relation).iter().any(|word| JOURNAL.contains(&word.as_str()))
}

/// Whether a text of that name is what its row is called.
pub(super) fn is_name(name: &str) -> bool {
    words::is_one(name, NAME)
}

/// Whether a text of that name tells rows apart, not things.
fn is_row_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    words::is_free_text(name)
        || words::is_sensitive(name)
        || words::is_one(
            name,
            &["reference", "ref", "number", "order_ref", "receipt", "invoice", "txid", "transaction"],
        )
        || ["_id", "_uuid", "_guid", "_ref", "_reference", "_key", "_no", "_number"]
            .iter()
            .any(|end| lower.ends_with(end))
}

/// Whether a column of that name may hold a time, whatever its type is.
fn is_time_word(name: &str) -> bool {
    words::time_rank(name).is_none_or(|rank| rank > 0)
        || words::is_change(name)
        || words::is_one(name, &["hour", "minute", "week", "month", "year", "period"])
}
