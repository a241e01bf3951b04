//! What every client meets whatever it asks: paths, bodies, headers, errors.

use std::time::Duration;

use datebin::config::{HttpConfig, Origins};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Answer, Server, Setup, sql};

const LOAD: &str = "
    CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    CREATE INDEX ON load (host, ts);
    INSERT INTO load VALUES ('2024-01-01 00:00Z', 'a', 1), ('2024-01-01 00:01Z', 'a', 2),
        ('2024-01-01 00:00Z', 'b', 3), ('2024-01-01 00:01Z', 'b', 'NaN');";

const MINUTE: i64 = 1_704_067_200_000;

fn question(targets: Value) -> Value {
    json!({
        "range": {"from": "2024-01-01T00:00:00.000Z", "to": "2024-01-01T00:02:00.000Z"},
        "intervalMs": 60_000, "maxDataPoints": 100, "targets": targets,
    })
}

fn series(name: &str, ref_id: &str, tags: Value, points: Value) -> Value {
    let mut series = json!({"target": name, "title": name, "refId": ref_id, "tags": tags, "datapoints": points});
    if series["tags"] == json!({}) {
        series.as_object_mut().unwrap().remove("tags");
    }
    series
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, &answer.body["error"]["code"]), (status, &Value::from(code)), "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.body["message"].is_string() && answer.body["error"]["message"].is_string(), "{}", answer.body);
}

#[sqlx::test(migrations = false)]
async fn any_spelling_of_a_path_is_one_path(pool: PgPool) {
    sql(&pool, LOAD).await;
    let mut setup = Setup::default();
    setup.http.base_path = "/api/json".to_owned();
    for (server, paths) in [
        (Server::start(&pool).await, ["", "/", "//", "/?x=1"].as_slice()),
        (Server::with(&pool, setup).await, &["", "/", "//", "/?x=1", "?"]),
    ] {
        for path in paths {
            for headers in [&[][..], &[("content-type", "application/json"), ("accept", "text/plain;q=1, */*")]] {
                let answer = server.send("GET", path, headers, "").await;
                assert_eq!((answer.status, &answer.body), (200, &json!({"status": "ok"})), "{path:?}");
                assert_eq!(answer.header("content-type"), "application/json");
            }
        }
        for path in ["/query", "//query", "/query/", "///query//"] {
            let answer = server.post(path, question(json!([]))).await;
            assert_eq!((answer.status, answer.body), (200, json!([])), "{path:?}");
        }
        assert_eq!(server.get("/livez").await.body, json!({"status": "ok"}));
        let ready = json!({"status": "ready", "database": true, "catalog": true, "refresh": null});
        assert_eq!(server.get("/readyz").await.body, ready);
    }
}

#[sqlx::test(migrations = false)]
async fn unknown_paths_and_methods_are_told_as_json(pool: PgPool) {
    let server = Server::start(&pool).await;
    for path in ["/nowhere", "/query/x", "/Query", "/%00", "/..", "/search%2f", "/\u{e4}"] {
        for (method, body) in [("GET", ""), ("POST", "{}"), ("DELETE", "")] {
            let answer = server.send(method, path, &[], body).await;
            if answer.status == 200 {
                assert_eq!(path, "/..", "a client resolves it");
            } else if answer.status != 405 {
                refused(&answer, 404, "not_found");
            }
        }
    }
    for (method, path) in
        [("PUT", "/query"), ("POST", "/"), ("PUT", "/annotations"), ("PUT", "/metrics"), ("PATCH", "/")]
    {
        let answer = server.send(method, path, &[], "{}").await;
        refused(&answer, 405, "method_not_allowed");
        assert!(answer.headers.contains_key("allow"), "{method} {path}");
    }
}

#[sqlx::test(migrations = false)]
async fn bodies_are_json_whatever_their_type_says(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let body = question(json!([{"target": "sum(load)", "refId": "A"}])).to_string();
    let expected = json!([series("sum(load)", "A", json!({}), json!([[4.0, MINUTE], [null, MINUTE + 60_000]]))]);
    for kind in
        ["", "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "\u{7e}"]
    {
        let headers: &[(&str, &str)] = if kind.is_empty() { &[] } else { &[("content-type", kind)] };
        for body in [body.clone(), format!("\u{feff}{body}"), format!(" \r\n\t{body}\n")] {
            let answer = server.send("POST", "/query", headers, body).await;
            assert_eq!((answer.status, answer.body), (200, expected.clone()), "{kind}");
        }
    }
    for body in ["", " \n", "null", "{}", "\u{feff}", "{\"targets\":null}", "{\"targets\":[]}"] {
        let answer = server.send("POST", "/query", &[("content-type", "application/json")], body).await;
        assert_eq!((answer.status, answer.body), (200, json!([])), "{body:?}");
    }
}

/// Sends bytes as they are and reads until the server closes.
async fn wire(server: &Server, pieces: &[&[u8]]) -> String {
    let address = server.base.trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    for piece in pieces {
        // The server may have answered and closed already.
        let _written = stream.write_all(piece).await;
    }
    let mut answer = Vec::new();
    let _read = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[sqlx::test(migrations = false)]
async fn too_large_and_compressed_bodies_are_refused(pool: PgPool) {
    let mut setup = Setup::default();
    setup.http.body_limit = 1000;
    let server = Server::with(&pool, setup).await;
    let fits = format!("{{\"x\":\"{}\"}}", "x".repeat(1000 - 8));
    assert_eq!(server.send("POST", "/query", &[], fits.clone()).await.status, 200);
    refused(&server.send("POST", "/query", &[], fits + " ").await, 413, "body_too_large");
    let declared = b"POST /query HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 99999999999\r\n\r\n";
    let answer = wire(&server, &[declared]).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("body_too_large"), "{answer}");
    let head = b"POST /query HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("1f4\r\n{}\r\n", " ".repeat(500));
    let answer = wire(&server, &[head, chunk.as_bytes(), chunk.as_bytes(), b"0\r\n\r\n"]).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer = wire(&server, &[head, chunk.as_bytes(), chunk.as_bytes(), b"1\r\n \r\n0\r\n\r\n"]).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("body_too_large"), "{answer}");
    for coding in ["gzip", "br", "GZIP", "deflate, gzip", "x"] {
        let answer = server.send("POST", "/query", &[("content-encoding", coding)], "{}").await;
        refused(&answer, 415, "unsupported_encoding");
    }
    assert_eq!(server.send("POST", "/query", &[("content-encoding", "identity")], "{}").await.status, 200);
}

