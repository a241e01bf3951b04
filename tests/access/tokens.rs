//! Tokens: who may ask, and what each sees. What a token may not see is held against a server that does not have it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use sqlx::PgPool;

use datebin::access::{Access, Secret};
use datebin::config::HttpConfig;

use crate::patience::patience;
use crate::support::{Answer, Server, Setup, sql};

/// Two worlds that share a database, and a table that both may see parts of.
const WORLDS: &str = "
    CREATE TABLE alpha_load (ts timestamptz NOT NULL, host text NOT NULL, rack text, value double precision);
    CREATE TABLE beta_load (ts timestamptz NOT NULL, host text NOT NULL, betashelf text, value double precision);
    COMMENT ON TABLE beta_load IS 'betasecret';
    CREATE TABLE stored (ts timestamptz NOT NULL, metric text NOT NULL, host text, value double precision);
    CREATE TABLE shared (ts timestamptz NOT NULL, host text NOT NULL, region text, value double precision);
    INSERT INTO alpha_load SELECT '2024-01-01Z'::timestamptz + n * interval '1 min', 'a' || n % 3, 'r1', n FROM generate_series(0, 59) AS n;
    INSERT INTO beta_load SELECT ts, 'betasecret' || host, 'betasecret', value FROM alpha_load;
    INSERT INTO stored SELECT ts, x, CASE x WHEN 'beta_stored' THEN 'betasecret' ELSE host END, value FROM alpha_load, unnest(ARRAY['alpha_stored', 'beta_stored']) AS x;
    INSERT INTO shared SELECT ts, coalesce(r, 'none') || host, r, value FROM alpha_load, unnest(ARRAY['eu', 'betasecret', NULL]) AS r;
    CREATE TABLE alpha_deploys (at timestamptz NOT NULL, title text);
    CREATE TABLE beta_deploys (at timestamptz NOT NULL, title text);
    INSERT INTO alpha_deploys VALUES ('2024-01-01 00:30Z', 'release');
    INSERT INTO beta_deploys VALUES ('2024-01-01 00:30Z', 'betasecret');
    ANALYZE;";

const ALPHA: &str =
    "[[annotations]]\nname = \"alphas\"\nrelation = \"alpha_deploys\"\ntime = \"at\"\ntitle = \"title\"\n";
const BETA: &str = "[[annotations]]\nname = \"betas\"\nrelation = \"beta_deploys\"\ntime = \"at\"\ntitle = \"title\"\n";

pub fn token(name: &str, lines: &str) -> String {
    format!(
        "[[token]]\nname = \"{name}\"\nsha256 = \"{}\"\n{lines}\n",
        Secret::of(format!("secret-of-{name}").as_bytes()).digits()
    )
}

/// A file of tokens that is there as long as its test.
pub struct File(PathBuf);

