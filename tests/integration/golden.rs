//! What each client of each Grafana generation sends, word for word, with the whole answer; and `openapi.json`, which
//! describes both.

use std::collections::BTreeSet;
use std::path::Path;

use datebin::time::Clock;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, Server, Setup, sql};

/// The fixtures: their names and their contents.
pub fn fixtures() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wire");
    let mut fixtures: Vec<(String, Value)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), serde_json::from_str(&text).unwrap())
        })
        .collect();
    fixtures.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(fixtures.len() > 25, "{}", fixtures.len());
    fixtures
}

async fn started(pool: &PgPool) -> Server {
    sql(pool, include_str!("../fixtures/wire/tables.sql")).await;
    // Two minutes past midnight, so that the last six hours have the samples.
    Server::with(pool, Setup { clock: Clock::Fixed(1_704_067_320_000), ..Setup::default() }).await
}

async fn sent(server: &Server, request: &Value) -> Answer {
    let headers: Vec<(&str, &str)> = request["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let body = if request["body"].is_null() { String::new() } else { request["body"].to_string() };
    server.send(request["method"].as_str().unwrap(), request["path"].as_str().unwrap(), &headers, body).await
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn every_client_gets_the_answer_that_it_wants(pool: PgPool) {
    let server = started(&pool).await;
    for (name, fixture) in fixtures() {
        let answer = sent(&server, &fixture["request"]).await;
        let expected = &fixture["answer"];
        assert_eq!(
            (json!(answer.status), json!(answer.header("content-type")), &answer.body),
            (expected["status"].clone(), expected["contentType"].clone(), &expected["body"]),
            "{name}"
        );
    }
}

fn document() -> Value {
    serde_json::from_str(include_str!("../../openapi.json")).unwrap()
}

/// The schema with the document's components, so that its references resolve.
fn validator(document: &Value, schema: &Value) -> jsonschema::Validator {
    let mut whole = schema.clone();
    whole["components"] = document["components"].clone();
    jsonschema::draft202012::new(&whole).unwrap()
}

#[test]
fn the_document_describes_every_fixture() {
    let document = document();
    for (name, fixture) in fixtures() {
        let request = &fixture["request"];
        let path = request["path"].as_str().unwrap().split('?').next().unwrap();
        let path = if path.is_empty() { "/" } else { path };
        let operation = &document["paths"][path][request["method"].as_str().unwrap().to_lowercase()];
        assert!(operation.is_object(), "{name}: {path}");
        if !request["body"].is_null() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let wrong: Vec<String> =
                validator(&document, schema).iter_errors(&request["body"]).map(|e| e.to_string()).collect();
            assert_eq!(wrong, Vec::<String>::new(), "{name}: the request");
        }
        let status = fixture["answer"]["status"].to_string();
        let mut response = operation["responses"].get(&status).unwrap_or(&operation["responses"]["default"]);
        if let Some(named) = response["$ref"].as_str() {
            response = document.pointer(named.trim_start_matches('#')).unwrap();
        }
        let kind = fixture["answer"]["contentType"].as_str().unwrap().split(';').next().unwrap();
        let schema = &response["content"][kind]["schema"];
        assert!(schema.is_object(), "{name}: {status} {kind}");
        let body = &fixture["answer"]["body"];
        let wrong: Vec<String> = validator(&document, schema).iter_errors(body).map(|e| e.to_string()).collect();
        assert_eq!(wrong, Vec::<String>::new(), "{name}: the answer");
    }
}

/// Paths and methods of the router's source.
fn routes() -> BTreeSet<(String, String)> {
    let source = concat!(include_str!("../../src/http/mod.rs"), include_str!("../../src/http/prometheus/mod.rs"));
    let mut routes = BTreeSet::new();
    for line in source.lines().filter_map(|line| line.trim().strip_prefix(".route(\"")) {
        let (path, handlers) = line.split_once('"').unwrap();
        for method in ["get", "post", "put", "delete", "patch"] {
            if handlers.contains(&format!("{method}(")) {
                routes.insert((path.to_owned(), method.to_owned()));
            }
        }
    }
    assert!(routes.len() > 15, "{routes:?}");
    routes
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn the_document_has_every_route_and_no_other(pool: PgPool) {
    let document = document();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(|method| (path.clone(), method.clone())))
        .collect();
    assert_eq!(described, routes());
    let server = started(&pool).await;
    let served = server.get("/openapi.json").await;
    assert_eq!((served.status, served.header("content-type")), (200, "application/json"));
    assert_eq!(served.body, document);
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    for path in document["paths"].as_object().unwrap().keys() {
        for method in ["get", "post", "put", "delete", "patch"] {
            let answer = server.send(&method.to_uppercase(), path, &[], "").await;
            let is_described = described.contains(&(path.clone(), method.to_owned()));
            assert_eq!(answer.status != 405, is_described, "{method} {path}: {}", answer.status);
            assert_ne!(answer.status, 404, "{method} {path}");
        }
    }
}
