//! `/variable`, and `/search` where SimpleJson's query variables ask: values of template variables.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, sql};

/// Hosts a and b in eu, c in us until noon, `d.1` in us after; a narrow table beside it.
pub const TABLES: &str = r#"
    CREATE TABLE cpu (ts timestamptz NOT NULL, host text NOT NULL, region text, value double precision);
    CREATE INDEX ON cpu (host, ts);
    INSERT INTO cpu SELECT '2024-01-01Z'::timestamptz + n * interval '1 h', host, region, n
    FROM (VALUES ('a', 'eu', 0, 23), ('b', 'eu', 0, 23), ('c', 'us', 0, 11), ('d.1', 'us', 12, 23), ('e', NULL, 0, 23)) AS h(host, region, first, last),
         generate_series(first, last) AS n;
    CREATE TABLE samples (ts timestamptz NOT NULL, metric text NOT NULL, dc text, labels jsonb, value double precision);
    CREATE INDEX ON samples (metric, ts);
    INSERT INTO samples SELECT '2024-01-01Z'::timestamptz + n * interval '1 h', metric, dc, labels::jsonb, n
    FROM (VALUES ('disk.io', 'x', '{"disk": "sda", "it''s": "7"}'), ('disk.io', 'y', '{"disk": "sdb"}'), ('net', 'x', '{"port": "p/1"}'))
         AS s(metric, dc, labels), generate_series(0, 23) AS n;"#;

pub fn day() -> Value {
    json!({"from": "2024-01-01T00:00:00.000Z", "to": "2024-01-02T00:00:00.000Z", "raw": {"from": "x", "to": "y"}})
}

fn values(texts: &[&str]) -> Value {
    texts.iter().map(|text| json!({"__text": text, "__value": text})).collect()
}

async fn asked(server: &Server, payload: Value, range: Value, expected: &[&str]) {
    let answer = server.post("/variable", json!({"payload": payload, "range": range})).await;
    assert_eq!((answer.status, &answer.body), (200, &values(expected)), "{payload}");
}

#[sqlx::test(migrations = false)]
async fn the_language_of_variables_is_that_of_prometheus(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    for (target, expected) in [
        ("label_values(cpu, host)", &["a", "b", "c", "d.1", "e"][..]),
        ("label_values(host)", &["a", "b", "c", "d.1", "e"]),
        ("label_values(cpu{region=\"eu\"}, host)", &["a", "b"]),
        ("label_values(cpu{region=~\"(eu|us)\"}, host)", &["a", "b", "c", "d.1"]),
        ("label_values(cpu{region=~\"u.\",host!=\"c\"}, host)", &["d.1"]),
        ("label_values(cpu{host=~\"d\\.1\"}, region)", &["us"]),
        ("label_values(cpu{host=\"{a,c}\"}, region)", &["eu", "us"]),
        ("label_values(cpu{region=\"\"}, host)", &["e"]),
        ("label_values(cpu{region=~\"()\"}, host)", &["e"]),
        ("label_values(cpu{region=\".*\"}, host)", &["a", "b", "c", "d.1", "e"]),
        ("label_values({region=\"us\"}, host)", &["c", "d.1"]),
        ("label_values(cpu, region)", &["eu", "us"]),
        ("label_values(cpu, dc)", &[]),
        ("label_values(cpu, nowhere)", &[]),
        ("label_values(disk\\.io, dc)", &["x", "y"]),
        ("label_values((disk\\.io|net), dc)", &["x", "y"]),
        ("label_values(disk.io,net, dc)", &["x", "y"]),
        ("label_values(net, dc)", &["x"]),
        ("label_values(disk.io, disk)", &["sda", "sdb"]),
        ("label_values(disk.io, it's)", &["7"]),
        ("label_values({\"disk.io\", disk=\"sdb\"}, dc)", &["y"]),
        ("label_values({disk=\"sdb\"}, dc)", &["y"]),
        ("label_values({port=\"p\\/1\"}, __name__)", &["net"]),
        ("label_values(__name__)", &["cpu", "disk.io", "net"]),
        ("label_values(cpu, host, limit=2)", &["a", "b"]),
        ("label_values(cpu, host, prefix=\"d\")", &["d.1"]),
        ("label_names()", &["dc", "disk", "host", "it's", "port", "region"]),
        ("label_names(cpu)", &["host", "region"]),
        ("label_names(net)", &["dc", "disk", "it's", "port"]),
        ("metrics()", &["cpu", "disk.io", "net"]),
        ("metrics(^(cpu|ne))", &["cpu", "net"]),
        ("metrics(disk\\.io)", &["disk.io"]),
        ("metrics(IO)", &[]),
        (
            "query_result(max by (region) (cpu))",
            &["{region=\"eu\"} 23 1704150000000", "{region=\"us\"} 23 1704150000000", "{} 23 1704150000000"],
        ),
        ("query_result(cpu{host=\"a\"} > 22)", &["cpu{host=\"a\",region=\"eu\"} 23 1704150000000"]),
        ("query_result(cpu{host=\"a\"} > 99)", &[]),
        ("", &["cpu", "disk.io", "net"]),
        ("  ", &["cpu", "disk.io", "net"]),
        ("IO", &["disk.io"]),
        ("disk\\.", &["disk.io"]),
        ("nothing like it", &[]),
    ] {
        asked(&server, json!({"target": target}), day(), expected).await;
    }
}

