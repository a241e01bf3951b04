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
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        taken.map(|_| ()).map_err(|_| {
            let message = format!("the answer is larger than the limit of {} cells", self.whole);
            Error::new(Kind::AnswerTooLarge, message).hint("ask for fewer series, or aggregate them")
        })
    }
}
