//! The cells of a series while rows arrive: the numbers that its kind keeps, and none besides. Hundreds of thousands of them are held at
//! once.

use crate::budget::HeldBytes;
use crate::error::Error;
use crate::range::buckets::{BucketCell, CellKind, PARTIALS, Partials};

/// Cells one after the other: each a bucket's number, which a float holds exactly, and its partials. The kind is always
/// the same.
#[derive(Debug, Default)]
pub(super) struct PackedCells(Vec<f64>);

impl PackedCells {
    /// Adds a cell. Most of a million series have few: room begins with one, doubles, and ends with the `buckets` of the
    /// axis; what several sources have of one bucket may come to more.
    pub(super) fn push(
        &mut self,
        cell: BucketCell,
        kind: CellKind,
        buckets: usize,
        held: &mut HeldBytes,
    ) -> Result<(), Error> {
        let size = stride(kind);
        if self.0.capacity() - self.0.len() < size {
            let known = self.len(kind);
            let more = if known < buckets { known.max(1).min(buckets - known) } else { known.max(1) };
            held.pay(more * size * size_of::<f64>())?;
            self.0.reserve_exact(more * size);
        }
        self.0.push(f64::from(cell.bucket));
        self.0.extend_from_slice(&cell.partials[..size - 1]);
        Ok(())
    }

    /// How many there are.
    pub(super) fn len(&self, kind: CellKind) -> usize {
        self.0.len() / stride(kind)
    }

    /// Merges a cell with the last one; false where that is of another bucket.
    pub(super) fn merge(&mut self, cell: BucketCell, kind: CellKind) -> bool {
        let at = self.0.len().saturating_sub(stride(kind));
        let Some(last) = self.0.get(at..).and_then(unpack).filter(|last| last.bucket == cell.bucket) else {
            return false;
        };
        let merged = kind.merge(last.partials, cell.partials);
        let numbers = self.0.iter_mut().skip(at + 1);
        numbers.zip(merged).for_each(|(number, partial)| *number = partial);
        true
    }

    /// The bytes that they take.
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<f64>()
    }

    /// The cells, in the order in which they came.
    pub(super) fn unpacked(self, kind: CellKind) -> Vec<BucketCell> {
        self.0.chunks_exact(stride(kind)).filter_map(unpack).collect()
    }
}

/// How many numbers a cell takes.
const fn stride(kind: CellKind) -> usize {
    1 + kind.kept_width()
}

fn unpack(numbers: &[f64]) -> Option<BucketCell> {
    let (bucket, own) = numbers.split_first()?;
    let mut partials: Partials = [0.0; PARTIALS];
    partials.iter_mut().zip(own).for_each(|(partial, number)| *partial = *number);
    // What was a whole number of 32 bits still is.
    Some(BucketCell { bucket: *bucket as u32, partials })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Budget, ProcessBudget};
    use crate::range::Function;

    fn held() -> HeldBytes {
        Budget::new(&ProcessBudget::new(1 << 20), 1 << 20, 1).held()
    }

    #[test]
    fn cells_keep_the_numbers_of_their_kind_and_room_for_the_buckets() {
        for (kind, width) in [(CellKind::Value, 1), (CellKind::Partials(Function::Avg), 2)] {
            let (mut cells, mut held) = (PackedCells::default(), held());
            let own = |bucket: u32| [f64::from(bucket), if width == 2 { 7.0 } else { 0.0 }, 0.0];
            for bucket in 0..600 {
                cells.push(BucketCell { bucket, partials: own(bucket) }, kind, 600, &mut held).unwrap();
            }
            assert_eq!((cells.len(kind), cells.bytes()), (600, 600 * (1 + width) * 8), "{kind:?}");
            assert!(!cells.merge(BucketCell { bucket: 600, partials: own(1) }, kind));
            let unpacked = cells.unpacked(kind);
            assert!(
                (0..600).zip(&unpacked).all(|(bucket, cell)| *cell == BucketCell { bucket, partials: own(bucket) })
            );
        }
    }

    #[test]
    fn a_cell_of_the_last_bucket_is_merged_with_it() {
        let kind = CellKind::Partials(Function::Avg);
        let (mut cells, mut held) = (PackedCells::default(), held());
        cells.push(BucketCell { bucket: 4, partials: [1.0, 1.0, 0.0] }, kind, 9, &mut held).unwrap();
        assert!(cells.merge(BucketCell { bucket: 4, partials: [5.0, 1.0, 0.0] }, kind));
        assert_eq!(cells.unpacked(kind), [BucketCell { bucket: 4, partials: [6.0, 2.0, 0.0] }]);
    }
}
