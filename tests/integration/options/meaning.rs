//! Units and help of answers.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::asked;
use crate::support::{Server, sql};

const ROWS: &str = "
    CREATE TABLE net (ts timestamptz NOT NULL, host text, sent float8, got float8, busy float8, plain float8);
    COMMENT ON COLUMN net.sent IS 'Bytes sent.';
    INSERT INTO net VALUES ('2025-01-01 00:00:10Z', 'a', 1, 2, 3, 4), ('2025-01-01 00:00:20Z', 'b', 1, 2, 3, 4);";

const TOML: &str = r#"
    [[source]]
    relation = "net"
    time = "ts"
    labels = ["host"]
    [source.metric.sent]
    column = "sent"
    unit = "bytes"
    [source.metric.got]
    column = "got"
    unit = "bytes"
    [source.metric.busy]
    column = "busy"
    unit = "s"
    help = "Time at work."
    [source.metric.plain]
    column = "plain""#;

async fn server(pool: &PgPool) -> Server {
    sql(pool, ROWS).await;
    Server::declared(pool, TOML).await
}

#[sqlx::test(migrations = false)]
async fn a_unit_follows_the_numbers(pool: PgPool) {
    let server = server(&pool).await;
    for (target, unit) in [
        ("sent", Some("bytes")),
        ("sum by (host) (sent)", Some("bytes")),
        ("max(last_over_time(sent[$__interval]))", Some("bytes")),
        ("topk(1, sent)", Some("bytes")),
        ("quantile(0.5, sent)", Some("bytes")),
        ("stddev(sent)", Some("bytes")),
        ("sent > 0", Some("bytes")),
        ("0 < sent", Some("bytes")),
        ("sent > bool 0", None),
        ("abs(-sent)", Some("bytes")),
        ("clamp_max(round(sent), 7)", Some("bytes")),
        ("label_replace(sent, \"x\", \"y\", \"host\", \".*\")", Some("bytes")),
        ("sent + got", Some("bytes")),
        ("sent - got", Some("bytes")),
        ("sent + 5", Some("bytes")),
        ("5 - sent", Some("bytes")),
        ("sent + busy", None),
        ("sent * 8", None),
        ("sent / got", None),
        ("sent and busy", Some("bytes")),
        ("sent unless plain > 100", Some("bytes")),
        ("sent or got", Some("bytes")),
        ("count(sent)", None),
        ("group(sent)", None),
        ("stdvar(sent)", None),
        ("count_over_time(sent[$__interval])", None),
        ("count_values(\"v\", sent)", None),
        ("sqrt(sent)", None),
        ("timestamp(sent)", None),
        ("plain", None),
        ("7", None),
    ] {
        let range = ("2025-01-01T00:00:00Z", "2025-01-01T00:01:00Z");
        let answer = asked(&server, range, json!({"target": target})).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        for element in answer.body.as_array().expect("series") {
            assert_eq!(element["unit"].as_str(), unit, "{target}");
        }
        let table = asked(&server, range, json!({"target": target, "type": "table"})).await;
        let value = table.body[0]["columns"].as_array().and_then(|columns| columns.last()).expect("a column");
        assert_eq!(value["unit"].as_str(), unit, "table of {target}");
    }
    let answer =
        asked(&server, ("2025-01-01T00:00:00Z", "2025-01-01T00:01:00Z"), json!({"target": "(sent|busy|plain)"})).await;
    let units = answer.drawn().iter().map(|element| element["unit"].as_str()).collect::<Vec<_>>();
    assert_eq!(units, [Some("s"), Some("s"), None, None, Some("bytes"), Some("bytes")]);
}

#[sqlx::test(migrations = false)]
async fn help_comes_with_the_answer(pool: PgPool) {
    let server = server(&pool).await;
    let meta = async |target: Value| {
        let answer = asked(&server, ("2025-01-01T00:00:00Z", "2025-01-01T00:01:00Z"), target).await;
        answer.body.as_array().expect("elements").iter().map(|element| element["meta"].clone()).collect::<Vec<_>>()
    };
    let help = |text: &str| json!({"custom": {"help": text}});
    assert_eq!(meta(json!({"target": "sum(sent)"})).await, [help("Bytes sent.")]);
    assert_eq!(meta(json!({"target": "sum(busy) * 2", "type": "table"})).await, [help("Time at work.")]);
    assert_eq!(
        meta(json!({"target": "{__name__=~\"busy|plain\", host=\"a\"}"})).await,
        [help("Time at work."), Value::Null]
    );
    assert_eq!(meta(json!({"target": "sum(busy / sent)"})).await, [Value::Null]);
}
