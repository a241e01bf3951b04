//! Samples in order of time → series. Each sample is folded into its bucket as it arrives; none is kept but the one
//! before and, for quantiles, those of the windows that are still open.

use std::collections::HashMap;

use super::collect::sorted;
use super::gather::Gather;
use super::held::Mixed;
use super::pair::{Sample, pair};
use super::partial::{Cell, merge};
use super::quantile::{Held, Work};
use super::window::{Take, points};
use crate::db::SeriesRow;
use crate::error::{Error, Kind};
use crate::evaluate::RangeFunction;
use crate::plan::{Buckets, Fetch, Filter, SeriesLabel, Wanted};
use crate::series::{Labels, Series};

/// The most values of a label that the search for predecessors names.
const NAMED_VALUES: usize = 1000;

/// What is known of a series.
#[derive(Default)]
struct Stream {
    /// The sample before the next one.
    before: Option<Sample>,
    /// The first of the range, where none was seen before it.
    first: Option<Sample>,
    cells: Vec<Cell>,
    held: Held,
}

/// Folds the samples of one metric.
pub struct SampleCollector<'a> {
    gather: Gather<'a, Stream>,
    samples: u32,
    cells: u32,
    skipped: f64,
    work: Work,
    /// The samples of several sources, until all of them are there.
    mixed: Option<Mixed>,
}

impl<'a> SampleCollector<'a> {
    /// Folds for a fetch; `named` keeps the metric's name as a label, `mixed` expects other sources' samples besides.
    #[must_use]
    pub fn new(fetch: &'a Fetch, named: bool, mixed: bool) -> Self {
        Self {
            gather: Gather::new(fetch, named),
            samples: 0,
            cells: 0,
            skipped: 0.0,
            work: Work::new(fetch.row_cap),
            mixed: mixed.then(Mixed::default),
        }
    }

    /// Goes on with the samples of another source of the same metric.
    pub fn turn(&mut self, fetch: &Fetch) {
        self.gather.turn(fetch);
    }

    /// Takes one sample; those of one source come in order of time.
    ///
    /// # Errors
    /// There are more samples, series or cells than allowed.
    pub fn row(&mut self, row: &SeriesRow<'_>) -> Result<(), Error> {
        self.samples += 1;
        let fetch = self.gather.fetch;
        if self.samples > fetch.sample_cap {
            return Err(too_many_samples(&fetch.metric, fetch.sample_cap));
        }
        let columns = self.gather.width();
        let micros = row.micros(columns).map_err(|error| error.public())?;
        let Some(value) = row.value(columns + 1).map_err(|error| error.public())? else {
            self.skipped += f64::from(u8::from(micros >= fetch.from * 1000));
            return Ok(());
        };
        let at = self.gather.series_of(row)?;
        let now = Sample { micros, value };
        match &mut self.mixed {
            Some(mixed) => mixed.push(fetch, at, now),
            None => self.fold(at, now),
        }
    }

    /// Folds what several sources gave, now that all is there.
    ///
    /// # Errors
    /// There are more cells than allowed.
    pub fn mix(&mut self) -> Result<(), Error> {
        let mixed = self.mixed.as_mut().map(Mixed::in_order).unwrap_or_default();
        mixed.into_iter().try_for_each(|(at, now)| self.fold(at, now))
    }

    fn fold(&mut self, at: usize, now: Sample) -> Result<(), Error> {
        let fetch = self.gather.fetch;
        let stream = &mut self.gather.series[at].1;
        if let RangeFunction::Quantile(phi) = fetch.function {
            return stream.held.push(fetch, phi, now, &mut self.work);
        }
        let is_before = now.micros < fetch.from * 1000;
        match stream.before.replace(now) {
            _ if is_before => {}
            None => stream.first = Some(now),
            Some(before) => self.cells += u32::from(stream.fold(fetch, before, now)),
        }
        if self.cells > fetch.row_cap { Err(self.gather.too_much()) } else { Ok(()) }
    }

    /// How many rows of the range held what is no number.
    #[must_use]
    pub const fn skipped(&self) -> f64 {
        self.skipped
    }

