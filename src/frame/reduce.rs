//! Few of many samples, at their own times: of each pixel column the first, the lowest, the highest and the last (M4:
//! Jugel et al., VLDB 2014), or only the extremes.

use super::gather::Gather;
use super::held::Mixed;
use super::legend;
use super::pair::Sample;
use super::samples::too_many_samples;
use super::{Frame, Meaning};
use crate::ast::Reduce;
use crate::db::SeriesRow;
use crate::error::Error;
use crate::plan::Fetch;
use crate::series::{Labels, METRIC_NAME, Series};
use crate::time::Millis;

/// How samples are reduced.
#[derive(Clone, Copy, Debug)]
pub struct Reduced {
    /// Which of a column are kept.
    pub reduce: Reduce,
    /// The most points that a series may have.
    pub max_points: u32,
    /// Added to the time of every sample.
    pub offset_ms: i64,
}

/// A series and the samples that are kept of it: milliseconds since 1970 and value, ascending.
pub type Kept = (Labels, Vec<(Millis, f64)>);

/// Reduces the samples of one metric.
pub struct Reducer<'a> {
    gather: Gather<'a, Stream>,
    wanted: Reduced,
    samples: u32,
    /// Samples that are held, of all series.
    held: u64,
    skipped: f64,
    /// The samples of several sources, until all of them are there.
    mixed: Option<Mixed>,
}

/// What is held of a series.
#[derive(Default)]
struct Stream {
    seen: u32,
    /// All samples, as long as they are few enough.
    all: Vec<Sample>,
    columns: Vec<Column>,
}

/// A pixel column: samples with their numbers in the series.
struct Column {
    number: u32,
    first: Numbered,
    last: Numbered,
    /// None while all samples are NaN.
    extremes: Option<(Numbered, Numbered)>,
}

type Numbered = (u32, Sample);

impl<'a> Reducer<'a> {
    /// Reduces for a fetch; `mixed` expects other sources' samples besides.
    #[must_use]
    pub fn new(fetch: &'a Fetch, wanted: Reduced, mixed: bool) -> Self {
        let mixed = mixed.then(Mixed::default);
        Self { gather: Gather::new(fetch, true), wanted, samples: 0, held: 0, skipped: 0.0, mixed }
    }

    /// Goes on with the samples of another source of the same metric.
    pub fn turn(&mut self, fetch: &Fetch) {
        self.gather.turn(fetch);
    }

    /// Takes one sample; those of one source come in order of time.
    ///
    /// # Errors
    /// There are more samples or series than allowed, or more would be held.
    pub fn row(&mut self, row: &SeriesRow<'_>) -> Result<(), Error> {
        self.samples += 1;
        let fetch = self.gather.fetch;
        if self.samples > fetch.sample_cap {
            return Err(too_many_samples(&fetch.metric, fetch.sample_cap));
        }
        let width = self.gather.width();
        let micros = row.micros(width).map_err(|error| error.public())?;
        let Some(value) = row.value(width + 1).map_err(|error| error.public())? else {
            self.skipped += 1.0;
            return Ok(());
        };
        let at = self.gather.series_of(row)?;
        let now = Sample { micros, value };
        match &mut self.mixed {
            Some(mixed) => mixed.push(fetch, at, now),
            None => self.add(at, now),
        }
    }

    /// Reduces what several sources gave, now that all is there.
    ///
    /// # Errors
    /// More would be held than allowed.
    pub fn mix(&mut self) -> Result<(), Error> {
        let mixed = self.mixed.as_mut().map(Mixed::in_order).unwrap_or_default();
        mixed.into_iter().try_for_each(|(at, now)| self.add(at, now))
    }

    fn add(&mut self, at: usize, now: Sample) -> Result<(), Error> {
        let fetch = self.gather.fetch;
        let number = column(fetch, now.micros, self.wanted);
        let stream = &mut self.gather.series[at].1;
        let before = stream.held();
        stream.add(number, now, self.wanted.max_points);
        self.held = self.held + stream.held() - before;
        if self.held > u64::from(fetch.row_cap) { Err(self.gather.too_much()) } else { Ok(()) }
    }

