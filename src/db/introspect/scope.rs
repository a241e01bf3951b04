//! The scope as a setting of the session: a parameter would cost a round trip for itself.

use serde_json::{Map, Value, json};

use crate::catalog::Relation;
use crate::catalog::facts::DiscoveryScope;

/// The longest scope that travels with the start of a session, whose packet holds 10,000 bytes.
const LONGEST: usize = 4096;

/// The scope and the relations beyond it as the scripts read them; empty where there is nothing but the search path.
pub(super) fn text(scope: &DiscoveryScope, beyond: &[Relation]) -> String {
    let declared = scope.declared.iter().map(|(schema, name)| {
        let settled = schema.as_ref().and_then(|schema| scope.settled.get(&(schema.clone(), name.clone())));
        let schema = schema.as_deref().unwrap_or_default();
        settled.map_or_else(|| json!([schema, name]), |time| json!([schema, name, time.as_deref().unwrap_or_default()]))
    });
    let views = beyond.iter().map(|view| json!([view.schema.as_str(), view.name.as_str()]));
    let declared: Vec<Value> = declared.chain(views).collect();
    if scope.schemas.is_none() && declared.is_empty() {
        return String::new();
    }
    let mut said = Map::new();
    if let Some(schemas) = &scope.schemas {
        said.insert("schemas".to_owned(), json!(schemas));
    }
    said.insert("declared".to_owned(), Value::Array(declared));
    Value::Object(said).to_string()
}

/// The setting for the start of a session; none where it is too long, or not ASCII, which alone every encoding shares.
pub(in crate::db) fn setting(scope: &DiscoveryScope, beyond: &[Relation]) -> Option<(&'static str, String)> {
    let text = text(scope, beyond);
    (!text.is_empty() && text.len() <= LONGEST && text.is_ascii()).then_some(("datebin.scope", text))
}