#[sqlx::test(migrations = false)]
async fn values_are_those_of_the_range(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let morning = json!({"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T12:00:00Z"});
    let evening = json!({"from": "2024-01-01T12:00:00Z", "to": "2024-01-02T00:00:00Z"});
    for (target, in_the_morning, in_the_evening) in [
        ("label_values(cpu, host)", ["a", "b", "c", "e"], ["a", "b", "d.1", "e"]),
        ("label_values(host)", ["a", "b", "c", "e"], ["a", "b", "d.1", "e"]),
    ] {
        asked(&server, json!({"target": target}), morning.clone(), &in_the_morning).await;
        asked(&server, json!({"target": target}), evening.clone(), &in_the_evening).await;
    }
    asked(&server, json!({"target": "label_values(cpu{region=\"us\"}, host)"}), morning.clone(), &["c"]).await;
    asked(&server, json!({"target": "label_values(cpu{region=\"us\"}, host)"}), evening, &["d.1"]).await;
    asked(&server, json!({"target": "label_values(cpu{host=\"d.1\"}, region)"}), morning, &[]).await;
}

#[sqlx::test(migrations = false)]
async fn a_payload_may_be_any_json(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let all = &["a", "b", "c", "d.1", "e"][..];
    for (payload, expected) in [
        (json!("label_values(cpu, host)"), all),
        (json!({"target": "label_values(cpu, host)", "limit": 3}), &all[..3]),
        (json!({"query": "label_values(cpu, host)", "limit": "2", "x": null}), &all[..2]),
        (json!({"metric": "cpu", "label": "host", "filters": {"region": ["eu"]}}), &["a", "b"]),
        (json!({"label": "host", "filters": {"region": "us"}, "prefix": "d"}), &["d.1"]),
        (json!({"label": "host", "filters": [{"key": "region", "operator": "!=", "value": "eu"}]}), &["c", "d.1", "e"]),
        (json!({"label": "host", "filters": {"region": [], "nowhere": "x"}}), all),
        (json!({}), &["cpu", "disk.io", "net"]),
        (json!([1, 2]), &["cpu", "disk.io", "net"]),
        (json!(null), &["cpu", "disk.io", "net"]),
    ] {
        asked(&server, payload, day(), expected).await;
    }
    // Ranges in every spelling; without one the last six hours, in which there is nothing.
    asked(
        &server,
        json!("label_values(cpu, host)"),
        json!({"from": 1_704_067_200_000_i64, "to": "1704153600000"}),
        all,
    )
    .await;
    asked(&server, json!("label_values(cpu, host)"), Value::Null, &[]).await;
}

