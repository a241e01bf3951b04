//! Home Assistant's recorder: states as text, and statistics of five minutes and of hours.

use serde_json::{Map, Value, json};

use super::{PresetRelation, beside, epoch, has, labels};
use crate::catalog::facts::{Facts, RelationFacts};

pub(super) fn source(facts: &Facts, relation: &RelationFacts) -> Option<PresetRelation> {
    let (declared, by_table) = match relation.relation.name.as_str() {
        "states" => (states(facts, relation)?, false),
        "statistics" => (statistics(facts, relation, "1h")?, true),
        "statistics_short_term" => (statistics(facts, relation, "5m")?, true),
        _ => return None,
    };
    Some(PresetRelation { relation: relation.relation.clone(), declared, by_table })
}

fn states(facts: &Facts, relation: &RelationFacts) -> Option<Value> {
    let meta = beside(facts, relation, "states_meta", &["metadata_id", "entity_id"])?;
    if !has(relation, &["state", "last_updated_ts", "metadata_id"]) {
        return None;
    }
    let domain = json!({"name": "domain", "column": "entity_id", "split": ".", "part": 1});
    let mut joins = vec![json!({
        "relation": meta.relation.to_string(),
        "on": {"metadata_id": "metadata_id"},
        "labels": ["entity_id", domain],
    })];
    let attributes = beside(facts, relation, "state_attributes", &["attributes_id", "shared_attrs"]);
    if let Some(attributes) = attributes.filter(|_| has(relation, &["attributes_id"])) {
        let member = |name: &str, member: &str| json!({"name": name, "json": ["shared_attrs", member]});
        joins.push(json!({
            "relation": attributes.relation.to_string(),
            "on": {"attributes_id": "attributes_id"},
            "labels": [
                member("unit", "unit_of_measurement"),
                member("friendly_name", "friendly_name"),
                member("device_class", "device_class"),
            ],
        }));
    }
    Some(json!({
        "relation": relation.relation.to_string(),
        "time": epoch("last_updated_ts"),
        "labels": [],
        "map": {"on": 1, "off": 0},
        "metric": {"state": {"column": "state", "kind": "gauge"}},
        "join": joins,
    }))
}

/// `sum` is a running total; the others are of their own stretch of time.
const STATISTICS: [(&str, &str, &str); 5] = [
    ("mean", "gauge", "avg"),
    ("min", "gauge", "min"),
    ("max", "gauge", "max"),
    ("state", "gauge", "last"),
    ("sum", "counter", "last"),
];

fn statistics(facts: &Facts, relation: &RelationFacts, interval: &str) -> Option<Value> {
    let meta = beside(facts, relation, "statistics_meta", &["id", "statistic_id"])?;
    if !has(relation, &["start_ts", "metadata_id"]) {
        return None;
    }
    let there = STATISTICS.iter().filter(|(column, ..)| has(relation, &[column]));
    let metrics: Map<String, Value> = there
        .map(|(column, kind, over)| ((*column).to_owned(), json!({"column": column, "kind": kind, "over_time": over})))
        .collect();
    if metrics.is_empty() {
        return None;
    }
    let wanted = [("statistic_id", "statistic_id"), ("unit", "unit_of_measurement"), ("source", "source")];
    Some(json!({
        "relation": relation.relation.to_string(),
        "time": epoch("start_ts"),
        "interval": interval,
        "labels": [],
        "metric": metrics,
        "join": [{
            "relation": meta.relation.to_string(),
            "on": {"metadata_id": "id"},
            "labels": labels(meta, &wanted),
        }],
    }))
}
