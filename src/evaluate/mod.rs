//! What is done above a fetch: the expression's tree over series on one grid.
//!
//! ```text
//! ast ──lower──▶ fetch requests (which SQL answers) + tree of nodes ──evaluate, over what was fetched──▶ value
//! ```
//!
//! [`lower`] checks types and names and splits an expression into [`FetchRequest`]s and a tree of [`Node`]s;
//! [`evaluate`] computes the tree bucket by bucket. Pure: no clock, no log, no database. A function that is not done
//! is refused in lowering, by name and position.

mod aggregate;
mod binary;
mod calendar;
mod call;
mod error;
mod evaluator;
mod function;
mod histogram;
mod labels;
mod lower;
mod matching;
mod node;
mod range_function;
mod rank;
mod request;
mod sets;
mod spread;
mod unique;
mod value;

#[cfg(test)]
mod tests;

pub use aggregate::{Aggregation, aggregate};
pub use call::functions;
pub use error::{EvaluateError, EvaluateErrorKind, Side};
pub use evaluator::evaluate;
pub use function::Math;
pub use lower::lower;
pub use node::{BinaryNode, Limiter, Node};
pub use range_function::RangeFunction;
pub use request::{FetchRequest, Lowered, PushedAggregate, Refusal, RefusalKind};
pub use spread::quantile_of;
pub use value::{Buckets, Fetched, Scalar, Value};
