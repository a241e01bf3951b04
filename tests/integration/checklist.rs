//! What a server for Grafana's JSON clients must do: one test per item, each of which fails when the item is broken.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Answer, Server, Setup, sql};

const TABLES: &str = "
    CREATE TABLE racks (id int PRIMARY KEY);
    INSERT INTO racks VALUES (7), (8), (9), (10);
    CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, rack int REFERENCES racks, value double precision);
    CREATE INDEX ON load (host, ts);
    INSERT INTO load VALUES ('2024-01-01 00:00Z', 'web.01', 7, 1), ('2024-01-01 00:01Z', 'web.01', 7, 2),
        ('2024-01-01 00:00Z', 'web-02', 8, 3), ('2024-01-01 00:01Z', 'web-02', 8, 'NaN'), ('2024-01-01 00:00Z', 'webx01', 10, 5);";

const MINUTE: i64 = 1_704_067_200_000;

const PATHS: &[&str] = &[
    "",
    "/",
    "/query",
    "/search",
    "/metrics",
    "/metric-payload-options",
    "/variable",
    "/annotations",
    "/tag-keys",
    "/tag-values",
    "/openapi.json",
    "/livez",
    "/readyz",
];

fn question(targets: Value) -> Value {
    json!({
        "range": {"from": "2024-01-01T00:00:00.000Z", "to": "2024-01-01T00:02:00.000Z"},
        "intervalMs": 60_000, "maxDataPoints": 100, "targets": targets,
    })
}

/// The hosts of the answer to one target.
async fn hosts(server: &Server, body: Value) -> Vec<String> {
    let answer = server.post("/query", body.clone()).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.body);
    let host = |element: &Value| element["tags"]["host"].as_str().unwrap_or_default().to_owned();
    answer.drawn().into_iter().map(host).collect()
}

#[sqlx::test(migrations = false)]
async fn item_01_the_base_url_in_every_spelling(pool: PgPool) {
    let direct = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for base in ["", "/api/json", "/a/b/c"] {
        let mut setup = Setup::default();
        setup.http.base_path = base.to_owned();
        let server = Server::with(&pool, setup).await;
        for path in ["", "/", "//", "///"] {
            let answer = direct.get(format!("{}{path}", server.base)).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{base} {path}");
            assert_eq!(answer.json::<Value>().await.unwrap(), json!({"status": "ok"}), "{base} {path}");
        }
        for path in ["/query", "//query", "/query/", "//query//"] {
            let answer = direct.post(format!("{}{path}", server.base)).body("{}").send().await.unwrap();
            assert_eq!(
                (answer.status().as_u16(), answer.text().await.unwrap()),
                (200, "[]".to_owned()),
                "{base} {path}"
            );
        }
    }
}

#[sqlx::test(migrations = false)]
async fn item_02_any_body_is_json(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let mut body = question(json!([{"target": "count(load)", "refId": "A", "unknown": {"a": [1]}, "payload": null}]));
    body["scopedVars"] = json!({"host": {"text": "All", "value": vec!["web-0001.example.com"; 140_000]}, "__sceneObject": {"text": "x"}});
    for member in ["adhocFilters", "filters", "timezone", "rangeRaw", "requestId", "scopes", "app"] {
        body[member] = Value::Null;
    }
    let text = body.to_string();
    assert!((3 << 20..4 << 20).contains(&text.len()), "{} bytes", text.len());
    for kind in ["application/json", "text/plain", "application/x-www-form-urlencoded", ""] {
        let headers: &[(&str, &str)] = if kind.is_empty() { &[] } else { &[("content-type", kind)] };
        let answer = server.send("POST", "/query", headers, text.clone()).await;
        assert_eq!((answer.status, &answer.body[0]["datapoints"][0][0]), (200, &json!(3.0)), "{kind}");
    }
    for body in ["", "{}", "null"] {
        assert_eq!(server.send("POST", "/query", &[("content-type", "application/json")], body).await.body, json!([]));
    }
}

