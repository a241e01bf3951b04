//! Rows that labels do not tell apart: a relation without a key whose other columns do is no source, as its series
//! would be mixed.

use super::keys::{RelationKeys, has_surrogate};
use super::roles::{ColumnRole, refers};
use super::{doubts, layout, owners, texts, words};
use crate::catalog::ColumnType;
use crate::catalog::facts::{ColumnFacts, RelationFacts};
use crate::ident::Ident;

/// How many more rows an instant may have than there are sets of labels: some come twice.
pub(super) const TWICE: f64 = 1.5;

/// How far the rows of an instant may be from the sets of values that tell them apart, as a share: statistics are estimates.
pub(super) const ABOUT: f64 = 0.1;

/// Settles the roles that depend on those of the other columns.
pub(super) fn resolve_roles(
    relation: &RelationFacts,
    columns: &mut [(&ColumnFacts, ColumnRole)],
    time: &Ident,
    keys: &RelationKeys,
) {
    if let Some(at) = telling(relation, columns, time, keys) {
        let (column, role) = &mut columns[at];
        *role = ColumnRole::Label(format!("{}, with as many values as an instant has rows", column.ty));
    }
    while let Some(at) = distinguishing_text(relation, columns, time, keys) {
        let (column, role) = &mut columns[at];
        *role = ColumnRole::Label(format!("{}, and nothing else tells the rows apart", column.ty));
    }
    while let Some((at, why)) = needless(relation, columns, time, keys) {
        columns[at].1 = ColumnRole::Out(why);
    }
}

/// The place of a whole number in measured rows that has as many values as an instant has rows on average, where no label
/// tells these apart: each of its values is a series. One whose name says so is preferred.
fn telling(
    relation: &RelationFacts,
    columns: &[(&ColumnFacts, ColumnRole)],
    time: &Ident,
    keys: &RelationKeys,
) -> Option<usize> {
    let untold = untold(relation, columns, time, keys)?;
    let is_measured = |without: usize| {
        columns.iter().enumerate().any(|(at, (_, role))| at != without && matches!(role, ColumnRole::Value(_)))
    };
    let tells = |(at, (column, role)): (usize, &(&ColumnFacts, ColumnRole))| {
        let name = column.name.as_str();
        let is_named = words::is_part_name(name) || words::is_one(name, &["index", "idx"]);
        let is_code = words::is_code(name) || words::is_choice(name) || words::is_process(name);
        let may_tell =
            matches!(role, ColumnRole::Value(_)) || matches!(role, ColumnRole::Out(_)) && (is_code || is_named);
        let is_told = may_tell
            && column.is_integer()
            && keys.part(&column.name).is_none()
            && !words::is_value(name)
            && !words::may_count(name)
            && !words::is_measure(name)
            && is_measured(at)
            && has_a_value_for_each(relation, column, untold);
        is_told.then_some((!is_named, is_code, at))
    };
    let best = columns.iter().enumerate().filter_map(tells).min();
    best.filter(|_| untold > TWICE).map(|(_, _, at)| at)
}

/// Whether a column has about as many values as an instant has rows of the same labels.
pub(super) fn has_a_value_for_each(relation: &RelationFacts, column: &ColumnFacts, untold: f64) -> bool {
    relation.distinct(column).is_some_and(|values| (values / untold - 1.0).abs() <= ABOUT)
}

/// How many rows of an instant have the same labels, on average, where no key says otherwise.
pub(super) fn untold(
    relation: &RelationFacts,
    columns: &[(&ColumnFacts, ColumnRole)],
    time: &Ident,
    keys: &RelationKeys,
) -> Option<f64> {
    let is_members = columns.iter().any(|(_, role)| matches!(role, ColumnRole::Members(_)));
    // Events of a day are as many as they are; a number of them says nothing.
    let is_day = relation.column(time.as_str()).is_some_and(|time| time.ty == ColumnType::Date);
    if keys.covered_by.is_some() || is_members || is_day || !keys.are_measured {
        return None;
    }
    Some(rows_of_instant(relation, time)? / sets(relation, &labels(columns))?)
}

