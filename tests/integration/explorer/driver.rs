//! A real Chromium, driven through ChromeDriver in the words of the W3C's WebDriver.
//!
//! Own code: the crates that speak it bring a web server's worth of dependencies for a dozen requests.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::patience::patience;

/// The key of an element's reference, as the W3C defines it.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one page; it ends with its test.
pub struct Browser {
    driver: Child,
    client: reqwest::Client,
    /// The driver's port, and the URL of the session.
    port: u16,
    session: String,
}

impl Browser {
    /// Starts one; none where there is none, which is said loudly.
    pub async fn start() -> Option<Self> {
        let Ok(program) = std::env::var("DATEBIN_TEST_CHROMEDRIVER") else {
            eprintln!("SKIPPED, as there is no Chromium: scripts/with-chromium fetches one");
            return None;
        };
        let mut driver = Command::new(program)
            .arg("--port=0")
            .env("LD_LIBRARY_PATH", std::env::var("DATEBIN_TEST_CHROMIUM_LIBS").unwrap_or_default())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("ChromeDriver");
        let mut lines = BufReader::new(driver.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let port =
            lines.find_map(|line| line.rsplit_once("successfully on port ")?.1.trim_end_matches('.').parse().ok());
        // What it says later is read, so that its pipe never fills.
        std::thread::spawn(move || lines.count());
        let port = port.expect("ChromeDriver listens");
        let mut browser = Self { driver, client: reqwest::Client::new(), port, session: String::new() };
        let root = format!("http://127.0.0.1:{port}");
        let arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en"];
        let options = json!({"binary": std::env::var("DATEBIN_TEST_CHROMIUM").ok(), "args": arguments});
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let begun = browser.send(&format!("{root}/session"), &wanted).await;
        browser.session = format!("{root}/session/{}", begun["sessionId"].as_str().expect("a session"));
        browser.size(1100, 900).await;
        Some(browser)
    }

    async fn send(&self, url: &str, body: &Value) -> Value {
        let answer = self.client.post(url).body(body.to_string()).header("content-type", "application/json");
        let answer = answer.send().await.expect("ChromeDriver").text().await.expect("a body");
        let mut answer: Value = serde_json::from_str(&answer).expect("JSON");
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "{url} {body}: {}", value["message"]);
        value
    }

    async fn command(&self, command: &str, body: Value) -> Value {
        self.send(&format!("{}/{command}", self.session), &body).await
    }

    /// The size of the page, as a phone or a desk would have it.
    pub async fn size(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        let command = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics});
        self.command("goog/cdp/execute", command).await;
    }

    pub async fn open(&self, url: &str) {
        self.command("url", json!({"url": url})).await;
    }

    /// The value of an expression on the page.
    pub async fn value(&self, expression: &str) -> Value {
        self.command("execute/sync", json!({"script": format!("return {expression}"), "args": []})).await
    }

    /// Waits until an expression is true, and gives its value.
    pub async fn until(&self, expression: &str) -> Value {
        let (begun, limit) = (Instant::now(), patience(Duration::from_secs(5)));
        loop {
            let value = self.value(expression).await;
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return value;
            }
            let body = self.value("document.body.innerText").await;
            assert!(begun.elapsed() < limit, "not within {limit:?}: {expression}\n{body}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn element(&self, selector: &str) -> String {
        let found = self.command("element", json!({"using": "css selector", "value": selector})).await;
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    pub async fn click(&self, selector: &str) {
        let element = self.element(selector).await;
        self.command(&format!("element/{element}/click"), json!({})).await;
    }

    /// Types into an element, behind what it holds.
    pub async fn keys(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.command(&format!("element/{element}/value"), json!({"text": text})).await;
    }

    /// Replaces what an element holds.
    pub async fn write(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.command(&format!("element/{element}/clear"), json!({})).await;
        self.keys(selector, text).await;
    }

    /// Drags from one place of the page to another.
    pub async fn drag(&self, from: (i64, i64), to: (i64, i64)) {
        let moved = |(x, y): (i64, i64)| json!({"type": "pointerMove", "duration": 50, "x": x, "y": y});
        let steps = json!([
            moved(from), {"type": "pointerDown", "button": 0}, moved(((from.0 + to.0) / 2, from.1)), moved(to),
            {"type": "pointerUp", "button": 0},
        ]);
        self.command("actions", json!({"actions": [{"type": "pointer", "id": "mouse", "actions": steps}]})).await;
    }

    /// Presses a key wherever the focus is.
    pub async fn press(&self, key: &str) {
        let steps = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        self.command("actions", json!({"actions": [{"type": "key", "id": "keyboard", "actions": steps}]})).await;
    }

    /// The colours that the viewer prefers, `light` or `dark`.
    pub async fn prefer(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        let command = json!({"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}});
        self.command("goog/cdp/execute", command).await;
    }

    /// The requests since the last look, each with its URL and headers.
    pub async fn requests(&self) -> Vec<Value> {
        let log = self.command("se/log", json!({"type": "performance"})).await;
        let events =
            log.as_array().expect("a list").iter().map(|entry| -> Value {
                serde_json::from_str(entry["message"].as_str().expect("a text")).expect("JSON")
            });
        let sent = events.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        sent.map(|mut event| event["message"]["params"]["request"].take()).collect()
    }

    /// What the console and the network log say against the page: errors, and requests to another host.
    pub async fn complaints(&self, host: &str) -> Vec<String> {
        let log = self.command("se/log", json!({"type": "browser"})).await;
        let is_bad = |entry: &&Value| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING"));
        let entries = log.as_array().expect("a list").iter().filter(is_bad);
        let mut said: Vec<String> = entries.map(|entry| entry["message"].to_string()).collect();
        for request in self.requests().await {
            let url = request["url"].as_str().unwrap_or_default();
            if !url.starts_with(host) && !url.starts_with("data:") && url != "about:blank" {
                said.push(format!("asked {url}"));
            }
        }
        said
    }

    /// A picture of the page, as PNG in base64.
    pub async fn screenshot(&self) -> String {
        let answer = self.client.get(format!("{}/screenshot", self.session)).send().await.expect("ChromeDriver");
        let answer: Value = answer.json().await.expect("JSON");
        answer["value"].as_str().expect("a picture").to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser goes with its session.
        let path = self.session.splitn(4, '/').nth(3).unwrap_or_default();
        let request = format!("DELETE /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        let ended = TcpStream::connect(("127.0.0.1", self.port)).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(request.as_bytes())?;
            stream.read(&mut [0; 1024])
        });
        drop(ended);
        let _killed = self.driver.kill();
        let _gone = self.driver.wait();
    }
}
