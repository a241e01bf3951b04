//! What clients ask to learn whom they talk to.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::TABLES;
use crate::support::{Server, sql};

#[sqlx::test(migrations = false)]
async fn grafana_and_others_find_a_prometheus(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let build = server.data("/api/v1/status/buildinfo").await;
    let members: Vec<&str> = build.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["version", "revision", "branch", "buildUser", "buildDate", "goVersion"]);
    assert!(
        build["version"].as_str().unwrap().starts_with("3.5.0")
            && build.as_object().unwrap().values().all(Value::is_string)
    );
    assert_eq!(server.data("/api/v1/rules?type=alert&rule_name[]=x").await, json!({"groups": []}));
    assert_eq!(server.data("/api/v1/alerts").await, json!({"alerts": []}));
    assert_eq!(server.data("/api/v1/status/config").await, json!({"yaml": ""}));
    assert_eq!(server.data("/api/v1/status/flags").await["query.lookback-delta"], json!("300000ms"));
    assert!(server.data("/api/v1/status/flags").await.as_object().unwrap().values().all(Value::is_string));
    assert_eq!(server.data("/api/v1/targets").await["activeTargets"], json!([]));
    for (path, nothing) in [
        ("targets/metadata?metric=up", json!([])),
        ("scrape_pools", json!({"scrapePools": []})),
        ("alertmanagers", json!({"activeAlertmanagers": [], "droppedAlertmanagers": []})),
        ("status/walreplay", json!({"min": 0, "max": 0, "current": 0})),
    ] {
        assert_eq!(server.data(&format!("/api/v1/{path}")).await, nothing, "{path}");
    }
    let tsdb = server.data("/api/v1/status/tsdb").await;
    assert_eq!(tsdb["labelValueCountByLabelName"], json!([{"name": "__name__", "value": 5}]));
    assert_eq!(server.data("/api/v1/status/runtimeinfo").await["reloadConfigSuccess"], json!(true));
    for body in ["query=test&start=1767571200000&end=1767607200000", "query=up&start=1&end=2"] {
        let posted = server.form("/api/v1/query_exemplars", body).await;
        assert_eq!((posted.status, posted.body), (200, json!({"status": "success", "data": []})));
        assert_eq!(server.data(&format!("/api/v1/query_exemplars?{body}")).await, json!([]));
    }
    for path in ["/-/healthy", "/-/ready"] {
        assert_eq!(server.get(path).await.status, 200);
        assert_eq!(server.send("HEAD", path, &[], "").await.status, 200);
    }
}
