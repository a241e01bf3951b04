//! Requests as the pages write them, for `curl`.

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::support::Server;

/// What the pages call the server.
const SERVER: &str = "http://127.0.0.1:8080";

/// The token that the pages call `$TOKEN`.
pub(super) const SECRET: &str = "secret-of-a-page";

/// The answer to the request of a block.
pub(super) async fn asked(server: &Server, command: &str, now: i64) -> Result<String, String> {
    let (mut url, mut params, mut headers) = (String::new(), Vec::new(), HeaderMap::new());
    let mut body = None::<String>;
    let words = words(&at(command, now / 1000));
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        let mut next = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "-s" | "-G" => {}
            "-d" => {
                let more = next()?;
                body = Some(body.map_or_else(|| more.clone(), |first| format!("{first}&{more}")));
            }
            "-H" => {
                let (name, value) = next()?.split_once(": ").ok_or("a header is Name: value")?;
                let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
                let value = value.replace("$TOKEN", SECRET);
                headers.insert(name, HeaderValue::try_from(value).map_err(|error| error.to_string())?);
            }
            "--data-urlencode" => {
                let (name, value) = next()?.split_once('=').ok_or("a parameter is name=value")?;
                params.push((name.to_owned(), value.to_owned()));
            }
            address if address.starts_with(SERVER) => url = address.replace(SERVER, &server.base),
            other => return Err(format!("curl's {other} is not known here")),
        }
    }
    if command.contains(" -G ") {
        let pairs = body.take().into_iter().flat_map(|body| body.split('&').map(str::to_owned).collect::<Vec<_>>());
        params.extend(
            pairs.filter_map(|pair| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))),
        );
    }
    let url = reqwest::Url::parse_with_params(&url, params).map_err(|error| error.to_string())?;
    let request = match body {
        Some(body) => {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.entry(CONTENT_TYPE).or_insert(form);
            server.client.post(url).body(body)
        }
        None => server.client.get(url),
    };
    let answer = request.headers(headers).send().await.map_err(|error| error.to_string())?;
    answer.text().await.map_err(|error| error.to_string())
}

/// The command with the times that a shell would put in.
fn at(command: &str, now: i64) -> String {
    let parts: Vec<&str> = command.split("$(($(date +%s) - ").collect();
    let mut text = parts[0].to_owned();
    for part in &parts[1..] {
        let (seconds, rest) = part.split_once("))").expect("the end of $((…))");
        text.push_str(&(now - seconds.parse::<i64>().expect("seconds")).to_string());
        text.push_str(rest);
    }
    text.replace("$(date +%s)", &now.to_string())
}

/// The words of a command as a shell reads them: quotes, and lines that go on.
fn words(command: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut quote, mut inside) = (None, false);
    for c in command.replace("\\\n", " ").chars() {
        match (quote, c) {
            (None, '\'' | '"') => (quote, inside) = (Some(c), start(&mut words, inside)),
            (Some(open), c) if open == c => quote = None,
            (None, c) if c.is_whitespace() => inside = false,
            (_, c) => {
                inside = start(&mut words, inside);
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    words
}

/// Begins a word unless one goes on.
fn start(words: &mut Vec<String>, inside: bool) -> bool {
    if !inside {
        words.push(String::new());
    }
    true
}

/// An expression of the Prometheus API: something comes back.
pub(super) async fn drawn_by_prometheus(server: &Server, query: &str, now: i64) -> Result<(), String> {
    let (from, to) = ((now / 1000 - 3600).to_string(), (now / 1000).to_string());
    let params = [("query", query), ("start", from.as_str()), ("end", to.as_str()), ("step", "60")];
    let url = reqwest::Url::parse_with_params("http://x/", params).map_err(|error| error.to_string())?;
    let answer = server.get(&format!("/api/v1/query_range?{}", url.query().unwrap_or_default())).await;
    let is_drawn = answer.body["data"]["result"].as_array().is_some_and(|series| !series.is_empty());
    if is_drawn { Ok(()) } else { Err(format!("{}: {}", answer.status, answer.body)) }
}

/// An answer as a page shows it: of JSON every element on a line of its own.
pub(super) fn written(kind: &str, answer: &str) -> String {
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
