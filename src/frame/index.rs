//! Maps the label columns of a row to its series.
//!
//! Rows whose labels mean the same (NULL and the empty string, two spellings of one document) are of one series.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::chunks::ChunkedVec;
use super::keys::{KEY_BYTES, LabelSetKey, LabelSetNumbers};
use super::samples::too_many_samples;
use crate::budget::{Budget, HeldBytes};
use crate::db::SeriesRow;
use crate::error::{Error, Kind};
use crate::plan::{Fetch, SeriesLabel};
use crate::series::{Labels, METRIC_NAME};
use crate::sql::{GroupLabel, keys};

/// What a document that was read costs besides its text.
const DOCUMENT_BYTES: usize = 64;

/// How a label column reads.
enum LabelColumn {
    One(Arc<str>),
    Members,
}

/// A label of a key: its name's number, and the column with its value; without a column it is the metric's name.
struct KeyLabel {
    name: u32,
    column: Option<usize>,
}

/// The series of a fetch while their rows arrive, each with its state.
pub(super) struct SeriesIndex<S> {
    /// The first of the fetches; what all of them share.
    pub(super) fetch: Arc<Fetch>,
    /// Whether a row may hold what is no number.
    pub(super) may_skip: bool,
    /// The bytes of the series and their states.
    pub(super) held: HeldBytes,
    keys: LabelSetNumbers,
    states: ChunkedVec<S>,
    columns: Vec<LabelColumn>,
    /// The labels in order of their names, where none comes out of a document.
    parts: Option<Vec<KeyLabel>>,
    /// The series of rows with documents, by their texts.
    documents: HashMap<Vec<u8>, usize>,
    key: LabelSetKey,
    texts: Vec<u8>,
    named: bool,
}

/// The series of a fetch, whatever their states.
pub trait SeriesOfRows {
    /// The first of the fetches.
    fn fetch(&self) -> &Fetch;

    /// How many columns of a row are labels.
    fn width(&self) -> usize;

    /// The number of the series that a row belongs to.
    ///
    /// # Errors
    /// There are more series than allowed, or more bytes would be held.
    fn series_of(&mut self, row: &SeriesRow<'_>) -> Result<usize, Error>;
}

impl<S: Default> SeriesOfRows for SeriesIndex<S> {
    fn fetch(&self) -> &Fetch {
        &self.fetch
    }

    fn width(&self) -> usize {
        self.columns.len()
    }

    fn series_of(&mut self, row: &SeriesRow<'_>) -> Result<usize, Error> {
        if self.parts.is_some() {
            self.read_key(row)?;
            return self.number();
        }
        self.read_texts(row)?;
        if let Some(at) = self.documents.get(&self.texts) {
            return Ok(*at);
        }
        self.read_key(row)?;
        let at = self.number()?;
        // The names of its members are kept beside its text.
        self.held.pay(DOCUMENT_BYTES + 2 * self.texts.len())?;
        self.documents.insert(self.texts.clone(), at);
        Ok(at)
    }
}

impl<S: Default> SeriesIndex<S> {
    /// An index for a fetch; `named` keeps the metric's name as a label.
    pub(super) fn new(fetch: Arc<Fetch>, named: bool, budget: &Budget) -> Self {
        let mut index = Self {
            may_skip: false,
            held: budget.held(),
            keys: LabelSetNumbers::new(),
            states: ChunkedVec::default(),
            columns: Vec::new(),
            parts: None,
            documents: HashMap::new(),
            key: LabelSetKey::default(),
            texts: Vec::new(),
            named,
            fetch: Arc::clone(&fetch),
        };
        index.next_source(&fetch);
        index
    }

    /// Goes on with the rows of another source of the same metric.
    pub(super) fn next_source(&mut self, fetch: &Fetch) {
        self.columns = columns(fetch);
        self.may_skip = fetch.rows.value.may_skip();
        self.documents.clear();
        self.parts = self.parts();
    }

    /// The labels of a key in order of their names; of several columns with one name the last counts.
    fn parts(&mut self) -> Option<Vec<KeyLabel>> {
        let mut named: Vec<(Arc<str>, Option<usize>)> = Vec::new();
        named.extend(self.named.then(|| (Arc::from(METRIC_NAME), None)));
        for (at, column) in self.columns.iter().enumerate() {
            let LabelColumn::One(name) = column else { return None };
            named.retain(|(have, _)| have != name);
            named.push((Arc::clone(name), Some(at)));
        }
        named.sort_by(|a, b| a.0.cmp(&b.0));
        Some(named.iter().map(|(name, column)| KeyLabel { name: self.keys.name(name), column: *column }).collect())
    }

    /// How many series there are.
    pub(super) const fn len(&self) -> usize {
        self.states.len()
    }

    /// The state of a series, and the bytes that it pays from.
    pub(super) fn state(&mut self, at: usize) -> Option<(&mut S, &mut HeldBytes)> {
        Some((self.states.get_mut(at)?, &mut self.held))
    }

    /// The states, by the numbers of their series.
    pub(super) fn states(&self) -> impl Iterator<Item = (usize, &S)> {
        self.states.iter().enumerate()
    }

    /// The label sets.
    pub(super) const fn keys(&self) -> &LabelSetNumbers {
        &self.keys
    }

    /// The label sets, the states in their order, and what they hold.
    pub(super) fn into_parts(self) -> (LabelSetNumbers, ChunkedVec<S>, HeldBytes) {
        (self.keys, self.states, self.held)
    }

