//! The time column of a relation, and its kind.

use super::keys::RelationKeys;
use super::words;
use crate::catalog::facts::{ColumnFacts, RelationFacts, RelationKind};
use crate::catalog::{ColumnType, EpochStorage, EpochUnit, RowEnd, SourceRow, TimeColumn, TimeKind};
use crate::ident::Ident;
use crate::time::Zone;

/// 1990-01-01 and 2100-01-01 in seconds since 1970: an epoch outside is no time that people chart.
const PLAUSIBLE: std::ops::Range<f64> = 631_152_000.0..4_102_444_800.0;
const UNITS: [(EpochUnit, f64); 4] =
    [(EpochUnit::Seconds, 1.0), (EpochUnit::Millis, 1e3), (EpochUnit::Micros, 1e6), (EpochUnit::Nanos, 1e9)];

/// Fewer rows may share their time by chance.
const MANY_ROWS: f64 = 10.0;

/// The time column that discovery takes, and why.
pub(super) fn choose(relation: &RelationFacts, zone: Zone) -> Option<(TimeColumn, String)> {
    let candidates = relation.columns.iter().filter(|column| column.readable && !column.is_dead());
    let scored = candidates.filter_map(|column| {
        let own = words::time_rank(column.name.as_str())?;
        let kind = kind(column, zone)?;
        let leads = leads(relation, column);
        let rank = if is_of_row(relation, column) { own.max(2) } else { own };
        // Whatever index there is: a row whose end or last change comes later would move.
        let stays = !moves(relation, column) || !is_made_elsewhere(relation, column, zone);
        let found = (follows(relation, column), column.not_null);
        let varies = varies(relation, column) && (stays || words::is_end(column.name.as_str()));
        let score = (varies, stays, leads, rank, certainty(relation, column), found, type_rank(&kind));
        Some((score, column, kind))
    });
    // Of equals the first column wins.
    let ((_, _, leads, ..), column, kind) = scored.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    let (column, kind) = finer(relation, column, zone).unwrap_or((column, kind));
    let mut reason = describe(&kind);
    if leads {
        reason.push_str(", an index, key or partition key starts with it");
    }
    Some((TimeColumn { column: column.name.clone(), row: SourceRow::Own, kind }, reason))
}

/// Whether a time is called like the relation, as `obs_datetime` of `obs` is: when what its row is about happened.
fn is_of_row(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let words = words::words_of(column.name.as_str());
    let table = words::words_of(relation.relation.name.as_str());
    let Some((last, stem)) = words.split_last() else { return false };
    let stem = stem.concat();
    ["datetime", "date", "time", "at", "ts", "timestamp"].contains(&last.as_str())
        && !stem.is_empty()
        && (0..table.len()).any(|from| words::is_many_of(&table[from..].concat(), &stem))
}

/// How certain it is that a time says when what its row is about happened: an event that every row has comes before the
/// making of its row, and that before an event that may be still to come. A day of an event may be planned, a row without
/// the time has none.
fn certainty(relation: &RelationFacts, column: &ColumnFacts) -> u8 {
    let name = column.name.as_str();
    let is_event = words::is_event(name) || is_of_row(relation, column);
    match () {
        () if is_event && column.not_null && column.ty != ColumnType::Date => 2,
        () if words::is_later(name) && !column.not_null => 0,
        () => 1,
    }
}

/// Whether the time of a row may change later, come later or lie ahead of it. In a key it does not, unless some rows have
/// none.
fn moves(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    let name = column.name.as_str();
    let mut keys = relation.unique.iter().chain([&relation.primary_key, &relation.partition_key]);
    let is_in_key = keys.any(|key| key.contains(&column.name));
    (words::is_end(name) || words::is_change(name) || words::is_latest(name)) && !is_in_key
        || words::is_planned(name) && !(is_in_key && column.not_null)
        || words::follows(name) && !column.not_null && !is_in_key
}

/// Whether another column has the time at which most rows were made.
fn is_made_elsewhere(relation: &RelationFacts, column: &ColumnFacts, zone: Zone) -> bool {
    // What is planned, or is still to come, does so at any other time.
    let is_open = words::is_planned(column.name.as_str()) || words::follows(column.name.as_str());
    let least = u8::from(is_open);
    relation.columns.iter().any(|other| {
        let name = other.name.as_str();
        let is_whole = other.stats.as_ref().is_none_or(|stats| stats.null_frac < 0.5);
        other.name != column.name
            && other.readable
            && is_whole
            && words::time_rank(name).is_some_and(|rank| rank > least)
            && !words::is_end(name)
            && !words::is_latest(name)
            && !words::is_planned(name)
            && kind(other, zone).is_some()
    })
}

/// Whether a column can say when rows were: one that is the same in many of them cannot.
fn varies(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    relation.rows.is_none_or(|rows| rows < MANY_ROWS) || relation.distinct(column).is_none_or(|distinct| distinct > 1.5)
}

