//! One point per series: its last complete bucket.

use crate::series::Series;
use crate::time::Grid;

/// Keeps of each series the last value whose bucket ends within the range; where no bucket does, the last value. A
/// series without one is left out.
#[must_use]
pub fn instant(mut series: Vec<Series>, grid: &Grid) -> Vec<Series> {
    let to = grid.range().to;
    let complete = (0..grid.len()).take_while(|bucket| grid.bucket_end(*bucket) <= to).count();
    let end = if complete == 0 { grid.len() as usize } else { complete };
    for one in &mut series {
        one.points = one.points.iter().rfind(|point| (point.bucket as usize) < end).copied().into_iter().collect();
    }
    series.retain(|one| !one.points.is_empty());
    series
}
