//! What is said where an answer is not what was likely meant: excluded series, options without effect, lists that find
//! nothing.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::options::{asked, notices};
use crate::support::{Server, sql};

const LOAD: &str = "
    CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    CREATE INDEX ON load (host, ts);
    INSERT INTO load VALUES ('2024-01-01 00:00Z', 'a', 1), ('2024-01-01 00:01Z', 'a', 2), ('2024-01-01 00:00Z', 'b', 3);";
const RANGE: (&str, &str) = ("2024-01-01T00:00:00Z", "2024-01-01T00:02:00Z");

#[sqlx::test(migrations = false)]
async fn matchers_and_options_without_effect_are_named(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let excluded = "the matchers on \"host\" exclude every series of load";
    let fill = "`fill` is ignored: `reduce` keeps samples at their own times, and not buckets";
    let legend = "`legend` names \"nope\": no series here has such a label";
    for (target, payload, expected) in [
        ("load{host!=\".*\"}", json!({}), vec![excluded]),
        ("sum(load{host!~\".*\"})", json!({}), vec![excluded]),
        ("load{host!~\"$__all\"}", json!({}), vec![excluded]),
        ("load{host!~\"a\"}", json!({}), vec![]),
        ("load", json!({"reduce": "m4", "fill": "zero"}), vec![fill]),
        ("load", json!({"reduce": "minmax", "fill": "previous"}), vec![fill]),
        ("load", json!({"reduce": "minmax"}), vec![]),
        ("load", json!({"legend": "{{host}} of {{nope}}"}), vec![legend]),
        ("load", json!({"legend": "{{host}} {{nope}}", "reduce": "m4"}), vec![legend]),
        ("load", json!({"legend": "{{__name__}} {{host}} {{}} {{"}), vec![]),
        ("topk(0, load)", json!({}), vec!["`topk` keeps no series, as its number is below 1"]),
        ("abs(bottomk(-1, load))", json!({}), vec!["`bottomk` keeps no series, as its number is below 1"]),
    ] {
        let answer = asked(&server, RANGE, json!({"target": target, "refId": "A", "payload": payload})).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        assert_eq!(notices(&answer), expected, "{target} {payload}");
    }
}

#[sqlx::test(migrations = false)]
async fn lists_that_find_nothing_say_why(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    for (target, told) in [
        ("label_values(load, hots)", "no metric here has the label 'hots'; did you mean host?"),
        ("label_values(load)", "no metric here has the label 'load'"),
        (
            "label_values(load, host",
            "no name of a metric contains 'label_values(load, host'; a query is written label_values(...)",
        ),
        ("label_names", "no name of a metric contains 'label_names'; a query is written label_names(...)"),
        ("label_values(load, host)", ""),
        ("label_values(load{host=\"zzz\"}, host)", ""),
        ("metrics(zzz)", ""),
    ] {
        let told = if told.is_empty() { String::new() } else { format!("199 datebin \"{told}\"") };
        let range = json!({"from": RANGE.0, "to": RANGE.1});
        let posted = server.post("/variable", json!({"payload": {"target": target}, "range": range})).await;
        assert_eq!((posted.status, posted.header("warning")), (200, &*told), "{target}: {}", posted.body);
    }
    let unknown = |name: &str| format!("199 datebin \"the parameter '{name}' is unknown and ignored\"");
    for (path, told) in [
        ("/search?target=load&from=x&to=y", vec![unknown("from"), unknown("to")]),
        ("/variable?target=label_values(host)&bogus=1&_=7", vec![unknown("bogus")]),
        ("/variable?target=label_values(host)&from=2024-01-01T00:00:00Z&to=2024-01-02T00:00:00Z", vec![]),
        ("/annotations?bogus=1&_=7", vec![unknown("bogus")]),
        ("/annotations?tz=UTC&query=x&tags=y&format=events", vec![]),
    ] {
        let answer = server.get(path).await;
        let said: Vec<&str> = answer.headers.get_all("warning").iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!((answer.status, said), (200, told.iter().map(String::as_str).collect()), "{path}");
    }
}

const EVENTS: &str = "
    CREATE TABLE days (day date NOT NULL, title text, kind text, area text, tags text[]);
    INSERT INTO days VALUES ('2025-01-01', 'new year', '', NULL, '{}'), ('2025-01-02', 'twice', 'x', 'x', '{x,y,x,\"\"}'),
        ('2025-01-03', 'comma', 'c,d', NULL, '{}');";
const FILE: &str = "[discovery]\nenabled = false\n[[annotations]]\nname = \"days\"\nrelation = \"days\"\ntime = \"day\"\n\
    title = \"title\"\ntags = [\"kind\", \"area\", \"tags\"]\n";

#[sqlx::test(migrations = false)]
async fn annotations_obey_their_own_zone_and_carry_each_tag_once(pool: PgPool) {
    sql(&pool, EVENTS).await;
    let server = Server::declared(&pool, FILE).await;
    let ask = async |payload: Value| {
        let body = json!({
            "range": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-04T00:00:00Z"}, "timezone": "Europe/Berlin",
            "targets": [{"refId": "Anno", "target": "", "payload": payload}],
        });
        server.post("/query", body).await.body[0].clone()
    };
    // Midnight in New York, and in the dashboard's zone.
    for (payload, first) in [
        (json!({"tz": "America/New_York"}), 1_735_707_600_000_i64),
        (json!({}), 1_735_772_400_000),
        (json!({"tz": "Nowhere/Land"}), 1_735_772_400_000),
    ] {
        let table = ask(payload.clone()).await;
        assert_eq!(table["rows"][0][0], json!(first), "{payload}: {table}");
        let said = table["meta"]["notices"].to_string();
        assert!(said.contains("1 annotations have tags with a comma, at which Grafana divides them"), "{said}");
        assert_eq!(said.contains("`tz` is ignored"), payload == json!({"tz": "Nowhere/Land"}), "{said}");
    }
    let answer = server.get("/annotations?format=events&from=2025-01-01T00:00:00Z&to=2025-01-04T00:00:00Z").await;
    let tags: Vec<&Value> = answer.body.as_array().unwrap().iter().map(|event| &event["tags"]).collect();
    assert_eq!(json!(tags), json!([[], ["x", "y"], ["c,d"]]), "{}", answer.body);
    assert_eq!(answer.headers.get("warning"), None);
}
