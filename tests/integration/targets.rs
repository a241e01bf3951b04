//! `targets` as SimpleJson, its successors and people send them: which are answered, skipped, refused.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, sql};

const LOAD: &str = "
    CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    CREATE INDEX ON load (host, ts);
    INSERT INTO load VALUES ('2024-01-01 00:00Z', 'a', 1), ('2024-01-01 00:01Z', 'a', 2),
        ('2024-01-01 00:00Z', 'b', 3), ('2024-01-01 00:01Z', 'b', 'NaN');
    CREATE TABLE samples (ts timestamptz NOT NULL, metric text NOT NULL, value double precision);
    CREATE INDEX ON samples (metric, ts);
    INSERT INTO samples VALUES ('2024-01-01 00:00Z', '95', 1);";

const MINUTE: i64 = 1_704_067_200_000;

fn question(targets: Value) -> Value {
    json!({
        "range": {"from": "2024-01-01T00:00:00.000Z", "to": "2024-01-01T00:02:00.000Z"},
        "intervalMs": 60_000, "maxDataPoints": 100, "targets": targets,
    })
}

/// Why nothing is drawn for a host that does not exist.
const UNMATCHED: &str = "load has rows in this range, but no sample passes the matchers on \"host\"";

fn total(ref_id: &str, notices: &[&str]) -> Value {
    let mut series = json!({
        "target": "sum(load)", "title": "sum(load)", "refId": ref_id,
        "datapoints": [[4.0, MINUTE], [null, MINUTE + 60_000]],
    });
    if !notices.is_empty() {
        let notices: Value = notices.iter().map(|text| json!({"severity": "error", "text": text})).collect();
        series["meta"] = json!({"notices": notices});
    }
    series
}

#[sqlx::test(migrations = false)]
async fn series_and_tables_are_answered_exactly(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let expected = json!([
        {"target": "load{host=\"a\"}", "title": "load{host=\"a\"}", "refId": "A", "tags": {"host": "a"},
         "datapoints": [[1.0, MINUTE], [2.0, MINUTE + 60_000]]},
        {"target": "load{host=\"b\"}", "title": "load{host=\"b\"}", "refId": "A", "tags": {"host": "b"},
         "datapoints": [[3.0, MINUTE], [null, MINUTE + 60_000]]},
        {"type": "table", "refId": "B",
         "columns": [{"text": "Time", "type": "time"}, {"text": "host", "type": "string"}, {"text": "load", "type": "number"}],
         "rows": [[MINUTE, "a", 1.0], [MINUTE, "b", 3.0], [MINUTE + 60_000, "a", 2.0], [MINUTE + 60_000, "b", null]]},
        {"type": "table", "refId": "C",
         "meta": {"notices": [{"severity": "warning", "text": UNMATCHED}]},
         "columns": [{"text": "Time", "type": "time"}, {"text": "Value", "type": "number"}], "rows": []},
    ]);
    let targets = json!([
        {"target": "load", "refId": "A", "hide": false, "type": "timeserie"},
        {"target": "load", "refId": "B", "payload": {"format": "table"}},
        {"target": "load{host=\"zzz\"}", "refId": "C", "type": "table"},
    ]);
    let answer = server.post("/query", question(targets)).await;
    assert_eq!((answer.status, &answer.body), (200, &expected));
    let timing = answer.header("server-timing");
    assert!(timing.contains("plan;dur=") && timing.contains("execute;dur="), "{timing}");
    assert_eq!(answer.header("warning"), format!("199 datebin \"{}\"", UNMATCHED.replace('"', "'")));
}

#[sqlx::test(migrations = false)]
async fn what_is_no_question_is_skipped(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let skipped = json!([
        {"target": "", "refId": "B"}, {"target": "  "}, {"target": "select metric"}, {"refId": "C"}, {"target": null},
        {"target": "nonsense((", "hide": true}, {"type": "table"}, {}, null,
    ]);
    let answer = server.post("/query", question(skipped.clone())).await;
    assert_eq!((answer.status, answer.body), (200, json!([])));
    let mut some = skipped.as_array().unwrap().clone();
    some.push(json!({"target": "sum(load)", "refId": 7, "type": ["?"], "hide": null, "payload": "table"}));
    let answer = server.post("/query", question(some.into())).await;
    assert_eq!((answer.status, answer.body), (200, json!([total("7", &[])])));
    let answer = server.post("/query", question(json!([{"target": 95}]))).await;
    let expected = json!([{"target": "95", "title": "95", "datapoints": [[1.0, MINUTE]]}]);
    assert_eq!((answer.status, answer.body), (200, expected));
}

