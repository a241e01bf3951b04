//! Data frames as Grafana writes them on the wire.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeSeq as _, Serializer};

use super::response::{Meta, finite};

/// A frame.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DataFrame {
    /// What its columns are.
    pub schema: Schema,
    /// What stands in them.
    pub data: FrameData,
}

/// The columns of a frame.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Schema {
    /// The `refId` of the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ref_id: Option<String>,
    /// The series' name.
    pub name: String,
    /// What the panel should say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
    /// The columns.
    pub fields: Vec<Field>,
}

/// A column of a frame.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// `time` or `number`.
    pub r#type: &'static str,
    /// The labels of a value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// How it is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<FieldConfig>,
}

/// How a column is shown.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldConfig {
    /// The legend.
    #[serde(rename = "displayNameFromDS")]
    pub display_name: String,
    /// Grafana's unit id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// What stands in the columns of a frame.
#[derive(Clone, Debug, serde::Serialize)]
pub struct FrameData {
    /// The times and the values.
    pub values: (Vec<i64>, Numbers),
}

/// Numbers; null where one is none of JSON's.
#[derive(Clone, Debug)]
pub struct Numbers(pub Vec<f64>);

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut numbers = serializer.serialize_seq(Some(self.0.len()))?;
        for number in &self.0 {
            numbers.serialize_element(&finite(*number))?;
        }
        numbers.end()
    }
}
