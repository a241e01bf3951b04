//! Rows → series → frames: grouping, merging, evaluation, legends.

mod collect;
mod gather;
mod legend;
mod pair;
mod partial;
mod quantile;
mod reduce;
mod samples;
mod window;

pub use collect::Collector;
pub use reduce::{Kept, Reduced, Reducer, reduced};
pub use samples::SampleCollector;
pub use window::Take;

use crate::catalog::Snapshot;
use crate::evaluate::{Buckets, EvaluateError, Node, evaluate};
use crate::series::{Labels, METRIC_NAME, Series};
use crate::time::{Grid, Millis};

/// One drawn series.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// A name that tells it apart in its answer.
    pub legend: String,
    /// The metric's name, when the values still are that metric's.
    pub metric: Option<String>,
    /// Its labels, without the name.
    pub labels: Labels,
    /// Grafana's unit id.
    pub unit: Option<String>,
    /// Time in milliseconds since 1970 and value, ascending; NaN and infinities stand for "no number".
    pub points: Vec<(Millis, f64)>,
}

/// The most points that evaluation may touch for every cell that an answer may have.
const POINTS_PER_CELL: usize = 32;

/// Evaluates what was fetched and names the series that come out.
///
/// # Errors
/// The series do not fit together, or the expression is too much work for an answer of so many cells.
pub fn frames(
    node: &Node,
    inputs: &[Vec<Series>],
    grid: &Grid,
    (question, cells): (&str, u32),
    snapshot: &Snapshot,
) -> Result<Vec<Frame>, EvaluateError> {
    let starts: Vec<Millis> = (0..grid.len()).map(|bucket| grid.bucket_start(bucket)).collect();
    let max_points = POINTS_PER_CELL.saturating_mul(cells as usize);
    let buckets = Buckets { starts_ms: &starts, max_points };
    let series = evaluate(node, inputs, &buckets)?.into_series(&buckets);
    let legends = legend::legends(&series, question);
    let frame = |(series, legend): (Series, String)| {
        let metric = Some(series.labels.get(METRIC_NAME)).filter(|name| !name.is_empty()).map(str::to_owned);
        let unit = unit(snapshot, metric.as_deref());
        let points = series.points.iter().map(|point| (starts[point.bucket as usize], point.value)).collect();
        let mut labels = series.labels;
        labels.retain(|name| name != METRIC_NAME);
        Frame { legend, metric, labels, unit, points }
    };
    Ok(series.into_iter().zip(legends).map(frame).collect())
}

/// Grafana's id of a metric's unit.
fn unit(snapshot: &Snapshot, metric: Option<&str>) -> Option<String> {
    metric.and_then(|name| snapshot.metric(name)).and_then(|(_, metric)| metric.unit.clone())
}
