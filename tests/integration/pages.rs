//! The pages of the documentation: each request in them is asked, and what stands under it is the answer.
//!
//! `DATEBIN_UPDATE_PAGES=1` writes the answers anew; read the difference before you keep it.

use std::path::{Path, PathBuf};

use datebin::time::Clock;
use serde_json::Value;
use sqlx::PgPool;

use crate::support::{Server, Setup};

/// 2025-01-01 00:10 UTC: ten minutes into the tables that the pages ask.
const NOW: i64 = 1_735_690_200_000;

/// What the pages call the server.
const SERVER: &str = "http://127.0.0.1:8080";

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn every_example_answers_what_the_page_says(pool: PgPool) {
    sqlx::raw_sql(include_str!("../clients/fixture.sql")).execute(&pool).await.expect("the fixture");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = Some(root.join("tests/clients/datebin.toml"));
    let server = Server::with(&pool, Setup { clock: Clock::Fixed(NOW), file, ..Setup::default() }).await;
    let (mut asked, mut wrong) = (0, Vec::new());
    for page in pages(&root.join("docs/clients")) {
        let text = std::fs::read_to_string(&page).expect("a page");
        let (shown, count) = answered(&server, &text).await;
        asked += count;
        if std::env::var_os("DATEBIN_UPDATE_PAGES").is_some() {
            std::fs::write(&page, &shown).expect("the page is written");
        } else if shown != text {
            let lines = text.lines().zip(shown.lines()).find(|(said, is)| said != is);
            wrong.push(format!("{}: {lines:#?}", page.display()));
        }
    }
    assert!(asked >= 12, "{asked} examples");
    assert!(wrong.is_empty(), "DATEBIN_UPDATE_PAGES=1 writes the answers anew\n{}", wrong.join("\n"));
}

fn pages(directory: &Path) -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> =
        std::fs::read_dir(directory).expect("pages").map(|entry| entry.expect("a page").path()).collect();
    pages.sort();
    assert!(!pages.is_empty());
    pages
}

/// The page with the answers that the server gives, and how many it asked for. A block of `sh` that asks the server is
/// followed by the block of its answer.
async fn answered(server: &Server, page: &str) -> (String, usize) {
    let mut blocks: Vec<String> = page.split("\n```").map(str::to_owned).collect();
    let mut asked = 0;
    // Texts and blocks alternate: text, block, text, block, …
    for at in (1..blocks.len()).step_by(2) {
        let Some(command) = blocks[at].strip_prefix("sh\ncurl ") else { continue };
        if !command.contains(SERVER) {
            continue;
        }
        let answer = ask(server, &words(command)).await;
        let next = blocks.get_mut(at + 2).expect("an answer's block");
        let kind = next.split('\n').next().expect("a line").to_owned();
        *next = format!("{kind}\n{}", written(&kind, &answer));
        asked += 1;
    }
    (blocks.join("\n```"), asked)
}

/// The words of a command as a shell reads them: single quotes, and lines that go on.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in command.replace("\\\n", " ").split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

async fn ask(server: &Server, words: &[String]) -> String {
    let (mut url, mut body, mut params) = (String::new(), None::<String>, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-s" | "-G" => {}
            "-d" => {
                let more = words.next().expect("a body");
                body = Some(body.map_or_else(|| more.clone(), |first| format!("{first}&{more}")));
            }
            "--data-urlencode" => {
                let (name, value) = words.next().and_then(|word| word.split_once('=')).expect("name=value");
                params.push((name.to_owned(), value.to_owned()));
            }
            address => url = address.replace(SERVER, &server.base),
        }
    }
    let url = reqwest::Url::parse_with_params(&url, params).expect("a URL");
    let request = match body {
        Some(body) => server.client.post(url).header("content-type", "application/x-www-form-urlencoded").body(body),
        None => server.client.get(url),
    };
    request.send().await.expect("an answer").text().await.expect("a text")
}

/// An answer as a page shows it: of JSON every element on a line of its own.
fn written(kind: &str, answer: &str) -> String {
    if kind != "json" {
        return answer.trim_end().replace("\r\n", "\n");
    }
    match serde_json::from_str(answer).expect("JSON") {
        Value::Array(list) if !list.is_empty() => {
            let lines: Vec<String> = list.iter().map(|element| format!("  {}", spaced(element))).collect();
            format!("[\n{}\n]", lines.join(",\n"))
        }
        other => spaced(&other),
    }
}

/// JSON on one line, with a space after colons and commas.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("[{}]", list.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| format!("{}: {}", Value::from(name.as_str()), spaced(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