#[sqlx::test(migrations = false)]
async fn item_02_a_body_that_never_comes_is_told_so(pool: PgPool) {
    let server = Server::start(&pool).await;
    let address = server.base.trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let mut dripping = tokio::net::TcpStream::connect(&address).await.unwrap();
    let begun = b"POST /query HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{";
    stream.write_all(begun).await.unwrap();
    dripping.write_all(begun).await.unwrap();
    let (mut reads, mut writes) = dripping.into_split();
    let drip = tokio::spawn(async move {
        while writes.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    for silent in [true, false] {
        let mut answer = String::new();
        let read = async {
            if silent { stream.read_to_string(&mut answer).await } else { reads.read_to_string(&mut answer).await }
        };
        // The drops that still come may end the connection by a reset.
        let _ended = tokio::time::timeout(Duration::from_secs(25), read).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"code\":\"body_timeout\""), "{answer}");
    }
    drip.abort();
}

#[sqlx::test(migrations = false)]
async fn item_03_only_targets_are_needed(pool: PgPool) {
    sql(&pool, TABLES).await;
    let setup = Setup { clock: datebin::time::Clock::Fixed(MINUTE + 120_000), ..Setup::default() };
    let server = Server::with(&pool, setup).await;
    let targets = json!([{"target": "count(load)"}]);
    let expected = json!([{"target": "count(load)", "title": "count(load)", "datapoints": [[3.0, MINUTE], [2.0, MINUTE + 60_000]]}]);
    let mut bodies = vec![json!({"targets": targets}), json!({"targets": targets, "range": null})];
    for (from, to) in [
        (json!("2024-01-01T00:00:00.000Z"), json!("2024-01-01T00:02:00Z")),
        (json!(MINUTE), json!(MINUTE + 120_000)),
        (json!("1704067200000"), json!("1704067320000")),
        (json!("now-2m"), json!("now")),
    ] {
        for (interval, points) in [
            (json!(60_000), json!(100)),
            (json!("60000"), json!("100")),
            (json!(60_000), json!(0)),
            (json!(60_000), Value::Null),
            (Value::Null, json!(3)),
            (json!(0), json!("3")),
            (json!(""), json!(3)),
        ] {
            let range = json!({"from": from, "to": to});
            bodies.push(json!({"targets": targets, "range": range, "intervalMs": interval, "maxDataPoints": points}));
        }
    }
    for body in bodies {
        let answer = server.post("/query", body.clone()).await;
        assert_eq!((answer.status, &answer.body), (200, &expected), "{body}");
    }
}

#[sqlx::test(migrations = false)]
async fn item_04_one_bad_target_fails_no_other(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let answer = server
        .post(
            "/query",
            question(json!([
                {"target": "count(load)", "refId": "A"}, {"target": "laod", "refId": "B"}, {"target": "sum(load)", "refId": "C"},
                {"target": "((", "refId": "D", "hide": true}, {"refId": "E"}, {"target": ""}, {"target": "select metric"},
            ])),
        )
        .await;
    let refs: Vec<&Value> = answer.drawn().into_iter().map(|element| &element["refId"]).collect();
    assert_eq!((answer.status, refs), (200, vec![&json!("A"), &json!("C")]));
    let told = "B: no metric is called \"laod\"; did you mean load?";
    assert_eq!(answer.body[0]["meta"]["notices"], json!([{"severity": "error", "text": told}]));
    let answer = server.post("/query", question(json!([{"target": "((", "refId": "D"}, {"target": "laod"}]))).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (400, &json!("bad_target")));
    assert!(answer.body["message"].as_str().unwrap().starts_with("the target cannot be read: "), "{}", answer.body);
}