/// Whether rows can be found by the column: it leads an index, or is part of the primary, a unique or the partition key.
fn leads(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    relation.indexes.iter().any(|columns| columns.first() == Some(&column.name))
        || relation.unordered.iter().any(|index| index.finds_ranges && index.columns.first() == Some(&column.name))
        || relation.unique.iter().any(|key| key.contains(&column.name))
        || relation.primary_key.contains(&column.name)
        || relation.partition_key.contains(&column.name)
}

/// Whether the rows of a series are found by the column: it stands in an index behind another.
fn follows(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    relation.indexes.iter().any(|columns| columns.contains(&column.name))
}

/// The column that has the time of a day, where every row says it besides the day.
fn finer<'a>(relation: &'a RelationFacts, day: &ColumnFacts, zone: Zone) -> Option<(&'a ColumnFacts, TimeKind)> {
    let names = if day.ty == ColumnType::Date { words::finer(day.name.as_str()) } else { Vec::new() };
    let is_finer = |column: &&ColumnFacts| {
        let is_time = matches!(column.ty, ColumnType::Timestamptz | ColumnType::Timestamp);
        let is_whole = column.not_null || column.stats.as_ref().is_some_and(|stats| stats.null_frac <= 0.0);
        is_time && is_whole && column.readable && names.contains(&column.name.as_str().to_lowercase())
    };
    let column = relation.columns.iter().find(is_finer)?;
    Some((column, kind(column, zone)?))
}

/// The column that has the time of the day, beside a day: a part of the key, or called so. If no key says that a day has one
/// row of each series, any time of the day may be it.
pub(super) fn clock_beside<'a>(
    relation: &'a RelationFacts,
    day: &TimeColumn,
    keys: &RelationKeys,
) -> Option<&'a Ident> {
    let is_day = matches!(day.kind, TimeKind::Day(_) | TimeKind::Date(_));
    let is_clock = |column: &&ColumnFacts| {
        let name = column.name.as_str();
        let is_time = matches!(&column.ty, ColumnType::Other(ty) if ty == "time" || ty == "timetz");
        let is_of_day = words::is_clock_of(name, day.column.as_str());
        let is_free = keys.covered_by.is_none() && !words::is_clock_of_day(name);
        is_time
            && column.readable
            && !column.is_dead()
            && (is_of_day || is_day && (keys.part(&column.name).is_some() || words::is_clock(name) || is_free))
    };
    relation.columns.iter().find(is_clock).map(|column| &column.name)
}

/// A number that is when rows were measured by its name alone, where another time was taken as nothing has been counted yet.
pub(super) fn uncounted_epoch<'a>(relation: &'a RelationFacts, time: &TimeColumn) -> Option<&'a Ident> {
    let is_measured = |name: &str| words::time_rank(name) == Some(3);
    let is_table = !matches!(relation.kind, RelationKind::View | RelationKind::MaterializedView);
    let is_open = |column: &&ColumnFacts| {
        let name = column.name.as_str();
        let is_epoch = is_measured(name) && words::is_surely_epoch(name) && storage(column).is_some();
        is_epoch && column.readable && column.stats.is_none()
    };
    let may_be = is_table && relation.rows.is_none() && !is_measured(time.column.as_str());
    relation.columns.iter().find(is_open).filter(|_| may_be).map(|column| &column.name)
}

/// The column that may say in which zone a time without one is.
pub(super) fn zone_beside<'a>(relation: &'a RelationFacts, time: &TimeColumn) -> Option<&'a Ident> {
    let is_zone = |column: &&ColumnFacts| {
        column.is_text() && words::is_one(column.name.as_str(), &["tz", "timezone", "time_zone", "tzname", "zone_name"])
    };
    let is_local = matches!(time.kind, TimeKind::Local(_));
    relation.columns.iter().find(is_zone).filter(|_| is_local).map(|column| &column.name)
}

/// Whether a column is when its row was measured by its name, or rows are found by it.
pub(super) fn is_plain(relation: &RelationFacts, column: &ColumnFacts) -> bool {
    words::time_rank(column.name.as_str()) == Some(3) || leads(relation, column)
}

