//! `EXPLAIN (FORMAT JSON)` → a sentence.

use serde::Serialize;
use serde_json::Value;

/// A scan of everything that costs more than this is slow: about 200 MB of pages.
const SLOW: f64 = 25_000.0;

/// What a statement reads and how.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Plan {
    /// In words.
    pub(super) summary: String,
    /// Relations, partitions among them, that are found in by an index.
    pub(super) by_index: Vec<String>,
    /// Those that are read whole.
    pub(super) whole: Vec<String>,
    /// Foreign tables whose rows are fetched.
    pub(super) fetched: Vec<String>,
    /// How many foreign tables are aggregated where their rows are.
    pub(super) aggregated: usize,
    /// Whether one that is read whole is large.
    pub(super) slow: bool,
    /// Rows of the answer, as the planner estimates.
    pub(super) rows: f64,
    /// The planner's cost.
    pub(super) cost: f64,
}

/// Reads the plans of one question.
pub(super) fn read(texts: &[String]) -> Plan {
    let mut plan = Plan::default();
    for text in texts {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let root = &value[0]["Plan"];
        plan.rows += root["Plan Rows"].as_f64().unwrap_or_default();
        plan.cost += root["Total Cost"].as_f64().unwrap_or_default();
        walk(root, &mut plan);
    }
    plan.summary = summary(&plan);
    plan
}

fn walk(node: &Value, plan: &mut Plan) {
    let relation = node["Relation Name"].as_str().map(str::to_owned);
    let kind = node["Node Type"].as_str().unwrap_or_default();
    if kind == "Foreign Scan" && relation.is_none() {
        plan.aggregated += 1;
    }
    if let Some(relation) = relation {
        match kind {
            "Foreign Scan" => plan.fetched.push(relation),
            "Index Scan" | "Index Only Scan" | "Bitmap Heap Scan" => plan.by_index.push(relation),
            _ => {
                plan.slow |= node["Total Cost"].as_f64().is_some_and(|cost| cost > SLOW);
                plan.whole.push(relation);
            }
        }
    }
    for below in node["Plans"].as_array().into_iter().flatten() {
        walk(below, plan);
    }
}

fn summary(plan: &Plan) -> String {
    let mut parts = Vec::new();
    if !plan.by_index.is_empty() {
        parts.push(format!("an index finds the rows in {}", several(&plan.by_index)));
    }
    if !plan.whole.is_empty() {
        parts.push(format!("all of {} is read", several(&plan.whole)));
    }
    if plan.aggregated > 0 {
        parts.push(format!("other servers aggregate their rows of {} foreign tables", plan.aggregated));
    }
    if !plan.fetched.is_empty() {
        parts.push(format!("the rows of {} are fetched from other servers", several(&plan.fetched)));
    }
    if parts.is_empty() {
        parts.push("nothing is read".to_owned());
    }
    format!("{}; about {:.0} rows, cost {:.0}", parts.join(", "), plan.rows, plan.cost)
}

fn several(relations: &[String]) -> String {
    match relations {
        [one] => one.clone(),
        [first, others @ ..] => format!("{first} and {} more", others.len()),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_a_sentence() {
        let text = r#"[{"Plan": {"Node Type": "Aggregate", "Plan Rows": 12, "Total Cost": 30.5, "Plans": [
            {"Node Type": "Append", "Plans": [
                {"Node Type": "Index Scan", "Relation Name": "a_2024", "Total Cost": 10},
                {"Node Type": "Bitmap Heap Scan", "Relation Name": "a_2025", "Total Cost": 10,
                 "Plans": [{"Node Type": "Bitmap Index Scan", "Index Name": "i"}]},
                {"Node Type": "Seq Scan", "Relation Name": "a_2026", "Total Cost": 90000}]}]}}]"#;
        let plan = read(&[text.to_owned()]);
        assert!(plan.slow);
        assert_eq!(
            plan.summary,
            "an index finds the rows in a_2024 and 1 more, all of a_2026 is read; about 12 rows, cost 30"
        );
    }

    #[test]
    fn a_plan_says_where_rows_of_other_servers_are_aggregated() {
        let text = r#"[{"Plan": {"Node Type": "Append", "Plan Rows": 8, "Total Cost": 400, "Plans": [
            {"Node Type": "Foreign Scan", "Relations": "Aggregate on (public.a_0 t)", "Total Cost": 90000},
            {"Node Type": "Foreign Scan", "Relations": "Aggregate on (public.a_1 t)", "Total Cost": 90000},
            {"Node Type": "Foreign Scan", "Relation Name": "a_2", "Total Cost": 90000}]}}]"#;
        let plan = read(&[text.to_owned()]);
        assert!(!plan.slow);
        assert_eq!(
            plan.summary,
            "other servers aggregate their rows of 2 foreign tables, the rows of a_2 are fetched from other servers; \
             about 8 rows, cost 400"
        );
    }
}
