//! Text from outside stays text: a hostile user against a server whose role may do anything.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::patience::patience;
use crate::support::{Answer, Server, sql};

const TABLES: &str = "
    CREATE TABLE load (ts timestamptz NOT NULL, host text, rack int, value double precision);
    CREATE INDEX ON load (host, ts);
    INSERT INTO load SELECT '2024-01-01Z'::timestamptz + n * interval '1 min', 'a', 1, n FROM generate_series(0, 59) AS n;
    CREATE TABLE samples (ts timestamptz NOT NULL, metric text NOT NULL, value double precision, labels jsonb);
    CREATE INDEX ON samples (metric, ts);
    INSERT INTO samples SELECT ts, 'm', value, '{\"dc\": \"x\"}' FROM load;
    CREATE SEQUENCE counter;
    INSERT INTO datebin.annotations (time, title, tags) VALUES ('2024-01-01 00:30Z', 'one', '{x}');";

/// Everything that a statement could have changed.
const STATE: &str = "
    SELECT concat_ws('|', (SELECT last_value::text || is_called FROM counter),
        (SELECT string_agg(c.oid::regclass || ' ' || md5(query_to_xml('SELECT * FROM ' || c.oid::regclass || ' AS t ORDER BY t', true, true, '')::text), ',' ORDER BY c.oid)
         FROM pg_class AS c WHERE c.relkind IN ('r', 'v', 'm') AND c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'datebin'))),
        (SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_t%'),
        (SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles),
        (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_class WHERE relnamespace NOT IN
            (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_t%')), (SELECT count(*) FROM pg_db_role_setting))";

const HOSTILE: &[&str] = &[
    "x'; drop table load; --",
    "x\"; drop table load; --",
    "'; select pg_sleep(60); --",
    "' or pg_sleep(60) is null or '1'='1",
    "a') ; delete from samples; --",
    "\\'; truncate load; --",
    "$1",
    "$$; drop table load; $$",
    "%s%n{}",
    "/* x */ -- y",
    "; commit; drop table load",
    "x\0'; drop table load; --",
    "\u{2019}; drop table load; --",
    "\u{ff07}; drop table load",
    "load\"; drop table load; --\"",
    "*/ drop table load /*",
    "E'\\047; drop table load; --'",
    "a{host=\"'; drop table load; --\"}",
    "nextval('counter')",
    "1); insert into load values (now()); --",
    "(x'|y\"; drop table load)",
    "{a',b\"}",
    "\u{202e}'\u{0}\u{1}\u{7f}",
];

/// Words that only our own statements and PostgreSQL's messages have.
const OURS: &[&str] =
    &["SELECT", "FROM ", "WHERE", "pg_", "SQLSTATE", "syntax error", "public.", "date_bin", "encoding", "UTF8", "0x00"];

fn query(member: &str, value: &Value, target: &Value) -> Value {
    let mut body = json!({
        "range": {"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T01:00:00Z"}, "maxDataPoints": 100,
        "targets": [{"target": target, "refId": "A"}],
    });
    let place = if member.starts_with('/') { body.pointer_mut(member) } else { None };
    match place {
        Some(place) => *place = value.clone(),
        None => body[member] = value.clone(),
    }
    body
}

/// A request for every place where text can stand.
fn requests(text: &str) -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    for target in [
        text.to_owned(),
        format!("load{{host=\"{text}\"}}"),
        format!("load{{host=\"{quoted}\"}}"),
        format!("load{{host=~\"{quoted}\"}}"),
        format!("load{{host!=\"{quoted}\", rack=\"{quoted}\"}}"),
        format!("m{{dc=\"{quoted}\"}}"),
        format!("load{{{text}=\"a\"}}"),
        format!("{{__name__=\"{quoted}\"}}"),
        format!("sum by ({text}) (m)"),
        format!("sum_over_time(load[{text}])"),
        format!("{text}(load)"),
    ] {
        all.push(("/query", query("x", &Value::Null, &target.into())));
    }
    for target in ["load", "m", "sum(load)", "sum by (dc) (m)"] {
        for operator in ["=", "!=", "=~", "!~", "<", ">=", "=|", text] {
            for (key, value) in [("host", text), ("rack", text), ("dc", text), (text, "a")] {
                let filter = json!([{"key": key, "operator": operator, "value": value, "values": [value, "z"]}]);
                all.push(("/query", query("adhocFilters", &filter, &target.into())));
            }
        }
    }
    let text = Value::from(text);
    for member in ["timezone", "intervalMs", "maxDataPoints", "interval", "range", "targets", "filters", "scopedVars"] {
        all.push(("/query", query(member, &text, &"load".into())));
    }
    for (member, value) in [
        ("/range", json!({"from": text, "to": text})),
        ("/range/to", text.clone()),
        ("/targets/0/refId", text.clone()),
        (
            "/targets/0",
            json!({"target": "load", "type": text, "payload": {"format": text, "type": text}, "hide": text}),
        ),
    ] {
        all.push(("/query", query(member, &value, &"load".into())));
    }
    for words in [text.clone(), format!("#{}", text.as_str().unwrap_or_default()).into()] {
        let range = json!({"from": "2024-01-01T00:00:00Z", "to": "2024-01-02T00:00:00Z"});
        all.push(("/annotations", json!({"range": range, "annotation": {"query": words}})));
    }
    all.push(("/annotations", json!({"range": {"from": text}, "annotation": {"query": "", "name": text}})));
    all.push(("/search", json!({"target": text})));
    all.push(("/tag-keys", json!({"filters": [{"key": text}]})));
    all.push(("/tag-values", json!({"key": text, "filters": [{"key": text}], "timeRange": {"from": text}})));
    all
}

fn tells_nothing(text: &str, answer: &Answer) {
    let body = answer.body.to_string() + answer.header("warning");
    for word in OURS.iter().filter(|word| !text.contains(**word)) {
        assert!(!body.contains(word), "{word:?} in {body}");
    }
}

async fn asks_in_vain(server: &Server, text: &str, path: &str, body: Value) {
    let begun = Instant::now();
    let answer = server.post(path, body.clone()).await;
    assert!(begun.elapsed() < patience(Duration::from_secs(1)), "{path} slept: {body}");
    assert!(matches!(answer.status, 200 | 400 | 422), "{path} {}: {body}: {}", answer.status, answer.body);
    assert_ne!(answer.body["error"]["code"], "bad_data", "{path}: PostgreSQL refused {body}");
    tells_nothing(text, &answer);
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn hostile_text_anywhere_changes_nothing_and_is_told_nothing(pool: PgPool) {
    sql(&pool, TABLES).await;
    let before: String = sqlx::query_scalar(STATE).fetch_one(&pool).await.unwrap();
    assert!(before.contains("load"), "{before}");
    let server = Server::start(&pool).await;
    for text in HOSTILE {
        let walk = requests(text).into_iter().map(|(path, body)| asks_in_vain(&server, text, path, body));
        stream::iter(walk).for_each_concurrent(8, |one| one).await;
        let params = [("query", *text), ("tags", *text)];
        let url = reqwest::Url::parse_with_params(&format!("{}/annotations", server.base), params).unwrap();
        let answer = crate::support::answer(server.client.get(url)).await;
        assert_eq!((answer.status, answer.body), (200, json!([])), "{text}");
    }
    let after: String = sqlx::query_scalar(STATE).fetch_one(&pool).await.unwrap();
    assert_eq!(after, before);
}

#[sqlx::test(migrations = false)]
async fn an_unknown_metric_is_told_with_the_nearest_names(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE load (ts timestamptz NOT NULL, host text, value double precision);
         CREATE INDEX ON load (host, ts);
         INSERT INTO load VALUES ('2024-01-01Z', 'a', 1);",
    )
    .await;
    let server = Server::start(&pool).await;
    let answer = server.post("/query", json!({"targets": [{"target": "laod", "refId": "B"}]})).await;
    let expected = json!({
        "message": "no metric is called \"laod\"; did you mean load?",
        "error": {
            "code": "unknown_metric", "message": "no metric is called \"laod\"", "hint": "did you mean load?",
            "target": "B", "position": 0,
        },
    });
    assert_eq!((answer.status, answer.body), (422, expected));
    let answer = server.post("/query", json!({"targets": [{"target": "x'; drop table t; --", "refId": "B"}]})).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (400, &Value::from("bad_target")), "{}", answer.body);
}
