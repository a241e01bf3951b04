//! What the unique keys of a relation say of its columns. Every column of one is the time, a label, or an order within
//! one instant; but a surrogate key tells rows apart, not series, and says nothing.

use std::collections::HashMap;

use super::words;
use crate::catalog::ColumnType;
use crate::catalog::facts::{ColumnFacts, RelationFacts, RelationKind};
use crate::ident::Ident;

/// Of a smaller relation the statistics say little: a column may hold a value for each row by chance.
pub(super) const SMALL_ROWS: f64 = 10_000.0;
/// A column with more distinct values than this share of the rows tells rows apart.
const ROW_SHARE: f64 = 0.5;
/// One of which the database says nothing must have nearly as many as there are rows.
const UNIQUE_SHARE: f64 = 0.95;

/// What a column of a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyPart {
    /// Tells rows apart, not series.
    Row,
    /// Puts the rows of one instant, or of one series, in order.
    Order,
    /// Tells series apart.
    Label,
}

/// What the keys of one relation come to.
#[derive(Debug, Default)]
pub(super) struct RelationKeys {
    parts: HashMap<Ident, KeyPart>,
    /// The labels that tell all rows of one instant apart, where a key says so.
    pub(super) covered_by: Option<Vec<Ident>>,
    /// Whether rows are made one by one, each with a key of its own, and were not measured.
    pub(super) are_made: bool,
    /// Whether rows are measured at a time: its name or a key says so.
    pub(super) are_measured: bool,
    /// Why series cannot be told apart.
    pub(super) problem: Option<String>,
}

impl RelationKeys {
    /// What the keys say, with that column as the time.
    pub(super) fn of(relation: &RelationFacts, time: &Ident) -> Self {
        let is_sampled = words::time_rank(time.as_str()) == Some(3);
        let mut keys = Self { are_made: !is_sampled && has_surrogate(relation), ..Self::default() };
        let whole = whole(relation);
        for key in &whole {
            keys.add(relation, time, key, true);
        }
        for key in &relation.partial_keys {
            keys.add(relation, time, key, false);
        }
        keys.divide(relation, time);
        keys.are_measured = is_sampled || keys.covered_by.is_some();
        keys
    }

    /// What rows are partitioned by besides their time tells series apart, whatever statistics say.
    fn divide(&mut self, relation: &RelationFacts, time: &Ident) {
        let columns = relation.divided_by.iter().filter(|name| *name != time);
        for column in columns.filter_map(|name| relation.column(name.as_str())) {
            let name = column.name.as_str();
            let is_time = column.ty.is_time() || column.is_number() && words::is_epoch_name(name);
            if is_time || column.numbered || self.is_row(column) {
                continue;
            }
            match no_label(column) {
                Some(why) => self.problem = Some(format!("it is partitioned by `{name}`, {why}")),
                None => self.set(column, KeyPart::Label),
            }
        }
    }

    /// What a column does in the keys, if it is in one.
    pub(super) fn part(&self, column: &Ident) -> Option<KeyPart> {
        self.parts.get(column).copied()
    }

    fn add(&mut self, relation: &RelationFacts, time: &Ident, key: &[Ident], is_whole: bool) {
        let is_timed = key.contains(time);
        let others: Vec<&ColumnFacts> =
            key.iter().filter(|name| *name != time).filter_map(|name| relation.column(name.as_str())).collect();
        if key.len() == 1 && !is_timed {
            // Some rows of an expression may share a value of its column.
            others.iter().filter(|_| is_whole).for_each(|column| self.set(column, KeyPart::Row));
            return;
        }
        if let Some(secret) = secret_of_partition(relation, key) {
            self.set(secret, KeyPart::Row);
            return;
        }
        let rows: Vec<&ColumnFacts> =
            others.iter().copied().filter(|column| is_row_id(relation, column) || self.is_row(column)).collect();
        if !rows.is_empty() {
            // Beside it the other columns need not tell anything apart.
            rows.iter().for_each(|column| self.set(column, KeyPart::Row));
            return;
        }
        let is_counted = others.iter().any(|column| words::is_count_of_rows(column.name.as_str()));
        let (mut labels, mut has_value) = (Vec::new(), false);
        for column in others.iter().filter(|column| !column.is_dead()) {
            let name = column.name.as_str();
            if is_timed && is_value(relation, key, column) {
                has_value = true;
            } else if is_order(column, time, is_timed) {
                self.set(column, KeyPart::Order);
            } else if !is_timed
                && (is_row_number(relation, column)
                    || !is_counted && is_own_number(relation, column)
                    || is_id_of_row(relation, column))
            {
                self.set(column, KeyPart::Row);
            } else if self.are_made && !is_timed && is_of_some_rows(column, is_whole) {
                // Rows that were made one by one are told apart without it.
            } else if let Some(why) = no_label(column) {
                self.problem = Some(format!("its key has `{name}`, {why}: series cannot be told apart without it"));
            } else {
                self.set(column, KeyPart::Label);
                labels.push(column.name.clone());
            }
        }
        // Two rows of one instant may differ in their value alone.
        if is_timed && is_whole && !has_value && self.covered_by.as_ref().is_none_or(|known| known.len() > labels.len())
        {
            self.covered_by = Some(labels);
        }
    }

