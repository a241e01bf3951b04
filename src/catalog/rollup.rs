//! Rollups: coarser relations that hold what the samples of a source come to.

use std::collections::BTreeMap;

use super::{Column, Metric, Source, TimeKind};
use crate::ast::OverTime;
use crate::evaluate::RangeFunction;
use crate::time::{Millis, Step};

/// 2000-01-03, a Monday, in milliseconds since 1970: weeks are counted from there.
const MONDAY_MS: i64 = 946_857_600_000;
const WEEK_MS: i64 = 7 * 86_400_000;

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
    pub held: Held,
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
pub enum Held {
    /// All stretches from the first instant up to the second. The newest one may still grow and is not among them.
    Span(Millis, Millis),
    /// It is not used, and why.
    Nothing(String),
}

/// Where a partial is in the rows of a rollup.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rolled<'a> {
    /// In a column.
    Column(&'a Column),
    /// The product of an average and a count.
    Product(&'a Column, &'a Column),
}

impl RollupColumns {
    /// The sum of a stretch, if its number of samples is known as well.
    #[must_use]
    pub fn total(&self) -> Option<(Rolled<'_>, &Column)> {
        let count = self.count.as_ref()?;
        let sum = self.sum.as_ref().map(Rolled::Column);
        let total = sum.or_else(|| self.avg.as_ref().map(|avg| Rolled::Product(avg, count)))?;
        Some((total, count))
    }

    /// The columns that a function needs; none where it cannot be answered from them.
    #[must_use]
    pub fn needed(&self, function: RangeFunction) -> Option<Vec<&Column>> {
        fn one(column: Option<&Column>) -> Option<Vec<&Column>> {
            column.map(|column| vec![column])
        }
        let parts = |(total, count)| match total {
            Rolled::Column(sum) => vec![sum, count],
            Rolled::Product(avg, _) => vec![avg, count],
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

    /// The words of the functions that it answers.
    #[must_use]
    pub fn served(&self) -> Vec<&'static str> {
        let words = [OverTime::Avg, OverTime::Min, OverTime::Max, OverTime::Sum, OverTime::Count];
        let words = words.into_iter().chain([OverTime::First, OverTime::Last]);
        words.filter(|word| self.needed(RangeFunction::OverTime(*word)).is_some()).map(OverTime::word).collect()
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
    /// The columns of a metric, if it has any.
    #[must_use]
    pub fn columns_of(&self, metric: &Metric) -> Option<&RollupColumns> {
        match &self.columns {
            RollupMetrics::Stored(columns) => metric.stored_name.as_ref().map(|_| &**columns),
            RollupMetrics::Named(columns) => columns.get(&metric.name),
        }
    }

    /// What it holds, given the times of its oldest and of its newest row.
    #[must_use]
    pub fn held_between(&self, oldest: Millis, newest: Millis) -> Held {
        if self.is_edge(newest) {
            return Held::Span(oldest, newest);
        }
        let step = Step::Millis(self.step_ms);
        Held::Nothing(format!("its newest row does not lie where a stretch of {step} begins"))
    }

    /// Whether an instant is the start of a stretch: those of a wall clock are counted from its midnight, those of
    /// weeks from Mondays.
    #[must_use]
    pub fn is_edge(&self, at: Millis) -> bool {
        let shown = match &self.rows.time.kind {
            TimeKind::Instant | TimeKind::Epoch { .. } => at,
            TimeKind::Local(zone) | TimeKind::Date(zone) => at + zone.offset_ms(at),
        };
        let origin = if self.step_ms % WEEK_MS == 0 { MONDAY_MS } else { 0 };
        (shown - origin).rem_euclid(self.step_ms) == 0
    }
}
