//! Whose row it is: the labels in the columns of a row → a series.
//!
//! Rows whose labels mean the same (NULL and the empty string, two spellings of one document) are of one series.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::db::SeriesRow;
use crate::error::{Error, Kind};
use crate::plan::{Fetch, SeriesLabel};
use crate::series::{Labels, METRIC_NAME};
use crate::sql::{Key, keys};

/// The most bytes of label texts in one answer.
const LABEL_BYTES: usize = 32 * 1024 * 1024;

/// How a label column reads.
enum LabelColumn {
    One(Arc<str>),
    Members,
}

/// The series of a fetch while their rows arrive, each with what is gathered of it.
pub(super) struct Gather<'a, S> {
    /// The first of the fetches; what all of them share.
    pub(super) fetch: &'a Fetch,
    /// Whether a row may hold what is no number.
    pub(super) may_skip: bool,
    pub(super) series: Vec<(Labels, S)>,
    columns: Vec<LabelColumn>,
    by_text: HashMap<Vec<u8>, usize>,
    by_labels: HashMap<Labels, usize>,
    key: Vec<u8>,
    last: Option<usize>,
    last_key: Vec<u8>,
    label_bytes: usize,
    name: Option<Arc<str>>,
}

impl<'a, S: Default> Gather<'a, S> {
    /// Gathers for a fetch; `named` keeps the metric's name as a label.
    pub(super) fn new(fetch: &'a Fetch, named: bool) -> Self {
        Self {
            fetch,
            may_skip: fetch.value.may_skip(),
            series: Vec::new(),
            columns: columns(fetch),
            by_text: HashMap::new(),
            by_labels: HashMap::new(),
            key: Vec::new(),
            last: None,
            last_key: Vec::new(),
            label_bytes: 0,
            name: named.then(|| Arc::from(fetch.metric.as_str())),
        }
    }

    /// Goes on with the rows of another source of the same metric.
    pub(super) fn turn(&mut self, fetch: &Fetch) {
        self.columns = columns(fetch);
        self.may_skip = fetch.value.may_skip();
        self.by_text.clear();
        self.last = None;
    }

    /// How many columns of a row are labels.
    pub(super) const fn width(&self) -> usize {
        self.columns.len()
    }

    /// What is gathered of the series of those labels, if there is one.
    pub(super) fn find(&mut self, labels: &Labels) -> Option<&mut S> {
        self.by_labels.get(labels).map(|at| &mut self.series[*at].1)
    }

    /// The series that a row belongs to. Neighbouring rows mostly belong to one series.
    pub(super) fn series_of(&mut self, row: &SeriesRow<'_>) -> Result<usize, Error> {
        self.key.clear();
        for column in 0..self.columns.len() {
            let text = row.label(column).map_err(|error| error.public())?.unwrap_or("");
            self.key.extend_from_slice(&text.len().to_ne_bytes());
            self.key.extend_from_slice(text.as_bytes());
        }
        if let Some(last) = self.last.filter(|_| self.key == self.last_key) {
            return Ok(last);
        }
        let at = match self.by_text.get(&self.key) {
            Some(at) => *at,
            None => self.new_series(row)?,
        };
        self.last = Some(at);
        std::mem::swap(&mut self.key, &mut self.last_key);
        Ok(at)
    }

    fn new_series(&mut self, row: &SeriesRow<'_>) -> Result<usize, Error> {
        self.label_bytes += self.key.len();
        let labels = self.labels(row)?;
        let at = match self.by_labels.get(&labels) {
            Some(at) => *at,
            None => {
                self.series.push((labels.clone(), S::default()));
                self.by_labels.insert(labels, self.series.len() - 1);
                self.series.len() - 1
            }
        };
        if self.series.len() > self.fetch.series_cap as usize || self.label_bytes > LABEL_BYTES {
            return Err(self.too_much());
        }
        self.by_text.insert(self.key.clone(), at);
        Ok(at)
    }

    fn labels(&self, row: &SeriesRow<'_>) -> Result<Labels, Error> {
        let mut labels = Labels::new(self.name.iter().map(|name| (Arc::from(METRIC_NAME), Arc::clone(name))));
        // Members first: a declared label wins over a member of the same name.
        for (at, column) in self.columns.iter().enumerate() {
            let text = row.label(at).map_err(|error| error.public())?.unwrap_or("");
            if matches!(column, LabelColumn::Members) {
                members(text).for_each(|(name, value)| labels.set(name, value));
            }
        }
        for (at, column) in self.columns.iter().enumerate() {
            if let LabelColumn::One(name) = column {
                let text = row.label(at).map_err(|error| error.public())?.unwrap_or("");
                labels.set(Arc::clone(name), Arc::from(text));
            }
        }
        Ok(labels)
    }

    /// The error for more series or rows than allowed.
    pub(super) fn too_much(&self) -> Error {
        let hint = "narrow it with matchers, or aggregate it, e.g. `avg by (label) (…)`";
        let (metric, cap) = (&self.fetch.metric, self.fetch.series_cap);
        if self.series.len() > cap as usize {
            let message = format!("{metric} has more than {cap} series here, the limit of one target");
            return Error::new(Kind::TooManySeries, message).hint(hint);
        }
        let message = format!("the answer for {metric} is larger than the limit of {} cells", self.fetch.row_cap);
        Error::new(Kind::AnswerTooLarge, message).hint(hint)
    }
}

fn columns(fetch: &Fetch) -> Vec<LabelColumn> {
    let one = |name: &String| LabelColumn::One(Arc::from(name.as_str()));
    match &fetch.aggregate {
        None => {
            let column = |label: &SeriesLabel| match label {
                SeriesLabel::One { name, .. } => one(name),
                SeriesLabel::Members { .. } => LabelColumn::Members,
            };
            fetch.labels.iter().map(column).collect()
        }
        Some(aggregate) => {
            let column = |key: Key| match key {
                Key::Column { name, .. } | Key::Member { name, .. } => one(&name),
                Key::Rest { .. } => LabelColumn::Members,
            };
            keys(fetch, &aggregate.grouping).into_iter().map(column).collect()
        }
    }
}

/// The members of a JSON object as label names and texts, as `->>` would give them; of anything else none. Numbers
/// and nested values are the very text that PostgreSQL wrote, or matchers would not find them. A member cannot pose
/// as the metric's name.
fn members(text: &str) -> impl Iterator<Item = (Arc<str>, Arc<str>)> {
    let object = serde_json::from_str::<HashMap<String, &RawValue>>(text).unwrap_or_default();
    object.into_iter().filter(|(name, _)| name != METRIC_NAME).map(|(name, value)| {
        let text = match value.get() {
            "null" => Arc::from(""),
            written => serde_json::from_str::<String>(written).map_or_else(|_| Arc::from(written), Arc::from),
        };
        (Arc::from(name), text)
    })
}
