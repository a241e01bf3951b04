//! What a server answers, in a form that compares.

use std::collections::BTreeMap;

use serde_json::Value;

/// Values may differ by this part of their size.
const NEAR: f64 = 1e-9;

/// The answer to a question.
#[derive(Debug)]
pub enum Answer {
    /// The class of the error and its text.
    Error(String, String),
    /// The series in the answer's order; a scalar is one without labels.
    Series { kind: String, series: Vec<Points> },
}

/// A series of an answer.
#[derive(Debug)]
pub struct Points {
    pub labels: BTreeMap<String, String>,
    /// Milliseconds and values.
    pub points: Vec<(i64, f64)>,
}

/// When a question is asked about, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub is_range: bool,
    pub start_ms: i64,
    pub end_ms: i64,
    pub step_ms: i64,
}

impl Asked {
    /// The third of a range that lies in its middle; none where there is none.
    pub fn middle(&self) -> Option<Self> {
        let third = (self.end_ms - self.start_ms) / 3 / self.step_ms * self.step_ms;
        let middle = Self { start_ms: self.start_ms + third, end_ms: self.end_ms - third, ..*self };
        (self.is_range && third > 0).then_some(middle)
    }

    fn path(&self) -> &'static str {
        if self.is_range { "/api/v1/query_range" } else { "/api/v1/query" }
    }

    fn form(&self, query: &str) -> String {
        let seconds = |ms: i64| format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000));
        let query = encoded(query);
        let (start, end, step) = (seconds(self.start_ms), seconds(self.end_ms), seconds(self.step_ms));
        if self.is_range {
            format!("query={query}&start={start}&end={end}&step={step}")
        } else {
            format!("query={query}&time={start}")
        }
    }
}

pub async fn ask(client: &reqwest::Client, base: &str, asked: &Asked, query: &str) -> Answer {
    let request = client.post(format!("{base}{}", asked.path())).body(asked.form(query));
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let text = response.text().await.expect("a body");
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{query}: {status} {text}"));
    match body["status"].as_str() {
        Some("success") => Answer::read(&body["data"]),
        _ => Answer::Error(text_of(&body["errorType"]), text_of(&body["error"])),
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric();
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn point(pair: &Value) -> (i64, f64) {
    let text = pair[1].as_str().unwrap_or_else(|| panic!("{pair} is no sample"));
    let value = text.parse().unwrap_or_else(|_| panic!("{pair} is no sample"));
    ((pair[0].as_f64().unwrap() * 1000.0).round() as i64, value)
}

impl Answer {
    fn read(data: &Value) -> Self {
        let kind = text_of(&data["resultType"]);
        let result = &data["result"];
        let series = match kind.as_str() {
            "scalar" => vec![Points { labels: BTreeMap::new(), points: vec![point(result)] }],
            _ => result.as_array().expect("a list").iter().map(Points::read).collect(),
        };
        Self::Series { kind, series }
    }

    /// What tells two answers apart.
    pub fn difference(&self, other: &Self, query: &str) -> Option<String> {
        match (self, other) {
            (Self::Error(one, _), Self::Error(other, _)) if one == other => None,
            (Self::Series { kind, series }, Self::Series { kind: other_kind, series: others }) => {
                if kind != other_kind {
                    return Some(format!("{kind} against {other_kind}"));
                }
                unordered(series, others).or_else(|| order(kind, series, others, query))
            }
            (one, other) => Some(format!("{}\n  against {}", one.shown(), other.shown())),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Error(class, text) => format!("{class}: {text}"),
            Self::Series { kind, series } => {
                let few: Vec<String> = series.iter().take(3).map(|one| format!("{:?}", one.labels)).collect();
                format!("{kind} of {} series {}", series.len(), few.join(" "))
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Series { series, .. } if series.is_empty())
    }

    /// The class of an error; of what is right, the kind.
    pub fn class(&self) -> &str {
        match self {
            Self::Error(class, _) => class,
            Self::Series { kind, .. } => kind,
        }
    }
}

impl Points {
    fn read(series: &Value) -> Self {
        let member = |(name, value): (&String, &Value)| (name.clone(), text_of(value));
        let labels = series["metric"].as_object().expect("labels").iter().map(member).collect();
        let points = match series.get("value") {
            Some(only) => vec![point(only)],
            None => series["values"].as_array().expect("values").iter().map(point).collect(),
        };
        Self { labels, points }
    }
}

fn unordered(series: &[Points], others: &[Points]) -> Option<String> {
    let by_labels = |series: &[Points]| -> BTreeMap<_, _> {
        series.iter().map(|one| (one.labels.clone(), one.points.clone())).collect()
    };
    let (mut ours, theirs) = (by_labels(series), by_labels(others));
    if ours.len() < series.len() {
        return Some("labels stand twice".to_owned());
    }
    for (labels, points) in &theirs {
        let Some(own) = ours.remove(labels) else {
            return Some(format!("{labels:?} is missing, {} against {} series", series.len(), others.len()));
        };
        if let Some(difference) = different(&own, points) {
            return Some(format!("{labels:?} {difference}"));
        }
    }
    ours.first_key_value().map(|(labels, _)| format!("{labels:?} is too much"))
}

fn different(own: &[(i64, f64)], other: &[(i64, f64)]) -> Option<String> {
    let is_near = |(ms, value): &(i64, f64), (other_ms, other): &(i64, f64)| {
        let apart = (value - other).abs() <= NEAR * value.abs().max(other.abs());
        ms == other_ms && (apart || value == other || (value.is_nan() && other.is_nan()))
    };
    let pair = own.iter().zip(other).find(|(own, other)| !is_near(own, other));
    match pair {
        Some((own, other)) => Some(format!("{own:?} against {other:?}, of {} and {} points", own.0, other.0)),
        None if own.len() != other.len() => Some(format!("{} against {} points", own.len(), other.len())),
        None => None,
    }
}

/// Matrices are sorted by labels; `sort` sorts by value.
fn order(kind: &str, series: &[Points], others: &[Points], query: &str) -> Option<String> {
    let is_sorted =
        kind == "matrix" || query.starts_with("sort") || query.starts_with("topk(") || query.starts_with("bottomk(");
    if !is_sorted {
        return None;
    }
    let pairs = series.iter().zip(others);
    let same = |(own, other): (&Points, &Points)| {
        if kind == "matrix" { own.labels == other.labels } else { different(&own.points, &other.points).is_none() }
    };
    let at = pairs.into_iter().position(|pair| !same(pair))?;
    Some(format!("the order: {:?} against {:?}", series[at].labels, others[at].labels))
}
