//! The cells that one answer may hold, shared by its targets.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Error, Kind};

/// What is left of an answer's cells.
#[derive(Debug)]
pub(super) struct Budget {
    left: AtomicU32,
    whole: u32,
}

impl Budget {
    pub(super) const fn new(cells: u32) -> Self {
        Self { left: AtomicU32::new(cells), whole: cells }
    }

    /// Takes one cell.
    pub(super) fn take(&self) -> Result<(), Error> {
        self.take_many(1)
    }

    /// Takes as many cells.
    pub(super) fn take_many(&self, cells: usize) -> Result<(), Error> {
        let cells = u32::try_from(cells).unwrap_or(u32::MAX);
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(cells));
        taken.map(|_| ()).map_err(|_| {
            let message = format!("the answer is larger than the limit of {} cells", self.whole);
            Error::new(Kind::AnswerTooLarge, message).hint("ask for fewer series, or aggregate them")
        })
    }
}
