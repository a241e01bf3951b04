//! What is done above a fetch: the expression's tree over series on one grid.
//!
//! [`lower`] splits an expression into fetches, which SQL answers, and a tree of [`Node`]s, which is computed here.
//! Pure: no clock, no log, no database.

mod aggregate;
mod lower;
mod request;

pub use aggregate::aggregate;
pub use lower::lower;
pub use request::{FetchRequest, Lowered, Node, PushedAggregate, RangeFunction, Refusal, RefusalKind};

use crate::series::Series;

/// The series that a tree comes to, sorted by labels, given those of each fetch.
#[must_use]
pub fn series(node: &Node, inputs: &[Vec<Series>]) -> Vec<Series> {
    match node {
        Node::Fetch(at) => inputs.get(*at).cloned().unwrap_or_default(),
        Node::Aggregate { op, grouping, child } => aggregate(*op, grouping, &series(child, inputs)),
    }
}
