//! The scope as a setting of the session: a parameter would cost a round trip for itself.

use serde_json::{Map, Value, json};

use crate::catalog::facts::{AggregateFacts, Scope};

/// The longest scope that travels with the start of a session, whose packet holds 10,000 bytes.
const LONGEST: usize = 4096;

/// The scope as the scripts read it; empty where there is nothing but the search path.
pub(super) fn text(scope: &Scope, aggregates: &[AggregateFacts]) -> String {
    let declared = scope.declared.iter().map(|(schema, name)| json!([schema.as_deref().unwrap_or_default(), name]));
    let views = aggregates.iter().map(|found| json!([found.view.schema.as_str(), found.view.name.as_str()]));
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
pub(in crate::db) fn setting(scope: &Scope) -> Option<(&'static str, String)> {
    let text = text(scope, &[]);
    (!text.is_empty() && text.len() <= LONGEST && text.is_ascii()).then_some(("datebin.scope", text))
}
