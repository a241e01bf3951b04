//! docs/language.md, held against a server: every word is on the page, every example's answer is what is answered.
//!
//! `INSTA_UPDATE=always` writes the answers into the page; read the difference.

use std::collections::BTreeSet;
use std::path::PathBuf;

use datebin::ast::{AggregateOp, BinaryOp, Fill, Format, Reduce};
use datebin::evaluate::RangeFunction;
use datebin::lower;
use datebin::range::Function;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, Server};

const FROM: i64 = 1_735_732_800_000; // 2025-01-01T12:00:00Z
const MINUTE: i64 = 60_000;
/// The heading of answers of the Prometheus API.
const AT: &str = "at 12:03";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/language.md")
}

/// The text between a fence of that language and the next.
fn fenced<'a>(page: &'a str, language: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("```{language}\n")).expect("a fenced block");
    rest.split_once("\n```").expect("its end").0
}

/// The cells of a row; `\|` within one is a bar.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().strip_prefix('|').and_then(|line| line.strip_suffix('|')).unwrap_or_default();
    let inner = inner.replace("\\|", "\u{1}");
    inner.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
}

/// The texts in backticks.
fn codes(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// A row with an example: the heading of its last column, its cells.
fn examples(page: &str) -> Vec<(usize, String, Vec<String>)> {
    let mut heading = None;
    let mut rows = Vec::new();
    for (number, line) in page.lines().enumerate() {
        if !line.starts_with('|') {
            heading = None;
            continue;
        }
        let cells = cells(line);
        let last = cells.last().cloned().unwrap_or_default();
        match &heading {
            None => heading = Some(last),
            Some(of) if matches!(of.as_str(), "answer" | "selects" | AT) && !last.starts_with('-') => {
                rows.push((number, of.clone(), cells));
            }
            Some(_) => {}
        }
    }
    rows
}

async fn asked(server: &Server, example: &str) -> (Answer, Value) {
    let codes = codes(example);
    let payload: Value = codes.get(1).map_or(json!({}), |payload| serde_json::from_str(payload).expect("a payload"));
    let body = json!({
        "range": {"from": FROM, "to": FROM + 3 * MINUTE}, "intervalMs": MINUTE, "maxDataPoints": 100,
        "targets": [{"target": codes[0], "payload": payload}],
    });
    (server.post("/query", body).await, payload)
}

/// The answer of the Prometheus API.
async fn at_an_instant(server: &Server, query: &str) -> String {
    let time = format!("{}", (FROM + 3 * MINUTE) / 1000);
    let url = reqwest::Url::parse_with_params("http://x/api/v1/query", [("query", query), ("time", &time)]).unwrap();
    let answer = server.get(&format!("/api/v1/query?{}", url.query().expect("a query"))).await;
    if answer.status != 200 {
        return format!("{}: {}", answer.status, answer.body["error"].as_str().expect("a message"));
    }
    let data = &answer.body["data"];
    let value = |point: &Value| number(&json!(point[1].as_str().expect("a text").parse::<f64>().expect("a number")));
    let at = |point: &Value| clock(&json!((point[0].as_f64().expect("seconds") * 1000.0) as i64));
    let one = |series: &Value| {
        let name = series["metric"]["__name__"].as_str().unwrap_or_default().to_owned();
        let labels = series["metric"].as_object().into_iter().flatten().filter(|(name, _)| *name != "__name__");
        let labels: Vec<String> = labels.map(|(name, value)| format!("{name}={}", value.as_str().unwrap())).collect();
        let points = series["values"].as_array().map(|points| points.iter().map(|p| format!("{}@{}", value(p), at(p))));
        let points = points.map_or_else(|| value(&series["value"]), |points| points.collect::<Vec<_>>().join(" "));
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(", ")) };
        format!("{name}{labels} {points}").trim().to_owned()
    };
    match data["resultType"].as_str() {
        Some("scalar") => value(&data["result"]),
        Some("string") => format!("{:?}", data["result"][1].as_str().unwrap()),
        _ => {
            let all: Vec<String> = data["result"].as_array().into_iter().flatten().map(one).collect();
            if all.is_empty() { "nothing".to_owned() } else { all.join("; ") }
        }
    }
}

fn number(value: &Value) -> String {
    let shown = |number: f64| ((number * 10_000.0).round() / 10_000.0).to_string();
    value.as_f64().map_or_else(|| "null".to_owned(), shown)
}

fn labels(element: &Value) -> String {
    let tags = element["tags"].as_object().into_iter().flatten();
    let tags: Vec<String> = tags.map(|(name, value)| format!("{name}={value}")).collect();
    if tags.is_empty() { String::new() } else { format!("{{{}}}", tags.join(", ")) }
}

fn clock(ms: &Value) -> String {
    let at = chrono::DateTime::from_timestamp_millis(ms.as_i64().expect("milliseconds")).expect("a time");
    at.format("%H:%M:%S").to_string()
}

