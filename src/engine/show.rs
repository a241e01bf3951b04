//! The SQL of a plan, for the panel's query inspector.

use crate::plan::{Fetch, FetchGroup};
use crate::sql::{self, Statement};

/// The statements of all fetches, with their parameters as numbers: values may be many, and are nobody's business
/// who only wants to know which indexes serve.
pub(super) fn statements(groups: &[FetchGroup]) -> String {
    let texts: Vec<String> =
        groups.iter().flat_map(|group| &group.fetches).map(|fetch| statement(fetch).text + ";").collect();
    texts.join("\n")
}

fn statement(fetch: &Fetch) -> Statement {
    if fetch.function.is_of_samples() { sql::samples(fetch) } else { sql::fetch(fetch) }
}
