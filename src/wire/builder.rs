//! Answers for the query builder of the JSON plugin.

use serde::Serialize;

/// A metric of the builder's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetricOption {
    /// The target's text; the builder finds its current metric by it.
    pub value: String,
    /// What the list shows.
    pub label: String,
    /// A sentence about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The fields beside the metric.
    pub payloads: Vec<PayloadField>,
}

/// A field of the builder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PayloadField {
    /// The member of `payload` that it fills.
    pub name: String,
    /// What stands in front of it.
    pub label: String,
    /// `input`, `select` or `multi-select`.
    pub r#type: &'static str,
    /// What it shows while it is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<&'static str>,
    /// Whether a change asks for the metrics again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reload_metric: bool,
    /// What can be picked; left out where it is asked when the field is opened. An empty list would offer nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
}

/// Something that can be picked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// What is shown.
    pub label: String,
    /// What is stored.
    pub value: String,
}

/// A value of a template variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VariableValue {
    /// What is shown; unique.
    #[serde(rename = "__text")]
    pub text: String,
    /// What is interpolated.
    #[serde(rename = "__value")]
    pub value: String,
}

/// A value of a SimpleJson variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum SearchValue {
    /// It is shown and interpolated as it stands.
    Plain(String),
    /// What is shown is not what is interpolated; neither may be empty.
    Named {
        /// What is shown.
        text: String,
        /// What is interpolated.
        value: String,
    },
}
