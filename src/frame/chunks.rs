//! A list that grows without ever being copied: a million series arrive one by one, and neither the time nor the memory
//! of a copy may stand in between.

/// Items per piece.
const PIECE: usize = 1 << 12;

/// A list in pieces.
pub(super) struct ChunkedVec<T> {
    pieces: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for ChunkedVec<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), len: 0 }
    }
}

impl<T> ChunkedVec<T> {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, item: T) {
        let room = PIECE.min(self.len.max(4));
        match self.pieces.last_mut().filter(|piece| piece.len() < PIECE) {
            // The first piece grows as lists do: most answers are small.
            Some(piece) => piece.push(item),
            None => {
                let mut piece = Vec::with_capacity(room);
                piece.push(item);
                self.pieces.push(piece);
            }
        }
        self.len += 1;
    }

    pub(super) fn get(&self, at: usize) -> Option<&T> {
        self.pieces.get(at / PIECE)?.get(at % PIECE)
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.pieces.get_mut(at / PIECE)?.get_mut(at % PIECE)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }
}

impl<T> IntoIterator for ChunkedVec<T> {
    type Item = T;
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.pieces.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stay_where_they_were_put() {
        let mut list = ChunkedVec::default();
        (0..3 * PIECE + 1).for_each(|item| list.push(item));
        assert_eq!((list.len(), list.get(PIECE), list.get(3 * PIECE + 1)), (3 * PIECE + 1, Some(&PIECE), None));
        assert!(list.into_iter().eq(0..3 * PIECE + 1));
    }
}