/// When the rows of a relation were over, if a second time says so by its name. In a number 0 means not yet.
pub(super) fn end(relation: &RelationFacts, start: &Ident, zone: Zone) -> Option<RowEnd> {
    let is_other = |column: &&ColumnFacts| column.readable && !column.is_dead() && column.name != *start;
    let pair = relation
        .columns
        .iter()
        .filter(|column| column.ty.is_time())
        .find(|column| is_other(column) && words::is_end_of(column.name.as_str(), start.as_str()));
    let is_other_end = |name: &str| {
        relation
            .columns
            .iter()
            .any(|begin| begin.name != *start && begin.ty.is_time() && words::is_end_of(name, begin.name.as_str()))
    };
    let is_end = |column: &&ColumnFacts| {
        let name = column.name.as_str();
        // What was planned for a time did not begin then; what was made at a time has waited since then.
        let is_plain = || words::is_end(name) && (words::is_creation(start.as_str()) || !is_other_end(name));
        is_other(column) && pair.map_or_else(is_plain, |pair| pair.name == column.name)
    };
    let begins = relation.column(start.as_str())?;
    let found = relation.columns.iter().filter(is_end).find_map(|column| Some((column, kind(column, zone)?)));
    let (column, kind) = found.or_else(|| same_unit(relation, begins, &is_end, zone))?;
    let open = if column.is_number() { vec!["0".to_owned()] } else { Vec::new() };
    Some(RowEnd { time: TimeColumn { column: column.name.clone(), row: SourceRow::Own, kind }, open })
}

/// An end of the start's own unit, where the statistics cannot say it, as while nearly all rows still go on.
fn same_unit<'a>(
    relation: &'a RelationFacts,
    begins: &ColumnFacts,
    is_end: &impl Fn(&&ColumnFacts) -> bool,
    zone: Zone,
) -> Option<(&'a ColumnFacts, TimeKind)> {
    let TimeKind::Epoch { unit, .. } = kind(begins, zone)? else { return None };
    let column = relation.columns.iter().filter(is_end).find(|column| words::is_surely_epoch(column.name.as_str()))?;
    Some((column, TimeKind::Epoch { unit, storage: storage(column)? }))
}

const fn type_rank(kind: &TimeKind) -> u8 {
    match kind {
        TimeKind::Instant => 3,
        TimeKind::Local(_) => 2,
        TimeKind::Date(_) | TimeKind::Day(_) => 1,
        TimeKind::Epoch { .. } => 0,
    }
}

/// How a column reads as a time: by its type, or as a number by its name and its statistics.
pub(super) fn kind(column: &ColumnFacts, zone: Zone) -> Option<TimeKind> {
    match column.ty {
        ColumnType::Timestamptz => Some(TimeKind::Instant),
        ColumnType::Timestamp => Some(TimeKind::Local(zone)),
        ColumnType::Date => Some(TimeKind::Day(zone)),
        _ if words::may_be_epoch(column.name.as_str()) && !is_narrow(column) => None,
        _ if words::is_epoch_name(column.name.as_str()) => {
            Some(TimeKind::Epoch { unit: unit_by_statistics(column)?, storage: storage(column)? })
        }
        _ => None,
    }
}

/// Whether the smallest and the largest of what ANALYZE kept are near each other, as times are, and not lengths of time.
fn is_narrow(column: &ColumnFacts) -> bool {
    let span = column.stats.as_ref().and_then(|stats| stats.span);
    // A 0 or a date far ahead may stand for none.
    span.is_some_and(|[first, middle, last]| {
        let first = if first > 0.0 { first } else { middle };
        first > 0.3 * last.min(3.0 * middle)
    })
}

/// The unit in which the middle of what ANALYZE kept is a plausible time; single rows may be off.
pub(super) fn unit_by_statistics(column: &ColumnFacts) -> Option<EpochUnit> {
    let [_, middle, _] = column.stats.as_ref()?.span?;
    let said = words::unit_of(column.name.as_str());
    let mut units = UNITS.iter().filter(|(unit, _)| said.is_none_or(|said| said == *unit));
    units.find(|(_, factor)| PLAUSIBLE.contains(&(middle / factor))).map(|(unit, _)| *unit)
}

/// The storage of a numeric time column; the types that hold no epoch have none.
pub(super) const fn storage(column: &ColumnFacts) -> Option<EpochStorage> {
    match column.ty {
        ColumnType::Int4 => Some(EpochStorage::Int4),
        ColumnType::Int8 => Some(EpochStorage::Int8),
        ColumnType::Float8 => Some(EpochStorage::Float8),
        ColumnType::Numeric { .. } => Some(EpochStorage::Numeric),
        _ => None,
    }
}

/// The kind in words.
pub(super) fn describe(kind: &TimeKind) -> String {
    match kind {
        TimeKind::Instant => "timestamptz".to_owned(),
        TimeKind::Local(zone) => format!("timestamp, read as the wall clock of {}", zone.name()),
        TimeKind::Date(zone) => format!("date, midnight in {}", zone.name()),
        TimeKind::Day(_) => "date, a calendar day of whoever asks".to_owned(),
        TimeKind::Epoch { unit, .. } => {
            format!("a number of {} since 1970, by its name and its statistics", unit.word())
        }
    }
}

impl EpochUnit {
    /// What `datebin.toml` calls it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Millis => "ms",
            Self::Micros => "us",
            Self::Nanos => "ns",
        }
    }
}
