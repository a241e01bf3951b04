//! How many rows a fetch may read.

use super::{FetchAggregate, Limits, SeriesLabel};
use crate::catalog::LabelValue;

/// One row per bucket and series, and never more than an answer has cells. Rows of the database are not yet series
/// where a label can be absent in two spellings: each such label allows twice the rows, and documents, which have any
/// number of spellings, only the cells; the series are counted as they are merged.
pub(super) fn row_cap(limits: Limits, buckets: u32, labels: &[SeriesLabel], aggregate: Option<&FetchAggregate>) -> u32 {
    let series = buckets.saturating_mul(limits.series);
    let spellings = if aggregate.is_some() { Some(1) } else { spellings(labels) };
    spellings.map_or(limits.cells, |spellings| limits.cells.min(series.saturating_mul(spellings)))
}

/// In how many ways one set of labels may stand in the rows; none where nothing bounds that.
fn spellings(labels: &[SeriesLabel]) -> Option<u32> {
    labels.iter().try_fold(1_u32, |spellings, label| match label {
        SeriesLabel::Members { .. } => None,
        SeriesLabel::One { value, .. } if may_be_empty_or_null(value) => Some(spellings.saturating_mul(2)),
        SeriesLabel::One { .. } => Some(spellings),
    })
}

/// Whether NULL and the empty text may both stand for the absent label.
fn may_be_empty_or_null(value: &LabelValue) -> bool {
    match value {
        LabelValue::Column(column) => column.nullable && column.ty.may_be_empty(),
        LabelValue::Member { .. } | LabelValue::Part { .. } | LabelValue::Resolved { .. } => true,
    }
}
