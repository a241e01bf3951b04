//! Labels as the file declares them.

use schemars::JsonSchema;
use serde::Deserialize;

/// A label: a column's name, or a table that says more.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a label is a column's name, { name, column }, { name, column, split, part }, { name, json }, \
                 { json, all }, { members } or { ids, relation, id, key, value }"
)]
pub enum LabelDecl {
    /// The column's name is the label's.
    Column(String),
    /// More than the name.
    Table(Box<LabelTable>),
}

/// A label in full.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelTable {
    /// The label's name.
    pub name: Option<String>,
    /// The column with its values.
    pub column: Option<String>,
    /// A column, and the path to a member.
    pub json: Option<Vec<String>>,
    /// Whether every member of `json` is a label.
    #[serde(default)]
    pub all: bool,
    /// A text[] or hstore column: every member is a label.
    pub members: Option<String>,
    /// The text between the parts of the column's text.
    pub split: Option<String>,
    /// Which part is the value, counted from 1.
    pub part: Option<u16>,
    /// A column with an array of label ids.
    pub ids: Option<String>,
    /// The table with a row for each label id.
    pub relation: Option<String>,
    /// Its column of ids.
    pub id: Option<String>,
    /// Its column of label names.
    pub key: Option<String>,
    /// Its column of label values.
    pub value: Option<String>,
}
