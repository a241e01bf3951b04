//! What is refused, in which words, and what an error leaves behind.

use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::TABLES;
use crate::support::{Server, sql};

#[sqlx::test(migrations = false)]
async fn bad_parameters_are_bad_data(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let empty = "parse error: a selector needs a matcher that does not accept the empty string";
    let time = "to a valid timestamp";
    for (path, said) in [
        ("/api/v1/series", "no match[] parameter provided"),
        ("/api/v1/series?match[]={}", empty),
        ("/api/v1/series?match[]={a=~\".*\"}", empty),
        ("/api/v1/series?match[]=sum(up)", "invalid parameter \"match[]\": 1:1: parse error: "),
        ("/api/v1/series?match[]=up{", "invalid parameter \"match[]\": 1:"),
        ("/api/v1/series?match[]=up{a=~\"(\"}", "parse error: "),
        ("/api/v1/labels?match[]={}", empty),
        ("/api/v1/labels?match[]={a=~\".*\"}", empty),
        ("/api/v1/labels?start=x", "invalid parameter \"start\": cannot parse \"x\" to a valid timestamp"),
        ("/api/v1/labels?end=now", time),
        ("/api/v1/label/host/values?end=2026-01-05", time),
        ("/api/v1/label/host/values?match[]={}", empty),
        ("/api/v1/series?match[]=up&start=NaN", time),
        ("/api/v1/labels?match[]=%zz", "invalid URL escape \"%zz\""),
        ("/api/v1/label/U__/values", "invalid label name: \"\""),
        ("/api/v1/query?query=1&timeout=-1", "invalid parameter \"timeout\": the time is over before it begins"),
        ("/api/v1/query?query=1&time=2026-01-01T23:59:60Z", time),
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, &answer.body["status"]), (400, &json!("error")), "{path}");
        assert_eq!((&answer.body["errorType"], answer.body.get("data")), (&json!("bad_data"), None), "{path}");
        let text = answer.body["error"].as_str().unwrap();
        assert!(text.contains(said), "{path}: {text}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    // No parameters are in a body of another kind.
    let json =
        server.send("POST", "/api/v1/series", &[("content-type", "application/json")], "{\"match[]\": [\"up\"]}").await;
    assert_eq!((json.status, &json.body["error"]), (400, &json!("no match[] parameter provided")));
}

#[sqlx::test(migrations = false)]
async fn absurd_times_are_no_error(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    for range in ["start=0&end=1e30", "start=-Inf&end=Inf", "end=1e300", "start=1.5"] {
        assert_eq!(
            server.data(&format!("/api/v1/label/host/values?{range}")).await,
            json!(["web-0", "web-1", "web-2"]),
            "{range}"
        );
        assert_eq!(
            server.data(&format!("/api/v1/series?match[]=old_total&{range}")).await.as_array().unwrap().len(),
            1
        );
    }
    for range in ["start=1e30", "start=1767571200000&end=1767607200000", "start=5&end=4", "end=-1e30"] {
        assert_eq!(server.data(&format!("/api/v1/label/host/values?{range}")).await, json!([]), "{range}");
    }
}

#[sqlx::test(migrations = false)]
async fn methods_and_paths_that_are_not_there(pool: PgPool) {
    let server = Server::start(&pool).await;
    for (method, path, allow) in [
        ("DELETE", "/api/v1/labels", "GET,POST"),
        ("PUT", "/api/v1/series", "GET,POST"),
        ("POST", "/api/v1/metadata", "GET"),
        ("POST", "/api/v1/label/a/values", "GET"),
        ("HEAD", "/api/v1/query?query=1", "GET,POST"),
        ("HEAD", "/api/v1/label/a/values", "GET"),
        ("HEAD", "/api/v1/status/buildinfo", "GET"),
        ("HEAD", "/api/v1/read", "POST"),
        ("HEAD", "/federate?match[]=up", "GET"),
    ] {
        let answer = server.send(method, path, &[], "").await;
        assert_eq!((answer.status, answer.header("allow")), (405, allow), "{method} {path}");
        if method == "HEAD" {
            assert_eq!(answer.body, json!(""), "{path}");
            continue;
        }
        assert_eq!((&answer.body["status"], &answer.body["errorType"]), (&json!("error"), &json!("bad_data")));
    }
    for path in ["/api/v1/nothing", "/api/v1/admin/tsdb/snapshot", "/api/v1/label//values"] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, &answer.body["errorType"]), (404, &json!("not_found")), "{path}");
    }
    // Other paths keep their own words.
    assert_eq!(server.get("/nothing").await.body["error"]["code"], json!("not_found"));
}

#[sqlx::test(migrations = false)]
async fn browsers_are_told_in_errors_too(pool: PgPool) {
    let server = Server::start(&pool).await;
    let origin = ("origin", "http://localhost:3000");
    for path in ["/api/v1/labels", "/api/v1/series", "/api/v1/nothing"] {
        let answer = server.send("GET", path, &[origin], "").await;
        assert_eq!(answer.header("access-control-allow-origin"), origin.1, "{path}");
        assert!(answer.header("vary").to_lowercase().contains("origin"), "{path}");
    }
    let preflight =
        server.send("OPTIONS", "/api/v1/query_range", &[origin, ("access-control-request-method", "POST")], "").await;
    assert!(matches!(preflight.status, 200 | 204));
    assert_eq!(preflight.header("access-control-allow-methods"), "GET,POST,OPTIONS");
    assert_eq!(preflight.header("access-control-allow-headers"), "accept,authorization,content-type,origin");
}

#[sqlx::test(migrations = false)]
async fn long_answers_are_compressed_where_that_is_wanted(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE m (ts timestamptz, host text, v float8);
                INSERT INTO m SELECT '2026-01-05Z', 'host-' || n, 1 FROM generate_series(1, 500) AS n",
    )
    .await;
    let server = Server::start(&pool).await;
    for (accepts, expected) in [("gzip", "gzip"), ("identity", ""), ("gzip;q=0, identity", "")] {
        let answer = server.send("GET", "/api/v1/series?match[]=m_v", &[("accept-encoding", accepts)], "").await;
        assert_eq!((answer.status, answer.header("content-encoding")), (200, expected), "{accepts}");
        let error = server.send("GET", "/api/v1/series", &[("accept-encoding", accepts)], "").await;
        assert_eq!((error.status, &error.body["errorType"]), (400, &Value::from("bad_data")), "{accepts}");
    }
    let list = server.data("/api/v1/label/host/values").await;
    assert_eq!(list.as_array().unwrap().len(), 500);
}

#[sqlx::test(migrations = false)]
async fn an_error_leaves_the_connection_as_it_was(pool: PgPool) {
    let server = Server::start(&pool).await;
    let address = server.base.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let json = "{\"match[]\": [\"up\"]}";
    let requests = format!(
        "POST /api/v1/series HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{json}\
         GET /api/v1/query?query=sum( HTTP/1.1\r\nhost: x\r\n\r\n\
         DELETE /api/v1/labels HTTP/1.1\r\nhost: x\r\n\r\n\
         GET /api/v1/query?query=1&time=4 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        json.len()
    );
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["400", "400", "405", "200"], "{answers}");
    assert!(answers.ends_with(r#"{"status":"success","data":{"resultType":"scalar","result":[4,"1"]}}"#), "{answers}");
}
