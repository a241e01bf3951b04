//! Declared ends of rows, and the values of `open`.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime};

use super::error::CatalogError;
use super::joined_time::JoinedRelations;
use super::joins::ResolvedJoins;
use super::lookup::{bad, time_column};
use crate::catalog::facts::RelationFacts;
use crate::catalog::file::EndDecl;
use crate::catalog::{EpochStorage, Relation, RowEnd, TimeColumn, TimeKind};
use crate::time::Zone;

const DATE: &str = "%Y-%m-%d";
const CLOCK: &str = "%Y-%m-%d %H:%M:%S%.f";

/// When the rows of a source end, in their own row or in one beside it.
pub(super) fn of_rows(
    rows: &JoinedRelations<'_>,
    declared: &EndDecl,
    joined: &mut ResolvedJoins,
) -> Result<RowEnd, CatalogError> {
    let (column, values) = declared.parts();
    let time = rows.time(&column, joined)?;
    opened(&rows.facts.relation, time, &values)
}

/// When the rows of a relation end.
pub(super) fn end(facts: &RelationFacts, declared: &EndDecl, local: Zone) -> Result<RowEnd, CatalogError> {
    let (column, values) = declared.parts();
    let time = time_column(facts, &column, local)?;
    opened(&facts.relation, time, &values)
}

fn opened(relation: &Relation, time: TimeColumn, values: &[String]) -> Result<RowEnd, CatalogError> {
    let open = values.iter().map(|value| {
        let (text, wanted) = stored(&time.kind, value);
        text.ok_or_else(|| bad(format!("{relation}, column `{}`", time.column), "open", value, wanted))
    });
    let open = open.collect::<Result<_, _>>()?;
    Ok(RowEnd { time, open })
}

/// A value as PostgreSQL reads it for the column, and what would do where it is none.
fn stored(kind: &TimeKind, text: &str) -> (Option<String>, &'static str) {
    let is_endless = matches!(text, "infinity" | "-infinity");
    match kind {
        TimeKind::Epoch { storage: EpochStorage::Int4, .. } => {
            (text.parse::<i32>().ok().map(|number| number.to_string()), "a number that an integer column can hold")
        }
        TimeKind::Epoch { storage: EpochStorage::Int8, .. } => {
            (text.parse::<i64>().ok().map(|number| number.to_string()), "a number that a bigint column can hold")
        }
        TimeKind::Epoch { .. } => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            (number.map(|_| text.to_owned()), "a number")
        }
        _ if is_endless => (Some(text.to_owned()), ""),
        TimeKind::Instant => {
            (instant(text), "a time such as 1970-01-01 00:00:00+00 (of UTC where it has no offset), or infinity")
        }
        TimeKind::Local(_) => (clock(text), "a time such as 1970-01-01 00:00:00 without an offset, or infinity"),
        TimeKind::Date(_) | TimeKind::Day(_) => (date(text), "a date such as 1970-01-01, or infinity"),
    }
}

/// A time with an offset, or of UTC, as PostgreSQL reads it.
pub(super) fn instant(text: &str) -> Option<String> {
    let zoned = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").or_else(|_| text.parse());
    let utc = zoned.map(|zoned| zoned.naive_utc()).ok().or_else(|| shown(text)).filter(|utc| is_written(utc.date()))?;
    Some(format!("{}+00", utc.format(CLOCK)))
}

/// A time without an offset, as PostgreSQL reads it.
pub(super) fn clock(text: &str) -> Option<String> {
    shown(text).filter(|clock| is_written(clock.date())).map(|clock| clock.format(CLOCK).to_string())
}

/// A date as PostgreSQL reads it.
pub(super) fn date(text: &str) -> Option<String> {
    let date = NaiveDate::parse_from_str(text, DATE).ok().filter(|date| is_written(*date))?;
    Some(date.format(DATE).to_string())
}

/// Whether a date is written in the same way here and in PostgreSQL, which has no year 0.
fn is_written(date: NaiveDate) -> bool {
    (1..=9999).contains(&date.year())
}

/// A date, or a date and a time of day, as a clock shows it.
fn shown(text: &str) -> Option<NaiveDateTime> {
    let midnight = |date: NaiveDate| date.and_hms_opt(0, 0, 0);
    let spaced = text.replacen('T', " ", 1);
    let seconds = || NaiveDateTime::parse_from_str(&spaced, CLOCK).ok();
    let minutes = || NaiveDateTime::parse_from_str(&spaced, "%Y-%m-%d %H:%M").ok();
    NaiveDate::parse_from_str(text, DATE).ok().and_then(midnight).or_else(seconds).or_else(minutes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::EpochUnit;

    fn epoch(storage: EpochStorage) -> TimeKind {
        TimeKind::Epoch { unit: EpochUnit::Seconds, storage }
    }

    #[test]
    fn a_value_is_read_in_the_type_of_its_column() {
        let read = |kind: &TimeKind, text: &str| stored(kind, text).0;
        assert_eq!(read(&epoch(EpochStorage::Int4), "0").as_deref(), Some("0"));
        assert_eq!(read(&epoch(EpochStorage::Int4), "2147483648"), None);
        assert_eq!(read(&epoch(EpochStorage::Int8), "9223372036854775807").as_deref(), Some("9223372036854775807"));
        assert_eq!(read(&epoch(EpochStorage::Int8), "0.5"), None);
        assert_eq!(read(&epoch(EpochStorage::Float8), "1e300").as_deref(), Some("1e300"));
        assert_eq!(read(&epoch(EpochStorage::Numeric), "nan"), None);
        for text in ["1970-01-01", "1970-01-01 00:00:00+00", "1970-01-01T01:00:00+01:00", "1970-01-01T00:00:00Z"] {
            assert_eq!(read(&TimeKind::Instant, text).as_deref(), Some("1970-01-01 00:00:00+00"), "{text}");
        }
        assert_eq!(read(&TimeKind::Instant, "infinity").as_deref(), Some("infinity"));
        let local = TimeKind::Local(Zone::UTC);
        assert_eq!(read(&local, "9999-12-31T23:59:59.999").as_deref(), Some("9999-12-31 23:59:59.999"));
        assert_eq!(read(&local, "1970-01-01 00:00+00"), None);
        let date = TimeKind::Date(Zone::UTC);
        assert_eq!(read(&date, "0001-01-01").as_deref(), Some("0001-01-01"));
        assert_eq!(read(&date, "0000-00-00"), None);
        for kind in [&date, &local, &TimeKind::Instant] {
            assert_eq!(read(kind, "0000-06-01"), None, "PostgreSQL has no year 0");
        }
        assert_eq!(read(&date, "1970-01-01 00:00:00"), None);
    }
}
