//! `[discovery]`: how relations that nobody declared are looked at.

use schemars::JsonSchema;
use serde::Deserialize;

/// `[discovery]`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Discovery {
    /// Whether relations that are not declared are looked at.
    pub enabled: bool,
    /// The schemas; the search path when absent.
    pub schemas: Option<Vec<String>>,
    /// Names of relations to leave out; `*` stands for anything.
    pub exclude: Vec<String>,
    /// The most names that one narrow source may have.
    pub max_names: u32,
    /// The zone of times that have none, where no source says otherwise.
    pub zone: Option<String>,
}

impl Default for Discovery {
    fn default() -> Self {
        Self { enabled: true, schemas: None, exclude: Vec::new(), zone: None, max_names: 20_000 }
    }
}
