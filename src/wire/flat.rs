//! Answers without an envelope, as Infinity and people read them: an array of flat objects at the root.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

use super::response::finite;

/// One object per point: its time, the texts of its series, its value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The keys of the texts, each once.
    pub keys: Vec<String>,
    /// The texts of each series, one per key; empty where a series has none.
    pub series: Vec<Vec<Arc<str>>>,
    /// Milliseconds since 1970, the series, the value; ascending in time.
    pub points: Vec<(i64, usize, f64)>,
}

/// The key of the time.
pub const TIME: &str = "time";
/// The key of the value.
pub const VALUE: &str = "value";

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.points.len()))?;
        for (time, series, value) in &self.points {
            rows.serialize_element(&Row {
                keys: &self.keys,
                texts: &self.series[*series],
                time: *time,
                value: *value,
            })?;
        }
        rows.end()
    }
}

struct Row<'a> {
    keys: &'a [String],
    texts: &'a [Arc<str>],
    time: i64,
    value: f64,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_map(Some(self.keys.len() + 2))?;
        row.serialize_entry(TIME, &self.time)?;
        for (key, text) in self.keys.iter().zip(self.texts) {
            row.serialize_entry(key, &**text)?;
        }
        row.serialize_entry(VALUE, &finite(self.value))?;
        row.end()
    }
}

/// One object per time: the value of every series there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wide {
    /// The key of each series, each once.
    pub keys: Vec<String>,
    /// The times, ascending, each with one value per key; NaN where a series has none.
    pub rows: Vec<(i64, Vec<f64>)>,
}

impl Serialize for Wide {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.rows.len()))?;
        for (time, values) in &self.rows {
            rows.serialize_element(&WideRow { keys: &self.keys, time: *time, values })?;
        }
        rows.end()
    }
}

struct WideRow<'a> {
    keys: &'a [String],
    time: i64,
    values: &'a [f64],
}

impl Serialize for WideRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_map(Some(self.keys.len() + 1))?;
        row.serialize_entry(TIME, &self.time)?;
        for (key, value) in self.keys.iter().zip(self.values) {
            row.serialize_entry(key, &finite(*value))?;
        }
        row.end()
    }
}

/// An annotation with every member there, whatever it is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlatEvent {
    /// Start, in milliseconds since 1970.
    pub time: i64,
    /// End of a region.
    pub time_end: Option<i64>,
    /// The title.
    pub title: String,
    /// The text.
    pub text: String,
    /// The tags, with commas and no blanks between them.
    pub tags: String,
    /// What tells it apart.
    pub id: Option<String>,
}