    fn is_row(&self, column: &ColumnFacts) -> bool {
        self.part(&column.name) == Some(KeyPart::Row)
    }

    /// Of several keys the first to make a label of a column stands; one that is unique alone is none.
    fn set(&mut self, column: &ColumnFacts, part: KeyPart) {
        let own = self.parts.entry(column.name.clone()).or_insert(part);
        if part == KeyPart::Label && *own == KeyPart::Order {
            *own = part;
        }
    }
}

/// The keys that hold for all rows: single columns first, as what is unique alone needs no other.
pub(super) fn whole(relation: &RelationFacts) -> Vec<&[Ident]> {
    // Children of an inheritance parent may hold the same key again.
    let trusted = !relation.is_parent || relation.kind == RelationKind::Partitioned;
    let own = [&relation.primary_key].into_iter().chain(&relation.unique).filter(|_| trusted);
    let mut keys: Vec<&[Ident]> =
        own.chain(&relation.keys_behind).map(Vec::as_slice).filter(|key| !key.is_empty()).collect();
    keys.sort_by_key(|key| key.len());
    keys
}

/// Whether a relation has a key of one column that only tells its rows apart.
pub(super) fn has_surrogate(relation: &RelationFacts) -> bool {
    let is_surrogate = |name: &Ident| {
        let refers = relation.foreign_keys.iter().any(|key| key.columns == [name.clone()]);
        let made = |column: &ColumnFacts| {
            let is_id = column.is_integer() || column.ty == ColumnType::Uuid || words::is_bare_id(column.name.as_str());
            column.numbered || is_id
        };
        !refers && relation.column(name.as_str()).is_some_and(made)
    };
    whole(relation).iter().any(|key| match key {
        [only] => is_surrogate(only),
        several => several.iter().any(|name| relation.column(name.as_str()).is_some_and(|c| is_row_id(relation, c))),
    })
}

/// Whether a column of a longer key tells single rows apart: the database makes its values up, or nearly all of them
/// are distinct in a relation of many rows.
fn is_row_id(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let refers = relation.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
    let share = share(relation, column);
    if column.numbered && !refers {
        return share.is_none_or(|share| share > ROW_SHARE);
    }
    let is_large = relation.rows.is_some_and(|rows| rows > SMALL_ROWS);
    let name = column.name.as_str();
    is_large
        && share.is_some_and(|share| share > UNIQUE_SHARE)
        && (words::is_bare_id(name) || words::is_free_text(name))
}

/// A secret that is unique but for the columns that rows are partitioned by, which each unique key has to contain.
fn secret_of_partition<'a>(relation: &'a RelationFacts, key: &[Ident]) -> Option<&'a ColumnFacts> {
    let is_divided = |name: &&Ident| relation.partition_key.contains(name) || relation.divided_by.contains(name);
    let mut own = key.iter().filter(|name| !is_divided(name));
    let (only, None) = (own.next()?, own.next()) else { return None };
    let secret = relation.column(only.as_str())?;
    let is_longer = key.len() > 1 && has_surrogate(relation);
    (is_longer && secret.is_text() && words::is_sensitive(only.as_str())).then_some(secret)
}

/// Whether a number in a longer key without the time goes from row to row.
fn is_row_number(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let refers = relation.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
    let is_large = relation.rows.is_some_and(|rows| rows > SMALL_ROWS);
    let is_id = words::is_reference(column.name.as_str()) && !words::is_bare_id(column.name.as_str());
    let is_each = share(relation, column).is_some_and(|share| share > UNIQUE_SHARE);
    column.is_integer() && !refers && !is_id && is_large && is_each
}

