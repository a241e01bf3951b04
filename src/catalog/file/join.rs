//! Relations beside a source, as the file declares them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{LabelDecl, SourceDecl};

/// `[[source.join]]`, and a join of a joined row.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinDecl {
    /// `schema.name`, or a name on the search path.
    pub relation: String,
    /// Columns of the row that it is joined to, each with the equal column of this relation.
    pub on: BTreeMap<String, String>,
    /// Its labels; its short text columns when absent.
    pub labels: Option<Vec<LabelDecl>>,
    /// The column with the metric's name.
    pub name: Option<String>,
    /// Text in front of every stored name.
    pub prefix: Option<String>,
    /// Conditions on its columns; rows that fail count as missing.
    #[serde(rename = "where")]
    pub matchers: Option<String>,
    /// Whether rows without a joined row are ignored.
    #[serde(default)]
    pub required: bool,
    /// Relations that are joined to its row.
    #[serde(default, rename = "join")]
    pub joins: Vec<JoinDecl>,
}

/// The metric's name: a column, or a member of JSON.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a name is a column's name or { json = [\"column\", \"member\"] }")]
pub enum NameDecl {
    /// The column's name.
    Column(String),
    /// A member of JSON.
    Table(NameTable),
}

/// The metric's name in JSON.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NameTable {
    /// A column, and the path to the member. With `each`, the path begins at the element.
    pub json: Vec<String>,
}

/// `names`: what the relations of a family are called.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamesDecl {
    /// The relation with one row for each member of the family.
    pub relation: String,
    /// Its column with the member's name.
    pub key: String,
    /// Its column with the metric's name.
    pub name: String,
}

impl SourceDecl {
    /// All relations that it names besides its own.
    pub(in crate::catalog) fn beside(&self) -> Vec<&str> {
        let mut found: Vec<&str> = self.names.iter().map(|names| names.relation.as_str()).collect();
        found.extend(tables(self.labels.as_deref()));
        found.extend(self.rollups.iter().map(|rollup| rollup.relation.as_str()));
        let mut left: Vec<&JoinDecl> = self.joins.iter().collect();
        while let Some(join) = left.pop() {
            found.push(&join.relation);
            found.extend(tables(join.labels.as_deref()));
            left.extend(&join.joins);
        }
        found
    }
}

/// The tables of labels that label ids refer to.
fn tables(labels: Option<&[LabelDecl]>) -> impl Iterator<Item = &str> {
    labels.into_iter().flatten().filter_map(|label| match label {
        LabelDecl::Table(table) => table.relation.as_deref(),
        LabelDecl::Column(_) => None,
    })
}
