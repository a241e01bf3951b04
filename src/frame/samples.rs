//! Samples in order of time → series. Each sample is folded into its bucket as it arrives; none is kept but the one
//! before and, for quantiles, those of the windows that are still open.

use std::collections::HashMap;
use std::sync::Arc;

use super::block::{Block, edges};
use super::index::{SeriesIndex, SeriesOfRows};
use super::lasts::{EdgeWatch, MOST_SERIES};
use super::mixed::Mixed;
use super::output::{FetchSeries, Output};
use super::points::TakeCell;
use super::quantile::{Cost, LookBudget};
use super::slice::SampleSink;
use super::stream::SeriesStream;
use crate::budget::{Budget, HeldBytes};
use crate::db::{SeriesRow, Timed};
use crate::error::{Error, Kind};
use crate::plan::{Fetch, FetchAggregate};
use crate::range::buckets::{CellKind, FineSample};
use crate::time::{Millis, TimeRange};

/// What the latest sample before the range of one series takes.
pub(super) const LATEST_BYTES: usize = 48;

/// Folds the samples of one metric.
pub struct SampleCollector {
    pub(super) index: SeriesIndex<SeriesStream>,
    samples: u32,
    cells: u32,
    /// By bucket, how many rows held what is no number.
    skipped: HashMap<u32, f64>,
    looks: LookBudget,
    /// The samples of several sources, until all of them are there.
    mixed: Option<Mixed>,
    /// The latest samples before what was read, by their series.
    pub(super) latest: HashMap<usize, FineSample>,
    earlier_rows: u32,
    /// The last samples before an edge, where a later read may connect to them.
    edge: Option<EdgeWatch>,
    /// From when on samples before the range are known without being read.
    pub(super) known_from: Option<Millis>,
}

impl SampleCollector {
    /// Folds for a fetch; `named` keeps the metric's name as a label.
    #[must_use]
    pub fn new(fetch: Arc<Fetch>, named: bool, budget: &Budget) -> Self {
        Self {
            samples: 0,
            cells: 0,
            skipped: HashMap::new(),
            looks: LookBudget::new(fetch.caps.samples),
            mixed: None,
            latest: HashMap::new(),
            earlier_rows: 0,
            edge: None,
            known_from: None,
            index: SeriesIndex::new(fetch, named, budget),
        }
    }

    /// Expects the samples of several sources.
    #[must_use]
    pub fn of_several(self, budget: &Budget) -> Self {
        Self { mixed: Some(Mixed::new(budget)), ..self }
    }

    /// Watches for the last samples before an edge.
    #[must_use]
    pub fn watching(self, edge: Option<Millis>) -> Self {
        Self { edge: edge.map(EdgeWatch::new), ..self }
    }

    /// Goes on with the samples of another source of the same metric.
    pub fn next_source(&mut self, fetch: &Fetch) {
        self.index.next_source(fetch);
    }