/// The values of a series bucket by bucket where they stand at the buckets' starts, else with their times.
fn values(points: &[Value]) -> String {
    let bucket = |point: &Value| (point[1].as_i64().expect("milliseconds") - FROM) / MINUTE;
    let on_grid = points.iter().all(|point| (point[1].as_i64().expect("milliseconds") - FROM) % MINUTE == 0);
    if !on_grid || points.iter().any(|point| !(0..3).contains(&bucket(point))) {
        let timed = points.iter().map(|point| format!("{}@{}", number(&point[0]), clock(&point[1])));
        return timed.collect::<Vec<_>>().join(" ");
    }
    let at = |wanted: i64| points.iter().find(|point| bucket(point) == wanted);
    (0..3)
        .map(|at_bucket| at(at_bucket).map_or_else(|| "-".to_owned(), |point| number(&point[0])))
        .collect::<Vec<_>>()
        .join(" ")
}

fn shown(answer: &Answer, payload: &Value) -> String {
    if answer.status != 200 {
        return format!("{}: {}", answer.status, answer.body["error"]["message"].as_str().expect("a message"));
    }
    let element = |element: &&Value| match element["rows"].as_array() {
        Some(rows) => {
            let heading =
                element["columns"].as_array().expect("columns").iter().map(|c| c["text"].as_str().expect("a text"));
            let cell = |(at, cell): (usize, &Value)| match (at, cell) {
                (0, time) => clock(time),
                (_, Value::String(text)) => text.clone(),
                (_, value) => number(value),
            };
            let row =
                |row: &Value| row.as_array().expect("a row").iter().enumerate().map(cell).collect::<Vec<_>>().join(" ");
            let lines = std::iter::once(heading.collect::<Vec<_>>().join(" ")).chain(rows.iter().map(row));
            lines.collect::<Vec<_>>().join("; ")
        }
        None => {
            let name = if payload["legend"].is_string() {
                element["title"].as_str().expect("a title").to_owned()
            } else {
                labels(element)
            };
            format!("{name} {}", values(element["datapoints"].as_array().expect("points"))).trim().to_owned()
        }
    };
    let all: Vec<String> = answer.drawn().iter().map(element).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join("; ") }
}

fn selected(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let names = |element: &&Value| {
        let labels = labels(element);
        if labels.is_empty() { "{}".to_owned() } else { labels }
    };
    let all: Vec<String> = answer.drawn().iter().map(names).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(" ") }
}

#[sqlx::test(migrations = false)]
async fn every_answer_on_the_page_is_what_is_answered(pool: PgPool) {
    let page = std::fs::read_to_string(path()).expect("the page");
    let rows: &'static str = fenced(&page, "sql").to_owned().leak();
    crate::support::sql(&pool, rows).await;
    let server = Server::declared(&pool, fenced(&page, "toml")).await;
    let mut lines: Vec<String> = page.lines().map(str::to_owned).collect();
    let mut wrong = Vec::new();
    for (number, heading, cells) in examples(&page) {
        let example = if heading == "selects" { &cells[0] } else { &cells[cells.len() - 2] };
        let shown = if heading == AT {
            at_an_instant(&server, codes(example)[0]).await
        } else {
            let (answer, payload) = asked(&server, example).await;
            if heading == "selects" { selected(&answer) } else { shown(&answer, &payload) }
        };
        let shown = shown.replace('`', "'");
        if codes(&cells[cells.len() - 1]) != [shown.as_str()] {
            wrong.push(format!("{example} answers {shown}, not {}", cells[cells.len() - 1]));
        }
        let (before, _) =
            lines[number].trim_end().strip_suffix(" |").and_then(|line| line.rsplit_once("| ")).expect("cells");
        lines[number] = format!("{before}| `{}` |", shown.replace('|', "\\|"));
    }
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(path(), lines.join("\n") + "\n").expect("the page");
    } else {
        assert_eq!(wrong, Vec::<String>::new());
    }
}

#[test]
fn every_word_is_on_the_page() {
    let page = std::fs::read_to_string(path()).expect("the page");
    let firsts: BTreeSet<String> = examples(&page)
        .iter()
        .flat_map(|(_, _, cells)| {
            codes(&cells[0])
                .into_iter()
                .map(|code| code.split('(').next().unwrap_or(code).to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let refused = [AggregateOp::Limitk, AggregateOp::LimitRatio];
    let aggregations = AggregateOp::ALL.iter().filter(|op| !refused.contains(op)).map(|op| op.word());
    let options = Fill::ALL.iter().map(|fill| fill.word()).chain(Reduce::ALL.iter().map(|reduce| reduce.word()));
    let options = options.chain(Format::ALL.iter().map(|format| format.word()));
    let words = RangeFunction::words().chain(lower::functions()).chain(aggregations).chain(options);
    let words = words.chain(BinaryOp::ALL.iter().map(|op| op.word()));
    let words = words.chain(Function::OF_RANGES.iter().map(|function| function.word()));
    let missing: Vec<&str> = words.filter(|word| !firsts.contains(*word)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
