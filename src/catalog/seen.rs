//! Dates as calendar days of the viewer: midnight in their zone, unless the file names one.

use super::{
    AnnotationSource, Metric, MetricValue, Overlap, Rollup, RowDuration, RowEnd, Source, TimeColumn, TimeKind,
};
use crate::time::{TimeRange, Zone};

/// No two zones are farther apart.
const WIDEST_OFFSET_MS: i64 = 26 * 3_600_000;

impl TimeColumn {
    /// The column as somebody in that zone reads it.
    #[must_use]
    pub fn seen_in(&self, zone: &Zone) -> Self {
        let kind = match &self.kind {
            TimeKind::Day(_) => TimeKind::Day(*zone),
            kind => kind.clone(),
        };
        Self { kind, ..self.clone() }
    }

    /// A range with every row that somebody may see in it, wherever they are.
    #[must_use]
    pub const fn around(&self, range: TimeRange) -> TimeRange {
        match self.kind {
            TimeKind::Day(_) => TimeRange { from: range.from - WIDEST_OFFSET_MS, to: range.to + WIDEST_OFFSET_MS },
            _ => range,
        }
    }
}

impl RowEnd {
    /// The end as somebody in that zone reads it.
    #[must_use]
    pub fn seen_in(&self, zone: &Zone) -> Self {
        Self { time: self.time.seen_in(zone), open: self.open.clone() }
    }
}

impl MetricValue {
    /// The value as somebody in that zone reads it.
    #[must_use]
    pub fn seen_in(&self, zone: &Zone) -> Self {
        match self {
            Self::Overlap(own) => {
                let end = own.end.seen_in(zone);
                Self::Overlap(Box::new(Overlap { end, ..(**own).clone() }))
            }
            Self::Lasts(own) => {
                let (start, end) = (own.start.seen_in(zone), own.end.seen_in(zone));
                Self::Lasts(Box::new(RowDuration { start, end, ..(**own).clone() }))
            }
            other => other.clone(),
        }
    }
}

impl Source {
    /// The source as somebody in that zone reads it.
    #[must_use]
    pub fn seen_in(self, zone: &Zone) -> Self {
        let metric = |metric: Metric| Metric { value: metric.value.seen_in(zone), ..metric };
        let rollup = |rollup: Rollup| Rollup { rows: rollup.rows.seen_in(zone), ..rollup };
        Self {
            time: self.time.seen_in(zone),
            end: self.end.map(|end| end.seen_in(zone)),
            metrics: self.metrics.into_iter().map(metric).collect(),
            rollups: self.rollups.into_iter().map(rollup).collect(),
            ..self
        }
    }
}

impl AnnotationSource {
    /// The relation as somebody in that zone reads it.
    #[must_use]
    pub fn seen_in(&self, zone: &Zone) -> Self {
        let time_end = self.time_end.as_ref().map(|end| end.seen_in(zone));
        Self { time: self.time.seen_in(zone), time_end, ..self.clone() }
    }
}
