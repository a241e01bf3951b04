//! Which columns of text are labels. A text that a key needs is one whatever it holds; another is one unless the
//! statistics of a relation that is large enough, or its name, say that it belongs to the row and not to the series.

use super::keys::{SMALL_ROWS, share};
use super::roles::{ColumnRole, KeyedRelation, refers};
use super::{owners, things, words};
use crate::catalog::ColumnType;
use crate::catalog::facts::{ColumnFacts, RelationFacts};

/// Fewer rows may differ by chance.
const FEW_ROWS: f64 = 100.0;
/// Fewer rows may be the first of as many things.
const MANY_ROWS: f64 = 1_000.0;
/// Rows that were made one by one have more instants than this share of them.
const INSTANTS_SHARE: f64 = 0.3;
/// Nearly every row has a value of its own where more than this share of them are distinct.
const EACH_SHARE: f64 = 0.9;
/// Fewer values are never a crowd.
const MOST_VALUES: f64 = 10_000.0;
/// Values of which more than this share of the rows are distinct come not again.
const FREE_TEXT_SHARE: f64 = 0.2;
/// Of many rows more than this share have their own text where others tell series apart.
const OWN_SHARE: f64 = 0.5;
/// Where a key covers the rows, a text with more values than this and twice the series is of the row.
const FEW_VALUES: f64 = 20.0;
/// What single rows go by has more values: each order has several lines.
const FEW_NAMES: f64 = 1_000.0;
/// Texts are numbers where this share of them is.
const ALL_TEXTS: f64 = 0.9;
/// How far the numbers of distinct values of a text and of the value that it repeats may lie apart.
const SAME_COUNT: f64 = 0.1;

/// The role of a column whose values have a text.
pub(super) fn role(place: &KeyedRelation<'_>, column: &ColumnFacts) -> ColumnRole {
    let (relation, name) = (place.relation, column.name.as_str());
    if refers(relation, column) {
        return ColumnRole::Label(format!("{}, a foreign key", column.ty));
    }
    if owners::names_owner(relation, place.keys, place.time.map(|time| &time.name), column) {
        return labelled(relation, column);
    }
    if let Some(role) = of_made(place, column) {
        return role;
    }
    let is_created = place.time.is_some_and(|time| words::is_creation(time.name.as_str()));
    if is_created && words::is_one(name, &["id", "uuid"]) && owners::is_beside_owner(relation, column) {
        return ColumnRole::Out("an id of a single row, by its name".into());
    }
    if is_of_one_row(place, column) {
        return ColumnRole::Out("an id of a single row: nearly every one has its own, say the statistics".into());
    }
    if let Some(many) = crowded(relation, column) {
        return ColumnRole::Crowded(format!("free text or a key: {many}, by the statistics"));
    }
    if let Some(why) = of_the_row(place, column) {
        return ColumnRole::Out(why);
    }
    if words::is_free_text(name) && is_of_the_row_by_name(place, column) {
        return ColumnRole::Out(format!("{}, by its name", words::free_text(name)));
    }
    labelled(relation, column)
}

/// What a text is that a created row may go by: its number, its name, its id, or the id of something that happens once. No
/// statistics of a young table make a label of it that those of a grown one take back.
fn of_made(place: &KeyedRelation<'_>, column: &ColumnFacts) -> Option<ColumnRole> {
    let (relation, name) = (place.relation, column.name.as_str());
    if !place.keys.are_made {
        return None;
    }
    let is_branch = words::is_one(name, &["ref"]) && is_of_code(relation);
    if words::is_number_of_row(name) && !is_branch && !comes_again(relation, column) {
        return Some(ColumnRole::Out("the name of a single row".into()));
    }
    if things::is_name(name) && is_of_each(relation, column) {
        let why = "the name of a single row: nearly every row has its own, by the statistics";
        return Some(ColumnRole::Out(why.into()));
    }
    if things::is_name(name) && !words::is_owner_name(name) && relation.rows.is_none_or(|rows| rows < FEW_VALUES) {
        let why = "perhaps the name of a single row: too few rows were counted to say whether it comes again";
        return Some(ColumnRole::Crowded(why.into()));
    }
    let is_uuid = column.ty == ColumnType::Uuid || name.to_lowercase().ends_with("uuid");
    let is_id = words::is_own_id(name) || is_uuid && words::is_of_happening(name);
    if is_id && !words::is_free_text(name) {
        return Some(ColumnRole::Out("an id of a single row, by its name".into()));
    }
    words::is_told(name).then(|| ColumnRole::Out("free text, by its name".into()))
}

