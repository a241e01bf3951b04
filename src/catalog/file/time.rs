//! Times as the file declares them.

use schemars::JsonSchema;
use serde::Deserialize;

/// A time column: its name, or a table that says more.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a time is a column's name or { column, type, unit, zone, join }")]
pub enum TimeDecl {
    /// The column's name.
    Column(String),
    /// More than the name.
    Table(TimeTable),
}

/// A time column in full.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeTable {
    /// The column.
    pub column: String,
    /// `timestamptz`, `timestamp`, `date` or `epoch`; the column's own when absent.
    #[serde(rename = "type")]
    pub ty: Option<String>,
    /// Of an epoch: `s`, `ms`, `us` or `ns`.
    pub unit: Option<String>,
    /// The zone of a time without a zone.
    pub zone: Option<String>,
    /// The joined relation that has the column; the source's own row when absent.
    pub join: Option<String>,
}

/// The column with the end of a row: its name, or a table that says more.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a time_end is a column's name or { column, type, unit, zone, open, join }")]
pub enum EndDecl {
    /// The column's name.
    Column(String),
    /// More than the name.
    Table(EndTable),
}

/// The column with the end of a row in full.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndTable {
    /// The column.
    pub column: String,
    /// `timestamptz`, `timestamp`, `date` or `epoch`; the column's own when absent.
    #[serde(rename = "type")]
    pub ty: Option<String>,
    /// Of an epoch: `s`, `ms`, `us` or `ns`.
    pub unit: Option<String>,
    /// The zone of a time without a zone.
    pub zone: Option<String>,
    /// The joined relation that has the column; the source's own row when absent.
    pub join: Option<String>,
    /// A value, or several, that mean "not ended", like NULL.
    pub open: Option<OpenDecl>,
}

/// Values of a column that mean that its row has not ended.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "open is a value such as \"0\" or \"1970-01-01\", or a list of such")]
pub enum OpenDecl {
    /// One.
    One(OpenValue),
    /// Several.
    Several(Vec<OpenValue>),
}

/// A value of a time column.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a number, or a time as text")]
pub enum OpenValue {
    /// As text.
    Text(String),
    /// A number.
    Number(i64),
}

impl OpenDecl {
    /// The values, as texts.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let text = |value: &OpenValue| match value {
            OpenValue::Text(text) => text.trim().to_owned(),
            OpenValue::Number(number) => number.to_string(),
        };
        match self {
            Self::One(value) => vec![text(value)],
            Self::Several(values) => values.iter().map(text).collect(),
        }
    }
}

impl TimeDecl {
    /// The joined relation that has the column, and the column.
    #[must_use]
    pub fn place(&self) -> (Option<&str>, &str) {
        match self {
            Self::Column(column) => (None, column),
            Self::Table(table) => (table.join.as_deref(), &table.column),
        }
    }
}

impl EndDecl {
    /// The column as a time, and the values that mean that its row has not ended.
    #[must_use]
    pub fn parts(&self) -> (TimeDecl, Vec<String>) {
        match self {
            Self::Column(column) => (TimeDecl::Column(column.clone()), Vec::new()),
            Self::Table(EndTable { column, ty, unit, zone, join, open }) => {
                let (column, ty, unit, zone) = (column.clone(), ty.clone(), unit.clone(), zone.clone());
                let join = join.clone();
                let open = open.as_ref().map(OpenDecl::texts).unwrap_or_default();
                (TimeDecl::Table(TimeTable { column, ty, unit, zone, join }), open)
            }
        }
    }
}
