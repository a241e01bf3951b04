//! Rollups: coarser relations with one row for each series and interval.

use std::collections::BTreeMap;

use super::{Adjustment, Column, Metric, Relation, Scale, Source, TimeKind};
use crate::ast::OverTime;
use crate::evaluate::RangeFunction;
use crate::time::{Millis, TimeRange};

/// 2000-01-03, a Monday, in milliseconds since 1970: weeks are counted from there.
const MONDAY_MS: i64 = 946_857_600_000;
const DAY_MS: i64 = 86_400_000;
const WEEK_MS: i64 = 7 * DAY_MS;
const HOUR_MS: i64 = 3_600_000;

/// A relation with a row for each series and stretch of time. A row's time is the start of its stretch.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollup {
    /// Its rows, as those of a source with the same labels; it has no metrics of its own.
    pub rows: Source,
    /// How long a row's stretch is, in milliseconds.
    pub step_ms: i64,
    /// What its columns are.
    pub columns: RollupMetrics,
    /// The time that it holds rows for.
    pub held: RollupCoverage,
    /// Before this instant nobody looked for holes in what it holds.
    pub unsearched: Option<Millis>,
    /// Whether TimescaleDB states what it holds, so that its rows are not asked.
    pub is_stated: bool,
    /// The labels of its source that it lacks, sorted: it serves questions that aggregate them away.
    pub lacks: Vec<String>,
    /// Whether no two of its rows can be of one series and interval. Only then are first and last exact: such a row
    /// carries the start of its interval, not the time of its sample.
    pub is_unique: bool,
    /// Whether the operator says that policies hide its rows as they hide those of its source.
    pub is_safe: bool,
}

/// The columns of a rollup by metric.
#[derive(Clone, Debug, PartialEq)]
pub enum RollupMetrics {
    /// Of every name that a narrow source stores.
    Stored(Box<RollupColumns>),
    /// Of single metrics, by their names.
    Named(BTreeMap<String, RollupColumns>),
}

/// What a row of a rollup says of the samples of its stretch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RollupColumns {
    /// Their average.
    pub avg: Option<Column>,
    /// The least.
    pub min: Option<Column>,
    /// The largest.
    pub max: Option<Column>,
    /// Their sum.
    pub sum: Option<Column>,
    /// How many there are.
    pub count: Option<Column>,
    /// The first.
    pub first: Option<Column>,
    /// The last.
    pub last: Option<Column>,
}

/// What a rollup holds, as it was when the catalog was read.
#[derive(Clone, Debug, PartialEq)]
pub enum RollupCoverage {
    /// All intervals within these ranges, which ascend and do not touch. The newest interval may still grow and is not
    /// among them.
    Ranges(Vec<TimeRange>),
    /// It is not used, and why.
    Nothing(String),
}

/// Where a partial is in the rows of a rollup.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RollupPartial<'a> {
    /// In a column.
    Column(&'a Column),
    /// The product of an average and a count.
    Product(&'a Column, &'a Column),
}

impl RollupColumns {
    /// The sum of a stretch, if its number of samples is known as well.
    #[must_use]
    pub fn total(&self) -> Option<(RollupPartial<'_>, &Column)> {
        let count = self.count.as_ref()?;
        let sum = self.sum.as_ref().map(RollupPartial::Column);
        let total = sum.or_else(|| self.avg.as_ref().map(|avg| RollupPartial::Product(avg, count)))?;
        Some((total, count))
    }

    /// The columns that a function needs; none where it cannot be answered from them.
    #[must_use]
    pub fn needed(&self, function: RangeFunction) -> Option<Vec<&Column>> {
        fn one(column: Option<&Column>) -> Option<Vec<&Column>> {
            column.map(|column| vec![column])
        }
        let parts = |(total, count)| match total {
            RollupPartial::Column(sum) => vec![sum, count],
            RollupPartial::Product(avg, _) => vec![avg, count],
        };
        match function {
            RangeFunction::OverTime(OverTime::Avg) => self.total().map(parts),
            RangeFunction::OverTime(OverTime::Sum) => one(self.sum.as_ref()).or_else(|| self.total().map(parts)),
            RangeFunction::OverTime(OverTime::Min) => one(self.min.as_ref()),
            RangeFunction::OverTime(OverTime::Max) => one(self.max.as_ref()),
            RangeFunction::OverTime(OverTime::Count) => self.count.as_ref().map(|count| {
                // A count of rows that several metrics share says nothing of one whose other columns are NULL.
                [count].into_iter().chain(self.other()).collect()
            }),
            RangeFunction::OverTime(OverTime::First) => one(self.first.as_ref()),
            RangeFunction::OverTime(OverTime::Last) => one(self.last.as_ref()),
            RangeFunction::Present => one(self.other().or(self.count.as_ref())),
            _ => None,
        }
    }

    /// A column that is NULL where there are no samples.
    fn other(&self) -> Option<&Column> {
        self.all().into_iter().find_map(|(word, column)| column.filter(|_| word != "count"))
    }

    /// Every column with the word that the file has for it.
    #[must_use]
    pub fn all(&self) -> [(&'static str, Option<&Column>); 7] {
        [
            ("avg", self.avg.as_ref()),
            ("min", self.min.as_ref()),
            ("max", self.max.as_ref()),
            ("sum", self.sum.as_ref()),
            ("count", self.count.as_ref()),
            ("first", self.first.as_ref()),
            ("last", self.last.as_ref()),
        ]
    }
}

impl Rollup {
    /// Takes it out of use where policies may hide rows of its source or of itself, unless the operator says that they hide
    /// the same rows of both.
    pub fn bar(&mut self, policed: &Relation) {
        if !self.is_safe {
            let why = format!("policies may hide rows of {policed} from datebin's role, and it has no safe = true");
            self.held = RollupCoverage::Nothing(why);
        }
    }

