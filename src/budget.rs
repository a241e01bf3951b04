//! What a request may hold and produce: bytes, cells, time. Whatever is held pays, and gives back when it is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use crate::error::{Error, Kind};

/// Bytes are paid in pieces of this size, so that a byte more costs no shared counter.
const PIECE: usize = 64 * 1024;

/// Bytes that may be held at once.
#[derive(Debug)]
struct ByteAccount {
    held: AtomicUsize,
    whole: usize,
}

impl ByteAccount {
    const fn new(whole: usize) -> Self {
        Self { held: AtomicUsize::new(0), whole }
    }

    fn take(&self, bytes: usize) -> bool {
        let more = |held: usize| held.checked_add(bytes).filter(|held| *held <= self.whole);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The bytes that all requests of the process may hold together.
#[derive(Clone, Debug)]
pub struct ProcessBudget(Arc<ByteAccount>);

impl ProcessBudget {
    /// A budget of so many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(ByteAccount::new(bytes)))
    }

    /// The bytes that are held now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }

    /// The bytes that may be held.
    #[must_use]
    pub fn whole(&self) -> usize {
        self.0.whole
    }
}

/// The cells that an answer may have.
#[derive(Debug)]
struct Cells {
    left: AtomicU32,
    whole: u32,
}

/// What one request may hold and produce. Clones share everything.
#[derive(Clone, Debug)]
pub struct Budget {
    process: ProcessBudget,
    request: Arc<ByteAccount>,
    cells: Arc<Cells>,
    stopped: Arc<AtomicBool>,
}

impl Budget {
    /// The budget of one request.
    #[must_use]
    pub fn new(process: &ProcessBudget, bytes: usize, cells: u32) -> Self {
        Self {
            process: process.clone(),
            request: Arc::new(ByteAccount::new(bytes)),
            cells: Arc::new(Cells { left: AtomicU32::new(cells), whole: cells }),
            stopped: Arc::default(),
        }
    }

    /// The same bytes, and as many cells again.
    #[must_use]
    pub fn with_cells_of_its_own(&self) -> Self {
        let whole = self.cells.whole;
        Self { cells: Arc::new(Cells { left: AtomicU32::new(whole), whole }), ..self.clone() }
    }

    /// The same budget for work that is stopped alone.
    #[must_use]
    pub fn stopped_alone(&self) -> Self {
        Self { stopped: Arc::default(), ..self.clone() }
    }

    /// Takes one cell of the answer.
    ///
    /// # Errors
    /// None is left.
    pub fn take(&self) -> Result<(), Error> {
        self.take_many(1)
    }

    /// Takes as many cells of the answer.
    ///
    /// # Errors
    /// So many are not left.
    pub fn take_many(&self, cells: usize) -> Result<(), Error> {
        let cells = u32::try_from(cells).unwrap_or(u32::MAX);
        let left = |left: u32| left.checked_sub(cells);
        let taken = self.cells.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        taken.map(|_| ()).map_err(|_| {
            let message = format!("the answer is larger than the limit of {} cells", self.cells.whole);
            Error::new(Kind::AnswerTooLarge, message).hint("ask for fewer series, or aggregate them")
        })
    }

    /// Nobody waits for the result any more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the work may go on: every long loop asks.
    ///
    /// # Errors
    /// The request's time is over.
    pub fn go_on(&self) -> Result<(), Error> {
        if !self.stopped.load(Ordering::Relaxed) {
            return Ok(());
        }
        let message = "computing the answer took too long";
        Err(Error::new(Kind::Timeout, message).hint("narrow the range, or select fewer series"))
    }

    /// Bytes to be paid from this budget: none yet.
    #[must_use]
    pub fn held(&self) -> HeldBytes {
        HeldBytes { budget: self.clone(), used: 0, paid: 0 }
    }

    /// Bytes that are paid at once.
    ///
    /// # Errors
    /// So many may not be held.
    pub fn paid(&self, bytes: usize) -> Result<HeldBytes, Error> {
        let mut held = self.held();
        held.pay(bytes)?;
        Ok(held)
    }

