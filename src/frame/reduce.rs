//! Few of many samples, at their own times: the extremes of each pixel column, and its ends.

use std::sync::Arc;

use super::index::{SeriesIndex, SeriesOfRows};
use super::legend;
use super::mixed::Mixed;
use super::slice::SampleSink;
use super::{Frame, Units};
use crate::ast::Reduce;
use crate::budget::{Budget, HeldBytes};
use crate::db::Timed;
use crate::error::Error;
use crate::plan::Fetch;
use crate::range::buckets::{Few, FineSample, Keep, KeptSamples};
use crate::series::{Labels, METRIC_NAME, Series};
use crate::time::Millis;

/// How samples are reduced.
#[derive(Clone, Copy, Debug)]
pub struct Reduction {
    /// Which of a column are kept.
    pub reduce: Reduce,
    /// The most points that a series may have.
    pub max_points: u32,
    /// Added to the time of every sample.
    pub offset_ms: i64,
}

/// A series and the samples that are kept of it: milliseconds since 1970 and value, ascending.
pub type KeptSeries = (Labels, Vec<(Millis, f64)>);

/// Reduces the samples of one metric.
pub struct Reducer {
    index: SeriesIndex<KeptSamples>,
    wanted: Reduction,
    samples: u32,
    skipped: f64,
    /// The samples of several sources, until all of them are there.
    mixed: Option<Mixed>,
}

impl Reducer {
    /// Reduces for a fetch.
    #[must_use]
    pub fn new(fetch: Arc<Fetch>, wanted: Reduction, budget: &Budget) -> Self {
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

    fn add(&mut self, fetch: &Fetch, at: usize, now: FineSample) -> Result<(), Error> {
        let few = self.wanted.few();
        let Some((kept, held)) = self.index.state(at) else { return Ok(()) };
        let before = kept.bytes();
        kept.push(few, column(fetch, now.micros, few), now);
        let after = kept.bytes();
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
    pub fn finish(mut self, budget: &Budget) -> Result<(Vec<KeptSeries>, HeldBytes), Error> {
        if let Some(mixed) = self.mixed.take() {
            let fetch = Arc::clone(&self.index.fetch);
            let (samples, _held) = mixed.in_order();
            for one in samples {
                budget.go_on()?;
                self.add(&fetch, one.series, one.sample)?;
            }
        }
        let wanted = self.wanted;
        let time =
            |sample: &FineSample| (sample.micros.div_euclid(1000).saturating_add(wanted.offset_ms), sample.value);
        let (keys, streams, mut held) = self.index.into_parts();
        let (mut all, mut answer) = (Vec::with_capacity(streams.len()), budget.held());
        for (at, stream) in streams.into_iter().enumerate() {
            budget.go_on()?;
            let bytes = stream.bytes();
            let points: Vec<(Millis, f64)> = stream.finish(wanted.few()).iter().map(time).collect();
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
        let (fetch, now) = (Arc::clone(&self.index.fetch), FineSample { micros, value });
        match &mut self.mixed {
            Some(mixed) => mixed.push(&fetch, series, now),
            None => self.add(&fetch, series, now),
        }
    }
}

impl Reduction {
    const fn few(self) -> Few {
        let keep = if matches!(self.reduce, Reduce::M4) { Keep::M4 } else { Keep::Extremes };
        Few { keep, max_points: self.max_points }
    }
}

/// The column of an instant: equal parts of exactly the range.
fn column(fetch: &Fetch, micros: i64, few: Few) -> u32 {
    let (from, to) = (i128::from(fetch.axis.from) * 1000, i128::from(fetch.axis.to) * 1000);
    let part = i128::from(few.columns()) * (i128::from(micros) - from) / (to - from);
    u32::try_from(part).unwrap_or(0)
}

/// Names the series whose samples were kept, sorted by labels.
#[must_use]
pub fn reduced(mut kept: Vec<KeptSeries>, meaning: &Units<'_>, question: &str, template: Option<&str>) -> Vec<Frame> {
    kept.retain(|(_, points)| !points.is_empty());
    kept.sort_by(|a, b| a.0.cmp(&b.0));
    let named = |labels: &Labels| Series { labels: labels.clone(), points: Vec::new() };
    let series: Vec<Series> = kept.iter().map(|(labels, _)| named(labels)).collect();
    let called = legend::called(&series, question, template);
    let frame = |((mut labels, points), called): (KeptSeries, legend::SeriesNames)| {
        let metric = Some(labels.get(METRIC_NAME)).filter(|name| !name.is_empty()).map(str::to_owned);
        let (unit, help) = (meaning.unit(metric.as_deref()), meaning.help(metric.as_deref()));
        labels.retain(|name| name != METRIC_NAME);
        Frame { legend: called.legend, name: called.name, metric, labels, unit, help, points }
    };
    kept.into_iter().zip(called).map(frame).collect()
}
