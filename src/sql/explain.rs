//! The plan of a statement.

use super::Statement;

/// The statement that asks for the plan of another one, as JSON.
#[must_use]
pub fn explain(statement: &Statement) -> Statement {
    Statement { text: ["EXPLAIN (FORMAT JSON) ", &statement.text].concat(), ..statement.clone() }
}