    fn take_bytes(&self, bytes: usize) -> Result<(), Error> {
        if !self.request.take(bytes) {
            return Err(too_much(self.request.whole, "one request", "DATEBIN_REQUEST_BYTES"));
        }
        if self.process.0.take(bytes) {
            return Ok(());
        }
        self.request.give_back(bytes);
        let own = self.request.held.load(Ordering::Relaxed).saturating_add(bytes);
        if own > self.process.0.whole {
            return Err(too_much(self.process.0.whole, "the process", "DATEBIN_PROCESS_BYTES"));
        }
        let whole = shown(self.process.0.whole);
        let message = format!("other requests hold the {whole} that all may hold together (DATEBIN_PROCESS_BYTES)");
        Err(Error::new(Kind::Busy, message).hint("try again in a few seconds"))
    }
}

fn too_much(whole: usize, whose: &str, setting: &str) -> Error {
    let message = format!("computing the answer takes more than {}, the limit of {whose} ({setting})", shown(whole));
    let hint = "select fewer series with matchers, shorten the range, or take a coarser step";
    Error::new(Kind::TooManyBytes, message).hint(hint)
}

fn shown(bytes: usize) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{bytes} bytes") }
}

/// Bytes that are held; dropped, they are free again.
#[derive(Debug)]
pub struct HeldBytes {
    budget: Budget,
    used: usize,
    paid: usize,
}

impl HeldBytes {
    /// Pays for more bytes.
    ///
    /// # Errors
    /// So many may not be held.
    pub fn pay(&mut self, bytes: usize) -> Result<(), Error> {
        let used = self.used.saturating_add(bytes);
        if used > self.paid {
            let more = (used - self.paid).div_ceil(PIECE).saturating_mul(PIECE);
            self.budget.take_bytes(more)?;
            self.paid += more;
        }
        self.used = used;
        Ok(())
    }

    /// So many bytes are held no longer.
    pub fn give_back(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes);
        let needed = self.used.div_ceil(PIECE) * PIECE;
        // Two pieces are kept, so that bytes that come and go cost no shared counter either.
        let free = self.paid.saturating_sub(needed + 2 * PIECE);
        if free > 0 {
            self.repay(free);
        }
    }

    /// Pays for as many bytes as are held now.
    ///
    /// # Errors
    /// So many may not be held.
    pub fn set(&mut self, bytes: usize) -> Result<(), Error> {
        if bytes > self.used {
            return self.pay(bytes - self.used);
        }
        self.give_back(self.used - bytes);
        Ok(())
    }

    /// Holds what another one of the same budget holds, too.
    pub fn absorb(&mut self, mut other: Self) {
        debug_assert!(
            Arc::ptr_eq(&self.budget.request, &other.budget.request),
            "each budget is paid back what it gave"
        );
        self.used += std::mem::take(&mut other.used);
        self.paid += std::mem::take(&mut other.paid);
    }

    fn repay(&mut self, bytes: usize) {
        self.budget.request.give_back(bytes);
        self.budget.process.0.give_back(bytes);
        self.paid -= bytes;
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.repay(self.paid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn what_is_dropped_is_free_again() {
        let process = ProcessBudget::new(3 * MIB);
        let budget = Budget::new(&process, 2 * MIB, 1);
        let mut held = budget.paid(MIB).unwrap();
        assert_eq!(process.held(), MIB);
        assert_eq!(held.pay(MIB + 1).unwrap_err().kind, Kind::TooManyBytes);
        assert!(held.pay(MIB).is_ok(), "a refusal takes nothing");
        held.give_back(2 * MIB);
        assert!(process.held() <= 2 * PIECE);
        drop(held);
        assert_eq!(process.held(), 0);
    }

    #[test]
    fn what_others_hold_is_worth_waiting_for_and_ones_own_is_not() {
        let process = ProcessBudget::new(3 * MIB);
        let (one, other) = (Budget::new(&process, 4 * MIB, 1), Budget::new(&process, 4 * MIB, 1));
        let held = one.paid(2 * MIB).unwrap();
        assert_eq!(other.paid(2 * MIB).unwrap_err().kind, Kind::Busy);
        let alone = other.paid(3 * MIB + 1).unwrap_err();
        assert!((alone.kind, alone.message.contains("DATEBIN_PROCESS_BYTES")) == (Kind::TooManyBytes, true));
        drop(held);
        assert!(other.paid(2 * MIB).is_ok());
    }

    #[test]
    fn work_that_is_stopped_alone_leaves_the_rest() {
        let budget = Budget::new(&ProcessBudget::new(MIB), MIB, 1);
        let work = budget.stopped_alone();
        work.stop();
        assert_eq!(work.go_on().unwrap_err().kind, Kind::Timeout);
        assert!(budget.go_on().is_ok());
        assert!(budget.take().is_ok() && work.take().is_err(), "cells are shared");
    }
}
