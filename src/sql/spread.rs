//! The values of a label of a relation whose rows are spread over partitions, chunks or children.
//!
//! A probe of a walk looks into each of them. So the range of a question bounds the walk, which leaves out the parts
//! outside; and where the range has few rows, or each value few in a part, the rows are read instead.

use super::labels::distinct;
use super::walk::{Walk, WalkQuestion, passing, walk};
use super::{Param, Writer};
use crate::catalog::{LabelValue, Source};
use crate::plan::Filter;
use crate::time::TimeRange;

/// Up to so many rows of a range are read before anything is walked.
pub(crate) const READ: i64 = 200_000;

/// Writes the distinct values of a column of a relation of many parts: exactly those of the rows of the range.
pub(super) fn within(
    w: &mut Writer,
    source: &Source,
    value: &LabelValue,
    filters: &[Filter],
    range: Option<TimeRange>,
) {
    match walk(source, value, filters, range) {
        Some(walk) if walk.is_whole(value, filters) && !walk.is_sparse(value) => {
            walk.write_or_read(w, value, filters, range);
        }
        _ => distinct(w, source, value, filters, range),
    }
}

impl Walk<'_> {
    /// Whether reading a range takes less than the walk.
    pub(super) fn is_sparse(&self, value: &LabelValue) -> bool {
        let walked = self.column.unwrap_or_else(|| value.column());
        self.source.sparse.contains(&walked.name)
    }

    /// Writes the values of the rows of the range where there are few, else of a walk within the range.
    pub(super) fn write_or_read(
        &self,
        w: &mut Writer,
        value: &LabelValue,
        filters: &[Filter],
        range: Option<TimeRange>,
    ) {
        let bound = self.bound(w);
        w.syntax("WITH r AS MATERIALIZED (");
        self.rows_asked(w, WalkQuestion { value, filters, fixed: &bound, range: None });
        let most = w.bind(Param::Int(READ));
        w.syntax(" LIMIT ").slot(most).syntax(" + 1), c AS MATERIALIZED (SELECT count(*) AS n FROM r)");
        w.syntax(" SELECT DISTINCT t.\"datebin x\"::text AS x FROM r AS t");
        passing(w, filters);
        w.syntax(" AND (SELECT n FROM c) <= ").slot(most).syntax(" UNION ALL SELECT y.x FROM (");
        self.write(w, value, filters, range);
        w.syntax(") AS y WHERE (SELECT n FROM c) > ").slot(most);
    }
}