    /// How many rows held what is no number.
    #[must_use]
    pub const fn skipped(&self) -> f64 {
        self.skipped
    }

    /// What is kept.
    #[must_use]
    pub fn finish(self) -> Vec<Kept> {
        let wanted = self.wanted;
        let time = |sample: &Sample| (sample.micros.div_euclid(1000).saturating_add(wanted.offset_ms), sample.value);
        let kept = |stream: Stream| stream.kept(wanted).iter().map(time).collect();
        self.gather.series.into_iter().map(|(labels, stream)| (labels, kept(stream))).collect()
    }
}

/// How many columns the points suffice for.
fn columns(wanted: Reduced) -> u32 {
    if is_m4(wanted) { wanted.max_points / 4 } else { wanted.max_points / 2 }.max(1)
}

/// Below four points there is only room for the extremes.
fn is_m4(wanted: Reduced) -> bool {
    wanted.reduce == Reduce::M4 && wanted.max_points >= 4
}

/// The column of an instant: equal parts of exactly the range.
fn column(fetch: &Fetch, micros: i64, wanted: Reduced) -> u32 {
    let (from, to) = (i128::from(fetch.from) * 1000, i128::from(fetch.to) * 1000);
    let part = i128::from(columns(wanted)) * (i128::from(micros) - from) / (to - from);
    u32::try_from(part).unwrap_or(0)
}

impl Stream {
    fn held(&self) -> u64 {
        (self.all.len() + 4 * self.columns.len()) as u64
    }

    fn add(&mut self, number: u32, sample: Sample, max_points: u32) {
        if self.seen < max_points {
            self.all.push(sample);
        } else {
            self.all = Vec::new();
        }
        let now = (self.seen, sample);
        self.seen += 1;
        match self.columns.last_mut().filter(|column| column.number == number) {
            Some(column) => column.add(now),
            None => {
                let extremes = (!sample.value.is_nan()).then_some((now, now));
                self.columns.push(Column { number, first: now, last: now, extremes });
            }
        }
    }

    fn kept(self, wanted: Reduced) -> Vec<Sample> {
        if self.seen <= wanted.max_points {
            return self.all;
        }
        if wanted.max_points < 2 {
            return self.columns.last().map(|column| column.last.1).into_iter().collect();
        }
        let mut kept: Vec<Numbered> = Vec::new();
        for column in self.columns {
            kept.extend(column.extremes.into_iter().flat_map(|(lowest, highest)| [lowest, highest]));
            if is_m4(wanted) {
                kept.extend([column.first, column.last]);
            }
        }
        kept.sort_unstable_by_key(|(number, _)| *number);
        kept.dedup_by_key(|(number, _)| *number);
        kept.into_iter().map(|(_, sample)| sample).collect()
    }
}

impl Column {
    fn add(&mut self, now: Numbered) {
        self.last = now;
        if now.1.value.is_nan() {
            return;
        }
        let (lowest, highest) = self.extremes.get_or_insert((now, now));
        if now.1.value < lowest.1.value {
            *lowest = now;
        }
        if now.1.value > highest.1.value {
            *highest = now;
        }
    }
}

/// Names the series whose samples were kept, sorted by labels.
#[must_use]
pub fn reduced(mut kept: Vec<Kept>, meaning: &Meaning<'_>, (question, template): (&str, Option<&str>)) -> Vec<Frame> {
    kept.retain(|(_, points)| !points.is_empty());
    kept.sort_by(|a, b| a.0.cmp(&b.0));
    let named = |labels: &Labels| Series { labels: labels.clone(), points: Vec::new() };
    let series: Vec<Series> = kept.iter().map(|(labels, _)| named(labels)).collect();
    let called = legend::called(&series, question, template);
    let frame = |((mut labels, points), called): (Kept, legend::Called)| {
        let metric = Some(labels.get(METRIC_NAME)).filter(|name| !name.is_empty()).map(str::to_owned);
        let (unit, help) = (meaning.unit(metric.as_deref()), meaning.help(metric.as_deref()));
        labels.retain(|name| name != METRIC_NAME);
        Frame { legend: called.legend, name: called.name, metric, labels, unit, help, points }
    };
    kept.into_iter().zip(called).map(frame).collect()
}
