//! Relations, columns, labels and times that the file names, looked up in the facts.

use super::error::CatalogError;
use super::time;
use crate::catalog::facts::{ColumnFacts, Facts, RelationFacts};
use crate::catalog::file::{CatalogFile, TimeDecl, TimeTable, split_relation};
use crate::catalog::{ColumnType, EpochUnit, Relation, SourceRow, TimeColumn, TimeKind};
use crate::nearest::nearest;
use crate::time::Zone;

/// The relation of that name: as `schema.name`, or the first of that name on the search path.
pub(super) fn relation<'a>(facts: &'a Facts, declared: &str) -> Result<&'a RelationFacts, CatalogError> {
    let (schema, name) = split_relation(declared);
    let on_path = |facts: &&RelationFacts| facts.path_position.is_some() && facts.relation.name.as_str() == name;
    let found = match schema {
        Some(schema) => facts.relation(schema, name),
        None => facts.relations.iter().filter(on_path).min_by_key(|facts| facts.path_position),
    };
    found.ok_or_else(|| {
        let spelled = |facts: &RelationFacts| match schema {
            Some(_) => facts.relation.to_string(),
            None => facts.relation.name.to_string(),
        };
        let known: Vec<String> = facts.relations.iter().map(spelled).collect();
        let alike = nearest(declared, known.iter().map(String::as_str));
        let nearest = alike.into_iter().map(str::to_owned).collect();
        CatalogError::UnknownRelation { relation: declared.to_owned(), nearest }
    })
}

/// What is to be said of the names in a file that several relations on the search path have.
pub(super) fn ambiguities(facts: &Facts, file: &CatalogFile) -> Vec<String> {
    let declared = file.sources.iter().map(|source| &source.relation);
    let declared = declared.chain(file.annotations.iter().map(|annotations| &annotations.relation));
    let mut notes: Vec<String> = declared.filter_map(|name| ambiguity(facts, name)).collect();
    notes.dedup();
    notes
}

/// What is to be said of a name without a schema that several relations on the search path have.
fn ambiguity(facts: &Facts, declared: &str) -> Option<String> {
    let (None, name) = split_relation(declared) else { return None };
    let on_path = facts.relations.iter().filter(|facts| facts.relation.name.as_str() == name);
    let mut alike: Vec<&RelationFacts> = on_path.filter(|facts| facts.path_position.is_some()).collect();
    alike.sort_by_key(|facts| facts.path_position);
    let (first, others) = alike.split_first()?;
    let others: Vec<String> = others.iter().map(|facts| facts.relation.to_string()).collect();
    let first = &first.relation;
    (!others.is_empty()).then(|| {
        let others = others.join(", ");
        format!(
            "`{declared}` in datebin.toml means {first}, the first on the search path, not {others}; write `{first}`"
        )
    })
}

/// A zone by name, or the one that holds otherwise.
pub(super) fn zone(place: &str, field: &'static str, name: Option<&str>, or: Zone) -> Result<Zone, CatalogError> {
    let Some(name) = name else { return Ok(or) };
    Zone::parse(name).ok_or_else(|| bad(place, field, name, "a zone of the IANA time zone database"))
}

/// The zone with the weeks that the file wants.
pub(super) fn week(first: Option<&str>, zone: Zone) -> Result<Zone, CatalogError> {
    let Some(first) = first else { return Ok(zone) };
    let day =
        first.trim().parse().map_err(|_| bad("datebin.toml", "week_starts", first, "a day such as \"sunday\""))?;
    Ok(zone.with_weeks_from(day))
}

pub(super) fn bad(place: impl ToString, field: &'static str, value: &str, wanted: &'static str) -> CatalogError {
    CatalogError::BadValue { place: place.to_string(), field, value: value.to_owned(), wanted }
}

