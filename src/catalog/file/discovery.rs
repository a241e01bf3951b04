//! `[discovery]`: how relations that nobody declared are looked at.

use schemars::JsonSchema;
use serde::Deserialize;

/// `[discovery]`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Discovery {
    /// Whether relations that are not declared are looked at.
    pub enabled: bool,
    /// The schemas to look in; the search path when absent.
    pub schemas: Option<Vec<String>>,
    /// Names of relations to leave out; `*` matches any text.
    pub exclude: Vec<String>,
    /// Roles whose functions, operators and domains discovery may run when it reads rows.
    pub trusted: Vec<String>,
    /// The most metric names of one narrow source.
    pub max_names: u32,
    /// The zone of times without a zone, unless the source says otherwise.
    pub zone: Option<String>,
}

impl Default for Discovery {
    fn default() -> Self {
        Self { enabled: true, schemas: None, exclude: Vec::new(), trusted: Vec::new(), zone: None, max_names: 20_000 }
    }
}