    /// How many samples wait for being brought into one order.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.mixed.as_ref().map_or(0, Mixed::len)
    }

    /// Folds what several sources gave, now that all is there.
    ///
    /// # Errors
    /// There are more cells than allowed, more bytes would be held, or time is over.
    pub fn merge_sources(mut self, budget: &Budget) -> Result<Self, Error> {
        let Some(mixed) = self.mixed.take() else { return Ok(self) };
        let fetch = Arc::clone(&self.index.fetch);
        let (samples, _held) = mixed.in_order();
        for one in samples {
            budget.go_on()?;
            self.fold(&fetch, one.series, one.sample)?;
        }
        Ok(self)
    }

    fn fold(&mut self, fetch: &Fetch, at: usize, now: FineSample) -> Result<(), Error> {
        let Some((stream, held)) = self.index.state(at) else { return Ok(()) };
        if let Some(edge) = &mut self.edge {
            edge.look(at, stream.newest(), now, held)?;
        }
        self.cells += u32::from(stream.take(fetch, now, Cost { looks: &mut self.looks, held })?);
        if self.cells > fetch.caps.rows { Err(self.index.too_much()) } else { Ok(()) }
    }

    /// Takes one row of the fetch of predecessors: the latest sample of a series.
    ///
    /// # Errors
    /// There are more rows than allowed, or more bytes would be held.
    pub fn earlier(&mut self, row: &SeriesRow<'_>) -> Result<(), Error> {
        self.earlier_rows += 1;
        if self.earlier_rows > self.index.fetch.caps.rows {
            return Err(self.index.too_much());
        }
        let columns = self.index.width();
        let number = |at: usize| row.value(at).map_err(|error| error.public());
        let (Some(seconds), Some(value)) = (number(columns + 1)?, number(columns + 2)?) else { return Ok(()) };
        let Some(at) = self.index.find(row)? else { return Ok(()) };
        let now = FineSample { micros: (seconds * 1e6).round() as i64, value };
        let known = self.latest.get(&at).copied();
        if known.is_none_or(|known| known.by_time(&now).is_lt()) {
            if known.is_none() {
                self.index.held.pay(LATEST_BYTES)?;
            }
            self.latest.insert(at, now);
        }
        Ok(())
    }

    /// How much there is to finish: samples.
    #[must_use]
    pub const fn work(&self) -> usize {
        self.samples as usize
    }

    /// The series, or those of an aggregation over them, after the first samples were connected to what was found
    /// before them; each point is taken.
    ///
    /// # Errors
    /// There are more points than may be taken, more bytes would be held, or time is over.
    pub fn finish(
        mut self,
        budget: &Budget,
        then: Option<&FetchAggregate>,
        take: &mut TakeCell<'_>,
    ) -> Result<FetchSeries, Error> {
        self.connect()?;
        let (fetch, skipped) = (Arc::clone(&self.index.fetch), self.skipped.values().sum());
        let mut output = Output::new(budget, then);
        let (keys, streams, mut held) = self.index.into_parts();
        for (at, stream) in streams.into_iter().enumerate() {
            let bytes = stream.bytes();
            let points = stream.points(&fetch, &mut self.looks, budget, take)?;
            output.add(&keys, at, points)?;
            held.give_back(bytes);
        }
        Ok(output.finish(skipped))
    }

    /// What was folded, as a block of all buckets of its fetch, and the bytes that it takes. A quantile has none.
    ///
    /// # Errors
    /// More bytes would be held, or time is over.
    pub fn into_block(mut self, budget: &Budget) -> Result<(Block, HeldBytes), Error> {
        self.connect()?;
        let fetch = Arc::clone(&self.index.fetch);
        let mut block = Block::new(edges(&fetch.axis), CellKind::Partials(fetch.fold.function.function()).kept_width());
        block.set_skipped(self.skipped.into_iter().collect());
        let edge = self.edge.take().filter(|_| self.index.len() <= MOST_SERIES);
        if let Some(edge) = &edge {
            block.set_lasts(TimeRange { from: fetch.axis.from, to: edge.edge() });
        }
        let (keys, streams, mut held) = self.index.into_parts();
        let mut own = budget.held();
        for (at, stream) in streams.into_iter().enumerate() {
            budget.go_on()?;
            let last = edge.as_ref().and_then(|edge| edge.last(at, stream.newest()));
            let (bytes, cells) = (stream.bytes(), stream.into_cells(&fetch));
            if !cells.is_empty() || last.is_some() {
                own.pay(block.push_with_last(keys.labels(at, |_| true), &cells, last))?;
            }
            held.give_back(bytes);
        }
        Ok((block, own))
    }

    /// Connects the first samples to what was found before them.
    fn connect(&mut self) -> Result<(), Error> {
        let fetch = Arc::clone(&self.index.fetch);
        for (at, latest) in std::mem::take(&mut self.latest) {
            let Some((stream, held)) = self.index.state(at) else { continue };
            stream.connect(&fetch, latest, held)?;
        }
        Ok(())
    }
}

impl SampleSink for SampleCollector {
    fn series(&mut self) -> (&mut dyn SeriesOfRows, &mut u32) {
        (&mut self.index, &mut self.samples)
    }

    fn number(&mut self, sample: Timed) -> Option<f64> {
        let is_inside = sample.micros >= self.index.fetch.axis.from.saturating_mul(1000);
        if sample.value.is_none() && is_inside {
            let bucket = self.index.fetch.axis.buckets.of_micros(sample.micros);
            *self.skipped.entry(bucket).or_default() += 1.0;
        }
        sample.value
    }

    fn sample(&mut self, series: usize, micros: i64, value: f64) -> Result<(), Error> {
        let (fetch, now) = (Arc::clone(&self.index.fetch), FineSample { micros, value });
        match &mut self.mixed {
            Some(mixed) => mixed.push(&fetch, series, now),
            None => self.fold(&fetch, series, now),
        }
    }
}

/// The error for a fetch that reads too much.
pub(super) fn too_many_samples(metric: &str, cap: u32) -> Error {
    let message = format!("{metric} has more than {cap} samples here, the limit of one fetch");
    Error::new(Kind::AnswerTooLarge, message).hint("narrow the range, or narrow it with matchers")
}