/// A text with too many values for a label, or called like free text, without which rows of several series would be one.
fn distinguishing_text(
    relation: &RelationFacts,
    columns: &[(&ColumnFacts, ColumnRole)],
    time: &Ident,
    keys: &RelationKeys,
) -> Option<usize> {
    let is_value = |(column, role): &(&ColumnFacts, ColumnRole)| {
        matches!(role, ColumnRole::Value(_)) && column.ty != ColumnType::Bool
    };
    if keys.covered_by.is_some() || !columns.iter().any(is_value) {
        return None;
    }
    let labels = labels(columns);
    let is_needed = labels.is_empty() && !columns.iter().any(|(_, role)| matches!(role, ColumnRole::Members(_)))
        || suffice(relation, time, &labels) == Some(false);
    let is_crowd = |(column, role): &(&ColumnFacts, ColumnRole)| {
        let name = column.name.as_str();
        let is_statement = words::is_one(name, &["query", "sql"]);
        let may_tell = if words::is_free_text(name) {
            !texts::is_crowd(relation, column) && (!keys.are_made || !words::is_prose(name))
        } else {
            !keys.are_made
        };
        column.is_text() && matches!(role, ColumnRole::Crowded(_)) && may_tell && (is_needed || is_statement)
    };
    columns.iter().position(is_crowd)
}

/// A text that would split the series that other labels tell apart: a document, or one that nearly every row has its own of.
fn needless(
    relation: &RelationFacts,
    columns: &[(&ColumnFacts, ColumnRole)],
    time: &Ident,
    keys: &RelationKeys,
) -> Option<(usize, String)> {
    let all = labels(columns);
    columns.iter().enumerate().find_map(|(at, (column, role))| {
        let is_free =
            matches!(role, ColumnRole::Label(_)) && keys.part(&column.name).is_none() && !refers(relation, column);
        let others: Vec<&ColumnFacts> = all.iter().copied().filter(|other| other.name != column.name).collect();
        if !is_free || others.is_empty() || owners::names_owner(relation, keys, Some(time), column) {
            return None;
        }
        let is_enough = suffice(relation, time, &others);
        let document = texts::is_document(column) && is_enough != Some(false);
        if document {
            return Some((at, "JSON as text: declare the members that are metrics or labels".to_owned()));
        }
        let why = "nearly every row has its own, by the statistics, and other labels tell series apart";
        (texts::is_each(relation, column) && is_enough == Some(true)).then(|| (at, why.to_owned()))
    })
}

/// Why the series of a relation would be mixed, where a view does not carry what tells them apart, or where it has no key
/// and a column that cannot be a label tells its rows apart.
pub(super) fn apart(
    relation: &RelationFacts,
    columns: &[(&ColumnFacts, ColumnRole)],
    time: &Ident,
    keys: &RelationKeys,
) -> Option<String> {
    if !columns.iter().any(|(_, role)| matches!(role, ColumnRole::Value(_))) {
        return None;
    }
    // The others may be ways to say the same.
    if let Some(why) = lacks(relation.dropped.get(..1).unwrap_or_default()) {
        return Some(why);
    }
    if keys.covered_by.is_some() {
        return None;
    }
    let labels = labels(columns);
    if let Some(why) = doubts::reason(relation, columns, time, keys) {
        return Some(why);
    }
    let is_told = columns.iter().any(|(_, role)| matches!(role, ColumnRole::Members(_)));
    if let Some(column) = free_text(relation, columns, keys).filter(|_| suffice(relation, time, &labels) == Some(false))
    {
        return Some(format!("`{column}` (free text) tells its rows apart and no key says otherwise: declare it"));
    }
    if !keys.are_made
        && suffice(relation, time, &labels) == Some(false)
        && let Some((column, why)) =
            columns.iter().find_map(|(column, role)| Some((&column.name, unlabelled(relation, column, role)?)))
    {
        return Some(format!("`{column}` ({why}) tells its rows apart and no key says otherwise: declare it"));
    }
    let (column, why) = columns.iter().find_map(|(column, role)| Some((*column, hidden(relation, column, role)?)))?;
    let suffices = suffice(relation, time, &labels).unwrap_or(is_told || !labels.is_empty() || has_surrogate(relation));
    (!suffices).then(|| {
        format!(
            "`{}` ({why}) may tell its rows apart and cannot be a label, and no key says otherwise: declare it",
            column.name
        )
    })
}

