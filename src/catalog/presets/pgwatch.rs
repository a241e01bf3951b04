//! pgwatch's sink: a table per metric, every number a member of a `jsonb`.

use serde_json::json;

use super::{PresetRelation, typed};
use crate::catalog::ColumnType::{Jsonb, Text, Timestamptz, Varchar};
use crate::catalog::facts::{Facts, RelationFacts};

pub(super) fn source(_: &Facts, relation: &RelationFacts) -> Option<PresetRelation> {
    typed(relation, "time", &[Timestamptz])?;
    typed(relation, "dbname", &[Text, Varchar])?;
    typed(relation, "data", &[Jsonb])?;
    let mut labels = vec![json!("dbname")];
    labels.extend(typed(relation, "tag_data", &[Jsonb]).map(|_| json!({"json": ["tag_data"], "all": true})));
    let declared = json!({
        "relation": relation.relation.to_string(),
        "time": "time",
        "value": {"json": ["data"], "all": true},
        "labels": labels,
    });
    Some(PresetRelation { relation: relation.relation.clone(), declared, by_table: true })
}
