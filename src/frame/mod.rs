//! Rows → series → frames: grouping, merging, evaluation, legends.

mod block;
mod cells;
mod chunks;
mod collect;
mod fill;
mod index;
mod instant;
mod keys;
mod lasts;
mod legend;
mod meaning;
mod mixed;
mod output;
mod points;
mod predecessors;
mod prometheus;
mod quantile;
mod read;
mod reduce;
mod samples;
mod sets;
mod shorten;
mod slice;
mod steps;
mod stream;

pub use block::{Block, BlockSlice, edges};
pub use collect::Collector;
pub use fill::{fill_of, filled, missing};
pub use instant::instant;
pub use legend::template_labels;
pub use meaning::Units;
pub use output::{FetchSeries, joined};
pub use points::TakeCell;
pub use predecessors::Predecessors;
pub use prometheus::{EvaluationForm, PromPoint, PromSeries, PromValue, answer};
pub use read::{ReadPlan, ReadSeries, SampleReader, united};
pub use reduce::{KeptSeries, Reducer, Reduction, reduced};
pub use samples::SampleCollector;
pub use sets::LabelSets;
pub use shorten::Shortener;
pub use slice::SampleSink;
pub use steps::{KnownSteps, known_steps};

use std::collections::HashMap;

use crate::budget::{Budget, HeldBytes};
use crate::evaluate::{EvaluateError, EvaluationGrid, FetchedSeries, Node, evaluate};
use crate::series::{Labels, METRIC_NAME, Series};
use crate::time::{Grid, Millis};

/// One drawn series.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// What it is called.
    pub legend: String,
    /// A name that tells it apart in its answer.
    pub name: String,
    /// The metric's name, when the values still are that metric's.
    pub metric: Option<String>,
    /// Its labels, without the name.
    pub labels: Labels,
    /// Grafana's unit id.
    pub unit: Option<String>,
    /// What it measures.
    pub help: Option<String>,
    /// Time in milliseconds since 1970 and value, ascending; NaN and infinities stand for "no number".
    pub points: Vec<(Millis, f64)>,
}

impl Frame {
    /// About the bytes of memory that it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let labels: usize = self.labels.iter().map(|(_, value)| 56 + value.len()).sum();
        let points = self.points.capacity() * size_of::<(Millis, f64)>();
        size_of::<Self>() + self.legend.len() + self.name.len() + labels + points
    }
}

/// The most points that evaluation may touch for every cell that an answer may have.
const POINTS_PER_CELL: usize = 32;

/// Evaluates what was fetched: the series, and the bytes that they take.
///
/// # Errors
/// The series do not fit together, the expression is too much work for an answer of so many cells, more bytes would be
/// held, or time is over.
pub fn evaluated(
    node: &Node,
    inputs: Vec<FetchedSeries>,
    grid: &Grid,
    budget: &Budget,
    cells: u32,
) -> Result<(Vec<Series>, HeldBytes), EvaluateError> {
    let starts: Vec<Millis> = (0..grid.len()).map(|bucket| grid.bucket_start(bucket)).collect();
    let max_points = POINTS_PER_CELL.saturating_mul(cells as usize);
    let buckets = EvaluationGrid { starts_ms: &starts, runs: None, max_points };
    let (value, held) = evaluate(node, inputs, &buckets, budget)?;
    Ok((value.into_series(&buckets), held))
}

/// Names the series of a question and says what they are. A template decides over the legends.
#[must_use]
pub fn frames(
    series: Vec<Series>,
    grid: &Grid,
    meaning: &Units<'_>,
    question: &str,
    template: Option<&str>,
) -> Vec<Frame> {
    let called = legend::called(&series, question, template);
    // Few names, many series.
    let mut meanings: HashMap<Option<String>, (Option<String>, Option<String>)> = HashMap::new();
    let frame = |(series, called): (Series, legend::SeriesNames)| {
        let metric = Some(series.labels.get(METRIC_NAME)).filter(|name| !name.is_empty()).map(str::to_owned);
        let name = metric.as_deref();
        let told = meanings.entry(metric.clone()).or_insert_with(|| (meaning.unit(name), meaning.help(name)));
        let (unit, help) = told.clone();
        let points = series.points.iter().map(|point| (grid.bucket_start(point.bucket), point.value)).collect();
        let mut labels = series.labels;
        labels.retain(|name| name != METRIC_NAME);
        Frame { legend: called.legend, name: called.name, metric, labels, unit, help, points }
    };
    series.into_iter().zip(called).map(frame).collect()
}