impl File {
    pub fn of(text: &str) -> Self {
        static FILES: AtomicU32 = AtomicU32::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("datebin-tokens-{}-{number}.toml", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    pub async fn setup(&self) -> Setup {
        let access = Access::of(self.0.clone()).await.unwrap();
        let usual = Setup::default();
        Setup { http: HttpConfig { access, ..usual.http.clone() }, ..usual }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0);
    }
}

/// A request that any route may be sent.
#[derive(Debug)]
struct Request {
    method: &'static str,
    path: String,
    body: String,
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

impl Request {
    async fn asked(&self, server: &Server, name: Option<&str>) -> Answer {
        let bearer = name.map(|name| format!("Bearer secret-of-{name}"));
        let mut headers = vec![if self.body.starts_with('{') { ("content-type", "application/json") } else { FORM }];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        server.send(self.method, &self.path, &headers, self.body.clone()).await
    }
}

/// For every route of the API, questions about a name.
fn requests(name: &str) -> Vec<Request> {
    let api: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    let range = json!({"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T01:00:00Z"});
    let quoted: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let parameters = format!(
        "target={quoted}&metric={quoted}&query={quoted}&match[]={quoted}&key=host&label=host&start=1704067200&end=1704070800\
         &time=1704070000&step=600&from=2024-01-01T00:00:00Z&to=2024-01-01T01:00:00Z&format=rows"
    );
    let body = json!({
        "targets": [{"target": name, "refId": "A"}, {"target": "", "refId": "Anno"}], "range": range, "maxDataPoints": 6,
        "target": name, "metric": name, "key": "host", "name": "groupBy", "annotation": {"query": ""},
        "payload": {"query": format!("label_values({name}, host)"), "target": name, "metric": name, "label": "host"},
    });
    let mut all = Vec::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        let paths: Vec<String> = match path.contains("{name}") {
            true => ["__name__", "host", "betashelf", "region"].map(|label| path.replace("{name}", label)).to_vec(),
            false => vec![path.clone()],
        };
        for path in paths {
            if methods.get("get").is_some() {
                let path = format!("{path}?{parameters}");
                all.push(Request { method: "GET", path, body: String::new() });
            }
            if methods.get("post").is_some() {
                let is_form = path.starts_with("/api/v1/");
                let body = if is_form { parameters.clone() } else { body.to_string() };
                all.push(Request { method: "POST", path, body });
            }
        }
    }
    // Lists of everything.
    for (path, body) in [("/search", "{\"target\": \"\"}"), ("/metrics", "{}"), ("/tag-keys", "{}")] {
        all.push(Request { method: "POST", path: path.into(), body: body.into() });
    }
    for path in ["labels", "label/__name__/values", "label/host/values", "metadata", "status/tsdb"] {
        all.push(Request { method: "GET", path: format!("/api/v1/{path}"), body: String::new() });
    }
    for query in ["metrics()", "label_values(host)", "label_names()", "metrics(.*)", "label_values(region)"] {
        let body = json!({"payload": query, "range": range}).to_string();
        all.push(Request { method: "POST", path: "/variable".into(), body });
    }
    all
}

/// An answer without what differs from moment to moment.
fn lasting(answer: &Answer) -> (u16, String) {
    let mut body = answer.body.clone();
    for member in ["startTime", "serverTime", "lastConfigTime"] {
        if body["data"].get(member).is_some() {
            body["data"][member] = json!("");
        }
    }
    if body["data"].get("headStats").is_some() {
        body["data"]["headStats"]["maxTime"] = json!(0);
    }
    (answer.status, body.to_string())
}

/// Asks both servers everything about some names; the one with a token must answer as the one that has no more.
async fn assert_same_world(tokened: &Server, name: &str, other: &Server, names: &[&str]) {
    let (mut good, mut asked) = (0, 0);
    for target in names {
        for request in requests(target) {
            // How the process is, which is the same for everybody.
            if request.method == "GET" && request.path.starts_with("/metrics") {
                continue;
            }
            let answer = request.asked(tokened, Some(name)).await;
            let expected = request.asked(other, None).await;
            assert_eq!(lasting(&answer), lasting(&expected), "{request:?}");
            let path = &request.path;
            // A name that was asked for may come back in the words of an error.
            let is_silent = target.contains("betasecret") || !answer.body.to_string().contains("betasecret");
            assert!(is_silent, "{path}: {}", answer.body);
            (good, asked) = (good + u32::from(answer.status == 200), asked + 1);
        }
    }
    assert!(good * 2 > asked, "{good} of {asked} were answered");
}

#[sqlx::test(migrations = false)]
async fn a_token_sees_its_own_world_on_every_route(pool: PgPool) {
    sql(&pool, WORLDS).await;
    let file = File::of(&token("alpha", "metrics = [\"alpha_*\"]\nannotations = [\"alphas\"]"));
    let whole = format!("{ALPHA}{BETA}");
    let tokened = Server::declared_with(&pool, &whole, file.setup().await).await;
    let without = format!(
        "{ALPHA}[discovery]\nexclude = [\"beta_*\", \"shared\"]\n[[source]]\nrelation = \"stored\"\nname = \"metric\"\nwhere = 'metric=\"alpha_stored\"'\n"
    );
    let other = Server::declared(&pool, &without).await;
    let names = ["alpha_load", "beta_load", "alpha_stored", "beta_stored", "shared", "nothing_like_it", "beta_lod"];
    assert_same_world(&tokened, "alpha", &other, &names).await;
}

#[sqlx::test(migrations = false)]
async fn matchers_of_a_token_hold_for_every_row(pool: PgPool) {
    sql(&pool, WORLDS).await;
    let file =
        File::of(&token("eu", "metrics = [\"shared\"]\nlabels = 'region=\"eu\", env!=\"test\"'\nannotations = []"));
    let tokened = Server::with(&pool, file.setup().await).await;
    let whole = "[discovery]\nenabled = false\n[[source]]\nrelation = \"shared\"\nwhere = 'region=\"eu\"'\n";
    let other = Server::declared(&pool, whole).await;
    let names = ["shared", "shared{region=\"betasecret\"}", "shared{region=\"\"}", "sum(shared)", "alpha_load"];
    assert_same_world(&tokened, "eu", &other, &names).await;
}

#[sqlx::test(migrations = false)]
async fn the_same_401_for_whatever_is_not_let_in(pool: PgPool) {
    sql(&pool, WORLDS).await;
    let file = File::of(&format!("{}{}", token("alpha", ""), token("old", "expires = \"2020-01-01T00:00:00Z\"")));
    let server = Server::with(&pool, file.setup().await).await;
    let said = |answer: &Answer| {
        let mut headers: Vec<(String, String)> =
            answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        headers.retain(|(name, _)| name != "date" && name != "x-request-id");
        (answer.status, headers, answer.body.to_string())
    };
    for path in ["/search", "/query", "/metrics", "/nothing/here", "/tag-keys"] {
        let expected = said(&server.send("POST", path, &[], "").await);
        assert_eq!(expected.0, 401, "{path}");
        assert!(expected.1.iter().any(|(name, value)| name == "www-authenticate" && value.contains("Basic")), "{path}");
        for header in ["Bearer wrong", "Bearer secret-of-old", "Basic Z3JhZmFuYTp3cm9uZw==", "Basic ???", "alpha", ""] {
            let answer = server.send("POST", path, &[("authorization", header)], "{\"target\": \"").await;
            assert_eq!(said(&answer), expected, "{path} {header}");
        }
        for method in ["GET", "PUT", "DELETE"] {
            assert_eq!(said(&server.send(method, path, &[], "").await), expected, "{method} {path}");
        }
    }
    let answer = server.get("/api/v1/labels").await;
    assert_eq!((answer.status, &answer.body["errorType"]), (401, &json!("unauthorized")), "{}", answer.body);
    for path in ["/", "/livez", "/readyz", "/-/healthy", "/-/ready", "/openapi.json"] {
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
    let basic = ("authorization", "Basic Z3JhZmFuYTpzZWNyZXQtb2YtYWxwaGE=");
    assert_eq!(server.send("GET", "/search", &[basic], "").await.status, 200);
    assert_eq!(server.send("GET", "/search", &[basic, basic], "").await.status, 400);
    assert_eq!(server.send("OPTIONS", "/search", &[], "").await.status, 200);
}

#[sqlx::test(migrations = false)]
async fn wrong_tokens_do_not_touch_the_pool(pool: PgPool) {
    sql(&pool, WORLDS).await;
    let file = File::of(&token("alpha", ""));
    let server = Server::with(&pool, file.setup().await).await;
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'datebin' AND datname = current_database() \
                    AND query NOT LIKE '/*%' AND query <> ''";
    let count = async || -> i64 { sqlx::query_scalar(sessions).fetch_one(&pool).await.unwrap() };
    let before = count().await;
    let body = json!({"targets": [{"target": "alpha_load", "refId": "A"}],
        "range": {"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T01:00:00Z"}});
    let one = async |number: u32| {
        let bearer = format!("Bearer wrong-{number}");
        server.send("POST", "/query", &[("authorization", &bearer)], body.to_string()).await.status
    };
    let refused: Vec<u16> = stream::iter(0..10_000).map(one).buffer_unordered(32).collect().await;
    assert!(refused.iter().all(|status| *status == 401));
    let after = count().await;
    assert!(after <= before, "no session was opened for them");
    let good = server.send("POST", "/query", &[("authorization", "Bearer secret-of-alpha")], body.to_string()).await;
    assert_eq!(good.status, 200, "{}", good.body);
    assert!(count().await > after, "the question of a known token opens one");
}

#[sqlx::test(migrations = false)]
async fn the_file_is_read_again_and_a_broken_one_keeps_the_old(pool: PgPool) {
    sql(&pool, WORLDS).await;
    let file = File::of(&token("alpha", "metrics = [\"alpha_*\"]"));
    let server = Server::with(&pool, file.setup().await).await;
    let listed = async |name: &str| {
        let bearer = format!("Bearer secret-of-{name}");
        let answer = server.send("GET", "/search", &[("authorization", &bearer)], "").await;
        (answer.status, answer.body)
    };
    let until = async |name: &str, expected: (u16, Value)| {
        let end = tokio::time::Instant::now() + patience(std::time::Duration::from_secs(2));
        while listed(name).await != expected {
            assert!(tokio::time::Instant::now() < end, "{name}: {:?}", listed(name).await);
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let own = (200, json!(["alpha_deploys_rows", "alpha_load", "alpha_stored"]));
    assert_eq!(listed("alpha").await, own);
    std::fs::write(&file.0, token("new", "metrics = [\"beta_load\"]")).unwrap();
    until("new", (200, json!(["beta_load"]))).await;
    assert_eq!(listed("alpha").await.0, 401);
    std::fs::write(&file.0, "[[token]]\nname = \"broken\"").unwrap();
    // Two looks at the file later it would have been taken.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(listed("new").await.0, 200);
    std::fs::write(&file.0, token("alpha", "metrics = [\"alpha_*\"]")).unwrap();
    until("alpha", own).await;
}

#[sqlx::test(migrations = false)]
async fn limits_of_a_token_are_narrower(pool: PgPool) {
    sql(&pool, WORLDS).await;
    let file = File::of(&token("alpha", "limits = { series = 2, points = 10, concurrent = 1 }"));
    let server = Server::with(&pool, file.setup().await).await;
    let asked = async |target: &str, more: Value| {
        let mut body = json!({"targets": [{"target": target, "refId": "A"}], "maxDataPoints": 1000,
            "range": {"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T01:00:00Z"}});
        body["targets"][0]["payload"] = more;
        let answer =
            server.send("POST", "/query", &[("authorization", "Bearer secret-of-alpha")], body.to_string()).await;
        (answer.status, answer.body)
    };
    let (status, body) = asked("alpha_load", json!({})).await;
    assert_eq!((status, &body["error"]["code"]), (422, &json!("too_many_series")), "{body}");
    let (status, body) = asked("sum(alpha_load)", json!({})).await;
    assert_eq!(status, 200, "{body}");
    assert!((1..=10).contains(&body[0]["datapoints"].as_array().unwrap().len()), "{body}");
    let (status, body) = asked("sum(alpha_load)", json!({"step": "1m"})).await;
    assert_eq!((status, &body["error"]["code"]), (422, &json!("too_many_points")), "{body}");
}

/// A number of `GET /metrics` as a token sees it; none as nobody.
async fn counted(server: &Server, name: Option<&str>, number: &str) -> Option<f64> {
    let bearer = name.map(|name| format!("Bearer secret-of-{name}"));
    let headers: Vec<(&str, &str)> = bearer.as_deref().map(|bearer| ("authorization", bearer)).into_iter().collect();
    let page = server.send("GET", "/metrics", &headers, "").await;
    let text = page.body.as_str()?.to_owned();
    text.lines().find_map(|line| line.strip_prefix(&format!("datebin_{number} "))?.parse().ok())
}

#[sqlx::test(migrations = false)]
async fn the_catalog_is_counted_as_its_caller_sees_it(pool: PgPool) {
    sql(&pool, WORLDS).await;
    let file = File::of(
        &[token("all", ""), token("few", "metrics = [\"alpha_load\"]"), token("none", "metrics = []")].concat(),
    );
    let server = Server::with(&pool, file.setup().await).await;
    for (name, sources, metrics) in [("all", 6.0, 7.0), ("few", 1.0, 1.0), ("none", 0.0, 0.0)] {
        let found = (
            counted(&server, Some(name), "catalog_sources").await,
            counted(&server, Some(name), "catalog_metrics").await,
        );
        assert_eq!(found, (Some(sources), Some(metrics)), "{name}");
    }
    assert_eq!(counted(&server, None, "catalog_metrics").await, None);
}
