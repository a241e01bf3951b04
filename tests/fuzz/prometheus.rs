//! The same texts to datebin's parser and to a real Prometheus 3: both read them, or neither does.

use std::time::Instant;

use datebin::language::{ParseError, canonical, promql, tree};
use datebin::pattern::Patterns;
use reqwest::Client;
use serde_json::Value;

use crate::budget;
use crate::promql::Writer;
use crate::server::Prometheus;

/// Texts that are tried at least; more while there is time.
const FEWEST: usize = 1_000;

/// What Prometheus has behind a flag, and datebin may know.
const EXPERIMENTAL: [&str; 2] = ["is not enabled", "is experimental and must be enabled"];

/// What datebin refuses beyond Prometheus; docs/language.md lists it.
const NARROWER: [&str; 5] =
    ["NUL character", "do not make up UTF-8", "shorter than a millisecond", "nested deeper", "`NaN`"];

struct Server {
    _prometheus: Prometheus,
    client: Client,
    url: String,
}

impl Server {
    /// The data of an answer, or the text of an error.
    async fn ask(&self, path: &str, query: &str) -> Result<Value, String> {
        let body: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let request = self.client.post(format!("{}/api/v1/{path}", self.url)).body(format!("query={body}"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
        match answer["error"].as_str() {
            None => Ok(answer["data"].take()),
            Some(error) => Err(error.trim_start_matches("invalid parameter \"query\": ").to_owned()),
        }
    }
}

/// Line and column of an error, counted from 1.
fn place(text: &str, error: &ParseError) -> String {
    let before = &text[..error.span.start];
    let column = error.span.start - before.rfind('\n').map_or(0, |at| at + 1);
    format!("{}:{}", before.matches('\n').count() + 1, column + 1)
}

#[derive(Default)]
struct Count {
    read: usize,
    refused: usize,
    misplaced: Vec<String>,
}

impl Count {
    async fn compare(&mut self, server: &Server, text: &str) {
        match (promql(text, &Patterns::default()), server.ask("format_query", text).await) {
            (Ok(expr), Ok(expected)) => {
                self.read += 1;
                let written = canonical(&expr);
                // A fixed time behind all data is moved nearer.
                let is_far = written.contains("253402300799.999");
                assert!(is_far || expected == written, "{text:?}:\n{written}\nPrometheus: {expected}");
                let expected = server.ask("parse_query", text).await.unwrap();
                let own = tree(&expr);
                assert!(is_far || without_signs(&expected) == without_signs(&own), "{text:?}:\n{own}\n{expected}");
            }
            (Err(error), Err(expected)) => {
                self.refused += 1;
                let known = expected.contains("unknown function") || expected.contains("no expression found");
                if !known && !expected.starts_with(&format!("{}:", place(text, &error))) {
                    self.misplaced.push(format!("{text:?}: {} {error}\n  {expected}", place(text, &error)));
                }
            }
            (Ok(_), Err(expected)) => {
                assert!(EXPERIMENTAL.iter().any(|known| expected.contains(known)), "{text:?} is read: {expected}");
            }
            (Err(error), Ok(_)) => {
                assert!(NARROWER.iter().any(|known| error.message.contains(known)), "{text:?} is refused: {error}");
            }
        }
    }
}

/// Prometheus keeps the sign of `-0s`.
fn without_signs(tree: &Value) -> String {
    tree_text(tree).replace("\"-0\"", "\"0\"")
}

/// The same for objects whose keys come in another order.
fn tree_text(tree: &Value) -> String {
    match tree {
        Value::Object(fields) => {
            let mut fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name:?}:{}", tree_text(value))).collect();
            fields.sort_unstable();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(tree_text).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[test]
fn texts_read_as_prometheus_reads_them() {
    let Some(prometheus) = Prometheus::start("language") else { return };
    let url = prometheus.url.clone();
    let server = Server { _prometheus: prometheus, client: Client::new(), url };
    let (begun, mut count, mut seed) = (Instant::now(), Count::default(), 0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        while count.read + count.refused < FEWEST || begun.elapsed() < budget() {
            let mut writer = Writer::new(seed);
            for _ in 0..100 {
                count.compare(&server, &writer.text()).await;
            }
            seed += 1;
        }
    });
    let Count { read, refused, misplaced } = &count;
    assert!(read * 4 > *refused && refused * 4 > *read, "{read} texts are read and {refused} refused");
    // Two mistakes in one text may be found in another order.
    assert!(misplaced.len() * 50 <= *refused, "{} of {refused}: {}", misplaced.len(), misplaced.join("\n"));
}
