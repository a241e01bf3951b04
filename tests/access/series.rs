//! A token's limit of series holds in every API.

use prost::Message as _;
use serde_json::json;
use sqlx::PgPool;

use datebin::wire::remote::{LabelMatcher, MatchType, Query, ReadHints, ReadRequest};

use crate::support::{Server, sql};
use crate::tokens::{File, token};

/// Three series, the newest samples of which count now.
const TABLE: &str = "
    CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value float8);
    INSERT INTO load SELECT now() - make_interval(secs => s), host, s
    FROM unnest(ARRAY['a', 'b', 'c']) AS host, generate_series(5, 125, 30) AS s;
    ANALYZE;";

/// The status of an answer, and its text.
async fn asked(server: &Server, name: &str, path: &str) -> (u16, String) {
    let bearer = format!("Bearer secret-of-{name}");
    let answer = server.send("GET", path, &[("authorization", &bearer)], "").await;
    (answer.status, answer.body.as_str().map_or_else(|| answer.body.to_string(), str::to_owned))
}

/// A remote read of the series of the table, with or without their samples.
async fn read(server: &Server, name: &str, func: &str) -> (u16, String) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_millis()).unwrap();
    let matcher = LabelMatcher { r#type: MatchType::Eq as i32, name: "__name__".to_owned(), value: "load".to_owned() };
    let hints = ReadHints { func: func.to_owned() };
    let query =
        Query { start_timestamp_ms: now - 600_000, end_timestamp_ms: now, matchers: vec![matcher], hints: Some(hints) };
    let message = ReadRequest { queries: vec![query], accepted_response_types: Vec::new() }.encode_to_vec();
    let body = snap::raw::Encoder::new().compress_vec(&message).unwrap();
    let request = server.client.post(format!("{}/api/v1/read", server.base)).body(body);
    let request = request.header("authorization", format!("Bearer secret-of-{name}"));
    let answer = request.header("content-encoding", "snappy").send().await.unwrap();
    (answer.status().as_u16(), String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned())
}

#[sqlx::test(migrations = false)]
async fn the_series_of_a_token_are_limited_in_every_api(pool: PgPool) {
    sql(&pool, TABLE).await;
    let tokens = [token("few", "limits = { series = 2 }"), token("enough", "limits = { series = 3 }")];
    let file = File::of(&tokens.concat());
    let mut setup = file.setup().await;
    // That of the server is of the plugins' endpoints.
    setup.limits.series = 1;
    let server = Server::with(&pool, setup).await;
    let end = chrono::Utc::now().timestamp();
    let range = format!("start={}&end={end}", end - 120);
    let over = "more than 2 series, the limit of the token";
    for path in [
        "/api/v1/query?query=load".to_owned(),
        "/api/v1/query?query=load[5m]".to_owned(),
        format!("/api/v1/query_range?query=load&step=30&{range}"),
        "/api/v1/series?match[]=load".to_owned(),
        format!("/api/v1/series?match[]=load&limit=1000&{range}"),
        "/federate?match[]=load".to_owned(),
    ] {
        let (status, text) = asked(&server, "few", &path).await;
        assert!(status == 422 && text.contains(over), "{path}: {status} {text}");
        let is_api = path.starts_with("/api");
        assert!(!is_api || text.contains("\"errorType\":\"execution\""), "{path}: {text}");
        let (status, text) = asked(&server, "enough", &path).await;
        assert!(
            status == 200 && text.matches("host=\"").count().max(text.matches("\"host\"").count()) == 3,
            "{path}: {text}"
        );
    }
    for func in ["", "series"] {
        let (status, text) = read(&server, "few", func).await;
        assert!(status == 422 && text.contains(over), "{func}: {status} {text}");
        assert_eq!(read(&server, "enough", func).await.0, 200, "{func}");
    }
    // What is read does not count, nor what a list is asked for less of.
    for path in
        ["/api/v1/query?query=sum(load)", "/api/v1/query?query=topk(2,load)", "/api/v1/series?match[]=load&limit=2"]
    {
        let (status, text) = asked(&server, "few", path).await;
        assert_eq!(status, 200, "{path}: {text}");
    }
    let body = json!({"targets": [{"target": "load", "refId": "A"}], "range": {"from": "now-1h", "to": "now"}});
    let bearer = [("authorization", "Bearer secret-of-enough")];
    let answer = server.send("POST", "/query", &bearer, body.to_string()).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (422, &json!("too_many_series")), "{}", answer.body);
}
