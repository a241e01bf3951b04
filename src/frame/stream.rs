//! What is known of one series whose samples are folded. There may be a million, most with one sample: until the
//! second one arrives, a series takes no memory of its own.

use super::cells::PackedCells;
use super::points::{TakeCell, points};
use super::quantile::{Cost, LookBudget, Quantiles};
use crate::budget::{Budget, HeldBytes};
use crate::error::Error;
use crate::evaluate::RangeFunction;
use crate::plan::Fetch;
use crate::range::buckets::{BucketCell, CellKind, FineSample, Pairing};
use crate::series::Point;

/// The samples of one series so far.
pub(super) struct SeriesStream {
    /// The sample before the next one.
    before: FineSample,
    more: Option<Box<More>>,
}

/// What more than one sample came to.
enum More {
    Pairs {
        /// The first sample of the range, where none was seen before it.
        first: Option<FineSample>,
        cells: PackedCells,
    },
    Windows(Quantiles),
}

/// There was no sample yet.
const NEVER: i64 = i64::MIN;

impl Default for SeriesStream {
    fn default() -> Self {
        Self { before: FineSample { micros: NEVER, value: 0.0 }, more: None }
    }
}

impl SeriesStream {
    /// Folds the next sample; says whether that began a cell.
    pub(super) fn take(&mut self, fetch: &Fetch, now: FineSample, cost: Cost<'_>) -> Result<bool, Error> {
        if let RangeFunction::Quantile(phi) = fetch.fold.function {
            if self.more.is_none() {
                cost.held.pay(size_of::<More>())?;
            }
            let more = self.more.get_or_insert_with(|| Box::new(More::Windows(Quantiles::default())));
            if let More::Windows(windows) = &mut **more {
                windows.push(fetch, phi, now, cost)?;
            }
            return Ok(false);
        }
        let before = std::mem::replace(&mut self.before, now);
        if before.micros == NEVER || now.micros < from_micros(fetch) {
            return Ok(false);
        }
        let first = (before.micros >= from_micros(fetch)).then_some(before);
        let cells = self.cells(first, cost.held)?;
        let known = cells.len(kind(fetch));
        fold(cells, fetch, [before, now], cost.held)?;
        Ok(cells.len(kind(fetch)) > known)
    }

    /// The last sample so far.
    pub(super) fn newest(&self) -> Option<FineSample> {
        (self.before.micros != NEVER).then_some(self.before)
    }

    fn cells(&mut self, first: Option<FineSample>, held: &mut HeldBytes) -> Result<&mut PackedCells, Error> {
        if !matches!(self.more.as_deref(), Some(More::Pairs { .. })) {
            held.pay(size_of::<More>())?;
            self.more = Some(Box::new(More::Pairs { first, cells: PackedCells::default() }));
        }
        match self.more.as_deref_mut() {
            Some(More::Pairs { cells, .. }) => Ok(cells),
            _ => Err(Error::new(crate::error::Kind::Internal, "internal error")),
        }
    }

    /// The first sample of the range, where none was seen before it.
    pub(super) fn first(&self, fetch: &Fetch) -> Option<FineSample> {
        match self.more.as_deref() {
            Some(More::Pairs { first, .. }) => *first,
            Some(More::Windows(_)) => None,
            None => (self.before.micros != NEVER && self.before.micros >= from_micros(fetch)).then_some(self.before),
        }
    }

    /// Connects the first sample to what was found before it.
    pub(super) fn connect(&mut self, fetch: &Fetch, latest: FineSample, held: &mut HeldBytes) -> Result<(), Error> {
        let Some(first) = self.first(fetch) else { return Ok(()) };
        let cells = self.cells(None, held)?;
        let rest = std::mem::take(cells);
        let bytes = rest.bytes();
        fold(cells, fetch, [latest, first], held)?;
        rest.unpacked(kind(fetch)).into_iter().try_for_each(|cell| add(cells, cell, fetch, held))?;
        // They are paid for anew where they stand now.
        held.give_back(bytes);
        Ok(())
    }

    /// The bytes that it holds besides its own.
    pub(super) fn bytes(&self) -> usize {
        match self.more.as_deref() {
            Some(More::Pairs { cells, .. }) => size_of::<More>() + cells.bytes(),
            Some(More::Windows(_)) => size_of::<More>(),
            None => 0,
        }
    }

    /// The cells of the series.
    pub(super) fn into_cells(self, fetch: &Fetch) -> Vec<BucketCell> {
        match self.more.map(|more| *more) {
            Some(More::Pairs { cells, .. }) => cells.unpacked(kind(fetch)),
            Some(More::Windows(_)) | None => Vec::new(),
        }
    }

    /// The points of the series, each of which is taken.
    pub(super) fn points(
        self,
        fetch: &Fetch,
        looks: &mut LookBudget,
        budget: &Budget,
        take: &mut TakeCell<'_>,
    ) -> Result<Vec<Point>, Error> {
        let (points, taken) = match (self.more.map(|more| *more), fetch.fold.function) {
            (None, _) => return Ok(Vec::new()),
            (Some(More::Windows(windows)), RangeFunction::Quantile(phi)) => {
                (windows.finish(fetch, phi, looks, budget)?, false)
            }
            (Some(More::Windows(_)), _) => return Ok(Vec::new()),
            (Some(More::Pairs { cells, .. }), _) => {
                (points(fetch, kind(fetch), &cells.unpacked(kind(fetch)), take)?, fetch.axis.windows.is_some())
            }
        };
        if !taken {
            points.iter().try_for_each(|_| take())?;
        }
        Ok(points)
    }
}

const fn from_micros(fetch: &Fetch) -> i64 {
    fetch.axis.from.saturating_mul(1000)
}

const fn kind(fetch: &Fetch) -> CellKind {
    CellKind::Partials(fetch.fold.function.function())
}

/// Folds a sample beside the one before it.
fn fold(
    cells: &mut PackedCells,
    fetch: &Fetch,
    [before, now]: [FineSample; 2],
    held: &mut HeldBytes,
) -> Result<(), Error> {
    let pairing = Pairing { function: fetch.fold.function.function(), lookback_ms: fetch.fold.lookback_ms };
    if let Some(partials) = pairing.partials(before, now) {
        add(cells, BucketCell { bucket: fetch.axis.buckets.of_micros(now.micros), partials }, fetch, held)?;
    }
    Ok(())
}

fn add(cells: &mut PackedCells, cell: BucketCell, fetch: &Fetch, held: &mut HeldBytes) -> Result<(), Error> {
    if cells.merge(cell, kind(fetch)) {
        return Ok(());
    }
    cells.push(cell, kind(fetch), fetch.axis.bucket_count(), held)
}
