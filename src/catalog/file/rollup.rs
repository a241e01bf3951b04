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
    /// How long the stretch is that a row stands for.
    pub step: String,
    /// The column with the start of that stretch; the source's own when absent.
    pub time: Option<TimeDecl>,
    /// What its columns are, by metric; of a narrow source, and of one with a single metric, without a metric's name.
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

/// The columns that hold what the samples of a stretch come to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionsDecl {
    /// The column of their average.
    pub avg: Option<String>,
    /// The column of the least.
    pub min: Option<String>,
    /// The column of the largest.
    pub max: Option<String>,
    /// The column of their sum.
    pub sum: Option<String>,
    /// The column of their number.
    pub count: Option<String>,
    /// The column of the first.
    pub first: Option<String>,
    /// The column of the last.
    pub last: Option<String>,
}
