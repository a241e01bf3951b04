//! `GET /metrics`: each number as the difference that something makes.

use std::collections::{HashMap, HashSet};
use std::process::Command;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::patience::patience;
use crate::support::{Server, Setup, answer, sql};

const TABLES: &str = "
    CREATE TABLE one (ts timestamptz NOT NULL, host text, value float8);
    INSERT INTO one SELECT '2025-01-01 00:00:10Z', 'h' || n, n FROM generate_series(1, 7) AS n;
    CREATE FUNCTION nap() RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.pg_sleep(60); RETURN 0; END $$;
    CREATE VIEW naps AS SELECT ts, host, value + nap() AS value FROM one;
    CREATE TABLE broken_base AS SELECT ts, host || 'x' AS text FROM one;
    CREATE VIEW broken AS SELECT ts, text::float8 AS value FROM broken_base;";

fn question(targets: &[&str]) -> Value {
    let targets: Vec<Value> = targets.iter().map(|target| json!({"target": target})).collect();
    json!({"range": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-01T00:15:00Z"}, "maxDataPoints": 100, "targets": targets})
}

/// All series of the page with their values.
async fn numbers(server: &Server) -> HashMap<String, f64> {
    let page = server.get("/metrics").await;
    assert_eq!(page.status, 200);
    let text = page.body.as_str().expect("a text");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

fn of(numbers: &HashMap<String, f64>, name: &str) -> f64 {
    numbers.get(&format!("datebin_{name}")).copied().unwrap_or_default()
}

/// Waits until every number has grown by exactly so much: an answer is counted when its last byte was taken.
async fn grown(server: &Server, before: &HashMap<String, f64>, expected: &[(&str, f64)]) {
    let limit = tokio::time::Instant::now() + patience(Duration::from_secs(2));
    loop {
        let now = numbers(server).await;
        let wrong: Vec<_> = expected
            .iter()
            .map(|(name, by)| (name, of(&now, name) - of(before, name), by))
            .filter(|(_, grown, by)| grown != *by)
            .collect();
        if wrong.is_empty() {
            return;
        }
        assert!(tokio::time::Instant::now() < limit, "{wrong:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn requests(route: &str, status: u16, code: &str) -> String {
    format!("requests_total{{method=\"POST\",route=\"{route}\",status=\"{status}\",code=\"{code}\"}}")
}

#[sqlx::test(migrations = false)]
async fn a_question_is_counted_with_its_stages_and_rows(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let before = numbers(&server).await;
    let answer = server.post("/query", question(&["one"])).await;
    assert_eq!(answer.drawn().len(), 7, "{}", answer.body);
    let bytes = answer.body.to_string().len();
    let good = requests("/query", 200, "ok");
    let mut expected = vec![
        (good.as_str(), 1.0),
        ("request_duration_seconds_count{route=\"/query\"}", 1.0),
        ("statements_total{outcome=\"answered\"}", 1.0),
        ("statement_duration_seconds_count", 1.0),
        ("rows_read_total", 7.0),
        ("sessions_opened_total", 1.0),
        ("statements_total{outcome=\"failed\"}", 0.0),
    ];
    let stages = ["parse", "plan", "wait", "execute", "frame"];
    let stages = stages.map(|stage| format!("stage_duration_seconds_count{{stage=\"{stage}\"}}"));
    expected.extend(stages.iter().map(|name| (name.as_str(), 1.0)));
    grown(&server, &before, &expected).await;
    let after = numbers(&server).await;
    assert!(of(&after, "answer_bytes_total") - of(&before, "answer_bytes_total") >= bytes as f64 / 4.0);
    assert_eq!((of(&after, "pool_idle"), of(&after, "pool_in_use"), of(&after, "pool_size")), (1.0, 0.0, 10.0));
    assert_eq!((of(&after, "database_up"), of(&after, "requests_in_flight")), (1.0, 1.0), "this one");
    let memory = after.get("process_resident_memory_bytes").copied().unwrap_or(f64::INFINITY);
    assert!(memory > 1e6 && after.contains_key("datebin_build_info{version=\"0.1.0\"}"), "{memory}");
    // The same in Prometheus' words.
    let before = numbers(&server).await;
    assert_eq!(server.get("/api/v1/query?query=one&time=1735689660").await.status, 200);
    let good = good.replace("POST", "GET").replace("/query", "/api/v1/query");
    grown(&server, &before, &[(&good, 1.0), (&stages[3], 1.0), ("rows_read_total", 7.0)]).await;
}

#[sqlx::test(migrations = false)]
async fn what_fails_is_counted_by_its_code(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    for (path, body, status, code) in [
        ("/query", question(&["nothing_of_that_name"]), 422, "unknown_metric"),
        ("/query", question(&["broken"]), 422, "relation_broken"),
        ("/query", json!("no object"), 400, "bad_request"),
    ] {
        let before = numbers(&server).await;
        let answer = server.post(path, body).await;
        assert_eq!((answer.status, answer.body["error"]["code"].as_str()), (status, Some(code)), "{}", answer.body);
        let failed = f64::from(u8::from(code == "relation_broken"));
        let name = requests(path, status, code);
        // A target that fails counts as well where it is the only one; a body that is none has no targets.
        let target = format!("failed_targets_total{{code=\"{code}\"}}");
        let targets = f64::from(u8::from(code != "bad_request"));
        let grew = [(name.as_str(), 1.0), ("statements_total{outcome=\"failed\"}", failed), (target.as_str(), targets)];
        grown(&server, &before, &grew).await;
    }
    let before = numbers(&server).await;
    assert_eq!(server.post("/query", question(&["one", "nothing_of_that_name"])).await.status, 200);
    let (good, failed) = (requests("/query", 200, "ok"), "failed_targets_total{code=\"unknown_metric\"}");
    grown(&server, &before, &[(&good, 1.0), (failed, 1.0)]).await;
    // Paths that there are none of are one, so that nobody can make many series.
    let before = numbers(&server).await;
    for path in ["/nothing/1", "/nothing/2"] {
        assert_eq!(server.post(path, json!({})).await.status, 404);
    }
    grown(&server, &before, &[(&requests("", 404, "not_found"), 2.0)]).await;
    // Prometheus' words hide no code.
    let before = numbers(&server).await;
    assert_eq!(server.get("/api/v1/query?query=sum(").await.status, 400);
    let name = requests("/api/v1/query", 400, "bad_target").replace("POST", "GET");
    grown(&server, &before, &[(&name, 1.0), ("failed_targets_total{code=\"bad_target\"}", 0.0)]).await;
}

#[sqlx::test(migrations = false)]
async fn a_statement_that_takes_too_long_is_counted(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::with(&pool, Setup { statement_timeout: Duration::from_millis(300), ..Setup::default() }).await;
    let before = numbers(&server).await;
    assert_eq!(server.post("/query", question(&["naps"])).await.status, 504);
    let name = requests("/query", 504, "timeout");
    let target = "failed_targets_total{code=\"timeout\"}";
    grown(&server, &before, &[(&name, 1.0), ("statements_total{outcome=\"timed_out\"}", 1.0), (target, 1.0)]).await;
}

#[sqlx::test(migrations = false)]
async fn clients_that_leave_and_those_that_wait_are_counted(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let before = numbers(&server).await;
    let body = question(&["naps"]).to_string();
    let asking = (0..12).map(|_| {
        let request = server.client.post(format!("{}/query", server.base)).body(body.clone());
        tokio::spawn(async move { drop(answer(request).await) })
    });
    let asking: Vec<_> = asking.collect();
    let at_work = [("pool_in_use", 10.0), ("pool_waiting", 2.0), ("pool_idle", 0.0), ("requests_in_flight", 12.0)];
    grown(&server, &before, &at_work).await;
    asking.iter().for_each(tokio::task::JoinHandle::abort);
    join_all(asking).await;
    let left = requests("/query", 499, "client_left");
    let gone = [
        (left.as_str(), 12.0),
        ("statements_total{outcome=\"abandoned\"}", 10.0),
        ("cancellations_total{result=\"done\"}", 10.0),
        ("pool_in_use", 0.0),
        ("pool_waiting", 0.0),
        ("requests_in_flight", 0.0),
    ];
    grown(&server, &before, &gone).await;
}

#[sqlx::test(migrations = false)]
async fn questions_that_are_asked_once_more_are_counted(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    assert_eq!(server.post("/query", question(&["one"])).await.status, 200);
    let before = numbers(&server).await;
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'datebin' AND query LIKE '%one%' AND datname = current_database() AND state = 'idle'";
    sql(&pool, ended).await;
    assert_eq!(server.post("/query", question(&["one"])).await.status, 200);
    grown(&server, &before, &[("retries_total{reason=\"dead_session\"}", 1.0)]).await;
    sql(&pool, "ALTER TABLE one RENAME COLUMN host TO server").await;
    let before = numbers(&server).await;
    let answer = server.post("/query", question(&["one"])).await;
    assert_eq!((answer.status, answer.drawn().len()), (200, 7), "{}", answer.body);
    let changed = [("retries_total{reason=\"changed_relation\"}", 1.0), ("catalog_refreshes_total", 1.0)];
    grown(&server, &before, &changed).await;
}

#[sqlx::test(migrations = false)]
async fn promtool_finds_nothing_to_say(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    for targets in [["one", "one"], ["one", "nothing_of_that_name"]] {
        assert_eq!(server.post("/query", question(&targets)).await.status, 200);
    }
    let accept = [("accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")];
    let open = server.send("GET", "/metrics", &accept, "").await;
    assert!(open.header("content-type").starts_with("application/openmetrics-text"), "{:?}", open.headers);
    assert!(open.body.as_str().is_some_and(|text| text.ends_with("\n# EOF\n")));
    let page = server.get("/metrics").await;
    assert_eq!(page.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    crate::promtool::approved(page.body.as_str().expect("a text"));
}

/// The names of metrics in a query: words that begin as ours, or as those of every process.
fn named(query: &str) -> impl Iterator<Item = &str> {
    let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("datebin_") || word.starts_with("process_"))
}

/// Every query of the dashboard and of the alert rules.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(include_str!("../../grafana/self/dashboard.json")).expect("JSON");
    let targets =
        dashboard["panels"].as_array().expect("panels").iter().filter_map(|panel| panel["targets"].as_array());
    let of_panels = targets.flatten().map(|target| target["expr"].as_str().expect("a query").to_owned());
    let variables = dashboard["templating"]["list"].as_array().expect("variables").iter();
    let of_variables = variables.filter_map(|variable| variable["definition"].as_str().map(str::to_owned));
    let rules = include_str!("../../grafana/self/alerts.yaml").lines();
    let of_rules = rules.filter_map(|line| line.trim().strip_prefix("expr: ").map(str::to_owned));
    of_panels.chain(of_variables).chain(of_rules).collect()
}

#[sqlx::test(migrations = false)]
async fn the_dashboard_and_the_alerts_ask_for_numbers_that_there_are(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    assert_eq!(server.post("/query", question(&["one", "nothing_of_that_name"])).await.status, 200);
    grown(&server, &HashMap::new(), &[(&requests("/query", 200, "ok"), 1.0)]).await;
    let page = numbers(&server).await;
    let known: HashSet<&str> = page.keys().map(|series| series.split('{').next().expect("a name")).collect();
    let queries = queries();
    let missing: Vec<&str> =
        queries.iter().flat_map(|query| named(query)).filter(|name| !known.contains(name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
    let asked: HashSet<&str> = queries.iter().flat_map(|query| named(query)).collect();
    assert!(queries.len() > 40 && asked.len() > 30, "{} queries of {} numbers", queries.len(), asked.len());
    // As Prometheus reads them, once Grafana has put in its variables.
    for query in queries.iter().filter(|query| !query.starts_with("label_values")) {
        let query = query.replace("$__rate_interval", "5m");
        let parsed = server.send("GET", &format!("/api/v1/parse_query?query={}", encoded(&query)), &[], "").await;
        assert_eq!(parsed.status, 200, "{query}: {}", parsed.body);
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// What promtool says of a file of rules, and whether it accepts them.
fn rules_checked(promtool: &std::ffi::OsStr, file: &std::path::Path) -> (bool, String) {
    let said = Command::new(promtool).args(["check", "rules", "--lint=all", "--lint-fatal"]).arg(file).output();
    let said = said.expect("promtool");
    let words = [said.stdout, said.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (said.status.success(), words.concat())
}

#[test]
fn promtool_accepts_the_alert_rules() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(promtool) = std::env::var_os("DATEBIN_TEST_PROMTOOL") else {
        eprintln!("NOT TESTED: promtool: scripts/with-prometheus fetches it");
        return;
    };
    let (is_good, words) = rules_checked(&promtool, &root.join("grafana/self/alerts.yaml"));
    assert!(is_good && words.contains("SUCCESS: 11 rules found"), "{words}");
    // Those for Grafana have a form of their own, and Prometheus' expressions.
    let mut rules = "groups:\n  - name: kit\n    rules:\n".to_owned();
    let kit = include_str!("../../grafana/provisioning/alerting/prometheus.yaml").lines();
    let expressions: Vec<&str> = kit.filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    for (number, expression) in expressions.iter().enumerate() {
        rules.push_str(&format!("      - alert: Rule{number}\n        expr: {expression}\n"));
    }
    let file = std::env::temp_dir().join(format!("datebin-rules-{}.yaml", std::process::id()));
    std::fs::write(&file, rules).expect("a file");
    let (is_good, words) = rules_checked(&promtool, &file);
    std::fs::remove_file(&file).expect("it goes");
    let expected = format!("SUCCESS: {} rules found", expressions.len());
    assert!(expressions.len() > 2 && is_good && words.contains(&expected), "{words}");
}
