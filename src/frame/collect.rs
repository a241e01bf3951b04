//! Rows of partials → series. Rows come in any order; those of one bucket and series are merged.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::block::{Block, edges};
use super::cells::PackedCells;
use super::index::{SeriesIndex, SeriesOfRows as _};
use super::output::{FetchSeries, Output};
use super::points::{TakeCell, points};
use crate::budget::{Budget, HeldBytes};
use crate::db::{RowTime, SeriesRow};
use crate::error::Error;
use crate::plan::{Buckets, Fetch, FetchAggregate, Guard};
use crate::range::buckets::{BucketCell, CellKind, PARTIALS, Partials};
use crate::sql::carried;
use crate::time::TimeRange;

/// Collects the rows of one metric.
pub struct Collector {
    index: SeriesIndex<PackedCells>,
    kind: CellKind,
    rows: u32,
    /// By bucket, how many values were no numbers.
    skipped: HashMap<u32, f64>,
    /// The same of the blocks.
    skipped_in_blocks: f64,
    /// Whether the partials of some bucket may not be what its samples come to.
    vague: BTreeSet<u32>,
    vague_in_blocks: bool,
    /// Whether some time is no whole millisecond.
    fine: bool,
    /// How many buckets the axis has.
    buckets: usize,
}

impl Collector {
    /// Collects for a fetch; `named` keeps the metric's name as a label.
    #[must_use]
    pub fn new(fetch: Arc<Fetch>, named: bool, budget: &Budget) -> Self {
        let kind = carried(&fetch).map_or(CellKind::Value, |function| CellKind::Partials(function.function()));
        Self {
            buckets: fetch.axis.bucket_count(),
            index: SeriesIndex::new(fetch, named, budget),
            kind,
            rows: 0,
            skipped: HashMap::new(),
            skipped_in_blocks: 0.0,
            vague: BTreeSet::new(),
            vague_in_blocks: false,
            fine: false,
        }
    }

    /// Goes on with the rows of another source of the same metric.
    pub fn next_source(&mut self, fetch: &Fetch) {
        self.index.next_source(fetch);
    }

    /// Takes one row.
    ///
    /// # Errors
    /// The answer has more rows or series than allowed, or more bytes would be held.
    pub fn row(&mut self, row: &SeriesRow<'_>) -> Result<(), Error> {
        self.rows += 1;
        let columns = self.index.width();
        let place = row.place(columns).map_err(|error| error.public())?;
        let bucket = bucket(&self.index.fetch, place);
        if !self.has_number(row, columns, bucket)? {
            return if self.rows > self.index.fetch.caps.rows { Err(self.index.too_much()) } else { Ok(()) };
        }
        // A series too many is what is wrong even where the row is one too many as well.
        let at = self.index.series_of(row)?;
        if self.rows > self.index.fetch.caps.rows {
            return Err(self.index.too_much());
        }
        let Some(bucket) = bucket else { return Ok(()) };
        let mut partials = [0.0; PARTIALS];
        for (offset, partial) in partials.iter_mut().enumerate().take(self.kind.width()) {
            match row.value(columns + 1 + offset).map_err(|error| error.public())? {
                Some(value) => *partial = value,
                None => return Ok(()),
            }
        }
        if self.index.fetch.fold.guard != Guard::Exact {
            let guard = row.value(columns + 1 + self.kind.width()).map_err(|error| error.public())?;
            if guard.is_some_and(|guard| guard > 0.0) {
                self.vague.insert(bucket);
            }
            self.fine |= guard.is_some_and(|guard| guard >= 2.0);
        }
        let Some((cells, held)) = self.index.state(at) else { return Ok(()) };
        cells.push(BucketCell { bucket, partials }, self.kind, self.buckets, held)
    }

    /// Whether a bucket holds any number; what else it holds is counted. A series of nothing else is none.
    fn has_number(&mut self, row: &SeriesRow<'_>, columns: usize, bucket: Option<u32>) -> Result<bool, Error> {
        if !self.index.may_skip {
            return Ok(true);
        }
        let skipped = row.value(columns + 1 + self.kind.width()).map_err(|error| error.public())?;
        if let (Some(bucket), Some(skipped)) = (bucket, skipped.filter(|skipped| *skipped > 0.0)) {
            *self.skipped.entry(bucket).or_default() += skipped;
        }
        Ok(row.value(columns + 1).map_err(|error| error.public())?.is_some())
    }

    /// Takes what a block has of an interval; `cells` pays for each as a cell of the answer.
    ///
    /// # Errors
    /// The answer has more rows or series than allowed, more bytes would be held, or time is over.
    pub fn block(&mut self, block: &Block, range: TimeRange, cells: Option<&Budget>) -> Result<(), Error> {
        self.vague_in_blocks |= block.is_vague_in(range);
        self.fine |= block.fine;
        self.skipped_in_blocks += block.skipped_in(range);
        let fetch = Arc::clone(&self.index.fetch);
        for (labels, found) in block.series_in(range) {
            let at = self.index.series_called(labels)?;
            let Some((own, held)) = self.index.state(at) else { continue };
            let before = own.len(self.kind);
            for (start, partials) in found {
                let bucket = fetch.axis.buckets.of_micros(start.saturating_mul(1000));
                own.push(BucketCell { bucket, partials }, self.kind, self.buckets, held)?;
            }
            let added = own.len(self.kind) - before;
            self.rows = self.rows.saturating_add(u32::try_from(added).unwrap_or(u32::MAX));
            if self.rows > fetch.caps.rows {
                return Err(self.index.too_much());
            }
            cells.map_or(Ok(()), |budget| budget.take_many(added))?;
        }
        Ok(())
    }

