//! How many rows a fetch may read.

use super::{FetchAggregate, Limits, SeriesLabel};
use crate::catalog::{ColumnType, LabelValue};
use crate::time::Grid;

/// One row per bucket and series, and never more than an answer has cells. Rows of the database are not yet series
/// where a label can be absent in two spellings: then only the cells bound them, and the series are counted as they
/// are merged.
pub(super) fn row_cap(limits: Limits, grid: &Grid, labels: &[SeriesLabel], aggregate: Option<&FetchAggregate>) -> u32 {
    if aggregate.is_none() && labels.iter().any(is_spelled_twice) {
        return limits.cells;
    }
    limits.cells.min(grid.len().saturating_mul(limits.series))
}

/// Whether NULL and the empty text, or different documents, may stand for one label value.
fn is_spelled_twice(label: &SeriesLabel) -> bool {
    match label {
        SeriesLabel::One { value: LabelValue::Column(column), .. } => {
            column.nullable && matches!(column.ty, ColumnType::Text | ColumnType::Varchar | ColumnType::Bpchar)
        }
        SeriesLabel::One { value: LabelValue::Member { .. }, .. } | SeriesLabel::Members { .. } => true,
    }
}
