//! A real Prometheus without samples of its own reads from here, and answers as datebin does.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use datebin::plan::Limits;
use datebin::wire::remote::{ReadRequest, ResponseType};
use prost::Message as _;
use serde_json::Value;
use sqlx::PgPool;

use super::remote::{compressed, posted};
use super::{FORM, TABLES};
use crate::patience::patience;
use crate::real_prometheus::Prometheus;
use crate::support::{Server, Setup, sql};

/// Stands between Prometheus, which accepts both forms and cannot be told otherwise, and the server.
#[derive(Clone)]
struct Between {
    server: Arc<Server>,
    form: ResponseType,
    /// The content types of the answers.
    seen: Arc<Mutex<BTreeSet<String>>>,
}

async fn passed(State(between): State<Between>, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(headers["content-encoding"], "snappy");
    let bytes = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
    let mut message = ReadRequest::decode(bytes.as_slice()).unwrap();
    message.accepted_response_types = vec![between.form as i32];
    let answer = posted(&between.server, compressed(&message.encode_to_vec()), &[("content-encoding", "snappy")]).await;
    between.seen.lock().unwrap().insert(answer.headers["content-type"].clone());
    let mut response = answer.body.clone().into_response();
    *response.status_mut() = answer.status.try_into().unwrap();
    for name in ["content-type", "content-encoding"] {
        if let Some(value) = answer.headers.get(name) {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
    }
    response
}

/// Listens, and gives the address.
async fn between(between: Between) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/read", post(passed)).with_state(between);
    tokio::spawn(async { axum::serve(listener, router).await });
    format!("http://{address}/read")
}

/// The data of an answer, its series sorted.
async fn data(base: &str, path: &str, form: &[(&str, &str)]) -> Value {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = reqwest::Client::new().post(format!("{base}{path}")).header(FORM.0, FORM.1).body(body);
    let answer = request.send().await.unwrap();
    let mut body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!((&body["status"], &body["warnings"]), (&Value::from("success"), &Value::Null), "{form:?}: {body}");
    let mut data = body["data"].take();
    let series = if data.is_array() { &mut data } else { &mut data["result"] };
    if let Some(series) = series.as_array_mut().filter(|series| series.iter().all(Value::is_object)) {
        series.sort_by_key(|one| (one.get("metric").unwrap_or(one)).to_string());
    }
    data
}

/// Numbers in texts, to ten digits.
fn rounded(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(rounded),
        Value::Object(members) => {
            members.iter_mut().filter(|(key, _)| *key != "metric").for_each(|(_, it)| rounded(it))
        }
        Value::String(text) => {
            if let Ok(number) = text.parse::<f64>() {
                *text = format!("{number:.9e}");
            }
        }
        _ => {}
    }
}

const QUESTIONS: [&str; 17] = [
    "host_stats_cpu",
    "host_stats_mem",
    "host_stats_mem[20m]",
    "sum by (region) (host_stats_cpu)",
    "rate(requests_total[5m])",
    "increase(requests_total[17m]) > 2",
    "count_over_time(host_stats_mem[10m])",
    "max_over_time(rate(requests_total[5m])[30m:1m])",
    "{\"room.temperature\"} * on() group_left() count(host_stats_cpu)",
    "{__name__=~\"host_stats_.+\", host!~\"web-[12]\"}",
    "requests_total{\"site.name\"=~\"a.*\"} offset 20m",
    "old_total @ 1748736060",
    "timestamp(host_stats_cpu)",
    "topk(1, host_stats_cpu)",
    "absent(host_stats_cpu{host=\"web-9\"})",
    "no_such_metric",
    "quantile_over_time(0.5, host_stats_cpu{region=\"\"}[1h])",
];