    /// What was collected, as a block of all buckets of its fetch, and the bytes that it takes.
    ///
    /// # Errors
    /// More bytes would be held, or time is over.
    pub fn into_block(self, budget: &Budget) -> Result<(Block, HeldBytes), Error> {
        let mut block = Block::new(edges(&self.index.fetch.axis), self.kind.kept_width());
        block.set_vague(self.vague);
        block.fine = self.fine;
        block.set_skipped(self.skipped.into_iter().collect());
        let (keys, states, mut held) = self.index.into_parts();
        let mut own = budget.held();
        for (at, cells) in states.into_iter().enumerate() {
            budget.go_on()?;
            let bytes = cells.bytes();
            let cells = settled(cells, self.kind);
            if !cells.is_empty() {
                own.pay(block.push(keys.labels(at, |_| true), &cells))?;
            }
            held.give_back(bytes);
        }
        Ok((block, own))
    }

    /// Whether the partials of some bucket may not be what its samples come to.
    #[must_use]
    pub fn is_vague(&self) -> bool {
        self.vague_in_blocks || !self.vague.is_empty()
    }

    /// Whether some time is no whole millisecond.
    #[must_use]
    pub const fn has_fine_times(&self) -> bool {
        self.fine
    }

    /// How much there is to finish: rows.
    #[must_use]
    pub const fn work(&self) -> usize {
        self.rows as usize
    }

    /// The series, or those of an aggregation over them; each point of a window that is no bucket is taken.
    ///
    /// # Errors
    /// There are more points than may be taken, more bytes would be held, or time is over.
    pub fn finish(
        self,
        budget: &Budget,
        then: Option<&FetchAggregate>,
        take: &mut TakeCell<'_>,
    ) -> Result<FetchSeries, Error> {
        let skipped = self.skipped.values().sum::<f64>() + self.skipped_in_blocks;
        let (fetch, kind) = (Arc::clone(&self.index.fetch), self.kind);
        let mut output = Output::new(budget, then);
        let (keys, states, mut held) = self.index.into_parts();
        for (at, cells) in states.into_iter().enumerate() {
            let bytes = cells.bytes();
            output.add(&keys, at, points(&fetch, kind, &settled(cells, kind), take)?)?;
            held.give_back(bytes);
        }
        Ok(output.finish(skipped))
    }
}

fn bucket(fetch: &Fetch, place: RowTime) -> Option<u32> {
    match (place, &fetch.axis.buckets) {
        (RowTime::Start(at), Buckets::Regular { step_ms, start_ms, .. }) => {
            let inside = (fetch.axis.from..fetch.axis.to).contains(&at);
            inside.then(|| u32::try_from((at - start_ms).div_euclid(*step_ms)).ok()).flatten()
        }
        (RowTime::Number(number), Buckets::Edges(edges)) => {
            let bucket = u32::try_from(number).ok()?.checked_sub(1)?;
            ((bucket as usize) + 1 < edges.len()).then_some(bucket)
        }
        _ => None,
    }
}

/// In order of buckets, one cell each.
fn settled(cells: PackedCells, kind: CellKind) -> Vec<BucketCell> {
    let mut cells = cells.unpacked(kind);
    if !cells.is_sorted_by_key(|cell| cell.bucket) {
        let buckets = cells.iter().map(|cell| cell.bucket as usize + 1).max().unwrap_or_default();
        if buckets < SPARSE * cells.len() {
            return placed(cells, kind, buckets);
        }
        cells.sort_by_key(|cell| cell.bucket);
    }
    cells.dedup_by(|next, kept| {
        let same = next.bucket == kept.bucket;
        if same {
            kept.partials = kind.merge(kept.partials, next.partials);
        }
        same
    });
    cells
}

/// Buckets to a cell from which on sorting is cheaper than placing.
const SPARSE: usize = 4;

/// The same of cells in any order, which leave few buckets out: databases hash groups, and give them in no order.
fn placed(cells: Vec<BucketCell>, kind: CellKind, buckets: usize) -> Vec<BucketCell> {
    let mut places: Vec<Option<Partials>> = vec![None; buckets];
    for BucketCell { bucket, partials } in cells {
        if let Some(place) = places.get_mut(bucket as usize) {
            *place = Some(place.map_or(partials, |earlier| kind.merge(earlier, partials)));
        }
    }
    let cell = |(bucket, place): (u32, Option<Partials>)| Some(BucketCell { bucket, partials: place? });
    (0..).zip(places).filter_map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Budget, ProcessBudget};
    use crate::range::Function;

    /// What rows with these buckets come to, in whatever order they come.
    fn of(buckets: &[u32]) -> Vec<(u32, f64)> {
        let mut held = Budget::new(&ProcessBudget::new(1 << 20), 1 << 20, 1).held();
        let (mut cells, kind) = (PackedCells::default(), CellKind::Partials(Function::Sum));
        for bucket in buckets {
            let partials = [f64::from(*bucket) + 1.0, 0.0, 0.0];
            cells.push(BucketCell { bucket: *bucket, partials }, kind, buckets.len(), &mut held).unwrap();
        }
        settled(cells, kind).iter().map(|cell| (cell.bucket, cell.partials[0])).collect()
    }

    #[test]
    fn rows_in_any_order_come_to_one_cell_a_bucket() {
        let few = [(0, 1.0), (2, 6.0), (3, 4.0)];
        assert_eq!(of(&[0, 2, 2, 3]), few);
        assert_eq!(of(&[3, 2, 0, 2]), few);
        assert_eq!(of(&[2_000_000, 7, 7]), [(7, 16.0), (2_000_000, 2_000_001.0)]);
        assert_eq!(of(&[]), []);
    }
}