#[sqlx::test(migrations = false)]
async fn a_refused_client_that_still_sends_reads_why(pool: PgPool) {
    let server = Server::with(
        &pool,
        Setup { http: HttpConfig { body_limit: 1000, ..Setup::default().http }, ..Setup::default() },
    )
    .await;
    let address = server.base.trim_start_matches("http://").to_owned();
    let head = "POST /query HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    for (more, code) in [
        ("content-length: 8000000", "body_too_large"),
        ("content-encoding: gzip\r\ncontent-length: 8000000", "unsupported_encoding"),
    ] {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        stream.write_all(format!("{head}{more}\r\n\r\n").as_bytes()).await.unwrap();
        for _ in 0..100 {
            stream.write_all(&[b' '; 80_000]).await.expect("the server takes what is still sent");
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("no reset");
        assert!(answer.contains(code), "{answer}");
    }
    let mut waiting = tokio::net::TcpStream::connect(&address).await.unwrap();
    waiting
        .write_all(format!("{head}expect: 100-continue\r\ncontent-length: 8000000\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[sqlx::test(migrations = false)]
async fn what_is_no_request_is_told_so_in_words(pool: PgPool) {
    let http = HttpConfig { request_timeout: Duration::from_millis(100), ..Setup::default().http };
    let server = Server::with(&pool, Setup { http, ..Setup::default() }).await;
    let long = format!("GET /livez HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(100_000));
    let answer = wire(&server, &[long.as_bytes()]).await;
    assert!(answer.starts_with("HTTP/1.1 431 ") && answer.contains("headers_too_large"), "{answer}");
    let answer = wire(&server, &[b"no request\r\n\r\n"]).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("\"code\":\"bad_request\""), "{answer}");
    // A body that does not arrive before the whole request's time is up.
    let answer =
        wire(&server, &[b"POST /query HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 10\r\n\r\n{"]).await;
    assert!(answer.starts_with("HTTP/1.1 504 ") && answer.contains("\"code\":\"timeout\""), "{answer}");
}

#[sqlx::test(migrations = false)]
async fn an_answer_may_be_as_large_as_is_set(pool: PgPool) {
    let http = HttpConfig { answer_limit: 100_000, ..Setup::default().http };
    let server = Server::with(&pool, Setup { http, ..Setup::default() }).await;
    let ask = async |targets: usize, format: &str| {
        let url: String = (0..targets).map(|n| format!("target=vector({n})&")).collect();
        server
            .get(&format!("/query?{url}from=2024-01-01T00:00:00Z&to=2024-01-01T00:16:39Z&step=1s&format={format}"))
            .await
    };
    for format in ["timeseries", "rows", "wide", "csv", "frames", "table"] {
        assert_eq!(ask(1, format).await.status, 200, "{format}");
        let answer = ask(30, format).await;
        let message = "the answer is larger than 100000 bytes";
        assert_eq!((answer.status, &answer.body["error"]["message"]), (422, &json!(message)), "{format}");
    }
}

#[sqlx::test(migrations = false)]
async fn browsers_may_ask_from_this_machine_only(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    let preflight = [
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "accept,authorization,content-type,origin"),
    ];
    for path in ["", "/", "/query", "/search", "/annotations", "/tag-keys", "/tag-values", "/nowhere", "/livez"] {
        for origin in ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:3000"] {
            let headers = [preflight[0], preflight[1], ("origin", origin)];
            let answer = server.send("OPTIONS", path, &headers, "").await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), origin, "{path}");
            assert_eq!(answer.header("access-control-allow-credentials"), "true");
            assert_eq!(answer.header("access-control-allow-methods"), "GET,POST,OPTIONS");
            assert_eq!(answer.header("access-control-allow-headers"), "accept,authorization,content-type,origin");
            let answer = server.send("POST", path, &[("origin", origin)], "[").await;
            assert_eq!(answer.header("access-control-allow-origin"), origin, "{path} {}", answer.status);
        }
        for origin in
            ["https://evil.example", "http://localhost.evil.example", "http://localhost@evil.example", "null", "x"]
        {
            let headers = [preflight[0], preflight[1], ("origin", origin)];
            let answer = server.send("OPTIONS", path, &headers, "").await;
            assert_eq!(answer.header("access-control-allow-origin"), "", "{path} {origin}");
            let answer = server.send("POST", path, &[("origin", origin)], "{}").await;
            assert_eq!(answer.header("access-control-allow-origin"), "", "{path} {origin}");
        }
        assert_eq!(server.send("OPTIONS", path, &[], "").await.status, 200, "{path}");
    }
    let mut setup = Setup::default();
    setup.http.origins = Origins::Listed(vec!["https://grafana.example".to_owned()]);
    let listed = Server::with(&pool, setup).await;
    for (origin, allowed) in [("https://grafana.example", "https://grafana.example"), ("http://localhost:3000", "")] {
        let answer = listed.send("GET", "", &[("origin", origin)], "").await;
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
    }
}