#[sqlx::test(migrations = false)]
async fn what_cannot_be_answered_says_what_to_do(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    for (target, status, code, message) in [
        (
            "label_values()",
            400,
            "bad_target",
            "label_values() names no label; label_values(host), label_values(cpu{region=\"eu\"}, host)",
        ),
        ("label_values(cpux, host)", 422, "unknown_metric", "no metric is called \"cpux\"; did you mean cpu?"),
        (
            "label_values(rate(cpu[5m]), host)",
            400,
            "bad_target",
            "\"rate(cpu[5m])\" is not a selector: write a metric's name, with or without matchers in braces; label_values(cpu{region=\"eu\"}, host)",
        ),
        ("label_values(cpu, host, limit=x)", 400, "bad_target", "limit=\"x\" is not a whole number above zero"),
        (
            "label_value(host)",
            400,
            "bad_target",
            "\"label_value\" is not a query of a variable; did you mean label_values(…)?",
        ),
        (
            "sum(cpu)",
            400,
            "bad_target",
            "\"sum\" is not a query of a variable; query_result(sum(cpu)) gives the values of an expression",
        ),
        (
            "metrics([)",
            400,
            "bad_target",
            "metrics([) cannot be read: the regular expression is not valid at character 1: a class is not closed; metrics(^cpu_) lists the names that begin so, metrics() all",
        ),
        (
            "query_result(sum(cpux))",
            422,
            "unknown_metric",
            "no metric is called \"cpux\"; did you mean cpu?\nsum(cpux)\n    ^^^^",
        ),
    ] {
        let answer = server.post("/variable", json!({"payload": {"target": target}, "range": day()})).await;
        let said = (answer.status, &answer.body["error"]["code"], &answer.body["message"]);
        assert_eq!(said, (status, &code.into(), &message.into()), "{target}");
    }
}

#[sqlx::test(migrations = false)]
async fn variables_have_a_url_and_simple_json_searches(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let range = "from=2024-01-01T00:00:00Z&to=2024-01-02T00:00:00Z";
    for (query, expected) in [
        ("target=label_values(cpu%7Bregion=%22eu%22%7D,+host)", &["a", "b"][..]),
        ("target=label_values(host)&limit=2", &["a", "b"]),
        ("label=host&metric=cpu&prefix=d", &["d.1"]),
        ("target=io", &["disk.io"]),
        ("", &["cpu", "disk.io", "net"]),
        ("target=$unset", &["cpu", "disk.io", "net"]),
    ] {
        let answer = server.get(&format!("/variable?{query}&{range}")).await;
        assert_eq!((answer.status, answer.body), (200, values(expected)), "{query}");
    }
    for (text, expected) in [
        ("label_names(cpu)", json!(["host", "region"])),
        ("metrics(io)", json!(["disk.io"])),
        ("io", json!(["disk.io"])),
    ] {
        let answer = server.post("/search", json!({"target": text})).await;
        assert_eq!((answer.status, answer.body), (200, expected.clone()), "{text}");
        let got = server.get(&format!("/search?target={text}")).await;
        assert_eq!((got.status, got.body), (200, expected), "{text}");
    }
    let answer = server.post("/search", json!({"target": "label_values(cpux, host)"})).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (422, &"unknown_metric".into()));
}

#[sqlx::test(migrations = false)]
async fn a_cut_list_says_so_and_a_prefix_finds_the_rest(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE many (ts timestamptz NOT NULL, host text NOT NULL, job text NOT NULL, value double precision);
         CREATE INDEX ON many (host, ts);
         INSERT INTO many SELECT '2024-01-01Z'::timestamptz + n * interval '1 s', 'h' || n, 'j' || n, n
         FROM generate_series(1, 6000) AS n;",
    )
    .await;
    let server = Server::start(&pool).await;
    for label in ["host", "job"] {
        let ask = |target: String| json!({"payload": {"target": target}, "range": day()});
        let answer = server.post("/variable", ask(format!("label_values(many, {label})"))).await;
        assert_eq!((answer.status, answer.body.as_array().map(Vec::len)), (200, Some(5000)), "{label}");
        let told = "199 datebin \"only the first 5000 are listed; narrow them with matchers or a prefix\"";
        assert_eq!(answer.header("warning"), told, "{label}");
        let prefix = format!("{}599", &label[..1]);
        let answer = server.post("/variable", ask(format!("label_values(many, {label}, prefix={prefix})"))).await;
        let expected: Vec<String> =
            std::iter::once(prefix.clone()).chain((0..10).map(|n| format!("{prefix}{n}"))).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        assert_eq!((answer.status, answer.body), (200, values(&expected)), "{label}");
        assert_eq!(answer.headers.get("warning"), None);
    }
}
