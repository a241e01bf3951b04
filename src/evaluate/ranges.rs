//! The samples of a range themselves, which an instant question may ask for.

use std::rc::Rc;

use super::error::EvaluateError;
use super::evaluator::Evaluator;
use super::over::{OverInput, OverNode, SampledSeries, Samples};
use super::value::{Buckets, Fetched};
use crate::budget::Budget;
use crate::range::{Sample, is_stale};
use crate::series::{Labels, Point};

/// The samples of a range at a time of evaluation, each at its own time.
///
/// # Errors
/// As [`super::evaluate`].
pub fn range_samples(
    node: &OverNode,
    (inputs, reads): (Vec<Fetched>, Vec<Samples>),
    buckets: &Buckets<'_>,
    budget: &Budget,
) -> Result<Samples, EvaluateError> {
    let window = node.windows(&buckets.steps()).window(0);
    let mut evaluator = Evaluator::of_steps(node.children(), (inputs, reads), buckets, budget);
    let mut found = Samples { series: Vec::new(), held: budget.held() };
    let inside = |sample: &Sample| window.start_ms < sample.ms && sample.ms <= window.end_ms;
    let mut push = |labels: &Labels, samples: Vec<Sample>| {
        if samples.is_empty() {
            return Ok(());
        }
        found.held.pay(samples.len() * size_of::<Sample>() + SERIES_BYTES)?;
        found.series.push(SampledSeries { labels: labels.clone(), samples });
        budget.go_on()
    };
    match &node.of {
        OverInput::Folded(_) => {}
        OverInput::Read(at) => {
            let read = evaluator.reads.get(*at).map(Rc::clone);
            for one in read.iter().flat_map(|read| &read.series) {
                let kept = one.samples.iter().filter(|sample| inside(sample) && !is_stale(sample.value));
                push(&one.labels, kept.copied().collect())?;
            }
        }
        OverInput::Subquery { child, steps } => {
            let inner = evaluator.at_steps(steps, child)?;
            let sample = |point: &Point| Sample { ms: steps.at(point.bucket), value: point.value };
            for one in &inner.series {
                push(&one.labels, one.points.iter().map(sample).filter(inside).collect())?;
            }
        }
    }
    found.series.sort_by(|a, b| a.labels.cmp(&b.labels));
    Ok(found)
}

/// What a series takes besides its samples.
const SERIES_BYTES: usize = 256;
