//! Rollups as the file declares them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::TimeDecl;

/// `[[source.rollup]]`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RollupDecl {
    /// `schema.name`, or a name on the search path.
    pub relation: String,
    /// The length of the interval that a row stands for, such as `1h`.
    pub step: String,
    /// The column with the start of the interval; the source's own when absent.
    pub time: Option<TimeDecl>,
    /// Whether its rows are hidden as those of the source are, by policies of its own; then it serves people too.
    #[serde(default)]
    pub safe: bool,
    /// Its columns, by metric. For a narrow source, or a single metric, without a metric's name.
    pub columns: RollupColumnsDecl,
}

/// The columns of a rollup: of all metrics alike, or by metric.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "the columns of a rollup are { avg = \"…\", … } or { metric = { avg = \"…\", … }, … }")]
pub enum RollupColumnsDecl {
    /// Of every metric.
    All(FunctionsDecl),
    /// By the metric's name, or the name of its column.
    ByMetric(BTreeMap<String, FunctionsDecl>),
}

/// The columns with the aggregates of an interval's samples.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionsDecl {
    /// The column of the average.
    pub avg: Option<String>,
    /// The column of the smallest sample.
    pub min: Option<String>,
    /// The column of the largest sample.
    pub max: Option<String>,
    /// The column of the sum.
    pub sum: Option<String>,
    /// The column of the number of samples.
    pub count: Option<String>,
    /// The column of the first sample.
    pub first: Option<String>,
    /// The column of the last sample.
    pub last: Option<String>,
}
