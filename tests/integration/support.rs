//! A server in this process, on a port of its own, over the database of one test.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use datebin::cache::Cache;
use datebin::config::HttpConfig;
use datebin::db::{Database, DatabaseConfig, watch};
use datebin::engine::{Engine, Resources};
use datebin::http;
use datebin::intake::{self, Moment, Question};
use datebin::plan::Limits;
use datebin::refresh::{Catalog, CatalogConfig};
use datebin::server;
use datebin::time::Clock;
use serde_json::Value;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::patience::patience;

/// What a test may set.
pub struct Setup {
    pub limits: Limits,
    pub clock: Clock,
    pub http: HttpConfig,
    pub statement_timeout: Duration,
    pub file: Option<PathBuf>,
    pub show_sql: bool,
    pub resources: Resources,
    /// Bytes of the cache: none where tests change rows between their questions.
    pub cache: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            clock: Clock::System,
            http: HttpConfig {
                listen: ([127, 0, 0, 1], 0).into(),
                drain: Duration::from_secs(5),
                ..HttpConfig::default()
            },
            statement_timeout: Duration::from_secs(20),
            file: None,
            show_sql: false,
            resources: Resources::default(),
            cache: 0,
        }
    }
}

/// A running server; it stops when it is dropped.
pub struct Server {
    pub base: String,
    pub client: reqwest::Client,
    pub catalog: Catalog,
    pub engine: Engine,
    _threads: Threads,
    _file: Option<Written>,
}

/// A `datebin.toml` that is there as long as its server.
pub struct Written(pub PathBuf);

impl Written {
    pub fn new(text: &str) -> Self {
        static FILES: AtomicU32 = AtomicU32::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("datebin-{}-{number}.toml", std::process::id()));
        std::fs::write(&path, text).expect("a file");
        Self(path)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.0);
    }
}

/// The server's threads. All of its tasks and sessions end with them: a session that is left keeps PostgreSQL from
/// dropping the test's database, which it tries for five seconds.
struct Threads(Option<Runtime>);

impl Threads {
    fn start() -> Self {
        Self(Some(
            Builder::new_multi_thread()
                .thread_stack_size(server::STACK)
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime"),
        ))
    }

    /// Runs a future on these threads.
    async fn run<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> T {
        let runtime = self.0.as_ref().expect("runs until it is dropped");
        runtime.spawn(future).await.expect("the server starts")
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The status, the headers and the body of an answer.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Server {
    /// Starts over the test's database and waits for the catalog.
    pub async fn start(pool: &PgPool) -> Self {
        Self::with(pool, Setup::default()).await
    }

    /// Starts with the text of a `datebin.toml`.
    pub async fn declared(pool: &PgPool, toml: &str) -> Self {
        Self::declared_with(pool, toml, Setup::default()).await
    }

    pub async fn declared_with(pool: &PgPool, toml: &str, setup: Setup) -> Self {
        let file = Written::new(toml);
        let setup = Setup { file: Some(file.0.clone()), ..setup };
        Self { _file: Some(file), ..Self::with(pool, setup).await }
    }

    pub async fn with(pool: &PgPool, setup: Setup) -> Self {
        let threads = Threads::start();
        let (base, engine) = threads.run(serve(url(pool), setup)).await;
        Self {
            base,
            client: reqwest::Client::new(),
            catalog: engine.catalog.clone(),
            engine,
            _threads: threads,
            _file: None,
        }
    }

    /// Runs a future on the server's own threads, whose stacks are deep enough for every question.
    pub async fn run<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> T {
        self._threads.run(future).await
    }

    /// Begins to run a future on the server's own threads.
    pub fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self._threads.0.as_ref().expect("runs until it is dropped").spawn(future)
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        answer(self.client.post(format!("{}{path}", self.base)).body(body.to_string())).await
    }

    /// The question that a body asks, to be answered without HTTP.
    pub fn question(&self, body: &Value) -> Question {
        let query = intake::body(body.to_string().as_bytes()).expect("a query");
        let snapshot = self.catalog.current().expect("a catalog");
        intake::question(&query, Moment { now: 0, zone: snapshot.zone() }, Limits::default()).expect("a question")
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.client.get(format!("{}{path}", self.base))).await
    }

    /// Any request, with these headers and exactly this body.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.client.request(method, format!("{}{path}", self.base)).body(body.into());
        answer(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    /// The elements of the answer to one target; panics with the body when the status is not 200.
    pub async fn query(&self, from: &str, to: &str, max_points: u32, target: &str) -> Vec<Value> {
        let body = serde_json::json!({
            "range": {"from": from, "to": to}, "maxDataPoints": max_points,
            "targets": [{"target": target, "refId": "A"}],
        });
        let answer = self.post("/query", body).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        answer.body.as_array().expect("an array").clone()
    }
}

impl Answer {
    /// The elements that have a point; one without carries what is to be said where there is nothing to draw.
    pub fn drawn(&self) -> Vec<&Value> {
        let has_points = |element: &&Value| element["datapoints"].as_array().is_none_or(|points| !points.is_empty());
        self.body.as_array().expect("an array").iter().filter(has_points).collect()
    }

    /// A header's text; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a text"))
    }
}

/// Starts a server over a database, waits for the catalog, and returns the server's address.
async fn serve(url: String, setup: Setup) -> (String, Engine) {
    let mut database = DatabaseConfig::new(&url).expect("a URL");
    database.statement_timeout = setup.statement_timeout;
    // A machine that compiles beside the tests makes logins slow; that is nothing these tests are about.
    database.connect_timeout = patience(database.connect_timeout);
    database.wait = patience(database.wait);
    let health = watch(database.clone());
    let config = CatalogConfig { file: setup.file, zone: None, every: Duration::from_secs(3600) };
    let catalog = Catalog::kept(database.clone(), config, health.clone());
    let engine = Engine {
        database: Database::new(database, health).expect("a pool"),
        catalog: catalog.clone(),
        limits: setup.limits,
        clock: setup.clock,
        request_timeout: setup.http.request_timeout,
        show_sql: setup.show_sql,
        resources: setup.resources,
        cache: Cache::new(setup.cache),
    };
    let listener = TcpListener::bind(setup.http.listen).await.expect("a free port");
    let base = format!("http://{}{}", listener.local_addr().expect("an address"), setup.http.base_path);
    let service = http::service(vec![http::ServedDatabase { name: None, engine: engine.clone() }], &setup.http);
    tokio::spawn(server::run(listener, service, setup.http, None, std::future::pending()));
    let loaded = tokio::time::timeout(patience(Duration::from_secs(2)), catalog.until_loaded()).await;
    assert!(loaded.is_ok(), "no catalog in time: {:?}", catalog.failure());
    (base, engine)
}

pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("a body");
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

/// The URL of the test's own database.
pub fn url(pool: &PgPool) -> String {
    let server = std::env::var("DATABASE_URL").expect("DATABASE_URL");
    let options = pool.connect_options();
    let database = options.get_database().expect("a database");
    let (head, tail) = server.rsplit_once('/').expect("a path");
    let query = tail.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
    format!("{head}/{database}{query}")
}

/// Runs statements as the owner of the test's database.
pub async fn sql(pool: &PgPool, text: &'static str) {
    sqlx::raw_sql(text).execute(pool).await.expect("the fixture");
}
