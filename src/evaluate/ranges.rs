//! The samples of a range themselves, which an instant question may ask for.

use std::rc::Rc;

use super::error::EvaluateError;
use super::evaluator::{ComputedValue, Evaluator};
use super::over::{OverInput, OverNode, SampledSeries};
use super::value::{EvaluationGrid, Inputs};
use crate::budget::Budget;
use crate::range::{Sample, is_stale};
use crate::series::{Labels, Point};

/// The samples of a range at a time of evaluation, each at its own time.
///
/// # Errors
/// As [`super::evaluate`].
pub fn range_samples(
    node: &OverNode,
    inputs: Inputs,
    buckets: &EvaluationGrid<'_>,
    budget: &Budget,
) -> Result<ComputedValue<Vec<SampledSeries>>, EvaluateError> {
    let window = node.windows(&buckets.steps()).window(0);
    let mut evaluator = Evaluator::new(&node.children(), inputs, buckets, budget);
    let (mut found, mut held) = (Vec::new(), budget.held());
    let inside = |sample: &Sample| window.start_ms < sample.ms && sample.ms <= window.end_ms;
    let mut push = |labels: &Labels, samples: Vec<Sample>| {
        if samples.is_empty() {
            return Ok(());
        }
        held.pay(samples.len() * size_of::<Sample>() + SERIES_BYTES)?;
        found.push(SampledSeries { labels: labels.clone(), samples });
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
    found.sort_by(|a: &SampledSeries, b: &SampledSeries| a.labels.cmp(&b.labels));
    Ok(ComputedValue { value: found, held, notes: evaluator.notes })
}

/// What a series takes besides its samples.
const SERIES_BYTES: usize = 256;
