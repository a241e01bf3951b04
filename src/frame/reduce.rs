//! Few of many samples, at their own times: of each pixel column the first, the lowest, the highest and the last (M4:
//! Jugel et al., VLDB 2014), or only the extremes.

use std::sync::Arc;

use super::index::{SeriesIndex, SeriesOfRows};
use super::legend;
use super::mixed::Mixed;
use super::pair::Sample;
use super::slice::SampleSink;
use super::{Frame, Meaning};
use crate::ast::Reduce;
use crate::budget::{Budget, Held};
use crate::db::Timed;
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
pub struct Reducer {
    index: SeriesIndex<Stream>,
    wanted: Reduced,
    samples: u32,
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

impl Reducer {
    /// Reduces for a fetch.
    #[must_use]
    pub fn new(fetch: Arc<Fetch>, wanted: Reduced, budget: &Budget) -> Self {
        Self { index: SeriesIndex::new(fetch, true, budget), wanted, samples: 0, skipped: 0.0, mixed: None }
    }

    /// Expects the samples of several sources.
    #[must_use]
    pub fn of_several(self, budget: &Budget) -> Self {
        Self { mixed: Some(Mixed::new(budget)), ..self }
    }

    /// Goes on with the samples of another source of the same metric.
    pub fn next_source(&mut self, fetch: &Fetch) {
        self.index.next_source(fetch);
    }

    fn add(&mut self, fetch: &Fetch, at: usize, now: Sample) -> Result<(), Error> {
        let number = column(fetch, now.micros, self.wanted);
        let max_points = self.wanted.max_points;
        let Some((stream, held)) = self.index.state(at) else { return Ok(()) };
        let before = stream.bytes();
        stream.add(number, now, max_points);
        let after = stream.bytes();
        if after > before {
            return held.pay(after - before);
        }
        held.give_back(before - after);
        Ok(())
    }

    /// How much there is to finish: samples.
    #[must_use]
    pub const fn work(&self) -> usize {
        self.samples as usize
    }

    /// How many rows held what is no number.
    #[must_use]
    pub const fn skipped(&self) -> f64 {
        self.skipped
    }

    /// What is kept, and the bytes that it takes; each point is a cell of the answer.
    ///
    /// # Errors
    /// There are more cells than an answer may have, more bytes would be held, or time is over.
    pub fn finish(mut self, budget: &Budget) -> Result<(Vec<Kept>, Held), Error> {
        if let Some(mixed) = self.mixed.take() {
            let fetch = Arc::clone(&self.index.fetch);
            let (samples, _held) = mixed.in_order();
            for (at, now) in samples {
                budget.go_on()?;
                self.add(&fetch, at, now)?;
            }
        }
        let wanted = self.wanted;
        let time = |sample: &Sample| (sample.micros.div_euclid(1000).saturating_add(wanted.offset_ms), sample.value);
        let (keys, streams, mut held) = self.index.into_parts();
        let (mut all, mut answer) = (Vec::with_capacity(streams.len()), budget.held());
        for (at, stream) in streams.into_iter().enumerate() {
            budget.go_on()?;
            let bytes = stream.bytes();
            let points: Vec<(Millis, f64)> = stream.kept(wanted).iter().map(time).collect();
            budget.take_many(points.len())?;
            answer.pay(points.len() * size_of::<(Millis, f64)>() + keys.size(at))?;
            held.give_back(bytes);
            all.push((keys.labels(at, |_| true), points));
        }
        Ok((all, answer))
    }
}

impl SampleSink for Reducer {
    fn series(&mut self) -> (&mut dyn SeriesOfRows, &mut u32) {
        (&mut self.index, &mut self.samples)
    }

    fn number(&mut self, sample: Timed) -> Option<f64> {
        self.skipped += f64::from(u8::from(sample.value.is_none()));
        sample.value
    }

    fn sample(&mut self, series: usize, micros: i64, value: f64) -> Result<(), Error> {
        let (fetch, now) = (Arc::clone(&self.index.fetch), Sample { micros, value });
        match &mut self.mixed {
            Some(mixed) => mixed.push(&fetch, series, now),
            None => self.add(&fetch, series, now),
        }
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
    let (from, to) = (i128::from(fetch.axis.from) * 1000, i128::from(fetch.axis.to) * 1000);
    let part = i128::from(columns(wanted)) * (i128::from(micros) - from) / (to - from);
    u32::try_from(part).unwrap_or(0)
}

impl Stream {
    fn bytes(&self) -> usize {
        self.all.capacity() * size_of::<Sample>() + self.columns.capacity() * size_of::<Column>()
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
