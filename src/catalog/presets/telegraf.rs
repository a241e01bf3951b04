//! Telegraf's `outputs.postgresql`: a table per measurement, tags in columns, in a `jsonb` or in a table beside it.

use serde_json::{Map, Value, json};

use super::{PresetRelation, beside, has, typed};
use crate::catalog::ColumnType;
use crate::catalog::ColumnType::{Bpchar, Int8, Jsonb, Text, Timestamp, Timestamptz, Varchar};
use crate::catalog::facts::{ColumnFacts, Facts, RelationFacts};

pub(super) fn source(facts: &Facts, relation: &RelationFacts) -> Option<PresetRelation> {
    let time = typed(relation, "time", &[Timestamp, Timestamptz])?;
    let fields = typed(relation, "fields", &[Jsonb]);
    let tags = tags(facts, relation)?;
    // A wall clock that says nothing of its zone is UTC's.
    let time = if time.ty == Timestamp { json!({"column": "time", "zone": "UTC"}) } else { json!("time") };
    let mut declared = Map::new();
    declared.insert("relation".to_owned(), relation.relation.to_string().into());
    declared.insert("time".to_owned(), time);
    match fields {
        Some(_) => {
            declared.insert("value".to_owned(), json!({"json": ["fields"], "all": true}));
        }
        None => {
            let values: Map<String, Value> =
                relation.columns.iter().filter(|column| is_field(column)).map(metric).collect();
            declared.insert("metric".to_owned(), Some(values).filter(|values| !values.is_empty())?.into());
        }
    }
    match tags {
        // Where fields are elsewhere every text is a tag.
        Tags::Own if fields.is_some() => {
            declared.insert("labels".to_owned(), texts(relation).into());
        }
        Tags::Own => {}
        Tags::Json => {
            declared.insert("labels".to_owned(), json!([{"json": ["tags"], "all": true}]));
        }
        Tags::Beside(table) => {
            let labels = json!([{"json": ["tags"], "all": true}]);
            let labels = if typed(table, "tags", &[Jsonb]).is_some() { labels } else { texts(table).into() };
            let join = json!({"relation": table.relation.to_string(), "on": {"tag_id": "tag_id"}, "labels": labels});
            declared.insert("labels".to_owned(), json!([]));
            declared.insert("join".to_owned(), json!([join]));
        }
    }
    Some(PresetRelation { relation: relation.relation.clone(), declared: declared.into(), by_table: true })
}

/// Where the tags are.
enum Tags<'a> {
    Own,
    Json,
    Beside(&'a RelationFacts),
}

fn tags<'a>(facts: &'a Facts, relation: &RelationFacts) -> Option<Tags<'a>> {
    if typed(relation, "tag_id", &[Int8]).is_some() {
        let table = format!("{}_tag", relation.relation.name);
        return beside(facts, relation, &table, &["tag_id"]).map(Tags::Beside);
    }
    if typed(relation, "tags", &[Jsonb]).is_some() {
        return Some(Tags::Json);
    }
    let is_measurement = has(relation, &["host"]) || typed(relation, "fields", &[Jsonb]).is_some();
    is_measurement.then_some(Tags::Own)
}

fn texts(table: &RelationFacts) -> Vec<Value> {
    let is_text = |column: &&ColumnFacts| column.readable && matches!(column.ty, Text | Varchar | Bpchar);
    table.columns.iter().filter(is_text).map(|column| json!(column.name.as_str())).collect()
}

/// Fields are numbers and booleans; a text is a tag or no metric.
fn is_field(column: &ColumnFacts) -> bool {
    column.readable && column.name.as_str() != "tag_id" && (column.is_number() || column.ty == ColumnType::Bool)
}

fn metric(column: &ColumnFacts) -> (String, Value) {
    (column.name.to_string(), json!({"column": column.name.as_str()}))
}