    /// Whether its rows are asked what it holds, for a source of its own.
    #[must_use]
    pub const fn is_read_for(&self, source: &Source) -> bool {
        !self.is_stated && (self.is_safe || !source.has_policies && !self.rows.has_policies)
    }

    /// The columns of a metric, if it has any.
    #[must_use]
    pub fn columns_of(&self, metric: &Metric) -> Option<&RollupColumns> {
        // What it holds is of all rows and of all stored values, and a negative factor makes its least the largest.
        let Adjustment { scale, missing } = &metric.adjustment;
        if !metric.filters.is_empty() || !missing.is_empty() || scale.is_some_and(Scale::is_reversing) {
            return None;
        }
        match &self.columns {
            RollupMetrics::Stored(columns) => metric.stored_name.as_ref().map(|_| &**columns),
            RollupMetrics::Named(columns) => columns.get(&metric.name),
        }
    }

    /// Whether its rows are exact for a function: only rows that cannot meet tell which sample was first or last.
    #[must_use]
    pub fn is_exact_for(&self, function: RangeFunction) -> bool {
        self.is_unique || !matches!(function, RangeFunction::OverTime(OverTime::First | OverTime::Last))
    }

    /// The words of the functions that it answers of a metric.
    #[must_use]
    pub fn served(&self, columns: &RollupColumns) -> Vec<&'static str> {
        let words = [OverTime::Avg, OverTime::Min, OverTime::Max, OverTime::Sum, OverTime::Count];
        let words = words.into_iter().chain([OverTime::First, OverTime::Last]);
        let is_served = |word: &OverTime| {
            let function = RangeFunction::OverTime(*word);
            columns.needed(function).is_some() && self.is_exact_for(function)
        };
        words.filter(is_served).map(OverTime::word).collect()
    }

    /// What it holds, given the times of its oldest and of its newest row and those on both sides of each hole. An
    /// interval has a row as soon as one series has.
    #[must_use]
    pub fn held_between(&self, oldest: Millis, newest: Millis, holes: &[TimeRange]) -> RollupCoverage {
        if !self.is_edge(newest) {
            let step = self.step_text();
            return RollupCoverage::Nothing(format!("its newest row does not lie where an interval of {step} begins"));
        }
        let mut ranges = Vec::with_capacity(holes.len() + 1);
        let mut from = oldest;
        for hole in holes {
            ranges.push(TimeRange { from, to: hole.from });
            from = hole.to;
        }
        ranges.push(TimeRange { from, to: newest });
        ranges.retain(|range| range.from < range.to);
        if ranges.is_empty() {
            return RollupCoverage::Nothing("it holds a single interval, which may still grow".to_owned());
        }
        RollupCoverage::Ranges(ranges)
    }

    /// How long an interval is, as people write it and the file reads it: `7d`, `1h`, `90s`.
    #[must_use]
    pub fn step_text(&self) -> String {
        let units = [(DAY_MS, "d"), (HOUR_MS, "h"), (60_000, "m"), (1000, "s")];
        let whole = units.into_iter().find(|(unit, _)| self.step_ms % unit == 0);
        let (unit, word) = whole.unwrap_or((1, "ms"));
        format!("{}{word}", self.step_ms / unit)
    }

    /// Where the interval ends that begins at an instant.
    #[must_use]
    pub fn end_of(&self, start: Millis) -> Millis {
        match &self.rows.time.kind {
            TimeKind::Instant | TimeKind::Epoch { .. } => start + self.step_ms,
            TimeKind::Local(zone) | TimeKind::Date(zone) | TimeKind::Day(zone) => {
                zone.local_to_utc(zone.to_local(start) + chrono::TimeDelta::milliseconds(self.step_ms))
            }
        }
    }

    /// How far it holds everything from one of its edges on; none where it holds nothing there.
    #[must_use]
    pub fn held_from(&self, from: Millis) -> Option<Millis> {
        let RollupCoverage::Ranges(held) = &self.held else { return None };
        let range = held.iter().find(|held| held.from <= from && from < held.to)?;
        (self.is_edge(from) && self.is_edge(range.to)).then_some(range.to)
    }

    /// Whether an instant is the start of an interval: those of a wall clock are counted from its midnight, those of
    /// weeks from Mondays. Where a wall clock shows an hour twice, or none, its rows are of no single interval.
    #[must_use]
    pub fn is_edge(&self, at: Millis) -> bool {
        let shown = match &self.rows.time.kind {
            TimeKind::Instant | TimeKind::Epoch { .. } => at,
            TimeKind::Local(zone) | TimeKind::Date(zone) | TimeKind::Day(zone) => {
                let is_plain = zone.offset_ms(at - HOUR_MS) == zone.offset_ms(at + HOUR_MS - 1);
                if self.step_ms < DAY_MS && !is_plain {
                    return false;
                }
                at + zone.offset_ms(at)
            }
        };
        let origin = if self.step_ms % WEEK_MS == 0 { MONDAY_MS } else { 0 };
        (shown - origin).rem_euclid(self.step_ms) == 0
    }
}
