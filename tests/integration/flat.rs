//! `GET /query`: answers without an envelope, as Infinity and scripts read them.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, Server, sql};

const TABLES: &str = r#"
    CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, "time" text, value double precision);
    CREATE INDEX ON load (host, ts);
    INSERT INTO load VALUES ('2024-01-01 00:00Z', 'a', 'x', 1), ('2024-01-01 00:01Z', 'a', 'x', 2),
        ('2024-01-01 00:00Z', 'b, "q"', NULL, 3), ('2024-01-01 00:01Z', 'b, "q"', NULL, 'NaN');
    CREATE TABLE mem (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    CREATE INDEX ON mem (host, ts);
    INSERT INTO mem VALUES ('2024-01-01 00:01Z', 'a', 5);"#;

const MINUTE: i64 = 1_704_067_200_000;

const RANGE: &str = "from=1704067200000&to=1704067320000&interval_ms=60000";

async fn get(server: &Server, query: &str) -> Answer {
    let answer = server.get(&format!("/query?{query}&{RANGE}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    answer
}

#[sqlx::test(migrations = false)]
async fn rows_ascend_over_all_series_and_have_every_key(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let next = MINUTE + 60_000;
    let rows = json!([
        {"time": MINUTE, "host": "a", "time_": "x", "value": 1.0},
        {"time": MINUTE, "host": "b, \"q\"", "time_": "", "value": 3.0},
        {"time": next, "host": "a", "time_": "x", "value": 2.0},
        {"time": next, "host": "b, \"q\"", "time_": "", "value": null},
    ]);
    for query in ["target=load", "metric=load&format=rows", "target=load&format=ROWS&tz=UTC&max_data_points=100"] {
        let answer = get(&server, query).await;
        assert_eq!(answer.body, rows, "{query}");
        assert_eq!(answer.header("content-type"), "application/json");
        let keys: Vec<&String> = answer.body[0].as_object().unwrap().keys().collect();
        assert_eq!(keys, ["time", "host", "time_", "value"]);
    }
    let both = json!([
        {"time": MINUTE, "metric": "sum(load)", "host": "", "value": 4.0},
        {"time": next, "metric": "sum(load)", "host": "", "value": null},
        {"time": next, "metric": "mem", "host": "a", "value": 5.0},
    ]);
    assert_eq!(get(&server, "target=sum(load)&target=mem").await.body, both);
    let named = json!([
        {"time": MINUTE, "metric": "load", "host": "a", "time_": "x", "value": 1.0},
        {"time": next, "metric": "load", "host": "a", "time_": "x", "value": 2.0},
        {"time": next, "metric": "mem", "host": "a", "time_": "", "value": 5.0},
    ]);
    assert_eq!(get(&server, "target=%7B__name__=~%22load%7Cmem%22,host=%22a%22%7D").await.body, named);
    assert_eq!(get(&server, "target=load%7Bhost=%22zzz%22%7D").await.body, json!([]));
}

#[sqlx::test(migrations = false)]
async fn other_forms_hold_the_same_points(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let next = MINUTE + 60_000;
    let wide = json!([
        {"time": MINUTE, "load{host=\"a\", time=\"x\"}": 1.0, "load{host=\"b, \\\"q\\\"\"}": 3.0, "mem": null},
        {"time": next, "load{host=\"a\", time=\"x\"}": 2.0, "load{host=\"b, \\\"q\\\"\"}": null, "mem": 5.0},
    ]);
    assert_eq!(get(&server, "target=load&target=mem&format=wide").await.body, wide);
    let answer = get(&server, "target=load&format=csv").await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    let csv = format!(
        "time,host,time_,value\r\n{MINUTE},a,x,1.0\r\n{MINUTE},\"b, \"\"q\"\"\",,3.0\r\n{next},a,x,2.0\r\n{next},\"b, \"\"q\"\"\",,\r\n"
    );
    assert_eq!(answer.body, Value::String(csv));
    assert_eq!(get(&server, "target=load%7Bhost=%22z%22%7D&format=csv").await.body, json!("time,value\r\n"));
    let frames = json!([{
        "schema": {"refId": "A", "name": "mem", "fields": [
            {"name": "Time", "type": "time"},
            {"name": "Value", "type": "number", "labels": {"host": "a"}, "config": {"displayNameFromDS": "mem"}},
        ]},
        "data": {"values": [[next], [5.0]]},
    }]);
    assert_eq!(get(&server, "target=mem&format=frames").await.body, frames);
    for (format, kind) in [("timeseries", "timeserie"), ("table", "table")] {
        let body = json!({
            "range": {"from": MINUTE, "to": MINUTE + 120_000}, "intervalMs": 60_000,
            "targets": [{"target": "load", "refId": "A", "type": kind}],
        });
        let posted = server.post("/query", body).await;
        assert_eq!(get(&server, &format!("target=load&format={format}")).await.body, posted.body, "{format}");
    }
}

#[sqlx::test(migrations = false)]
async fn what_nobody_interpolated_means_the_default(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let expected = get(&server, "target=sum(load)").await.body;
    for query in [
        "interval_ms=%24%7B__interval_ms%7D",
        "interval_ms=$__interval_ms&max_data_points=$__maxDataPoints",
        "interval_ms=&max_data_points=0&tz=$__timezone&format=$format&legend=",
        "interval_ms=x&max_data_points=many&unknown=1",
    ] {
        let answer = server.get(&format!("/query?target=sum(load)&from=1704067200000&to=1704067320000&{query}")).await;
        assert_eq!((answer.status, answer.body.as_array().map(Vec::len)), (200, Some(2)), "{query}: {}", answer.body);
        assert_eq!(answer.body[0], expected[0], "{query}");
    }
    let answer = server.get("/query?target=sum(load)&from=$__from&to=${__to}").await;
    assert_eq!((answer.status, answer.body), (200, json!([])), "the last six hours");
}

#[sqlx::test(migrations = false)]
async fn a_url_that_asks_nothing_is_told_so(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    for (query, status, code, message) in [
        ("", 400, "bad_request", "the URL names no target; GET /query?target=cpu&from=now-1h&to=now"),
        ("target=", 400, "bad_request", "the URL names no target; GET /query?target=cpu&from=now-1h&to=now"),
        (
            "target=load&format=xml",
            400,
            "bad_request",
            "there is no format \"xml\"; one of rows, wide, csv, frames, table, instant, timeseries",
        ),
        ("target=laod", 422, "unknown_metric", "no metric is called \"laod\"; did you mean load?"),
        (
            "target=load&from=2&to=1",
            400,
            "bad_range",
            "the range cannot be used: the time range ends before it starts: from 1970-01-01T00:00:02.000Z to 1970-01-01T00:00:01.000Z",
        ),
    ] {
        let answer = server.get(&format!("/query?{query}")).await;
        assert_eq!((answer.status, &answer.body["error"]["code"]), (status, &code.into()), "{query}: {}", answer.body);
        assert_eq!(answer.body["message"], message, "{query}");
    }
    // One bad target leaves the others: the header says what is missing.
    let answer = get(&server, "target=laod&target=sum(load)").await;
    assert_eq!(answer.body.as_array().map(Vec::len), Some(2));
    assert_eq!(answer.header("warning"), "199 datebin \"A: no metric is called 'laod'; did you mean load?\"");
}

#[sqlx::test(migrations = false)]
async fn an_instant_is_the_last_complete_bucket_and_wishes_are_heard(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE ticks (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
         INSERT INTO ticks SELECT '2024-01-01Z'::timestamptz + n * interval '1 min', h, n
         FROM generate_series(0, 4) AS n, unnest(ARRAY['a', 'b']) AS h WHERE NOT (h = 'b' AND n > 1);",
    )
    .await;
    let server = Server::start(&pool).await;
    let start = 1_704_067_200_000_i64;
    let range = format!("from={start}&to={}", start + 5 * 60_000);
    let instant = server.get(&format!("/query?target=ticks&step=2m&format=instant&{range}")).await;
    // The bucket that begins at the fourth minute is not over.
    let expected = json!([
        {"time": start, "host": "b", "value": 0.5}, {"time": start + 120_000, "host": "a", "value": 2.5},
    ]);
    assert_eq!(instant.body, expected);
    let filled = server
        .get(&format!("/query?target=ticks&step=2m&fill=zero&over_time=max&aggregation=sum&by=host&{range}"))
        .await;
    let row = |at: i64, host: &str, value: f64| json!({"time": start + at * 60_000, "host": host, "value": value});
    let expected = json!([
        row(0, "a", 1.0),
        row(0, "b", 1.0),
        row(2, "a", 3.0),
        row(2, "b", 0.0),
        row(4, "a", 4.0),
        row(4, "b", 0.0),
    ]);
    assert_eq!(filled.body, expected);
}

#[sqlx::test(migrations = false)]
async fn both_spellings_count_and_an_unknown_parameter_is_told(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let range = format!("from={MINUTE}&to={}", MINUTE + 120_000);
    for query in ["maxDataPoints=1", "max_data_points=1", "intervalMs=120000", "interval_ms=120000&max_data_points=$x"]
    {
        let answer = server.get(&format!("/query?target=sum(load)&{range}&{query}")).await;
        assert_eq!(answer.body.as_array().map(Vec::len), Some(1), "{query}: {}", answer.body);
        assert!(answer.headers.get("warning").is_none(), "{query}");
    }
    let answer = server.get(&format!("/query?target=sum(load)&{range}&maxDatapoint=1")).await;
    let told = "199 datebin \"the parameter 'maxDatapoint' is unknown and ignored: did you mean maxDataPoints?\"";
    assert_eq!((answer.status, answer.header("warning")), (200, told));
}

#[sqlx::test(migrations = false)]
async fn a_label_called_metric_is_renamed_in_every_form(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE odd (ts timestamptz NOT NULL, metric text NOT NULL, host text NOT NULL, value double precision, PRIMARY KEY (metric, host, ts));
         INSERT INTO odd VALUES ('2024-01-01 00:00Z', 'm', 'a', 1);",
    )
    .await;
    let file = "[discovery]\nenabled = false\n[[source]]\nrelation = \"odd\"\ntime = \"ts\"\nlabels = [\"metric\", \"host\"]\n\
                [source.metric.odd]\ncolumn = \"value\"\n";
    let server = Server::declared(&pool, file).await;
    let expected = json!([{"time": MINUTE, "metric_": "m", "host": "a", "value": 1.0}]);
    assert_eq!(get(&server, "target=odd").await.body, expected);
    // Beside other series, too, where rows name their metric.
    let both = get(&server, "target=odd&target=odd").await.body;
    assert!(both.as_array().unwrap().iter().all(|row| row["metric_"] == "m"), "{both}");
    assert!(get(&server, "target=odd&format=csv").await.body.to_string().contains("metric_"));
}
