//! Grids beside a grid: earlier buckets, and those that an offset of one bucket makes of it.

use super::{Grid, GridEdges, MAX_POINTS, calendar};
use crate::time::{Millis, TimeRange, Zone};

impl Grid {
    /// Up to `buckets` buckets that end where this grid starts, cut as its own are; none before the year 1.
    #[must_use]
    pub fn before(&self, buckets: u32, zone: &Zone) -> Option<Self> {
        let buckets = i64::from(buckets.clamp(1, MAX_POINTS));
        let end = self.start();
        let from = match &self.cut {
            GridEdges::Even { length, .. } => end.checked_sub(length.checked_mul(buckets)?)?,
            GridEdges::Edges(_) => self.step.period_start(self.step.period_at(end, zone) - buckets, zone),
        };
        let range = TimeRange::new(from, end).ok()?;
        let cut = match &self.cut {
            GridEdges::Even { length, .. } => {
                GridEdges::Even { start: from, length: *length, count: u32::try_from(buckets).ok()? }
            }
            GridEdges::Edges(_) => calendar(self.step, range, zone, MAX_POINTS).ok()?,
        };
        Some(Self { range, step: self.step, cut })
    }

    /// Those of the buckets of equal length before this grid that are named, ascending, by their distance from the first
    /// of it (the nearest is -1); what lies between them is a bucket too. None where there are too many.
    #[must_use]
    pub fn picked(&self, numbers: &[i64]) -> Option<Self> {
        let GridEdges::Even { start, length, .. } = &self.cut else { return None };
        let edge = |number: i64| number.checked_mul(*length).and_then(|ahead| start.checked_add(ahead));
        let mut edges = Vec::with_capacity(2 * numbers.len());
        for number in numbers {
            for edge in [edge(*number)?, edge(number.checked_add(1)?)?] {
                if edges.last().is_none_or(|before| *before < edge) {
                    edges.push(edge);
                }
            }
        }
        let range = TimeRange::new(*edges.first()?, *edges.last()?).ok()?;
        let is_small = edges.len() <= MAX_POINTS as usize;
        is_small.then_some(Self { range, step: self.step, cut: GridEdges::Edges(edges) })
    }

    /// The edges of the buckets one earlier than these, or one later, as the calendar cuts them.
    #[must_use]
    pub fn edges_beside(&self, later: bool, zone: &Zone) -> Vec<Millis> {
        let mut edges: Vec<Millis> = (0..=self.len()).map(|bucket| self.bucket_start(bucket)).collect();
        let step = self.step;
        if later {
            let next = step.period_start(step.period_at(self.end(), zone) + 1, zone);
            edges.remove(0);
            edges.push(next.max(self.end() + 1));
        } else {
            let before = step.period_start(step.period_at(self.start(), zone) - 1, zone);
            edges.pop();
            edges.insert(0, before.min(self.start() - 1));
        }
        edges
    }
}
