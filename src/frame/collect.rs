//! Rows of a fetch → series.
//!
//! Rows come in any order. Rows of one bucket that mean the same labels (NULL and the empty string, two spellings of
//! one document) are merged by their partials.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::ast::OverTime;
use crate::db::{Place, SeriesRow};
use crate::error::{Error, Kind};
use crate::plan::{Buckets, Fetch, SeriesLabel};
use crate::series::{Labels, METRIC_NAME, Point, Series};
use crate::sql::{Key, carried, keys};

/// The most bytes of label texts in one answer.
const LABEL_BYTES: usize = 32 * 1024 * 1024;

/// How a label column reads.
enum LabelColumn {
    One(Arc<str>),
    Members,
}

/// Collects the rows of one fetch.
pub struct Collector<'a> {
    fetch: &'a Fetch,
    columns: Vec<LabelColumn>,
    carried: Option<OverTime>,
    by_text: HashMap<Vec<u8>, usize>,
    by_labels: HashMap<Labels, usize>,
    series: Vec<Gathered>,
    key: Vec<u8>,
    last: Option<usize>,
    last_key: Vec<u8>,
    rows: u32,
    label_bytes: usize,
    name: Option<Arc<str>>,
}

/// A series while its rows arrive.
struct Gathered {
    labels: Labels,
    cells: Vec<Cell>,
}

/// A bucket's partials; the second is unused where one is enough.
#[derive(Clone, Copy)]
struct Cell {
    bucket: u32,
    partials: [f64; 2],
}

impl<'a> Collector<'a> {
    /// Collects for a fetch; `named` keeps the metric's name as a label.
    #[must_use]
    pub fn new(fetch: &'a Fetch, named: bool) -> Self {
        Self {
            fetch,
            columns: columns(fetch),
            carried: carried(fetch),
            by_text: HashMap::new(),
            by_labels: HashMap::new(),
            series: Vec::new(),
            key: Vec::new(),
            last: None,
            last_key: Vec::new(),
            rows: 0,
            label_bytes: 0,
            name: named.then(|| Arc::from(fetch.metric.as_str())),
        }
    }

    /// Takes one row.
    ///
    /// # Errors
    /// The answer has more rows, series or label bytes than allowed.
    pub fn row(&mut self, row: &SeriesRow<'_>) -> Result<(), Error> {
        self.rows += 1;
        // A series too many is what is wrong even where the row is one too many as well.
        let at = self.series_of(row)?;
        if self.rows > self.fetch.row_cap {
            return Err(self.too_much());
        }
        let columns = self.columns.len();
        let place = row.place(columns).map_err(|error| error.public())?;
        let Some(bucket) = self.bucket(place) else { return Ok(()) };
        let mut partials = [0.0; 2];
        let width = if self.carried.is_some_and(has_two) { 2 } else { 1 };
        for (offset, partial) in partials.iter_mut().enumerate().take(width) {
            match row.value(columns + 1 + offset).map_err(|error| error.public())? {
                Some(value) => *partial = value,
                None => return Ok(()),
            }
        }
        self.series[at].cells.push(Cell { bucket, partials });
        Ok(())
    }

    /// The series, sorted by labels, each with ascending points.
    #[must_use]
    pub fn finish(self) -> Vec<Series> {
        let carried = self.carried;
        let mut series: Vec<Series> = self.series.into_iter().map(|gathered| settled(gathered, carried)).collect();
        series.retain(|series| !series.points.is_empty());
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        series
    }

    fn bucket(&self, place: Place) -> Option<u32> {
        match (place, &self.fetch.buckets) {
            (Place::Start(at), Buckets::Regular { step_ms, start_ms, .. }) => {
                let inside = (self.fetch.from..self.fetch.to).contains(&at);
                inside.then(|| u32::try_from((at - start_ms).div_euclid(*step_ms)).ok()).flatten()
            }
            (Place::Number(number), Buckets::Edges(edges)) => {
                let bucket = u32::try_from(number).ok()?.checked_sub(1)?;
                ((bucket as usize) + 1 < edges.len()).then_some(bucket)
            }
            _ => None,
        }
    }

    /// The series that a row belongs to. Neighbouring rows mostly belong to one series.
    fn series_of(&mut self, row: &SeriesRow<'_>) -> Result<usize, Error> {
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
                self.series.push(Gathered { labels: labels.clone(), cells: Vec::new() });
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

    fn too_much(&self) -> Error {
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

const fn has_two(function: OverTime) -> bool {
    matches!(function, OverTime::Avg | OverTime::First | OverTime::Last)
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

fn settled(mut gathered: Gathered, carried: Option<OverTime>) -> Series {
    if !gathered.cells.is_sorted_by_key(|cell| cell.bucket) {
        gathered.cells.sort_by_key(|cell| cell.bucket);
    }
    gathered.cells.dedup_by(|next, kept| {
        let same = next.bucket == kept.bucket;
        if same {
            kept.partials = merge(kept.partials, next.partials, carried);
        }
        same
    });
    let point = |cell: &Cell| Point { bucket: cell.bucket, value: value(cell.partials, carried) };
    Series { points: gathered.cells.iter().map(point).collect(), labels: gathered.labels }
}

fn value(partials: [f64; 2], carried: Option<OverTime>) -> f64 {
    match carried {
        Some(OverTime::Avg) => partials[0] / partials[1],
        Some(OverTime::First | OverTime::Last) => partials[1],
        _ => partials[0],
    }
}

fn merge(a: [f64; 2], b: [f64; 2], carried: Option<OverTime>) -> [f64; 2] {
    match carried {
        Some(OverTime::Avg | OverTime::Sum | OverTime::Count) => [a[0] + b[0], a[1] + b[1]],
        Some(OverTime::Min) => [a[0].min(b[0]), 0.0],
        Some(OverTime::Max) => [a[0].max(b[0]), 0.0],
        Some(OverTime::First) => std::cmp::min_by(a, b, by_sample),
        Some(OverTime::Last) => std::cmp::max_by(a, b, by_sample),
        // Finished values do not merge; the database groups them by what tells them apart.
        None => a,
    }
}

/// As PostgreSQL orders (time, value): NaN is above every number.
fn by_sample(a: &[f64; 2], b: &[f64; 2]) -> std::cmp::Ordering {
    a[0].total_cmp(&b[0]).then_with(|| match (a[1].is_nan(), b[1].is_nan()) {
        (false, false) => a[1].total_cmp(&b[1]),
        (x, y) => x.cmp(&y),
    })
}