/// Whether a text, a uuid or a hash in a longer key without the time is the id of a single row that has a surrogate key besides: that
/// of a transaction of an account.
fn is_id_of_row(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let name = column.name.as_str();
    let refers = relation.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
    let is_id = column.is_text() || matches!(column.ty, ColumnType::Uuid | ColumnType::Bytea);
    is_id && !refers && has_surrogate(relation) && (words::is_own_id(name) || words::is_id_of_happening(name))
}

/// Whether a column of a longer key is the number that a row of the relation goes by: `trade_id` of `trades`, or `id`.
pub(super) fn is_own_number(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let refers = relation.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
    let (name, table) = (column.name.as_str().to_lowercase(), relation.relation.name.as_str().to_lowercase());
    let of_table = || {
        let ends = ["_id", "id", "_no", "_nr", "_number", "_num"];
        let stem = ends.iter().find_map(|end| name.strip_suffix(end)).filter(|stem| !stem.is_empty());
        stem.is_some_and(|stem| {
            let many = stem.strip_suffix('y').map_or_else(|| format!("{stem}s"), |stem| format!("{stem}ies"));
            table == stem || table == many || table.ends_with(&format!("_{many}"))
        })
    };
    !refers && (words::is_bare_id(&name) || of_table())
}

/// The share of the rows that hold anything that the distinct values of a column are. ANALYZE says a number instead where
/// it is small beside all rows, which it is too where few of them hold anything.
pub(super) fn share(relation: &RelationFacts, column: &ColumnFacts) -> Option<f64> {
    let stats = column.stats.as_ref()?;
    let of_all = match stats.n_distinct {
        n if n < 0.0 => -n,
        n => relation.rows.map_or(0.0, |rows| n / rows.max(1.0)),
    };
    Some((of_all / (1.0 - stats.null_frac).max(f64::EPSILON)).min(1.0))
}

/// Whether a column of a key is a second time that not every row needs: the key is of some rows, or it was planned.
fn is_of_some_rows(column: &ColumnFacts, is_whole: bool) -> bool {
    let is_instant = column.ty.is_time() && column.ty != ColumnType::Date;
    is_instant && (!is_whole || words::is_planned(column.name.as_str()))
}

/// Whether a column puts rows in order. In a key without the time a number of that name counts the rows of a thing.
fn is_order(column: &ColumnFacts, time: &Ident, is_timed: bool) -> bool {
    let name = column.name.as_str();
    let of_day = words::is_one(time.as_str(), &["day", "date"]) && words::is_one(name, &["hour", "minute", "second"]);
    let is_clock = matches!(&column.ty, ColumnType::Other(ty) if ty == "time" || ty == "timetz");
    // Beside a time `offset` and `revision` say how far ahead, or which of several, as `idx` does.
    let is_order = if is_timed { words::is_order_of_instant(name) } else { words::is_order(name) };
    column.is_integer() && (is_order || of_day || !is_timed && words::is_line(name)) || is_clock
}

/// Whether a column of a key that has the time is the value, so that no row comes in twice: it is called so, or is
/// measured by its name or its type and no other column is. A `price` beside a `size` tells the levels of a market apart.
fn is_value(relation: &RelationFacts, key: &[Ident], column: &ColumnFacts) -> bool {
    let name = column.name.as_str();
    let tells_apart = |column: &ColumnFacts| {
        let name = column.name.as_str();
        words::is_bare_id(name) || words::is_reference(name) || words::is_count_of_rows(name) || words::is_order(name)
    };
    let is_measured = |other: &ColumnFacts| {
        let is_own = !key.contains(&other.name) && !other.numbered && !tells_apart(other);
        is_own && (other.is_number() || matches!(other.ty, ColumnType::Money | ColumnType::Interval))
    };
    let may_be = !column.is_integer() || words::is_measure(name);
    let is_only = || may_be && !tells_apart(column) && !relation.columns.iter().any(is_measured);
    column.is_number() && !words::is_epoch_name(name) && (words::is_value(name) || words::is_reading(name) || is_only())
}

/// Why a column of a key cannot be a label.
fn no_label(column: &ColumnFacts) -> Option<String> {
    let name = column.name.as_str();
    if !column.readable {
        return Some("which the role may not SELECT".to_owned());
    }
    // In a key it is one of a board.
    if column.is_text() && words::is_sensitive(name) && !words::is_one(name, &["pin"]) {
        return Some("which is personal or secret by its name".to_owned());
    }
    if column.is_number() && words::is_surely_epoch(name) {
        return Some("which is another time by its name".to_owned());
    }
    let fits = column.ty.can_be_label() || column.ty == ColumnType::Jsonb;
    (!fits).then(|| format!("whose type ({}) cannot be a label", column.ty))
}