    /// The fetch of the last sample before what a fetch of the metric read, for those series that one there may connect
    /// to.
    #[must_use]
    pub fn predecessors(&self, fetch: &Fetch) -> Option<Fetch> {
        let read_from = fetch.from.saturating_sub(fetch.reach_ms);
        let may_connect = |first: &Sample| first.micros - fetch.lookback_ms.saturating_mul(1000) < read_from * 1000;
        let lacking = self.gather.series.iter().filter(|(_, stream)| stream.first.as_ref().is_some_and(may_connect));
        let lacking: Vec<&Labels> = lacking.map(|(labels, _)| labels).collect();
        let from = fetch.from.saturating_sub(fetch.lookback_ms);
        if lacking.is_empty() || from >= read_from {
            return None;
        }
        let narrowed = fetch.labels.iter().filter_map(|label| of_any(label, &lacking));
        Some(Fetch {
            from,
            to: read_from,
            buckets: Buckets::Regular { origin_ms: from, step_ms: read_from - from, start_ms: from },
            windows: None,
            function: RangeFunction::OverTime(crate::ast::OverTime::Last),
            filters: fetch.filters.iter().cloned().chain(narrowed).collect(),
            reach_ms: 0,
            ..fetch.clone()
        })
    }

    /// Connects the first samples to what was found before them.
    pub fn connect(&mut self, latest: HashMap<Labels, (i64, f64)>) {
        let fetch = self.gather.fetch;
        for (labels, (micros, value)) in latest {
            let Some(stream) = self.gather.find(&labels) else { continue };
            let Some(first) = stream.first.take() else { continue };
            let rest = std::mem::take(&mut stream.cells);
            stream.fold(fetch, Sample { micros, value }, first);
            rest.into_iter().for_each(|cell| stream.add(cell, fetch.function));
        }
    }

    /// The series, sorted by labels, each with ascending points, all of which are taken.
    ///
    /// # Errors
    /// There are more points than may be taken.
    pub fn finish(mut self, take: &mut Take<'_>) -> Result<Vec<Series>, Error> {
        let fetch = self.gather.fetch;
        let mut series = Vec::with_capacity(self.gather.series.len());
        for (labels, stream) in self.gather.series {
            let points = match fetch.function {
                RangeFunction::Quantile(phi) => stream.held.finish(fetch, phi, &mut self.work)?,
                function => points(fetch, Some(function), &stream.cells, take)?,
            };
            if fetch.windows.is_none() || matches!(fetch.function, RangeFunction::Quantile(_)) {
                points.iter().try_for_each(|_| take())?;
            }
            series.push(Series { labels, points });
        }
        Ok(sorted(series))
    }
}

impl Stream {
    /// Folds a sample beside the one before it; says whether that began a cell.
    fn fold(&mut self, fetch: &Fetch, before: Sample, now: Sample) -> bool {
        let cells = self.cells.len();
        if now.micros - before.micros <= fetch.lookback_ms.saturating_mul(1000)
            && let Some(partials) = pair(fetch.function, before, now)
        {
            self.add(Cell { bucket: fetch.buckets.of_micros(now.micros), partials }, fetch.function);
        }
        self.cells.len() > cells
    }

    fn add(&mut self, cell: Cell, function: RangeFunction) {
        match self.cells.last_mut().filter(|last| last.bucket == cell.bucket) {
            Some(last) => last.partials = merge(last.partials, cell.partials, Some(function)),
            None => self.cells.push(cell),
        }
    }
}

/// The condition that a label is as on one of some series, where it has few values.
fn of_any(label: &SeriesLabel, series: &[&Labels]) -> Option<Filter> {
    let SeriesLabel::One { name, value } = label else { return None };
    let mut values: Vec<String> = series.iter().map(|labels| labels.get(name).to_owned()).collect();
    values.sort_unstable();
    values.dedup();
    (values.len() <= NAMED_VALUES).then(|| Filter { value: value.clone(), wanted: Wanted::OneOf(values) })
}

/// The error for a fetch that reads too much.
pub(super) fn too_many_samples(metric: &str, cap: u32) -> Error {
    let message = format!("{metric} has more than {cap} samples here, the limit of one fetch");
    Error::new(Kind::AnswerTooLarge, message).hint("narrow the range, or narrow it with matchers")
}