#[sqlx::test(migrations = false)]
async fn one_bad_target_leaves_the_others_alone(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let told = "B: no metric is called \"laod\"; did you mean load?";
    let targets = json!([
        {"target": "sum(load)", "refId": "A"}, {"target": "laod", "refId": "B"}, {"target": "sum(load)", "refId": "C"},
    ]);
    let answer = server.post("/query", question(targets)).await;
    assert_eq!((answer.status, &answer.body), (200, &json!([total("A", &[told]), total("C", &[])])));
    assert_eq!(answer.header("warning"), "199 datebin \"B: no metric is called 'laod'; did you mean load?\"");
}

#[sqlx::test(migrations = false)]
async fn a_notice_is_shown_even_where_there_is_nothing_to_draw(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let told = "B: no metric is called \"laod\"; did you mean load?";
    let targets = json!([{"target": "load{host=\"zzz\"}", "refId": "A"}, {"target": "laod", "refId": "B"}]);
    let answer = server.post("/query", question(targets)).await;
    let notices = json!({"notices": [{"severity": "warning", "text": UNMATCHED}, {"severity": "error", "text": told}]});
    let expected = json!([{"target": "", "title": "", "refId": "A", "meta": notices, "datapoints": []}]);
    assert_eq!((answer.status, answer.body), (200, expected));
    // Without anything to say an empty answer stays empty.
    let answer = server.post("/query", question(json!([{"target": "load > 100", "refId": "A"}]))).await;
    assert_eq!((answer.status, answer.body), (200, json!([])));
}

#[sqlx::test(migrations = false)]
async fn where_nothing_can_be_answered_the_first_error_is_the_answer(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    for (targets, status, code, target) in [
        (json!([{"target": "laod", "refId": "A"}, {"target": "((", "refId": "B"}]), 422, "unknown_metric", json!("A")),
        (json!([{"target": "((", "refId": "B"}, {"target": "laod"}]), 400, "bad_target", json!("B")),
        (json!([{"target": true, "refId": "C"}]), 400, "bad_target", json!("C")),
        (json!([{"target": ["load"], "refId": "C"}]), 400, "bad_target", json!("C")),
        (json!(["load"]), 400, "bad_target", Value::Null),
        (json!([["load", "A"]]), 400, "bad_target", Value::Null),
        (json!({"target": "load"}), 400, "bad_request", Value::Null),
        (json!("load"), 400, "bad_request", Value::Null),
        (vec![json!({"target": "load"}); 101].into(), 422, "too_many_targets", Value::Null),
    ] {
        let answer = server.post("/query", question(targets.clone())).await;
        let error = &answer.body["error"];
        assert_eq!(
            (answer.status, &error["code"], &error["target"]),
            (status, &Value::from(code), &target),
            "{targets}"
        );
    }
}

#[sqlx::test(migrations = false)]
async fn filters_that_are_no_filters_are_ignored(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    for filters in [
        json!([["host", "=", "zzz"]]),
        json!([{"key": "", "operator": "=", "value": "zzz"}]),
        json!([{"key": "host", "operator": "=~", "value": ".*"}]),
        json!([{"key": "host", "operator": "=|", "value": "$__all", "values": ["$__all"]}]),
        json!([{"key": "host", "operator": "groupBy", "value": ""}]),
        json!([null, 7, "x"]),
        json!("x"),
    ] {
        let mut body = question(json!([{"target": "sum(load)", "refId": "A"}]));
        body["filters"] = filters.clone();
        let answer = server.post("/query", body).await;
        assert_eq!((answer.status, answer.body), (200, json!([total("A", &[])])), "{filters}");
    }
}

#[sqlx::test(migrations = false)]
async fn answers_are_compressed_where_that_is_offered(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
         CREATE INDEX ON load (host, ts);
         INSERT INTO load SELECT '2024-01-01Z'::timestamptz + n * interval '1 s', 'a', n FROM generate_series(0, 119) AS n;",
    )
    .await;
    let server = Server::start(&pool).await;
    let mut body = question(json!([{"target": "load", "refId": "A"}]));
    body["intervalMs"] = 1000.into();
    body["maxDataPoints"] = 1000.into();
    for (offered, coding) in
        [("", ""), ("gzip", "gzip"), ("gzip, deflate, br", "gzip"), ("br", ""), ("identity", ""), ("gzip;q=0", "")]
    {
        let headers: &[(&str, &str)] = if offered.is_empty() { &[] } else { &[("accept-encoding", offered)] };
        let answer = server.send("POST", "/query", headers, body.to_string()).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (200, coding), "{offered}");
        assert_eq!(answer.body.is_array(), coding.is_empty(), "{offered}");
    }
}
