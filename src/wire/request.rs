//! Bodies that clients send. Any member may be missing, null or of an unexpected type; unknown members are allowed.

use serde::Deserialize;
use serde_json::{Map, Value};

/// `POST /query`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Query {
    /// The questions.
    pub targets: Value,
    /// `{from, to}`.
    pub range: Value,
    /// The bucket width that the panel would like, a number or its text.
    pub interval_ms: Value,
    /// How many points the panel can draw, a number or its text.
    pub max_data_points: Value,
    /// `browser`, `utc` or an IANA name.
    pub timezone: Value,
    /// Ad hoc filters where older clients put them.
    pub adhoc_filters: Value,
    /// Ad hoc filters where newer Grafana puts them.
    pub filters: Value,
}

/// One of `targets`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Target {
    /// The question.
    pub target: Value,
    /// The panel's name for it.
    pub ref_id: Value,
    /// Whether the panel hides it.
    pub hide: Value,
    /// `timeserie` or `table`.
    pub r#type: Value,
    /// The builder's members, or whatever the user wrote there.
    pub payload: Value,
}

/// An ad hoc filter.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AdHocFilter {
    /// The label.
    pub key: Value,
    /// The operator.
    pub operator: Value,
    /// The value; of several the first.
    pub value: Value,
    /// All values of the operators that take several.
    pub values: Value,
}

/// `POST /search`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Search {
    /// What was typed so far.
    pub target: Value,
}

/// `POST /annotations`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Annotations {
    /// `{from, to}`.
    pub range: Value,
    /// The dashboard's annotation.
    pub annotation: Value,
    /// Tags by themselves, as a URL names them: `deploy,prod`.
    pub tags: Value,
    /// The zone of whoever asks.
    pub timezone: Value,
}

/// `POST /annotation`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewAnnotation {
    /// When it is, or begins.
    pub time: Value,
    /// When it ends.
    pub time_end: Value,
    /// Its title.
    pub title: Value,
    /// Its text.
    pub text: Value,
    /// Its tags, a list.
    pub tags: Value,
    /// Unknown members. They are an error, so that nothing is dropped.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

/// `POST /tag-keys` and `POST /tag-values`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Tags {
    /// The label whose values are asked.
    pub key: Value,
    /// The other ad hoc filters.
    pub filters: Value,
    /// The same, where people who know `/query` put them.
    pub adhoc_filters: Value,
    /// `{from, to}`.
    pub time_range: Value,
    /// The same, likewise.
    pub range: Value,
}

/// `POST /variable`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Variable {
    /// `{"target": "<query>"}`, or whatever JSON the user wrote.
    pub payload: Value,
    /// `{from, to}`.
    pub range: Value,
}

/// `POST /metrics`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// The metric that the builder has now.
    pub metric: Value,
    /// What the builder's other fields say.
    pub payload: Value,
}

/// `POST /metric-payload-options`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PayloadOptions {
    /// The metric, as the builder has it.
    pub metric: Value,
    /// What the builder's fields say.
    pub payload: Value,
    /// The field whose options are asked.
    pub name: Value,
}
