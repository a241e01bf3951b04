//! Zabbix: a table per type of value, whose items stand beside it and say what is measured.

use serde_json::{Value, json};

use super::{PresetRelation, beside, epoch, has, labels};
use crate::catalog::facts::{Facts, RelationFacts};

pub(super) fn source(facts: &Facts, relation: &RelationFacts) -> Option<PresetRelation> {
    let is_history = matches!(relation.relation.name.as_str(), "history" | "history_uint");
    if !is_history || !has(relation, &["itemid", "clock", "value"]) {
        return None;
    }
    let items = beside(facts, relation, "items", &["itemid", "key_"])?;
    let mut join = json!({
        "relation": items.relation.to_string(),
        "on": {"itemid": "itemid"},
        "name": "key_",
        "labels": labels(items, &[("item", "name")]),
    });
    if let Some(wanted) = numbers(items) {
        join["where"] = wanted;
    }
    if let Some(hosts) = beside(facts, relation, "hosts", &["hostid"]).filter(|_| has(items, &["hostid"])) {
        let names = labels(hosts, &[("host", "host"), ("host_name", "name")]);
        join["join"] = json!([{"relation": hosts.relation.to_string(), "on": {"hostid": "hostid"}, "labels": names}]);
    }
    let declared = json!({
        "relation": relation.relation.to_string(),
        "time": epoch("clock"),
        "value": "value",
        "labels": [],
        "join": [join],
        "rollup": trends(facts, relation),
    });
    Some(PresetRelation { relation: relation.relation.clone(), declared, by_table: false })
}

/// The hourly trends of a table, which outlive it by far.
fn trends(facts: &Facts, history: &RelationFacts) -> Vec<Value> {
    let name = history.relation.name.as_str().replacen("history", "trends", 1);
    let columns = ["itemid", "clock", "num", "value_min", "value_avg", "value_max"];
    let rollup = |trends: &RelationFacts| {
        json!({
            "relation": trends.relation.to_string(),
            "step": "1h",
            "time": epoch("clock"),
            "columns": {"avg": "value_avg", "min": "value_min", "max": "value_max", "count": "num"},
        })
    };
    beside(facts, history, &name, &columns).map(rollup).into_iter().collect()
}

/// Items of numbers, rules and prototypes of Zabbix' own discovery left out: those have no values.
fn numbers(items: &RelationFacts) -> Option<Value> {
    let wanted = [("value_type", r#"value_type=~"0|3""#), ("flags", r#"flags!~"1|2""#)];
    let there: Vec<&str> = wanted.iter().filter(|(column, _)| has(items, &[column])).map(|(_, test)| *test).collect();
    (!there.is_empty()).then(|| there.join(", ").into())
}