#[sqlx::test(migrations = false)]
async fn a_real_prometheus_answers_from_these_tables(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Arc::new(Server::start(&pool).await);
    for (form, kind) in [
        (ResponseType::Samples, "application/x-protobuf"),
        (ResponseType::StreamedXorChunks, "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"),
    ] {
        let seen = Arc::default();
        let url = between(Between { server: Arc::clone(&server), form, seen: Arc::clone(&seen) }).await;
        let config = format!("remote_read:\n  - url: {url}\n    read_recent: true\n");
        let started = tokio::task::spawn_blocking(move || Prometheus::start_with("remote-read", &config, &[]));
        let Some(prometheus) = started.await.unwrap() else { return };
        for question in QUESTIONS {
            let instant = ("/api/v1/query", vec![("query", question), ("time", "1767574830")]);
            let range = (
                "/api/v1/query_range",
                vec![("query", question), ("start", "1767571200.5"), ("end", "1767578400"), ("step", "97")],
            );
            let asked = if question.ends_with(']') { vec![instant] } else { vec![instant, range] };
            for (path, form) in asked {
                let (mut theirs, mut ours) =
                    (data(&prometheus.url, path, &form).await, data(&server.base, path, &form).await);
                rounded(&mut theirs);
                rounded(&mut ours);
                assert_eq!(theirs, ours, "{question}");
            }
        }
        let series = [("match[]", "host_stats_cpu"), ("start", "1767571200"), ("end", "1767574800")];
        let listed = data(&prometheus.url, "/api/v1/series", &series).await;
        assert_eq!(listed, data(&server.base, "/api/v1/series", &series).await);
        assert_eq!(listed.as_array().map(Vec::len), Some(3));
        assert_eq!(*seen.lock().unwrap(), BTreeSet::from([kind.to_owned()]));
    }
}

/// Rows up to now.
const RECENT: &str = "
    CREATE TABLE pumps (ts timestamptz NOT NULL, pump text NOT NULL, pressure float8, PRIMARY KEY (pump, ts));
    CREATE TABLE many (ts timestamptz PRIMARY KEY, x float8);
    INSERT INTO many SELECT now() - n * interval '1 s', 1 FROM generate_series(0, 999) AS n;
    INSERT INTO pumps SELECT now() - n * interval '10 s', 'p' || p, 10 * p FROM generate_series(0, 30) AS n, generate_series(1, 3) AS p;";

const RULES: &str = "groups:
- name: pumps
  interval: 1s
  rules:
  - record: pressure:sum
    expr: sum(pumps_pressure)
  - alert: Pressure
    expr: pumps_pressure > 20
";

#[sqlx::test(migrations = false)]
async fn a_real_prometheus_records_and_alerts_over_these_tables(pool: PgPool) {
    sql(&pool, RECENT).await;
    let limits = Limits { samples: 500, ..Limits::default() };
    let server = Server::with(&pool, Setup { limits, ..Setup::default() }).await;
    let rules = std::env::temp_dir().join(format!("datebin-rules-{}.yml", std::process::id()));
    std::fs::write(&rules, RULES).unwrap();
    let config = format!(
        "remote_read:\n  - url: {}/api/v1/read\n    read_recent: true\nrule_files: [{}]\n",
        server.base,
        rules.display(),
    );
    let started =
        tokio::task::spawn_blocking(move || Prometheus::start_with("remote-rules", &config, &[])).await.unwrap();
    let evaluated = async {
        loop {
            let Some(prometheus) = &started else { return };
            let answer = reqwest::get(format!("{}/api/v1/alerts", prometheus.url)).await.unwrap().text().await.unwrap();
            let alerts: Value = serde_json::from_str(&answer).unwrap();
            let recorded = data(&prometheus.url, "/api/v1/query", &[("query", "pressure:sum")]).await;
            let alert = &alerts["data"]["alerts"][0];
            if alert["state"] == "firing" && recorded["result"][0].is_object() {
                assert_eq!(alert["labels"]["pump"], "p3", "{alerts}");
                assert_eq!((&alert["value"], &recorded["result"][0]["value"][1]), (&"3e+01".into(), &"60".into()));
                assert_eq!(alerts["data"]["alerts"].as_array().map(Vec::len), Some(1));
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let done = tokio::time::timeout(patience(Duration::from_secs(5)), evaluated).await;
    std::fs::remove_file(&rules).unwrap();
    done.expect("the rules are evaluated in time");
    let Some(prometheus) = started else { return };
    // What datebin refuses is a warning there, and no series.
    let answer =
        reqwest::get(format!("{}/api/v1/query?query=count_over_time(many_x[1h])", prometheus.url)).await.unwrap();
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!((&body["status"], &body["data"]["result"]), (&"success".into(), &serde_json::json!([])), "{body}");
    assert!(body["warnings"][0].as_str().is_some_and(|said| said.contains("500 samples")), "{body}");
}
