//! Requests that a body can make long: each is answered or refused by name, in time that grows with its length.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, Server, sql};

const LOAD: &str = "
    CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    CREATE INDEX ON load (host, ts);
    INSERT INTO load SELECT '2024-01-01 00:00Z', host, 1 FROM unnest(array['a', 'b', '<abc', 'abc']) AS host;";

/// A debug build on a busy machine; before, most of these took minutes there.
const IN_TIME: Duration = Duration::from_secs(10);

async fn ask(server: &Server, mut body: Value) -> Answer {
    body["range"] = json!({"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T00:01:00Z"});
    let begun = Instant::now();
    let answer = server.post("/query", body).await;
    assert!(begun.elapsed() < IN_TIME, "took {:?}: {:.200}", begun.elapsed(), answer.body.to_string());
    answer
}

fn told(answer: &Answer) -> (u16, &str, &str) {
    let text = |name: &str| answer.body["error"][name].as_str().unwrap_or_default();
    (answer.status, text("code"), text("message"))
}

fn picked(values: usize) -> Vec<String> {
    (0..values).map(|n| format!("host-{n}")).chain(["a".to_owned()]).collect()
}

#[sqlx::test(migrations = false)]
async fn too_many_filters_are_refused_and_many_values_are_one_filter(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let filter = |n: usize| json!({"key": "host", "operator": "!=", "value": format!("v{n}")});
    let filters = |count: usize| (0..count).map(filter).collect::<Vec<_>>();
    let target = json!([{"target": "load", "refId": "A"}]);
    let many = ask(&server, json!({"targets": target, "adhocFilters": filters(70_000)})).await;
    let message = "70000 filters or labels in one question; at most 1000 are allowed";
    assert_eq!(told(&many), (422, "too_many_filters", message));
    let allowed =
        ask(&server, json!({"targets": target, "adhocFilters": filters(1000), "filters": filters(1000)})).await;
    assert_eq!((allowed.status, allowed.body.as_array().map(Vec::len)), (200, Some(4)), "{}", allowed.body);
    let values = json!({"key": "host", "operator": "=|", "value": "a", "values": picked(60_000)});
    let one = ask(&server, json!({"targets": target, "adhocFilters": [values]})).await;
    assert_eq!((one.status, one.body.as_array().map(Vec::len)), (200, Some(1)), "{}", one.body);
    let keys = server.post("/tag-keys", json!({"filters": filters(2000)})).await;
    assert_eq!((keys.status, &keys.body), (200, &json!([])));
    assert!(keys.header("warning").contains("at most 1000 are allowed"), "{}", keys.header("warning"));
    let listed = json!({"payload": {"target": "label_values(load, host)", "filters": filters(2000)}});
    assert_eq!(told(&server.post("/variable", listed).await).1, "too_many_filters");
}

#[sqlx::test(migrations = false)]
async fn what_a_builder_picked_is_neither_compared_nor_copied(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let payload = json!({"filters": {"host": picked(60_000)}});
    let one = ask(&server, json!({"targets": [{"target": "load", "refId": "A", "payload": payload}]})).await;
    assert_eq!((one.status, one.body.as_array().map(Vec::len)), (200, Some(1)), "{}", one.body);
    // A balanced tree of 1,024 selectors.
    let tree = (0..10).fold("sum(load)".to_owned(), |tree, _| format!("({tree}+{tree})"));
    let payload = json!({"filters": {"host": picked(20_000)}});
    let sum = ask(&server, json!({"targets": [{"target": tree, "refId": "A", "payload": payload}]})).await;
    assert_eq!(sum.body[0]["datapoints"][0][0], json!(1024.0), "{:.300}", sum.body.to_string());
    let labels: Vec<String> = (0..100_000).map(|n| format!("l{n}")).collect();
    let by = json!({"aggregation": "sum", "by": labels});
    let wide = ask(&server, json!({"targets": [{"target": "load", "refId": "A", "payload": by}]})).await;
    assert_eq!(told(&wide).1, "too_many_filters");
    let members: serde_json::Map<String, Value> = (0..2000).map(|n| (format!("l{n}"), json!("x"))).collect();
    let filtered = json!([{"target": "load", "refId": "A", "payload": {"filters": members}}]);
    assert_eq!(told(&ask(&server, json!({"targets": filtered})).await).1, "too_many_filters");
}