    /// The number of the series that a row belongs to, if there is such a series.
    pub(super) fn find(&mut self, row: &SeriesRow<'_>) -> Result<Option<usize>, Error> {
        self.read_key(row)?;
        Ok(self.keys.find(&self.key))
    }

    /// The number of the series of these labels.
    pub(super) fn series_with(&mut self, labels: &Labels) -> Result<usize, Error> {
        self.key.clear();
        self.add(labels);
        self.number()
    }

    /// The number of the series of these labels, which lack the metric's name.
    pub(super) fn series_called(&mut self, labels: &Labels) -> Result<usize, Error> {
        if !self.named || !labels.get(METRIC_NAME).is_empty() {
            return self.series_with(labels);
        }
        let mut labels = labels.clone();
        labels.set(Arc::from(METRIC_NAME), Arc::from(self.fetch.rows.metric.as_str()));
        self.series_with(&labels)
    }

    fn add(&mut self, labels: &Labels) {
        for (name, value) in labels.iter() {
            let name = self.keys.name(name);
            self.key.add(name, value);
        }
    }

    fn number(&mut self) -> Result<usize, Error> {
        let (at, is_new) = self.keys.number(&self.key);
        if is_new {
            self.held.pay(KEY_BYTES + self.key.len() + size_of::<S>())?;
            self.states.push(S::default());
            if self.len() > self.fetch.caps.series as usize {
                return Err(self.too_much());
            }
        }
        Ok(at)
    }

    /// The texts of the label columns, each behind its length.
    fn read_texts(&mut self, row: &SeriesRow<'_>) -> Result<(), Error> {
        self.texts.clear();
        for column in 0..self.columns.len() {
            let text = text(row, column)?;
            self.texts.extend_from_slice(&text.len().to_ne_bytes());
            self.texts.extend_from_slice(text.as_bytes());
        }
        Ok(())
    }

    fn read_key(&mut self, row: &SeriesRow<'_>) -> Result<(), Error> {
        self.key.clear();
        let Some(parts) = &self.parts else { return self.read_members(row) };
        for part in parts {
            match part.column {
                Some(column) => self.key.add(part.name, text(row, column)?),
                None => self.key.add(part.name, &self.fetch.rows.metric),
            }
        }
        Ok(())
    }

    fn read_members(&mut self, row: &SeriesRow<'_>) -> Result<(), Error> {
        let name = self.named.then(|| (Arc::from(METRIC_NAME), Arc::from(self.fetch.rows.metric.as_str())));
        let mut labels = Labels::new(name);
        // Members first: a declared label wins over a member of the same name.
        for (at, column) in self.columns.iter().enumerate() {
            if matches!(column, LabelColumn::Members) {
                members(text(row, at)?).for_each(|(name, value)| labels.set(name, value));
            }
        }
        for (at, column) in self.columns.iter().enumerate() {
            if let LabelColumn::One(name) = column {
                labels.set(Arc::clone(name), Arc::from(text(row, at)?));
            }
        }
        self.add(&labels);
        Ok(())
    }

    /// The error for more series or rows than allowed.
    pub(super) fn too_much(&self) -> Error {
        let hint = "narrow it with matchers, or aggregate it, e.g. `avg by (label) (…)`";
        let (metric, cap) = (&self.fetch.rows.metric, self.fetch.caps.series);
        if self.len() > cap as usize {
            let message = format!("{metric} has more than {cap} series here, the limit of one target");
            return Error::new(Kind::TooManySeries, message).hint(hint);
        }
        if cap == u32::MAX {
            return too_many_samples(metric, self.fetch.caps.rows);
        }
        let message = format!("the answer for {metric} is larger than the limit of {} cells", self.fetch.caps.rows);
        Error::new(Kind::AnswerTooLarge, message).hint(hint)
    }
}

fn text<'a>(row: &'a SeriesRow<'_>, column: usize) -> Result<&'a str, Error> {
    Ok(row.label(column).map_err(|error| error.public())?.unwrap_or(""))
}

fn columns(fetch: &Fetch) -> Vec<LabelColumn> {
    let one = |name: &String| LabelColumn::One(Arc::from(name.as_str()));
    match &fetch.fold.aggregate {
        None => {
            let column = |label: &SeriesLabel| match label {
                SeriesLabel::One { name, .. } => one(name),
                SeriesLabel::Members { .. } => LabelColumn::Members,
            };
            fetch.rows.labels.iter().map(column).collect()
        }
        Some(aggregate) => {
            let column = |key: GroupLabel| match key {
                GroupLabel::Column { name, .. } | GroupLabel::Member { name, .. } => one(&name),
                GroupLabel::Rest { .. } => LabelColumn::Members,
            };
            keys(fetch, &aggregate.grouping).into_iter().map(column).collect()
        }
    }
}

/// The members of a JSON object as label names and texts, as `->>` would give them; of anything else none. Numbers
/// and nested values are the very text that PostgreSQL wrote, or matchers would not find them. A member cannot pose
/// as the metric's name, and one without a name is none.
fn members(text: &str) -> impl Iterator<Item = (Arc<str>, Arc<str>)> {
    let object = serde_json::from_str::<HashMap<String, &RawValue>>(text).unwrap_or_default();
    object.into_iter().filter(|(name, _)| name != METRIC_NAME && !name.is_empty()).map(|(name, value)| {
        let text = match value.get() {
            "null" => Arc::from(""),
            written => serde_json::from_str::<String>(written).map_or_else(|_| Arc::from(written), Arc::from),
        };
        (Arc::from(name), text)
    })
}
