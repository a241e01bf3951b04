//! Whatever is read of a row, an index finds it: by its time, by the key of a dimension row, by where it begins.

use sqlx::PgPool;

use datebin::ast::{Matcher, Span, Test};

use crate::explain::{explained, matched, statement};
use crate::layouts::dimensions::serve;

const TABLES: &str = "
    CREATE TABLE texts (ts timestamptz, host text, state text);
    CREATE TABLE documents (ts timestamptz, data jsonb, raw text);
    CREATE TABLE arrays (ts timestamptz, payload jsonb);
    CREATE TABLE typed (ts timestamptz, a bigint, b float8);
    CREATE TABLE events (ts timestamptz);
    CREATE TABLE spans (ts timestamptz, until timestamptz);
    CREATE INDEX ON texts (ts); CREATE INDEX ON documents (ts); CREATE INDEX ON arrays (ts);
    CREATE INDEX ON typed (ts); CREATE INDEX ON events (ts); CREATE INDEX ON spans (ts);
    CREATE TABLE items (id bigint PRIMARY KEY, host text);
    CREATE TABLE history (item bigint, ts timestamptz, value float8) PARTITION BY RANGE (ts);
    CREATE TABLE history_march PARTITION OF history FOR VALUES FROM ('2025-03-01Z') TO ('2025-04-01Z');
    CREATE TABLE history_april PARTITION OF history FOR VALUES FROM ('2025-04-01Z') TO ('2025-05-01Z');
    CREATE INDEX ON history (item, ts)";

const FILE: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "texts"
    time = "ts"
    [source.metric.texts]
    column = "state"
    [[source]]
    relation = "documents"
    time = "ts"
    labels = [{ name = "os", json = ["raw", "os"] }]
    [source.metric.documents]
    json = ["data", "v"]
    [source.metric.documents_of_text]
    json = ["raw", "v"]
    [[source]]
    relation = "arrays"
    time = "ts"
    each = ["payload"]
    labels = []
    [source.metric.arrays]
    json = ["v"]
    [[source]]
    relation = "typed"
    time = "ts"
    nan = "skip"
    labels = []
    [source.metric.typed]
    column = ["a", "b"]
    [[source]]
    relation = "events"
    time = "ts"
    labels = []
    [source.metric.events]
    rows = true
    [[source]]
    relation = "spans"
    time = "ts"
    time_end = "until"
    labels = []
    [source.metric.spans]
    overlap = "s"
    [[source]]
    relation = "history"
    time = "ts"
    labels = []
    [source.metric.history]
    column = "value"
    [[source.join]]
    relation = "items"
    on = { item = "id" }
    labels = ["host"]
"#;

#[sqlx::test(migrations = false)]
async fn every_form_of_a_value_is_bounded_by_the_index_on_time(pool: PgPool) {
    let server = serve(&pool, TABLES, FILE).await;
    for metric in ["texts", "documents", "documents_of_text", "arrays", "typed", "events", "spans"] {
        let plan = explained(&pool, &statement(&server, metric)).await;
        let condition = plan.lines().find(|line| line.trim_start().starts_with("Index Cond: "));
        let condition = condition.unwrap_or_else(|| panic!("{metric} has no index condition:\n{plan}"));
        // Of rows that last only the end is bounded below.
        let is_raw = condition.contains("(ts < ") && (metric == "spans" || condition.contains("(ts >= "));
        assert!(is_raw, "{metric}: {condition}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_label_of_a_dimension_row_is_a_condition_on_the_key(pool: PgPool) {
    let server = serve(&pool, TABLES, FILE).await;
    let one_of = |values: &[&str]| Test::In(values.iter().map(|value| (*value).to_owned()).collect());
    for test in [one_of(&["a"]), one_of(&["a", "b"]), Test::NotIn([String::new()].into())] {
        let matcher = Matcher { label: "host".into(), test: test.clone(), span: Span::default() };
        let plan = explained(&pool, &matched(&server, "history", vec![matcher])).await;
        let condition = plan.lines().find(|line| line.trim_start().starts_with("Index Cond: ") && line.contains("ts"));
        let condition = condition.unwrap_or_else(|| panic!("{test:?} has no index condition:\n{plan}"));
        assert!(condition.contains("(item = ANY ") && condition.contains("(ts >= "), "{test:?}: {condition}");
        assert!(plan.contains("history_march") && !plan.contains("history_april"), "{test:?}:\n{plan}");
    }
}
