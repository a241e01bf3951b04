//! Annotations by the roads that are not SimpleJson's: `POST /query` with `refId` `Anno`, and `GET /annotations`.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, sql};

const EVENTS: &str = "
    INSERT INTO datebin.annotations (time, time_end, title, text, tags) VALUES
        ('2024-01-01 00:10Z', NULL, 'Deploy', 'version 2.0', '{deploy,eu.prod}'),
        ('2024-01-01 00:20Z', '2024-01-01 00:30Z', '', 'outage', '{incident}'),
        ('2024-01-01 00:40Z', '2024-01-01 00:40Z', 'Deploy', 'version (2|1)', '{deploy,eu.staging}');";

const HOUR: i64 = 1_704_067_200_000;

fn row(minute: i64, end: Option<i64>, texts: [&str; 4]) -> Value {
    let ms = |minute: i64| HOUR + minute * 60_000;
    let [title, text, tags, id] = texts;
    json!([ms(minute), end.map(ms), title, text, tags, id])
}

fn all() -> Vec<Value> {
    vec![
        row(10, None, ["Deploy", "version 2.0", "deploy,eu.prod", "datebin:1"]),
        row(20, Some(30), ["", "outage", "incident", "datebin:2"]),
        row(40, None, ["Deploy", "version (2|1)", "deploy,eu.staging", "datebin:3"]),
    ]
}

fn table(rows: &[Value]) -> Value {
    json!([{
        "type": "table", "refId": "Anno",
        "columns": [
            {"text": "time", "type": "time"}, {"text": "timeEnd", "type": "time"}, {"text": "title", "type": "string"},
            {"text": "text", "type": "string"}, {"text": "tags", "type": "string"}, {"text": "id", "type": "string"},
        ],
        "rows": rows,
    }])
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn the_json_plugin_asks_with_a_ref_id(pool: PgPool) {
    sql(&pool, EVENTS).await;
    let server = Server::start(&pool).await;
    let every = all();
    let one = |at: usize| vec![every[at].clone()];
    for (target, payload, rows) in [
        (json!(""), json!({}), every.clone()),
        (json!(null), json!({}), every.clone()),
        (json!(".*"), json!(""), every.clone()),
        (json!("#incident"), json!({}), one(1)),
        (json!("#eu\\.prod"), json!({}), one(0)),
        (json!("#(eu\\.prod|incident)"), json!({}), every[..2].to_vec()),
        (json!("#{eu.prod,incident}"), json!({}), every[..2].to_vec()),
        (json!("#() outage"), json!({}), one(1)),
        (json!("#deploy version"), json!({}), vec![every[0].clone(), every[2].clone()]),
        (json!("\\(2\\|1\\)"), json!({}), one(2)),
        (json!(""), json!({"query": "#incident"}), one(1)),
        (json!(""), json!({"tags": ["eu\\.prod", "incident"]}), every[..2].to_vec()),
        (json!(""), json!({"tags": "deploy,eu.prod"}), one(0)),
        (json!("#deploy"), json!({"tags": ["eu.staging"]}), one(2)),
        (json!("#nothing"), json!({}), Vec::new()),
    ] {
        let body = json!({
            "requestId": "AQ100", "range": {"from": "2024-01-01T00:00:00.000Z", "to": "2024-01-01T01:00:00.000Z"},
            "scopedVars": {"__annotation": {"text": "events", "value": {"name": "events"}}},
            "targets": [{"refId": "Anno", "target": target, "payload": payload, "datasource": {"type": "x"}}],
        });
        let answer = server.post("/query", body).await;
        assert_eq!((answer.status, answer.body), (200, table(&rows)), "{target} {payload}");
    }
    let body = json!({"range": {"from": 2, "to": 1}, "targets": [{"refId": "Anno", "target": ""}]});
    let answer = server.post("/query", body).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (400, &"bad_range".into()));
    let body = json!({"targets": [{"refId": "Anno", "target": "", "hide": true}]});
    assert_eq!(server.post("/query", body).await.body, json!([]));
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn a_url_gives_rows_whose_tags_are_one_text(pool: PgPool) {
    sql(&pool, EVENTS).await;
    let server = Server::start(&pool).await;
    let flat = |row: &Value| json!({"time": row[0], "timeEnd": row[1], "title": row[2], "text": row[3], "tags": row[4], "id": row[5]});
    let range = "from=1704067200000&to=1704070800000";
    for (query, rows) in [
        ("", all()),
        ("query=%23incident", all()[1..2].to_vec()),
        ("tags=deploy,eu.prod", all()[..1].to_vec()),
        ("query=%23nothing", Vec::new()),
        ("query=$query&tags=${tags}", all()),
    ] {
        let answer = server.get(&format!("/annotations?{query}&{range}")).await;
        let expected: Value = rows.iter().map(flat).collect();
        assert_eq!((answer.status, answer.body), (200, expected), "{query}");
    }
    let events = server.get(&format!("/annotations?format=events&tags=incident&{range}")).await;
    let expected = json!([{
        "time": HOUR + 1_200_000, "timeEnd": HOUR + 1_800_000, "isRegion": true, "regionId": 1, "text": "outage",
        "tags": ["incident"],
    }]);
    assert_eq!((events.status, events.body), (200, expected));
    assert_eq!(server.get("/annotations").await.body, json!([]));
}