/// Whether the rows of a relation are about code, where a `ref` is a branch.
fn is_of_code(relation: &RelationFacts) -> bool {
    let is_said = |name: &str| {
        let of = [
            "build",
            "pipeline",
            "job",
            "deploy",
            "deployment",
            "release",
            "workflow",
            "commit",
            "branch",
            "sha",
            "ci",
        ];
        words::words_of(name).iter().any(|word| of.iter().any(|one| words::is_many_of(word, one)))
    };
    is_said(relation.relation.name.as_str()) || relation.columns.iter().any(|other| is_said(other.name.as_str()))
}

/// A label, with how many values it has; a free text where that is not known gives way to others.
fn labelled(relation: &RelationFacts, column: &ColumnFacts) -> ColumnRole {
    let name = column.name.as_str();
    let distinct = relation.distinct(column);
    match (&column.stats, distinct) {
        (Some(stats), Some(distinct)) if stats.n_distinct >= 0.0 && distinct > 0.0 => {
            ColumnRole::Label(format!("{}, {distinct:.0} distinct values", column.ty))
        }
        _ if matches!(column.ty, ColumnType::Enum(_)) => ColumnRole::Label("enum".into()),
        _ if words::is_free_text(name) => ColumnRole::Crowded(format!("{}, by its name", words::free_text(name))),
        (Some(_), _) => {
            let share = share(relation, column).unwrap_or_default() * 100.0;
            ColumnRole::Label(format!("{}, {share:.0} % of its values are distinct", column.ty))
        }
        (None, _) => ColumnRole::Label(format!("{}, no statistics yet", column.ty)),
    }
}

/// Whether a text whose name says that it is free belongs to its row whatever else tells series apart.
fn is_of_the_row_by_name(place: &KeyedRelation<'_>, column: &ColumnFacts) -> bool {
    if place.keys.covered_by.is_some() || place.keys.are_made && words::is_prose(column.name.as_str()) {
        return true;
    }
    let is_large = place.relation.rows.is_some_and(|rows| rows > SMALL_ROWS);
    is_large && share(place.relation, column).is_some_and(|share| share > FREE_TEXT_SHARE)
}

/// Whether a column tells rows apart that were made one by one: an id of which nearly every row has its own. Many rows of
/// one instant are many things instead.
fn is_of_one_row(place: &KeyedRelation<'_>, column: &ColumnFacts) -> bool {
    let (relation, name) = (place.relation, column.name.as_str());
    let many = relation.rows.is_some_and(|rows| rows > MANY_ROWS);
    let is_key = words::is_bare_id(name) || column.ty == ColumnType::Uuid || words::is_of_row(name);
    // Where each thing has a row at each of several instants, its id comes again.
    let instants = place.time.and_then(|time| relation.distinct(time));
    let apart = place.time.and_then(|time| share(relation, time)).is_some_and(|share| share > INSTANTS_SHARE)
        || instants.is_some_and(|instants| instants >= FEW_VALUES);
    many && is_key && apart && share(relation, column).is_some_and(|share| share > EACH_SHARE)
}

/// Whether the statistics say that values of a column come again and again.
fn comes_again(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let is_some = relation.rows.is_some_and(|rows| rows > FEW_ROWS);
    let has_few = relation.distinct(column).is_some_and(|distinct| distinct <= FEW_NAMES);
    is_some && has_few && share(relation, column).is_some_and(|share| share < FREE_TEXT_SHARE)
}

/// Whether nearly every row has a value of its own.
fn is_of_each(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let is_some = relation.rows.is_some_and(|rows| rows >= FEW_VALUES);
    is_some && share(relation, column).is_some_and(|share| share > EACH_SHARE)
}

/// Whether a text has too many values for a label, and how many. A smaller relation cannot say, and values that come
/// again and again are those of many things.
fn crowded(relation: &RelationFacts, column: &ColumnFacts) -> Option<String> {
    let filled = 1.0 - column.stats.as_ref()?.null_frac;
    let Some(rows) = relation.rows else {
        let share = share(relation, column).filter(|share| *share > FREE_TEXT_SHARE)?;
        return Some(format!("{:.0} % of its values are distinct", share * 100.0));
    };
    let distinct = relation.distinct(column)?;
    let share = distinct / (rows * filled).max(1.0);
    let is_crowd = rows > SMALL_ROWS && distinct > MOST_VALUES && share > FREE_TEXT_SHARE;
    is_crowd.then(|| format!("about {distinct:.0} distinct values"))
}

/// Whether a text has too many values for a label.
pub(super) fn is_crowd(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    crowded(relation, column).is_some()
}