#[sqlx::test(migrations = false)]
async fn patterns_share_a_budget_and_are_read_as_re2(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let selector = |pattern: fn(usize) -> String, count: usize| {
        let matchers: Vec<String> = (0..count).map(|n| format!("host!~\"{}\"", pattern(n))).collect();
        json!({"targets": [{"target": format!("load{{{}}}", matchers.join(",")), "refId": "A"}]})
    };
    let nested = ask(&server, selector(|n| format!("(?:a{{1,99}}){{1,60}}{n}"), 1900)).await;
    assert_eq!(told(&nested).1, "too_many_filters", "{}", nested.body);
    let nested = ask(&server, selector(|n| format!("(?:a{{1,99}}){{1,60}}{n}"), 900)).await;
    let why = "the regular expression is not valid at character 12: the repetition counts down, or to more than 1000";
    assert_eq!(told(&nested), (400, "bad_target", why));
    let large = ask(&server, selector(|n| format!("(?:[a-z]{{1,99}}){{1,9}}{n}"), 900)).await;
    let why = "the regular expressions of this request are larger than 8 MiB together when compiled";
    assert_eq!(told(&large), (400, "bad_target", why));
    let equal = ask(&server, selector(|_| "(?:[x-z]{1,99}){1,9}".to_owned(), 900)).await;
    assert_eq!((equal.status, equal.body.as_array().map(Vec::len)), (200, Some(4)), "{}", equal.body);
    for (target, expected) in [
        (r#"label_replace(load, "x", "hit", "host", "\\<a.*")"#, vec![("<abc", true), ("a", false), ("abc", false)]),
        (r#"label_replace(load{host=~"\\<a.*"}, "x", "hit", "host", ".*")"#, vec![("<abc", true)]),
    ] {
        let answer = ask(&server, json!({"targets": [{"target": target, "refId": "A"}]})).await;
        for (host, hit) in expected {
            let elements = answer.body.as_array().unwrap();
            let found = elements.iter().find(|element| element["tags"]["host"] == host).unwrap_or(&Value::Null);
            assert_eq!(found["tags"]["x"] == "hit", hit, "{target} on {host}: {}", answer.body);
        }
    }
}

#[sqlx::test(migrations = false)]
async fn texts_that_every_series_would_repeat_are_bounded(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let long = "x".repeat(100_000);
    let named = ask(&server, json!({"targets": [{"target": "load", "refId": long}]})).await;
    assert_eq!(told(&named), (400, "bad_target", "the `refId` of a target is longer than 256 bytes"));
    let legend = json!([{"target": "load{host=\"a\"}", "refId": "A", "payload": {"legend": long}}]);
    let drawn = ask(&server, json!({"targets": legend})).await;
    assert_eq!(drawn.body[0]["title"], "load", "{:.300}", drawn.body.to_string());
    assert_eq!(drawn.body[0]["meta"]["notices"][0]["text"], "`legend` is ignored: it is longer than 1000 bytes");
    let annotations = vec![json!({"target": "", "refId": "Anno"}); 20_000];
    let many = ask(&server, json!({"targets": annotations})).await;
    assert_eq!(told(&many).1, "too_many_targets");
    let mixed: Vec<Value> = (0..62).map(|_| json!("load")).collect();
    let url: String = mixed.iter().map(|_| "target=load&").collect();
    let begun = Instant::now();
    let wide = server.get(&format!("/query?{url}from=2024-01-01T00:00:00Z&to=2024-01-01T00:01:00Z&format=wide")).await;
    assert!(begun.elapsed() < IN_TIME);
    let keys: Vec<&String> = wide.body[0].as_object().unwrap().keys().filter(|key| key.contains("\"a\"")).collect();
    let expected = |n: usize| match n {
        0 => "load{host=\"a\"}".to_owned(),
        1 => "load{host=\"a\"}_".to_owned(),
        2 => "load{host=\"a\"}__".to_owned(),
        n => format!("load{{host=\"a\"}}_{n}"),
    };
    assert_eq!(keys, (0..62).map(expected).collect::<Vec<_>>().iter().collect::<Vec<_>>());
}

/// A name for each of 100,000 things, in words that are much alike.
const NAMED: &str = "
    CREATE TABLE named (ts timestamptz NOT NULL, metric text NOT NULL, value float8);
    INSERT INTO named SELECT '2024-01-01 00:00Z', 'node_' || (ARRAY['cpu', 'disk', 'net', 'memory'])[1 + n % 4] || '_usage_of_part_' || n, 1
        FROM generate_series(1, 100000) AS n;
    CREATE INDEX ON named (metric, ts);
    ANALYZE named;";

#[sqlx::test(migrations = false)]
async fn a_hundred_unknown_names_are_told_apart_from_a_hundred_thousand(pool: PgPool) {
    sql(&pool, NAMED).await;
    let server = Server::declared(&pool, "[discovery]\nmax_names = 100000\n").await;
    assert_eq!(server.catalog.current().unwrap().names().count(), 100_000);
    let unknown = |n: u32| format!("node_disk_usage_fo_part_{}", 4 * n + 1001);
    let of = |wanted: &[String]| {
        let target = |(at, name): (usize, &String)| json!({"target": name, "refId": format!("T{at}")});
        json!({"targets": wanted.iter().enumerate().map(target).collect::<Vec<_>>()})
    };
    // One that is known first, so that the answer is not only of what is wrong.
    let many: Vec<String> = ["node_disk_usage_of_part_1".to_owned()].into_iter().chain((0..60).map(unknown)).collect();
    let targets = ask(&server, of(&many)).await;
    let text = targets.body.to_string();
    assert!(text.contains("did you mean node_disk_usage_of_part_1001,"), "{text:.1000}");
    let all: Vec<String> = (0..100).map(unknown).collect();
    let sum = ask(&server, of(&[all.join(" + ")])).await;
    assert_eq!(told(&sum).1, "unknown_metric", "{}", sum.body);
    let lists = [
        json!({"payload": {"target": format!("label_values({}, host)", all[0])}}),
        json!({"payload": {"target": format!("label_values({}, host)", "x".repeat(1000))}}),
    ];
    for list in lists {
        let begun = Instant::now();
        let listed = server.post("/variable", list).await;
        assert!(begun.elapsed() < IN_TIME && listed.status < 500, "{}", listed.body);
    }
    let begun = Instant::now();
    let query = all.iter().map(|name| format!("query={name}")).next().unwrap();
    let empty = server.get(&format!("/api/v1/query?{query}")).await;
    assert_eq!((empty.status, &empty.body["data"]["result"]), (200, &json!([])));
    assert!(begun.elapsed() < IN_TIME);
}
