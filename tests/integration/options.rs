//! What a target says besides its text, end to end: a builder's members, fill, format, legend, step, zone; and the unit
//! and help of what comes back.

mod builder;
mod fill;
mod meaning;
mod shapes;
mod steps;

use serde_json::{Value, json};

use crate::support::{Answer, Server};

/// The answer to one target in a range.
pub async fn asked(server: &Server, (from, to): (&str, &str), target: Value) -> Answer {
    let body = json!({
        "range": {"from": from, "to": to}, "intervalMs": 60_000, "maxDataPoints": 1000, "targets": [target],
    });
    server.post("/query", body).await
}

/// The values of each element by its title, null as none.
pub fn values(answer: &Answer) -> Vec<(String, Vec<Option<f64>>)> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let series = |element: &&Value| {
        let points = element["datapoints"].as_array().expect("points");
        let title = element["title"].as_str().expect("a title").to_owned();
        (title, points.iter().map(|point| point[0].as_f64()).collect())
    };
    answer.drawn().iter().map(series).collect()
}

/// The notices of an answer.
pub fn notices(answer: &Answer) -> Vec<&str> {
    let elements = answer.body.as_array().expect("an array").iter();
    let notices = elements.flat_map(|element| element["meta"]["notices"].as_array().into_iter().flatten());
    notices.map(|notice| notice["text"].as_str().expect("a text")).collect()
}
