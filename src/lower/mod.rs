//! From an expression to what is computed: fetch requests, and the tree of nodes over them.
//!
//! Types and names are checked here. A part that is not supported is refused by name and position, never half-done. Pure:
//! the catalog is not known here.

mod call;
mod histogram;
mod lowering;
mod prometheus;
mod request;
mod semantics;

#[cfg(test)]
mod tests;

pub use call::functions;
pub use lowering::lower;
pub use prometheus::lower_steps;
pub use request::{
    ExpressionRefusal, FetchRequest, FoldRequest, Lowered, LoweredSteps, PushedAggregate, Reads, RefusalKind, Root,
    SampleRead,
};
pub use semantics::{EvaluationTimes, Semantics};