#[sqlx::test(migrations = false)]
async fn item_05_targets_are_interpolated_as_regular_expressions(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    for (target, expected) in [
        (r#"load{host=~"web\.01"}"#, &["web.01"][..]),
        (r#"load{host="web\.01"}"#, &["web.01"]),
        (r#"load{host=~"(web\.01|web-02)"}"#, &["web-02", "web.01"]),
        (r#"load{host="(web\.01|web-02)"}"#, &["web-02", "web.01"]),
        (r#"load{host=~"web.01"}"#, &["web.01", "webx01"]),
        (r#"load{host=~"eb.01"}"#, &[]),
        (r#"load{host=~"()"}"#, &[]),
        ("load", &["web-02", "web.01", "webx01"]),
        ("(load|load)", &["web-02", "web.01", "webx01"]),
    ] {
        assert_eq!(hosts(&server, question(json!([{"target": target}]))).await, expected, "{target}");
    }
}

#[sqlx::test(migrations = false)]
async fn item_06_filters_of_old_and_new_grafana(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let filter = |key: &str, operator: &str, value: &str| json!({"key": key, "operator": operator, "value": value});
    let all = &["web-02", "web.01", "webx01"][..];
    for (filter, expected) in [
        (filter("host", "=", "web.01"), &["web.01"][..]),
        (filter("host", "!=", "web.01"), &["web-02", "webx01"]),
        (filter("host", "=~", "web.01"), &["web.01", "webx01"]),
        (filter("host", "!~", "web.01"), &["web-02"]),
        (filter("rack", "<", "10"), &["web-02", "web.01"]),
        (filter("rack", "<=", "7"), &["web.01"]),
        (filter("rack", ">", "8"), &["webx01"]),
        (filter("rack", ">=", "8"), &["web-02", "webx01"]),
        (
            json!({"key": "host", "operator": "=|", "value": "web.01", "values": ["web.01", "web-02"]}),
            &["web-02", "web.01"],
        ),
        (json!({"key": "host", "operator": "!=|", "value": "web.01", "values": ["web.01", "web-02"]}), &["webx01"]),
        (filter("host", "=~", ".*"), all),
        (json!({"key": "host", "operator": "=|", "value": "$__all", "values": ["$__all"]}), all),
        (filter("nowhere", "=", "x"), all),
        (filter("host", "like", "x"), all),
        (filter("", "=", "x"), all),
    ] {
        for lists in [&["adhocFilters"][..], &["filters"], &["adhocFilters", "filters"]] {
            let mut body = question(json!([{"target": "load"}]));
            for list in lists {
                body[*list] = json!([filter]);
            }
            assert_eq!(hosts(&server, body).await, expected, "{filter} in {lists:?}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn item_07_what_an_answer_looks_like(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let targets = json!([{"target": "load{host=\"web-02\"}", "refId": "A"}, {"target": "max(load)", "refId": "B", "type": "table"}]);
    let answer = server.post("/query", question(targets)).await;
    let expected = json!([
        {"target": "load", "title": "load", "refId": "A", "tags": {"host": "web-02", "rack": "8"},
         "datapoints": [[3.0, MINUTE], [null, MINUTE + 60_000]]},
        {"type": "table", "refId": "B", "columns": [{"text": "Time", "type": "time"}, {"text": "Value", "type": "number"}],
         "rows": [[MINUTE, 5.0], [MINUTE + 60_000, 2.0]]},
    ]);
    assert_eq!((answer.status, answer.body), (200, expected));
    let stages: Vec<String> =
        answer_stages(answer.headers.get("server-timing").and_then(|value| value.to_str().ok()).unwrap());
    assert_eq!(stages, ["parse", "plan", "wait", "execute", "frame", "cache;desc=\"off\""]);
    assert_eq!(server.post("/query", question(json!([]))).await.body, json!([]));
}

fn answer_stages(header: &str) -> Vec<String> {
    header.split(", ").map(|stage| stage.split(";dur=").next().unwrap().to_owned()).collect()
}

#[sqlx::test(migrations = false)]
async fn item_07_the_sql_is_told_where_the_operator_allows_it(pool: PgPool) {
    sql(&pool, TABLES).await;
    let body = question(json!([{"target": "load{host=\"web-02\"}", "refId": "A"}]));
    let server = Server::with(&pool, Setup { show_sql: true, ..Setup::default() }).await;
    let answer = server.post("/query", body.clone()).await;
    let executed = answer.body[0]["meta"]["executedQueryString"].as_str().unwrap();
    assert!(
        executed.contains("FROM \"public\".\"load\"") && executed.contains("$1") && executed.ends_with(';'),
        "{executed}"
    );
    assert!(!executed.contains("web-02"), "{executed}");
    let mut pattern = body.clone();
    pattern["targets"] = json!([{"target": "load{host=~\"web-[0-9]+\"}", "refId": "A"}]);
    let answer = server.post("/query", pattern).await;
    let executed = answer.body[0]["meta"]["executedQueryString"].as_str().unwrap();
    assert!(executed.contains("= ANY(") && !executed.contains("false"), "a pattern is the list it becomes: {executed}");
    assert_eq!(Server::start(&pool).await.post("/query", body).await.body[0]["meta"], Value::Null);
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn item_08_annotations_by_three_roads(pool: PgPool) {
    sql(
        &pool,
        "INSERT INTO datebin.annotations (time, title, text, tags) VALUES ('2024-01-01 00:01Z', 't', 'x', '{a,b}')",
    )
    .await;
    let server = Server::start(&pool).await;
    let at = MINUTE + 60_000;
    let range = json!({"from": MINUTE, "to": MINUTE + 120_000});
    let posted = server.post("/annotations", json!({"range": range, "annotation": {"query": ""}})).await;
    assert_eq!(posted.body, json!([{"time": at, "title": "t", "text": "x", "tags": ["a", "b"]}]));
    let got = server.get(&format!("/annotations?from={MINUTE}&to={}", MINUTE + 120_000)).await;
    let flat = json!([{"time": at, "timeEnd": null, "title": "t", "text": "x", "tags": "a,b", "id": "datebin:1"}]);
    assert_eq!(got.body, flat);
    let asked = server.post("/query", json!({"range": range, "targets": [{"refId": "Anno", "payload": {}}]})).await;
    assert_eq!(asked.body.as_array().map(Vec::len), Some(1));
    assert_eq!(asked.body[0]["rows"], json!([[at, null, "t", "x", "a,b", "datebin:1"]]));
}

#[sqlx::test(migrations = false)]
async fn item_09_lists_in_the_form_that_each_client_takes(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    assert_eq!(server.post("/search", json!({"target": ""})).await.body, json!(["load"]));
    let metrics = server.post("/metrics", json!({"metric": "load"})).await.body;
    assert_eq!((&metrics[0]["value"], &metrics[0]["label"]), (&json!("load"), &json!("load")));
    for field in metrics[0]["payloads"].as_array().unwrap() {
        assert!(field["name"].is_string() && field["label"].is_string(), "{field}");
        assert!(field["options"].as_array().is_none_or(|options| !options.is_empty()), "{field}");
    }
    let options =
        server.post("/metric-payload-options", json!({"metric": "load", "payload": {}, "name": "label:rack"})).await;
    let expected = json!([{"label": "10", "value": "10"}, {"label": "7", "value": "7"}, {"label": "8", "value": "8"}]);
    assert_eq!(options.body, expected);
    let range = json!({"from": MINUTE, "to": MINUTE + 120_000});
    let values =
        server.post("/variable", json!({"payload": {"target": "label_values(load, rack)"}, "range": range})).await;
    let expected =
        json!([{"__text": "10", "__value": "10"}, {"__text": "7", "__value": "7"}, {"__text": "8", "__value": "8"}]);
    assert_eq!(values.body, expected);
    assert_eq!(server.post("/tag-keys", json!({})).await.body, json!([{"text": "host"}, {"text": "rack"}]));
    let values = server.post("/tag-values", json!({"key": "rack", "timeRange": range})).await;
    assert_eq!(values.body, json!([{"text": "10"}, {"text": "7"}, {"text": "8"}]));
}

#[sqlx::test(migrations = false)]
async fn item_10_errors_that_every_client_shows(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let origin = [("origin", "http://localhost:3000"), ("content-type", "application/json")];
    let body = question(json!([{"target": "laod", "refId": "A"}])).to_string();
    let answer = server.send("POST", "/query", &origin, body).await;
    let expected = json!({
        "message": "no metric is called \"laod\"; did you mean load?",
        "error": {"code": "unknown_metric", "message": "no metric is called \"laod\"", "hint": "did you mean load?", "target": "A", "position": 0},
    });
    assert_eq!((answer.status, &answer.body), (422, &expected));
    for path in ["/query", "/search", "/metrics", "/variable", "/annotations", "/nowhere"] {
        let answer = server.send("POST", path, &origin, "[").await;
        assert!(
            answer.status >= 400 && answer.body["message"].is_string() && answer.body["error"]["code"].is_string(),
            "{path}"
        );
        assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:3000", "{path}");
        assert_eq!(answer.header("content-type"), "application/json", "{path}");
    }
    for (path, body) in
        [("/tag-values", "{\"key\":\"nowhere\"}"), ("/tag-values", "["), ("/metric-payload-options", "[")]
    {
        let answer = server.send("POST", path, &origin, body).await;
        assert_eq!((answer.status, answer.body), (200, json!([])), "{path}");
    }
}

#[sqlx::test(migrations = false)]
async fn item_11_preflights_need_no_credentials(pool: PgPool) {
    let server = Server::start(&pool).await;
    for path in PATHS.iter().chain(&["/nowhere"]) {
        let headers = [
            ("origin", "http://localhost:3000"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "accept,authorization,content-type,origin"),
        ];
        let answer = server.send("OPTIONS", path, &headers, "").await;
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (200, "http://localhost:3000"),
            "{path}"
        );
        assert_eq!(answer.header("access-control-allow-methods"), "GET,POST,OPTIONS", "{path}");
        assert_eq!(answer.header("access-control-allow-headers"), "accept,authorization,content-type,origin", "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), "true", "{path}");
    }
}

#[sqlx::test(migrations = false)]
async fn item_12_flat_rows_for_infinity(pool: PgPool) {
    sql(&pool, TABLES).await;
    sql(&pool, "INSERT INTO load SELECT '2024-01-01Z'::timestamptz + n * interval '1 s', 'many', 9, n FROM generate_series(0, 119) AS n").await;
    let server = Server::start(&pool).await;
    let path = format!("/query?target=load&from={MINUTE}&to={}&interval_ms=1000", MINUTE + 120_000);
    let answer = server.get(&path).await;
    let rows = answer.body.as_array().unwrap();
    assert_eq!((answer.status, rows.len()), (200, 125));
    assert!(rows.is_sorted_by_key(|row| row["time"].as_i64().unwrap()));
    for row in rows {
        assert_eq!(row.as_object().unwrap().keys().collect::<Vec<_>>(), ["time", "host", "rack", "value"], "{row}");
        assert!(row["host"].is_string() && row["rack"].is_string(), "{row}");
    }
    for (offered, coding) in [("", ""), ("gzip", "gzip"), ("br, zstd, deflate", ""), ("identity", "")] {
        let headers: &[(&str, &str)] = if offered.is_empty() { &[] } else { &[("accept-encoding", offered)] };
        assert_eq!(server.send("GET", &path, headers, "").await.header("content-encoding"), coding, "{offered}");
    }
    for format in ["rows", "wide", "csv", "frames", "instant", "timeseries", "table"] {
        let Answer { status, body, .. } =
            server.get(&format!("/query?target=load%7Bhost=%22none%22%7D&format={format}")).await;
        assert!(status == 200 && body != json!(""), "{format}: {status} {body}");
    }
}

#[sqlx::test(migrations = false)]
async fn item_13_a_client_that_leaves_stops_its_sql(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE base (ts timestamptz NOT NULL, value double precision);
         INSERT INTO base VALUES ('2024-01-01Z', 1);
         CREATE VIEW slow AS SELECT ts, CASE WHEN pg_sleep(300)::text = '' THEN value END AS value FROM base;",
    )
    .await;
    let server = Server::start(&pool).await;
    let running = async || -> i64 {
        let query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%\"slow\"%' AND pid <> pg_backend_pid()";
        sqlx::query_scalar(query).fetch_one(&pool).await.unwrap()
    };
    let until = async |wanted: i64| {
        let reached = async {
            while running().await != wanted {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), reached).await.unwrap_or_else(|_| panic!("never {wanted}"));
    };
    let body = question(json!([{"target": "slow", "refId": "A"}])).to_string();
    let request = server.client.post(format!("{}/query", server.base)).body(body);
    let asked = tokio::spawn(request.send());
    until(1).await;
    asked.abort();
    until(0).await;
}
