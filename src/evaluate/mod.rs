//! What is done above a fetch: the expression's tree over series on one grid.
//!
//! [`evaluate`] computes a tree of [`Node`]s bucket by bucket over what was fetched. Pure: no clock, no log, no database.

mod aggregate;
mod annotations;
mod apply;
mod binary;
mod calendar;
mod error;
mod evaluator;
mod fold;
mod function;
mod histogram;
mod labels;
mod matching;
mod node;
mod order;
mod over;
mod range_function;
mod ranges;
mod rank;
mod sets;
mod spread;
mod tree;
mod unique;
mod value;

#[cfg(test)]
mod tests;

pub use aggregate::{Aggregation, aggregate};
pub use annotations::{Annotation, AnnotationTexts, QueryAnnotations};
pub use error::{EvaluateError, EvaluateErrorKind, Side};
pub use evaluator::{ComputedValue, evaluate, evaluate_steps};
pub use fold::{Fold, FoldPlan};
pub use function::{AS_TIME, MATH, Math, NEGATE};
pub use node::{BinaryNode, Limiter, Node};
pub use over::{OverFunction, OverInput, OverNode, SampledSeries, Samples};
pub use range_function::RangeFunction;
pub use ranges::range_samples;
pub use spread::{NanPlace, quantile_of};
pub use value::{EvaluationGrid, FetchedSeries, Inputs, Scalar, Value};
