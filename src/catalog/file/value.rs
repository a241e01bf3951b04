//! Values and metrics as the file declares them.

use schemars::JsonSchema;
use serde::Deserialize;

/// Where values are: a column, several of which the first that is not null counts, or JSON.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a value is a column's name, a list of such, { json } or { json, all }")]
pub enum ValueDecl {
    /// The column's name.
    Column(String),
    /// Several columns: the first that is not null.
    Columns(Vec<String>),
    /// JSON.
    Table(ValueTable),
}

/// A value in JSON.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueTable {
    /// A column, and the path to a member.
    pub json: Vec<String>,
    /// Whether every numeric member is a metric.
    #[serde(default)]
    pub all: bool,
}

/// `[source.metric.<name>]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricDecl {
    /// The column, or several; absent in a narrow source, where it describes a stored name.
    pub column: Option<ColumnsDecl>,
    /// A column, and the path to a member of the JSON in it.
    pub json: Option<Vec<String>>,
    /// Whether every row is a sample of 1.
    #[serde(default)]
    pub rows: bool,
    /// How much of a bucket the row covers, in `ms`, `s`, `m`, `h` or `d`.
    pub overlap: Option<String>,
    /// With `overlap`: a column of numbers that each row's part is multiplied by.
    pub weight: Option<String>,
    /// Columns of numbers whose product is the value.
    pub product: Option<Vec<String>>,
    /// A factor for every stored value.
    pub scale: Option<f64>,
    /// Numbers that mean "no value", such as `[-9999, 511]`; rows with them are ignored.
    #[serde(default)]
    pub missing: Vec<f64>,
    /// Conditions on columns; rows that fail have no sample of this metric.
    #[serde(rename = "where")]
    pub matchers: Option<String>,
    /// How long the row took, in `ms`, `s`, `m`, `h` or `d`.
    pub lasts: Option<String>,
    /// With `lasts`: the time of the sample, `start` or `end`.
    pub at: Option<String>,
    /// The id of a unit in Grafana, such as `bytes`.
    pub unit: Option<String>,
    /// `gauge` or `counter`; a guess by the name when absent.
    pub kind: Option<String>,
    /// The function of a bare name: `avg`, `min`, `max`, `sum`, `count`, `first` or `last`.
    pub over_time: Option<String>,
    /// A sentence for people; the column's or the table's comment when absent.
    pub help: Option<String>,
}

/// A column, or several of which the first that is not null counts.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a column's name, or a list of such")]
pub enum ColumnsDecl {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl ColumnsDecl {
    /// The names, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

impl MetricDecl {
    /// Whether it says where its value is.
    #[must_use]
    pub const fn has_value(&self) -> bool {
        self.column.is_some()
            || self.json.is_some()
            || self.rows
            || self.overlap.is_some()
            || self.lasts.is_some()
            || self.product.is_some()
    }
}
