//! `POST /metrics` and `POST /metric-payload-options`: the query builder of the JSON plugin.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, sql};
use crate::variables::TABLES;

fn choices(texts: &[&str]) -> Value {
    texts.iter().map(|text| json!({"label": text, "value": text})).collect()
}

async fn options(server: &Server, body: Value, expected: &[&str]) {
    let answer = server.post("/metric-payload-options", body.clone()).await;
    assert_eq!((answer.status, &answer.body), (200, &choices(expected)), "{body}");
}

#[sqlx::test(migrations = false)]
async fn every_metric_has_fields_and_the_current_one_its_options(pool: PgPool) {
    sql(&pool, TABLES).await;
    sql(&pool, "COMMENT ON COLUMN cpu.value IS 'how busy'").await;
    let server = Server::start(&pool).await;
    let functions = choices(&[
        "avg_over_time",
        "min_over_time",
        "max_over_time",
        "sum_over_time",
        "count_over_time",
        "first_over_time",
        "last_over_time",
        "stddev_over_time",
        "stdvar_over_time",
        "present_over_time",
        "rate",
        "increase",
        "delta",
        "irate",
        "idelta",
        "changes",
        "resets",
    ]);
    let fields = |labels: &[&str], options: bool| -> Value {
        let select = |name: &str, label: &str, choices: Value| {
            let mut field = json!({"name": name, "label": label, "type": "select"});
            if options {
                field["options"] = choices;
            }
            field
        };
        let mut fields = vec![
            select("over_time", "Over time", functions.clone()),
            select(
                "aggregation",
                "Aggregation",
                choices(&["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]),
            ),
            json!({"name": "by", "label": "By", "type": "multi-select"}),
        ];
        fields.extend(labels.iter().map(|l| json!({"name": format!("label:{l}"), "label": l, "type": "multi-select"})));
        fields.push(select("fill", "Fill", choices(&["none", "null", "zero", "previous", "linear"])));
        fields.push(select("reduce", "Reduce", choices(&["bucket", "minmax", "m4"])));
        fields.push(select("format", "Format", choices(&["timeseries", "table", "instant"])));
        fields.push(json!({"name": "legend", "label": "Legend", "type": "input", "placeholder": "{{host}}"}));
        fields.push(json!({"name": "step", "label": "Step", "type": "input", "placeholder": "5m"}));
        fields.push(json!({"name": "tz", "label": "Time zone", "type": "input", "placeholder": "Europe/Prague"}));
        fields.into()
    };
    let list = |current: &str| {
        let cpu = fields(&["host", "region"], current == "cpu");
        let disk = fields(&["dc", "disk", "it's", "port"], current == "disk.io");
        json!([
            {"value": "cpu", "label": "cpu", "description": "how busy", "payloads": cpu},
            {"value": "disk.io", "label": "disk.io", "payloads": disk},
            {"value": "net", "label": "net", "payloads": fields(&["dc", "disk", "it's", "port"], false)},
        ])
    };
    for (body, current) in [
        (json!({}), ""),
        (json!({"metric": "cpu", "payload": {"label:region": "eu"}}), "cpu"),
        (json!({"metric": "disk\\.io", "payload": null}), "disk.io"),
        (json!({"metric": "nothing", "payload": "x"}), ""),
        (json!({"metric": "((", "payload": []}), ""),
        (json!({"metric": 7}), ""),
    ] {
        let answer = server.post("/metrics", body.clone()).await;
        assert_eq!((answer.status, &answer.body), (200, &list(current)), "{body}");
    }
    // An expression stays on the list, or the builder would clear it.
    let answer = server.post("/metrics", json!({"metric": "sum by (region) (cpu{host=\"a\"})"})).await;
    let mut expected = list("cpu");
    let entry = json!({
        "value": "sum by (region) (cpu{host=\"a\"})", "label": "sum by (region) (cpu{host=\"a\"})",
        "payloads": fields(&["host", "region"], true),
    });
    expected.as_array_mut().unwrap().insert(0, entry);
    assert_eq!((answer.status, answer.body), (200, expected));
}

#[sqlx::test(migrations = false)]
async fn picking_narrows_what_the_other_fields_offer(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let all = &["a", "b", "c", "d.1", "e"][..];
    for (payload, expected) in [
        (json!({}), all),
        (json!({"label:region": ["eu"]}), &["a", "b"]),
        (json!({"label:region": "eu"}), &["a", "b"]),
        (json!({"label:region": ["eu", "us"]}), &["a", "b", "c", "d.1"]),
        (json!({"label:region": ["(eu|us)"]}), &["a", "b", "c", "d.1"]),
        (json!({"label:region": []}), all),
        (json!({"label:region": ""}), all),
        (json!({"label:nowhere": "x"}), all),
        (json!({"filters": {"region": "us"}}), &["c", "d.1"]),
        // What is picked stays on the list, however it is narrowed; its own values do not narrow it.
        (json!({"label:region": ["us"], "label:host": ["a", "d\\.1"]}), &["a", "c", "d.1"]),
        (json!("text"), all),
        (json!([1]), all),
        (Value::Null, all),
    ] {
        options(&server, json!({"metric": "cpu", "payload": payload, "name": "label:host"}), expected).await;
    }
    for (metric, field, expected) in [
        ("cpu", "label:region", &["eu", "us"][..]),
        ("cpu", "by", &["host", "region"]),
        ("net", "by", &["dc", "disk", "it's", "port"]),
        ("net", "label:dc", &["x"]),
        ("disk.io", "label:dc", &["x", "y"]),
        ("sum by (dc) (net)", "label:dc", &["x"]),
        ("cpu{region=\"eu\"}", "label:host", &["a", "b"]),
        ("", "label:dc", &["x", "y"]),
        ("$metric", "label:dc", &["x", "y"]),
        ("unknown", "label:host", all),
        ("cpu", "fill", &["none", "null", "zero", "previous", "linear"]),
        ("", "format", &["timeseries", "table", "instant"]),
        ("cpu", "label:nowhere", &[]),
        ("cpu", "nonsense", &[]),
        ("cpu", "", &[]),
    ] {
        options(&server, json!({"metric": metric, "payload": {}, "name": field}), expected).await;
    }
    for body in ["", "null", "{}", "[", "7"] {
        let answer = server.send("POST", "/metric-payload-options", &[], body).await;
        assert_eq!((answer.status, answer.body), (200, json!([])), "{body:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_list_of_thousands_stays_small(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE samples (ts timestamptz NOT NULL, metric text NOT NULL, host text, region text, value double precision);
         CREATE INDEX ON samples (metric, ts);
         INSERT INTO samples SELECT '2024-01-01Z', 'metric_' || lpad(n::text, 4, '0'), 'a', 'eu', n FROM generate_series(1, 5000) AS n;",
    )
    .await;
    let server = Server::start(&pool).await;
    let answer = server.post("/metrics", json!({"metric": "metric_0007"})).await;
    let list = answer.body.as_array().unwrap();
    assert_eq!((answer.status, list.len()), (200, 5000));
    assert!(answer.body.to_string().len() < 1_000_000, "{} bytes", answer.body.to_string().len());
    let names = |at: usize| -> Vec<&str> {
        list[at]["payloads"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect()
    };
    let all = [
        "over_time",
        "aggregation",
        "by",
        "label:host",
        "label:region",
        "fill",
        "reduce",
        "format",
        "legend",
        "step",
        "tz",
    ];
    assert_eq!(names(6), all);
    // Any other gets its fields when its first one is touched.
    let field = json!([{"name": "over_time", "label": "Over time", "type": "select", "reloadMetric": true}]);
    assert_eq!(list[7]["payloads"], field);
}