pub(super) fn column<'a>(facts: &'a RelationFacts, name: &str) -> Result<&'a ColumnFacts, CatalogError> {
    let relation = &facts.relation;
    match facts.column(name) {
        Some(column) if column.readable => Ok(column),
        Some(_) => Err(CatalogError::Unreadable { relation: relation.clone(), column: name.to_owned() }),
        None => {
            let alike = nearest(name, facts.columns.iter().map(|column| column.name.as_str()));
            let nearest = alike.into_iter().map(str::to_owned).collect();
            Err(CatalogError::UnknownColumn { relation: relation.clone(), column: name.to_owned(), nearest })
        }
    }
}

pub(super) fn wrong(facts: &RelationFacts, column: &ColumnFacts, wanted: &'static str) -> CatalogError {
    let (relation, name) = (facts.relation.clone(), column.name.to_string());
    CatalogError::WrongType { relation, column: name, ty: column.ty.to_string(), wanted }
}

pub(super) fn name_column<'a>(facts: &'a RelationFacts, name: &str) -> Result<&'a ColumnFacts, CatalogError> {
    let column = column(facts, name)?;
    if column.is_text() || matches!(column.ty, ColumnType::Enum(_)) {
        Ok(column)
    } else {
        Err(wrong(facts, column, "text"))
    }
}

pub(super) fn time_column(facts: &RelationFacts, declared: &TimeDecl, local: Zone) -> Result<TimeColumn, CatalogError> {
    let bare;
    let table = match declared {
        TimeDecl::Table(table) => table,
        TimeDecl::Column(column) => {
            bare = TimeTable { column: column.clone(), ..TimeTable::default() };
            &bare
        }
    };
    let column = column(facts, &table.column)?;
    let local = zone(&facts.relation.to_string(), "zone", table.zone.as_deref(), local)?;
    let (kind, own) = match column.ty {
        ColumnType::Timestamptz => (TimeKind::Instant, "timestamptz"),
        ColumnType::Timestamp => (TimeKind::Local(local), "timestamp"),
        ColumnType::Date if table.zone.is_some() => (TimeKind::Date(local), "date"),
        ColumnType::Date => (TimeKind::Day(local), "date"),
        _ => (epoch(facts, column, table.unit.as_deref())?, "epoch"),
    };
    match table.ty.as_deref() {
        Some(ty) if ty != own => Err(bad(format!("{}, column `{}`", facts.relation, column.name), "type", ty, own)),
        _ => Ok(TimeColumn { column: column.name.clone(), row: SourceRow::Own, kind }),
    }
}

fn epoch(facts: &RelationFacts, column: &ColumnFacts, unit: Option<&str>) -> Result<TimeKind, CatalogError> {
    let wanted = "timestamptz, timestamp, date, integer, bigint, double precision or numeric";
    let storage = time::storage(column).ok_or_else(|| wrong(facts, column, wanted))?;
    let unit = match unit {
        Some("s") => EpochUnit::Seconds,
        Some("ms") => EpochUnit::Millis,
        Some("us" | "µs") => EpochUnit::Micros,
        Some("ns") => EpochUnit::Nanos,
        Some(other) => return Err(bad(&facts.relation, "unit", other, "s, ms, us or ns")),
        None => time::unit_by_statistics(column).ok_or_else(|| CatalogError::Incomplete {
            relation: facts.relation.clone(),
            missing: "the time column is a number: say its unit, as `time = { column = …, unit = \"s\" }`",
        })?,
    };
    Ok(TimeKind::Epoch { unit, storage })
}

/// `10s`, `500ms`, `1m`, `1h`, `1d`, `1w` in milliseconds.
pub(super) fn interval(relation: &Relation, field: &'static str, text: &str) -> Result<i64, CatalogError> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        "w" => Some(7 * 86_400_000),
        _ => None,
    };
    let length = digits.parse::<i64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    length.filter(|ms| *ms > 0).ok_or_else(|| bad(relation, field, text, "a length of time such as 10s"))
}