/// Why a text belongs to the row and not to its series.
fn of_the_row(place: &KeyedRelation<'_>, column: &ColumnFacts) -> Option<String> {
    let relation = place.relation;
    let distinct = relation.distinct(column);
    let covered = place.keys.covered_by.as_deref();
    if let (Some(labels), Some(distinct)) = (covered, distinct) {
        let known = labels.iter().map(|name| relation.distinct(relation.column(name.as_str())?));
        let series = known.collect::<Option<Vec<f64>>>().map(|counts| counts.into_iter().fold(1.0, f64::max));
        let most = series.map(|series| FEW_VALUES.max(2.0 * series));
        if most.is_some_and(|most| distinct > most) {
            return Some(format!("{distinct:.0} distinct values, which no key needs to tell series apart"));
        }
    }
    let kept = column.stats.as_ref().map_or(&[][..], |stats| stats.kept.as_slice());
    if is_numbers(kept, column.name.as_str(), covered.is_some()) {
        return Some("numbers as text: if they are the value, declare them as `value`".to_owned());
    }
    let others = relation.columns.iter().filter(|other| other.is_number() && other.name != column.name);
    others.filter(|other| is_twin(relation, column, other, covered.is_some())).map(twin).next()
}

fn twin(value: &ColumnFacts) -> String {
    format!("it repeats `{}` in words, by the statistics of both", value.name)
}

/// Whether a text holds JSON: what ANALYZE kept of it does, or its name says so where that is unknown.
pub(super) fn is_document(column: &ColumnFacts) -> bool {
    let kept = column.stats.as_ref().map_or(&[][..], |stats| stats.kept.as_slice());
    let is_json = |text: &&String| {
        let text = text.trim();
        text.starts_with('{') && text.ends_with('}') || text.starts_with('[') && text.ends_with(']')
    };
    let documents = kept.iter().filter(is_json).count();
    column.is_text()
        && if kept.is_empty() { words::is_document(column.name.as_str()) } else { 2 * documents > kept.len() }
}

/// Whether nearly every row of many has its own text.
pub(super) fn is_each(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let many = relation.rows.is_some_and(|rows| rows > MANY_ROWS);
    column.is_text() && many && share(relation, column).is_some_and(|share| share > OWN_SHARE)
}

/// Whether the texts that ANALYZE kept are numbers that are measured. Whole ones may number things instead, unless a
/// key does without them or the name says that they are a value.
fn is_numbers(kept: &[String], name: &str, is_covered: bool) -> bool {
    let numbers: Vec<&String> = kept.iter().filter(|text| is_number(text)).collect();
    if words::is_version(name) {
        return false;
    }
    let is_said = words::is_value(name) || words::is_one(name, &["state"]);
    // Of other names nearly all must be: which texts ANALYZE keeps is luck.
    let is_most =
        if is_said { 2 * numbers.len() > kept.len() } else { ALL_TEXTS * kept.len() as f64 <= numbers.len() as f64 };
    let is_measured = || numbers.iter().any(|text| text.contains(['.', 'e', 'E', '-']));
    !numbers.is_empty() && is_most && (is_covered || is_said || is_measured())
}

/// Whether a text is written as PostgreSQL and people write numbers: an id of hexadecimal digits, as `00e5`, is none.
fn is_number(text: &str) -> bool {
    let text = text.trim();
    let digits = text.trim_start_matches(['-', '+']);
    let is_padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    let has_exponent = digits.contains(['e', 'E']);
    let is_signed = || ["e+", "e-", "E+", "E-"].iter().any(|exponent| digits.contains(exponent));
    text.parse::<f64>().is_ok_and(f64::is_finite) && !is_padded && (!has_exponent || is_signed())
}

/// Whether a text repeats a number of its row: `R21.5` beside 21.5. Words around the same numbers, as many of them as
/// there are values, and measured ones unless a key does without the text.
fn is_twin(relation: &RelationFacts, text: &ColumnFacts, value: &ColumnFacts, is_covered: bool) -> bool {
    let (Some(stats), Some(own), Some(of_value)) = (&text.stats, relation.distinct(text), relation.distinct(value))
    else {
        return false;
    };
    let is_as_many = own > FEW_VALUES && (own - of_value).abs() <= SAME_COUNT * own.max(of_value);
    let inside = |text: &String| {
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
        let start = text.find(|c: char| c.is_ascii_digit() || c == '-')?;
        let number = &text[start..];
        number[..number.find(|c| !is_part(c)).unwrap_or(number.len())].parse::<f64>().ok()
    };
    let numbers: Vec<f64> = stats.kept.iter().filter_map(inside).collect();
    let all = !numbers.is_empty() && numbers.len() == stats.kept.len();
    is_as_many && all && (is_covered || numbers.iter().any(|number| number.fract() != 0.0))
}
