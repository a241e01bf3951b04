//! How far looking through relations got: for how long, which of them failed, what is to be said of it.

use std::time::Duration;

use super::{LabelListing, SeriesSelection};
use crate::db::Deadline;
use crate::engine::LabelValues;
use crate::error::{Error, Kind};
use crate::intake::prometheus::ListingTimes;
use crate::plan::SourceRows;
use crate::series::METRIC_NAME;
use crate::time::TimeRange;

/// How long a list may take in all.
pub(super) const WHOLE: Duration = Duration::from_secs(10);
/// The most broken relations that are named.
const NAMED: usize = 5;

/// How far looking got, when it is over.
#[derive(Debug, Default)]
pub struct ListCoverage {
    /// Whether some rows were not looked at, so that the list may not be whole.
    pub is_partial: bool,
    /// Why relations are left out.
    pub left_out: Vec<Error>,
    /// Why names of metrics are missing.
    pub missing: Vec<Error>,
}

impl ListCoverage {
    /// What is to be said of it.
    #[must_use]
    pub fn warnings(self) -> Vec<String> {
        let partial = "the list may not be whole: not all rows were read; narrow start and end, or the selectors";
        let left_out = self.left_out.into_iter().take(NAMED);
        let left_out = left_out.map(|error| format!("a relation is left out: {}", error.lasting().sentence()));
        let missing = self.missing.iter().take(NAMED).map(Error::sentence);
        self.is_partial.then(|| partial.to_owned()).into_iter().chain(left_out).chain(missing).collect()
    }
}

/// How far looking through relations got.
pub(super) struct ListProgress {
    /// The times of the rows; none means all, where that is bounded, and the newest elsewhere.
    pub(super) range: Option<TimeRange>,
    /// When looking ends.
    pub(super) until: Deadline,
    is_selective: bool,
    /// Whether some rows were not looked at.
    pub(super) is_partial: bool,
    answered: usize,
    failed: Vec<Error>,
    late: Option<Error>,
}

impl ListProgress {
    pub(super) fn new(deadline: Deadline, sought: &SeriesSelection) -> Self {
        let range = if let ListingTimes::Range(range) = sought.within { Some(range) } else { None };
        Self {
            range,
            until: deadline,
            is_selective: !sought.selectors.is_empty(),
            is_partial: false,
            answered: 0,
            failed: Vec::new(),
            late: None,
        }
    }

    /// Whether all names of metrics are asked for, of whatever time: the catalog has them.
    pub(super) fn is_of_all_names(&self, listed: LabelListing<'_>, rows: &[SourceRows<'_>]) -> bool {
        let is_all = listed == LabelListing::Values(METRIC_NAME) && !self.is_selective && self.range.is_none();
        is_all && rows.iter().all(|rows| rows.filters.is_empty())
    }

    /// Whether only some of the rows of a relation are meant.
    pub(super) const fn narrows(&self, rows: &SourceRows<'_>) -> bool {
        self.range.is_some() || !rows.filters.is_empty() || rows.is_chosen()
    }

    /// The values of a relation. One that fails is left out; that the database does not answer is an error.
    pub(super) fn take(&mut self, found: Result<LabelValues, Error>) -> Result<Vec<String>, Error> {
        let found = self.took(found)?.unwrap_or_default();
        self.is_partial |= found.partial;
        Ok(found.values)
    }

    /// What a relation gave, if it did.
    pub(super) fn took<T>(&mut self, found: Result<T, Error>) -> Result<Option<T>, Error> {
        match found {
            Ok(found) => {
                self.answered += 1;
                Ok(Some(found))
            }
            Err(error) if error.kind == Kind::Timeout => {
                self.is_partial = true;
                self.late = Some(error);
                Ok(None)
            }
            Err(error)
                if matches!(error.kind, Kind::Broken | Kind::Stale | Kind::BadData | Kind::TooManyLabelValues) =>
            {
                self.failed.push(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The first relation that is not as the catalog says.
    pub(super) fn stale(&self) -> Option<&Error> {
        self.failed.iter().find(|error| error.kind == Kind::Stale)
    }

    /// What is to be said of what was found; an error where no relation answered.
    pub(super) fn done(self) -> Result<ListCoverage, Error> {
        if self.answered == 0
            && let Some(error) = self.failed.iter().chain(&self.late).next()
        {
            return Err(error.clone().lasting());
        }
        Ok(ListCoverage { is_partial: self.is_partial, left_out: self.failed, missing: Vec::new() })
    }
}

/// Whether there is time for one more statement.
pub(super) fn in_time(until: Deadline) -> Result<(), Error> {
    if until.left().is_zero() { Err(Error::new(Kind::Timeout, "listing took too long")) } else { Ok(()) }
}
