//! The SQL of a plan, for the panel's query inspector and for `EXPLAIN`.

use std::collections::BTreeSet;

use crate::plan::{Fetch, FetchGroup, resolve_pattern};
use crate::sql::{self, Statement};

/// The statements of all fetches, with their parameters as numbers: values may be many, and are nobody's business
/// who only wants to know which indexes serve.
pub(super) fn statements(groups: &[FetchGroup]) -> String {
    let texts: Vec<String> = parts(groups).iter().map(|part| statement(part).text + ";").collect();
    texts.join("\n")
}

/// Everything that is read, each from one relation.
pub(super) fn parts(groups: &[FetchGroup]) -> Vec<Fetch> {
    groups.iter().flat_map(|group| &group.fetches).flat_map(Fetch::parts).collect()
}

/// The statement of a fetch in its shape: a pattern stands as the list of values that it will become.
pub(super) fn statement(fetch: &Fetch) -> Statement {
    let mut fetch = fetch.clone();
    if let Some(rest) = &mut fetch.rest {
        in_shape(&mut rest.fetch);
    }
    in_shape(&mut fetch);
    if fetch.fold.function.is_of_samples() { sql::samples(&fetch) } else { sql::fetch(&fetch) }
}

/// Puts the list of values that a pattern will become in its place.
fn in_shape(fetch: &mut Fetch) {
    let joined = fetch.rows.joins.iter_mut().flat_map(|join| &mut join.filters);
    for filter in fetch.rows.filters.iter_mut().chain(joined) {
        *filter = resolve_pattern(filter, &BTreeSet::new());
    }
}
