//! Rows → label sets, each once, whichever sources and metrics they come from.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::index::{SeriesIndex, SeriesOfRows as _};
use crate::budget::{Budget, HeldBytes};
use crate::db::SeriesRow;
use crate::error::Error;
use crate::plan::{SetsFetch, SetsOf};
use crate::series::{Labels, METRIC_NAME};

/// What one more metric of a label set takes.
const METRIC_BYTES: usize = 16;

/// The label sets of some metrics while their rows arrive.
pub struct LabelSets {
    index: Option<SeriesIndex<BTreeSet<u32>>>,
    budget: Budget,
    metrics: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
    series: usize,
}

impl LabelSets {
    /// None yet.
    #[must_use]
    pub fn new(budget: &Budget) -> Self {
        Self { index: None, budget: budget.clone(), metrics: Vec::new(), numbers: HashMap::new(), series: 0 }
    }

    /// Goes on with the rows of another statement.
    pub fn next_source(&mut self, sets: &SetsFetch) {
        match &mut self.index {
            Some(index) => index.next_source(&sets.fetch),
            none => *none = Some(SeriesIndex::new(Arc::new(sets.fetch.clone()), false, &self.budget)),
        }
    }

    /// How many rows were looked at for the label sets of a statement, of which this is a row.
    ///
    /// # Errors
    /// The row is not of the statement's shape.
    pub fn looked_at(sets: &SetsFetch, row: &SeriesRow<'_>) -> Result<f64, Error> {
        let columns = if let SetsOf::Columns(columns) = &sets.of { columns.len() } else { 0 };
        let total = row.value(sets.fetch.rows.labels.len() + 1 + columns).map_err(|error| error.public())?;
        Ok(total.unwrap_or_default())
    }

    /// How many series there are: label sets, each with a metric.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.series
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.series == 0
    }

    /// Takes a row of a statement, and tells whether it is of some metric.
    ///
    /// # Errors
    /// More bytes would be held, or the row is not of the statement's shape.
    pub fn row(&mut self, sets: &SetsFetch, row: &SeriesRow<'_>) -> Result<bool, Error> {
        let width = sets.fetch.rows.labels.len();
        match &sets.of {
            SetsOf::One => self.add(row, &sets.fetch.rows.metric).map(|()| true),
            SetsOf::Stored { metrics, .. } => {
                let stored = row.label(width).map_err(|error| error.public())?.unwrap_or_default();
                let at = metrics.binary_search_by(|metric| metric.stored.as_str().cmp(stored));
                // Rows whose name the catalog does not know count, too: others may stand behind the limit.
                at.map_or(Ok(()), |at| self.add(row, &metrics[at].metric)).map(|()| true)
            }
            SetsOf::Columns(columns) => {
                let mut is_of_some = false;
                for (at, column) in columns.iter().enumerate() {
                    let rows = row.value(width + 1 + at).map_err(|error| error.public())?;
                    if rows.is_some_and(|rows| rows > 0.0) {
                        self.add(row, &column.rows.metric)?;
                        is_of_some = true;
                    }
                }
                Ok(is_of_some)
            }
        }
    }

    fn add(&mut self, row: &SeriesRow<'_>, metric: &str) -> Result<(), Error> {
        let metric = self.number(metric);
        let Some(index) = &mut self.index else { return Ok(()) };
        let at = index.series_of(row)?;
        self.insert(at, metric)
    }

    /// Adds the label sets of other rows.
    ///
    /// # Errors
    /// More bytes would be held.
    pub fn absorb(&mut self, other: Self) -> Result<(), Error> {
        if self.index.is_none() {
            *self = other;
            return Ok(());
        }
        let Some(theirs) = &other.index else { return Ok(()) };
        for (at, metrics) in other.states() {
            let labels = theirs.keys().labels(at, |_| true);
            for metric in metrics.iter().filter_map(|number| other.metrics.get(*number as usize)) {
                let metric = self.number(metric);
                let Some(index) = &mut self.index else { return Ok(()) };
                let at = index.series_with(&labels)?;
                self.insert(at, metric)?;
            }
        }
        Ok(())
    }

    fn insert(&mut self, at: usize, metric: u32) -> Result<(), Error> {
        if let Some((metrics, held)) = self.index.as_mut().and_then(|index| index.state(at))
            && metrics.insert(metric)
        {
            held.pay(METRIC_BYTES)?;
            self.series += 1;
        }
        Ok(())
    }

    fn number(&mut self, metric: &str) -> u32 {
        if let Some(number) = self.numbers.get(metric) {
            return *number;
        }
        let number = u32::try_from(self.metrics.len()).unwrap_or(u32::MAX);
        let name: Arc<str> = Arc::from(metric);
        self.metrics.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }

    /// The metrics that have a series.
    #[must_use]
    pub fn metrics(&self) -> BTreeSet<String> {
        let numbers: BTreeSet<u32> = self.states().flat_map(|(_, metrics)| metrics.iter().copied()).collect();
        numbers.iter().filter_map(|number| self.metrics.get(*number as usize)).map(|name| name.to_string()).collect()
    }

    /// The values of a label.
    #[must_use]
    pub fn values(&self, label: &str) -> BTreeSet<String> {
        let Some(index) = &self.index else { return BTreeSet::new() };
        let values = self.states().map(|(at, _)| index.keys().value(at, label));
        values.filter(|value| !value.is_empty()).map(str::to_owned).collect()
    }

    /// The names of all labels.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        let Some(index) = &self.index else { return BTreeSet::new() };
        let mut names = BTreeSet::new();
        for (at, _) in self.states() {
            for (name, _) in index.keys().labels(at, |name| !names.contains(name)).iter() {
                names.insert(name.to_string());
            }
        }
        names
    }

    /// The series in order of their labels, at most so many, and the bytes that they take.
    ///
    /// # Errors
    /// Time is over, or more bytes would be held.
    pub fn series(&self, most: usize, budget: &Budget) -> Result<(Vec<Labels>, HeldBytes), Error> {
        let (mut all, mut held) = (Vec::new(), budget.held());
        let Some(index) = &self.index else { return Ok((all, held)) };
        'all: for (at, metrics) in self.states() {
            budget.go_on()?;
            let labels = index.keys().labels(at, |_| true);
            for metric in metrics.iter().filter_map(|number| self.metrics.get(*number as usize)) {
                let mut own = labels.clone();
                own.set(Arc::from(METRIC_NAME), Arc::clone(metric));
                held.pay(SERIES_BYTES + index.keys().size(at))?;
                all.push(own);
                if all.len() >= most {
                    break 'all;
                }
            }
        }
        all.sort_unstable();
        Ok((all, held))
    }

    fn states(&self) -> impl Iterator<Item = (usize, &BTreeSet<u32>)> {
        self.index.iter().flat_map(SeriesIndex::states).filter(|(_, metrics)| !metrics.is_empty())
    }
}

/// What a series takes besides the texts of its labels.
const SERIES_BYTES: usize = 256;