/// Why a view is left out that does not carry some of what tells its rows apart; none where nothing is missing.
pub(super) fn lacks(missing: &[String]) -> Option<String> {
    let (last, others) = missing.split_last()?;
    Some(match others {
        [] => format!("it does not carry {last}, which tells its rows apart: declare it"),
        _ => format!("it does not carry {} and {last}, which tell its rows apart: declare it", others.join(", ")),
    })
}

/// A text of measured rows that has too many values to be a label.
fn free_text<'a>(
    relation: &RelationFacts,
    columns: &[(&'a ColumnFacts, ColumnRole)],
    keys: &RelationKeys,
) -> Option<&'a Ident> {
    let is_free = |(column, role): &&(&ColumnFacts, ColumnRole)| {
        let is_out = matches!(role, ColumnRole::Crowded(_))
            || matches!(role, ColumnRole::Out(_)) && words::is_free_text(column.name.as_str());
        column.is_text() && is_out && relation.distinct(column).is_some_and(|distinct| distinct > TWICE)
    };
    let named = layout::narrow(columns).map(|(name, _)| &name.name);
    let found = columns.iter().find(is_free).map(|(column, _)| &column.name);
    found.filter(|found| Some(*found) != named && !keys.are_made)
}

/// Whether a column that is no label may tell series apart.
fn may_tell(relation: &RelationFacts, column: &ColumnFacts, role: &ColumnRole) -> bool {
    let is_out = matches!(role, ColumnRole::Out(_)) && !column.is_dead() && !column.numbered;
    is_out && relation.distinct(column).is_none_or(|distinct| distinct > 1.5)
}

/// What a column is that tells series apart where the statistics say that some column does: it stands in ordinary tables, too.
pub(super) fn unlabelled(relation: &RelationFacts, column: &ColumnFacts, role: &ColumnRole) -> Option<String> {
    if !may_tell(relation, column, role) {
        return None;
    }
    let name = column.name.as_str();
    match &column.ty {
        ColumnType::Bytea | ColumnType::Json | ColumnType::Jsonb => Some(column.ty.to_string()),
        ColumnType::Timestamptz | ColumnType::Timestamp | ColumnType::Date => Some("another time".to_owned()),
        ColumnType::Other(ty) if ty == "time" || ty == "timetz" => Some("a time of day".to_owned()),
        _ if column.is_number() && (words::is_plain_reference(name) || words::is_code(name)) => {
            Some("a code or a reference by its name".to_owned())
        }
        _ => None,
    }
}

/// Why a column that may tell series apart is no label.
fn hidden(relation: &RelationFacts, column: &ColumnFacts, role: &ColumnRole) -> Option<String> {
    if !may_tell(relation, column, role) {
        return None;
    }
    match &column.ty {
        ColumnType::Other(ty) if ty != "time" && ty != "timetz" => Some(ty.to_string()),
        ColumnType::TextArray | ColumnType::Hstore | ColumnType::IntArray { .. } => Some(column.ty.to_string()),
        _ if column.is_text() && is_private(column.name.as_str()) => Some("personal or secret".to_owned()),
        _ => None,
    }
}

fn labels<'a>(columns: &[(&'a ColumnFacts, ColumnRole)]) -> Vec<&'a ColumnFacts> {
    columns.iter().filter(|(_, role)| matches!(role, ColumnRole::Label(_))).map(|(column, _)| *column).collect()
}

fn is_private(name: &str) -> bool {
    words::is_sensitive(name) || words::is_personal(name)
}

/// Whether the labels have as many sets of values as an instant has rows, as far as the statistics tell.
fn suffice(relation: &RelationFacts, time: &Ident, labels: &[&ColumnFacts]) -> Option<bool> {
    Some(rows_of_instant(relation, time)? <= sets(relation, labels)? * TWICE)
}

/// How many rows an instant has on average, as far as the statistics tell.
pub(super) fn rows_of_instant(relation: &RelationFacts, time: &Ident) -> Option<f64> {
    Some(relation.rows? / relation.distinct(relation.column(time.as_str())?)?.max(1.0))
}

/// How many sets of values labels have.
fn sets(relation: &RelationFacts, labels: &[&ColumnFacts]) -> Option<f64> {
    labels.iter().try_fold(1.0, |sets, label| Some(sets * relation.distinct(label)?.max(1.0)))
}
