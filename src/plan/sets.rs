//! Which label sets exist: statements that read the labels of rows, and of which metrics each row is a sample.

use super::{Buckets, Caps, Fetch, FetchFold, FetchRows, Guard, Limits, SeriesLabel, SourceRows, TimeAxis};
use crate::ast::OverTime;
use crate::catalog::{Filter, LabelValue, Metric, MetricValue};
use crate::evaluate::RangeFunction;
use crate::time::{Millis, TimeRange, Zone};

/// The most columns that one statement looks at.
const COLUMNS: usize = 100;

/// The label sets of some metrics of one source.
#[derive(Clone, Debug, PartialEq)]
pub struct SetsFetch {
    /// The rows that are read, and their labels.
    pub fetch: Fetch,
    /// Which metrics a row belongs to.
    pub of: SetsOf,
}

/// Which metrics a row belongs to.
#[derive(Clone, Debug, PartialEq)]
pub enum SetsOf {
    /// One, whose fetch it is.
    One,
    /// The one whose stored name it carries.
    Stored {
        /// Where the name is.
        name: LabelValue,
        /// The names, in order.
        metrics: Vec<StoredMetric>,
    },
    /// Each whose value it has: a fetch per metric.
    Columns(Vec<Fetch>),
}

/// A metric, and its name as rows carry it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredMetric {
    /// As rows carry it.
    pub stored: String,
    /// As questions use it.
    pub metric: String,
}

/// What the label sets are asked for besides rows.
#[derive(Clone, Copy, Debug)]
pub struct SetsAsk<'a> {
    /// The times of the rows.
    pub range: TimeRange,
    /// The zone of the question.
    pub zone: &'a Zone,
    /// The time of the question.
    pub now: Millis,
    /// The bounds of an answer.
    pub limits: Limits,
}

impl SetsAsk<'_> {
    /// The statements that tell the label sets of the metrics of some rows.
    #[must_use]
    pub fn fetches(&self, rows: &SourceRows<'_>) -> Vec<SetsFetch> {
        let mut sets = Vec::new();
        let mut left: Vec<&Metric> = rows.metrics.clone();
        while let Some(first) = left.first().copied() {
            // A metric is with itself, whatever it is, so that there are always fewer left.
            let together = |other: &&Metric| std::ptr::eq(*other, first) || alike(first, other);
            let (alike, others): (Vec<&Metric>, Vec<&Metric>) = left.into_iter().partition(together);
            sets.extend(self.of_alike(rows, &alike));
            left = others;
        }
        sets
    }

    /// The statement that tells whether there are rows at all, whichever metrics they are samples of.
    #[must_use]
    pub fn any(&self, rows: &SourceRows<'_>) -> Option<Fetch> {
        let first = rows.metrics.first()?;
        let fetch = self.fetch(rows, first);
        let value = if matches!(fetch.rows.value, MetricValue::Overlap(_)) {
            fetch.rows.value.clone()
        } else {
            MetricValue::Rows
        };
        Some(Fetch { rows: FetchRows { value, filters: rows.conditions(), ..fetch.rows }, ..fetch })
    }

    fn of_alike(&self, rows: &SourceRows<'_>, metrics: &[&Metric]) -> Vec<SetsFetch> {
        let fetches = || metrics.iter().map(|metric| self.fetch(rows, metric));
        let name = rows.source.name_value().filter(|_| metrics.iter().all(|metric| metric.stored_name.is_some()));
        if let (Some(name), Some(fetch)) = (name, fetches().next()) {
            let stored = |metric: &&Metric| {
                let stored = metric.stored_name.clone()?;
                Some(StoredMetric { stored, metric: metric.name.clone() })
            };
            let mut metrics: Vec<StoredMetric> = metrics.iter().filter_map(stored).collect();
            metrics.sort();
            return vec![SetsFetch { fetch, of: SetsOf::Stored { name, metrics } }];
        }
        let all: Vec<Fetch> = fetches().collect();
        if all.len() > 1 && all.iter().all(is_column) {
            let columns = |part: &[Fetch]| {
                let mut fetch = part.first()?.clone();
                fetch.rows.value = MetricValue::Rows;
                Some(SetsFetch { fetch, of: SetsOf::Columns(part.to_vec()) })
            };
            return all.chunks(COLUMNS).filter_map(columns).collect();
        }
        all.into_iter().map(|fetch| SetsFetch { fetch, of: SetsOf::One }).collect()
    }

    fn fetch(&self, rows: &SourceRows<'_>, metric: &Metric) -> Fetch {
        let source = rows.source;
        let (own, TimeRange { from, to }) = (metric.filters.iter().cloned(), self.range);
        let filters: Vec<Filter> = rows.filters.iter().cloned().chain(rows.name_condition()).chain(own).collect();
        let rows = FetchRows {
            source: rows.at,
            relation: source.relation.clone(),
            version: source.version,
            joins: source.joins.clone(),
            time: metric.value.placed_at(&source.time).seen_in(self.zone),
            value: metric.value.seen_in(self.zone),
            adjustment: metric.adjustment.clone(),
            elements: source.elements.clone(),
            skip_nan: source.skip_nan,
            markers: false,
            stored: None,
            metric: metric.name.clone(),
            labels: source.labels.iter().map(SeriesLabel::of).collect(),
            filters,
            rolled: None,
            is_remote: source.is_divided_by_labels(),
        };
        let axis = TimeAxis {
            from,
            to,
            buckets: Buckets::Regular { origin_ms: from, step_ms: to - from, start_ms: from },
            windows: None,
            stretches: Vec::new(),
            reach_ms: 0,
            now: self.now,
        };
        let fold = FetchFold {
            function: RangeFunction::OverTime(OverTime::Count),
            per_second: false,
            mean: false,
            lookback_ms: source.lookback_ms,
            guard: Guard::Exact,
            aggregate: None,
        };
        let caps = Caps { rows: self.limits.samples, series: u32::MAX, samples: self.limits.samples };
        Fetch { rows, axis, fold, caps, rollups: Vec::new(), rest: None }
    }
}

/// Whether a metric's samples are what a column of its own holds.
fn is_column(fetch: &Fetch) -> bool {
    matches!(fetch.rows.value, MetricValue::Column(_))
}

/// Whether the label sets of two metrics of one source come out of one statement: rows tell them apart by a name or by
/// the column that they have, and by nothing else.
fn alike(first: &Metric, other: &Metric) -> bool {
    let columns = matches!((&first.value, &other.value), (MetricValue::Column(_), MetricValue::Column(_)));
    let by_name = first.stored_name.is_some() && other.stored_name.is_some();
    let same = first.value == other.value && first.adjustment == other.adjustment;
    first.filters == other.filters && (by_name && same || columns && !by_name)
}
