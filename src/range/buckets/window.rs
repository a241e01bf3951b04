//! Buckets → the windows that span them. A queue of two stacks merges each window from partials that stay merged, so
//! that a window costs the same however long it is, and nothing is ever subtracted: sums lose no digits, and a NaN
//! that has left a window is gone.

use super::{BucketCell, CellKind, Partials};

/// Neighbouring buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BucketSpan {
    /// The first one.
    pub from: u32,
    /// The one behind the last.
    pub to: u32,
}

impl BucketSpan {
    /// One bucket.
    #[must_use]
    pub const fn of(bucket: u32) -> Self {
        Self { from: bucket, to: bucket.saturating_add(1) }
    }

    /// Whether it has a bucket.
    #[must_use]
    pub const fn contains(self, bucket: u32) -> bool {
        self.from <= bucket && bucket < self.to
    }
}

/// Gives the merged partials of each window that has some, with the window's number. Cells ascend, and so do both ends
/// of windows.
///
/// # Errors
/// That of `each`.
pub fn merged<E>(
    kind: CellKind,
    cells: &[BucketCell],
    windows: &[BucketSpan],
    mut each: impl FnMut(u32, Partials) -> Result<(), E>,
) -> Result<(), E> {
    let mut queue = Queue { kind, waiting: Vec::new(), merged: None, leaving: Vec::new() };
    let mut rest = cells;
    for (number, window) in (0_u32..).zip(windows) {
        let inside = rest.partition_point(|cell| cell.bucket < window.to);
        let (next, after) = rest.split_at(inside);
        next.iter().for_each(|cell| queue.push(*cell));
        rest = after;
        queue.drop_before(window.from);
        if let Some(partials) = queue.total() {
            each(number, partials)?;
        }
    }
    Ok(())
}

/// The cells of a window.
struct Queue {
    kind: CellKind,
    /// Those that came since the stacks were turned, oldest first.
    waiting: Vec<BucketCell>,
    /// All of those merged.
    merged: Option<Partials>,
    /// The oldest on top, each merged with all that came after it up to the turn.
    leaving: Vec<BucketCell>,
}

impl Queue {
    fn push(&mut self, cell: BucketCell) {
        self.waiting.push(cell);
        self.merged = Some(self.joined(self.merged, cell.partials));
    }

    fn drop_before(&mut self, from: u32) {
        loop {
            while self.leaving.last().is_some_and(|cell| cell.bucket < from) {
                self.leaving.pop();
            }
            if !self.leaving.is_empty() || self.waiting.first().is_none_or(|cell| cell.bucket >= from) {
                return;
            }
            self.flip();
        }
    }

    fn flip(&mut self) {
        self.merged = None;
        for cell in std::mem::take(&mut self.waiting).into_iter().rev() {
            let after = self.leaving.last().map(|cell| cell.partials);
            let partials = after.map_or(cell.partials, |after| self.kind.merge(cell.partials, after));
            self.leaving.push(BucketCell { partials, ..cell });
        }
    }

    fn total(&self) -> Option<Partials> {
        let leaving = self.leaving.last().map(|cell| cell.partials);
        self.merged.map(|merged| self.joined(leaving, merged)).or(leaving)
    }

    fn joined(&self, earlier: Option<Partials>, later: Partials) -> Partials {
        earlier.map_or(later, |earlier| self.kind.merge(earlier, later))
    }
}
