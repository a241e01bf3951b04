//! Rows of partials → series. Rows come in any order; those of one bucket and series are merged.

use std::collections::HashMap;

use super::gather::Gather;
use super::partial::{Cell, WIDTH, merge, width};
use super::window::{Take, points};
use crate::db::{Place, SeriesRow};
use crate::error::Error;
use crate::evaluate::RangeFunction;
use crate::plan::{Buckets, Fetch};
use crate::series::{Labels, Series};
use crate::sql::carried;

/// Collects the rows of one metric.
pub struct Collector<'a> {
    gather: Gather<'a, Vec<Cell>>,
    carried: Option<RangeFunction>,
    rows: u32,
    skipped: f64,
}

impl<'a> Collector<'a> {
    /// Collects for a fetch; `named` keeps the metric's name as a label.
    #[must_use]
    pub fn new(fetch: &'a Fetch, named: bool) -> Self {
        Self { gather: Gather::new(fetch, named), carried: carried(fetch), rows: 0, skipped: 0.0 }
    }

    /// Goes on with the rows of another source of the same metric.
    pub fn turn(&mut self, fetch: &Fetch) {
        self.gather.turn(fetch);
    }

    /// Takes one row.
    ///
    /// # Errors
    /// The answer has more rows, series or label bytes than allowed.
    pub fn row(&mut self, row: &SeriesRow<'_>) -> Result<(), Error> {
        self.rows += 1;
        let columns = self.gather.width();
        if !self.has_number(row, columns)? {
            return if self.rows > self.gather.fetch.row_cap { Err(self.gather.too_much()) } else { Ok(()) };
        }
        // A series too many is what is wrong even where the row is one too many as well.
        let at = self.gather.series_of(row)?;
        if self.rows > self.gather.fetch.row_cap {
            return Err(self.gather.too_much());
        }
        let place = row.place(columns).map_err(|error| error.public())?;
        let Some(bucket) = bucket(self.gather.fetch, place) else { return Ok(()) };
        let mut partials = [0.0; WIDTH];
        for (offset, partial) in partials.iter_mut().enumerate().take(width(self.carried)) {
            match row.value(columns + 1 + offset).map_err(|error| error.public())? {
                Some(value) => *partial = value,
                None => return Ok(()),
            }
        }
        self.gather.series[at].1.push(Cell { bucket, partials });
        Ok(())
    }

    /// Whether a bucket holds any number; what else it holds is counted. A series of nothing else is none.
    fn has_number(&mut self, row: &SeriesRow<'_>, columns: usize) -> Result<bool, Error> {
        if !self.gather.may_skip {
            return Ok(true);
        }
        let skipped = row.value(columns + 1 + width(self.carried)).map_err(|error| error.public())?;
        self.skipped += skipped.unwrap_or(0.0);
        Ok(row.value(columns + 1).map_err(|error| error.public())?.is_some())
    }

    /// How many rows held what is no number.
    #[must_use]
    pub const fn skipped(&self) -> f64 {
        self.skipped
    }

    /// The series, sorted by labels, each with ascending points; each point of a window that is no bucket is taken.
    ///
    /// # Errors
    /// There are more points than may be taken.
    pub fn finish(self, take: &mut Take<'_>) -> Result<Vec<Series>, Error> {
        let (fetch, carried) = (self.gather.fetch, self.carried);
        let mut series = Vec::with_capacity(self.gather.series.len());
        for (labels, cells) in self.gather.series {
            let points = points(fetch, carried, &settled(cells, carried), take)?;
            series.push(Series { labels, points });
        }
        Ok(sorted(series))
    }

    /// The latest sample of each series, where that is what the rows carry: microseconds since 1970 and the value.
    #[must_use]
    pub fn latest(self) -> HashMap<Labels, (i64, f64)> {
        let carried = self.carried;
        let latest = |(labels, cells): (Labels, Vec<Cell>)| {
            let [seconds, value, _] = settled(cells, carried).last()?.partials;
            Some((labels, ((seconds * 1e6).round() as i64, value)))
        };
        self.gather.series.into_iter().filter_map(latest).collect()
    }
}

fn bucket(fetch: &Fetch, place: Place) -> Option<u32> {
    match (place, &fetch.buckets) {
        (Place::Start(at), Buckets::Regular { step_ms, start_ms, .. }) => {
            let inside = (fetch.from..fetch.to).contains(&at);
            inside.then(|| u32::try_from((at - start_ms).div_euclid(*step_ms)).ok()).flatten()
        }
        (Place::Number(number), Buckets::Edges(edges)) => {
            let bucket = u32::try_from(number).ok()?.checked_sub(1)?;
            ((bucket as usize) + 1 < edges.len()).then_some(bucket)
        }
        _ => None,
    }
}

/// Those with a point, by labels.
pub(super) fn sorted(mut series: Vec<Series>) -> Vec<Series> {
    series.retain(|series| !series.points.is_empty());
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    series
}

/// In order of buckets, one cell each.
fn settled(mut cells: Vec<Cell>, carried: Option<RangeFunction>) -> Vec<Cell> {
    if !cells.is_sorted_by_key(|cell| cell.bucket) {
        cells.sort_by_key(|cell| cell.bucket);
    }
    cells.dedup_by(|next, kept| {
        let same = next.bucket == kept.bucket;
        if same {
            kept.partials = merge(kept.partials, next.partials, carried);
        }
        same
    });
    cells
}
