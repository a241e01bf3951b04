//! The built program, its log and its answers.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::patience::patience;

/// How long anything takes at most on an idle machine that has no promise of its own.
pub const LONG: Duration = Duration::from_secs(2);

/// Asks again and again until there is something; panics after [`patience`] with what should take this long at most.
pub async fn eventually<T>(expected: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let (begun, limit) = (Instant::now(), patience(expected));
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An answer and how long it took.
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: Value,
    pub took: Duration,
}

impl Answer {
    /// 503, with the time to wait, at once.
    pub fn assert_away(&self) {
        assert_eq!((self.status, self.retry_after.is_some()), (503, true), "{}", self.body);
        assert!(self.took < patience(Duration::from_millis(50)), "503 took {:?}", self.took);
    }
}

/// A running `datebin serve`; it is killed when it is dropped.
pub struct Program {
    child: Child,
    log: Arc<Mutex<Vec<Value>>>,
    pub base: String,
    pub client: reqwest::Client,
}

/// A command of the program in a bare environment, in a directory without settings.
pub fn command(directory: &PathBuf, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_datebin"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.envs(settings.iter().copied()).current_dir(directory).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn ran(directory: &PathBuf, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    command(directory, settings).args(arguments).output().expect("the program")
}

impl Program {
    /// Serves the cluster's database and waits for the catalog.
    pub async fn serve(cluster: &Cluster, settings: &[(&str, &str)]) -> Self {
        let program = Self::start(cluster, settings).await;
        let ready = async || (program.get("/readyz").await.status == 200).then_some(());
        eventually(LONG, "the server is ready", ready).await;
        program
    }

    /// Starts a server and waits until it listens.
    pub async fn start(cluster: &Cluster, settings: &[(&str, &str)]) -> Self {
        let url = cluster.url();
        let usual = [
            ("DATABASE_URL", url.as_str()),
            ("DATEBIN_LISTEN", "127.0.0.1:0"),
            ("DATEBIN_LOG_FORMAT", "json"),
            // What becomes of a question is to be seen, not what is known of it already.
            ("DATEBIN_CACHE_BYTES", "0"),
        ];
        let mut command = command(&cluster.directory, &usual);
        let mut child = command.envs(settings.iter().copied()).stderr(Stdio::piped()).spawn().expect("the program");
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, kept) = (BufReader::new(child.stderr.take().expect("a pipe")).lines(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                kept.lock().expect("the log").push(line);
            }
        });
        let mut program = Self { child, log, base: String::new(), client: reqwest::Client::new() };
        program.base = eventually(LONG, "the server listens", async || program.url()).await;
        program
    }

    fn url(&mut self) -> Option<String> {
        let ended = self.child.try_wait().expect("the child");
        assert!(ended.is_none(), "the server ended: {:?}", self.log());
        self.log().iter().find_map(|line| line["fields"]["url"].as_str().map(str::to_owned))
    }

    /// What was logged so far.
    pub fn log(&self) -> Vec<Value> {
        self.log.lock().expect("the log").clone()
    }

    /// The logged warnings and errors, but for the one of every server without tokens.
    pub fn complaints(&self) -> Vec<Value> {
        let is_open =
            |line: &Value| line["fields"]["message"].as_str().is_some_and(|text| text.starts_with("no tokens: "));
        let complains = |line: &Value| !matches!(line["level"].as_str(), Some("INFO" | "DEBUG")) && !is_open(line);
        self.log().into_iter().filter(complains).collect()
    }

    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://").trim_start_matches("https://")
    }

    /// The number of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.pid().to_string()]).status();
        assert!(done.expect("kill").success());
    }

    /// Waits for the end of the program.
    pub async fn ended(&mut self, expected: Duration) -> ExitStatus {
        eventually(expected, "the server ends", async || self.child.try_wait().expect("the child")).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.client.get(format!("{}{path}", self.base))).await.expect("an answer")
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.client.post(format!("{}{path}", self.base)).body(body.to_string())).await.expect("an answer")
    }

    /// Asks for a metric.
    pub async fn ask(&self, target: &str) -> Answer {
        self.post("/query", &question(target)).await
    }

    /// Whether the process answers for itself, fast.
    pub async fn assert_alive(&self) {
        let answer = self.get("/livez").await;
        assert_eq!(answer.status, 200);
        assert!(answer.took < patience(Duration::from_millis(20)), "/livez took {:?}", answer.took);
    }

    /// Waits until a metric is answered well.
    pub async fn good(&self, expected: Duration, target: &str) {
        let what = format!("{target} is answered");
        eventually(expected, &what, async || (self.ask(target).await.status == 200).then_some(())).await;
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _dead = self.child.kill();
        let _waited = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the server's log:");
            self.log().iter().rev().take(30).rev().for_each(|line| eprintln!("  {line}"));
        }
    }
}

/// The body of a question for a metric over the fixture's range.
pub fn question(target: &str) -> Value {
    json!({
        "range": {"from": "2018-04-15T04:50:00Z", "to": "2018-04-15T05:00:00Z"}, "maxDataPoints": 100,
        "targets": [{"target": target, "refId": "A"}],
    })
}

/// Sends a request.
pub async fn answer(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let begun = Instant::now();
    let response = request.timeout(Duration::from_secs(60)).send().await?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Answer { status, retry_after, body, took: begun.elapsed() })
}
