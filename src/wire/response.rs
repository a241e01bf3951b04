//! Bodies that clients receive.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeSeq as _, SerializeTuple as _, Serializer};

/// One element of the answer to `POST /query`.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(untagged)]
pub enum Element {
    /// A series.
    Series(TimeSeries),
    /// A table.
    Table(Table),
}

/// A series.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeSeries {
    /// A unique name.
    pub target: String,
    /// The legend, for clients that know it.
    pub title: String,
    /// The `refId` of the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ref_id: Option<String>,
    /// The labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Grafana's unit id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What the panel should say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
    /// The points, ascending.
    pub datapoints: Vec<Datapoint>,
}

/// `[value, milliseconds]`; a value that is no number of JSON's is null.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Datapoint(pub f64, pub i64);

impl Serialize for Datapoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_tuple(2)?;
        pair.serialize_element(&finite(self.0))?;
        pair.serialize_element(&self.1)?;
        pair.end()
    }
}

/// The value as JSON can write it.
pub(super) const fn finite(value: f64) -> Option<f64> {
    if value.is_finite() { Some(value) } else { None }
}

/// A table.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// Always `table`.
    pub r#type: &'static str,
    /// The `refId` of the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ref_id: Option<String>,
    /// What the panel should say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
    /// The columns.
    pub columns: Vec<TableColumn>,
    /// The rows.
    pub rows: TableRows,
}

/// The rows of a table.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(untagged)]
pub enum TableRows {
    /// Cells of any kind.
    Cells(Vec<Vec<TableCell>>),
    /// The points of series, each a row.
    Points(PointRows),
}

/// The points of several series as rows: the time, the texts of the series, the value.
#[derive(Clone, Debug, Default)]
pub struct PointRows {
    /// The texts of each series.
    pub texts: Vec<Vec<Arc<str>>>,
    /// Milliseconds since 1970, the series, the value; ascending in time.
    pub points: Vec<(i64, usize, f64)>,
}

impl Serialize for PointRows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = |(time, series, value): &(i64, usize, f64)| PointRow {
            time: *time,
            texts: &self.texts[*series],
            value: *value,
        };
        serializer.collect_seq(self.points.iter().map(row))
    }
}

struct PointRow<'a> {
    time: i64,
    texts: &'a [Arc<str>],
    value: f64,
}

impl Serialize for PointRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_seq(Some(self.texts.len() + 2))?;
        row.serialize_element(&self.time)?;
        for text in self.texts {
            row.serialize_element(&**text)?;
        }
        row.serialize_element(&finite(self.value))?;
        row.end()
    }
}

/// A column of a table.
#[derive(Clone, Debug, serde::Serialize)]
pub struct TableColumn {
    /// Its heading.
    pub text: String,
    /// `time`, `number` or `string`.
    pub r#type: &'static str,
    /// Grafana's unit id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub enum TableCell {
    /// Milliseconds since 1970.
    Time(i64),
    /// A number; null when it is none of JSON's.
    Number(f64),
    /// A text.
    Text(String),
    /// Nothing.
    Absent,
}

impl Serialize for TableCell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Time(ms) => serializer.serialize_i64(*ms),
            Self::Number(value) => finite(*value).serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Absent => serializer.serialize_none(),
        }
    }
}

/// `meta` of an element.
#[derive(Clone, Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Meta {
    /// Sentences that the panel shows behind an icon.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// The SQL that was run, for the query inspector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executed_query_string: Option<String>,
    /// What Grafana passes on to whoever asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
}

/// `meta.custom` of an element.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Custom {
    /// What the metric measures.
    pub help: String,
}

/// One sentence.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Notice {
    /// `info`, `warning` or `error`.
    pub severity: &'static str,
    /// The sentence.
    pub text: String,
}

/// An annotation.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Start, in milliseconds since 1970.
    pub time: i64,
    /// End of a region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_end: Option<i64>,
    /// Whether it is a region, for Grafana before 6.4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_region: Option<bool>,
    /// The same number at both ends of a region, for Grafana before 6.4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region_id: Option<u64>,
    /// The title.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The text.
    pub text: String,
    /// The tags.
    pub tags: Vec<String>,
}

/// An option of the ad hoc pickers: old Grafana takes `text` for both.
#[derive(Clone, Debug, serde::Serialize)]
pub struct TagOption {
    /// The key or the value.
    pub text: String,
}

/// An error.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ErrorBody {
    /// The sentence, with what to do: some clients show nothing else.
    pub message: String,
    /// The parts.
    pub error: ErrorDetail,
}

/// The parts of an error.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ErrorDetail {
    /// The stable code.
    pub code: &'static str,
    /// The sentence.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The `refId` of the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// First byte of the place in the target's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
}
