//! `GET /query`: answers without an envelope, for Infinity, scripts and people.

use std::io::{self, Write};

use axum::response::Response;
use serde_json::{Value, json};

use super::buffers::{Document, HeldDocument, answered};
use super::params::Params;
use super::query::{LARGE, said};
use super::{App, CallerApp, respond};
use crate::engine::Answer;
use crate::error::{Error, Kind};
use crate::intake::{self, Question};
use crate::render::{self, TargetAnswer};
use crate::wire::flat::{Rows, Wide};
use crate::wire::frame::DataFrame;
use crate::wire::request::Query;
use crate::wire::response::Element;

/// The forms of an answer.
const FORMATS: &[&str] = &["rows", "wide", "csv", "frames", "table", "instant", "timeseries"];

/// The members of a URL that are the target's own wishes.
const OPTIONS: &[&str] = &["over_time", "aggregation", "by", "fill", "reduce", "legend", "step", "tz"];

/// All members of a URL.
const PARAMETERS: &[&str] = &[
    "target",
    "metric",
    "format",
    "from",
    "to",
    "interval_ms",
    "intervalMs",
    "max_data_points",
    "maxDataPoints",
    "over_time",
    "aggregation",
    "by",
    "fill",
    "reduce",
    "legend",
    "step",
    "tz",
];

pub(super) async fn got(CallerApp(app): CallerApp, params: Params) -> Response {
    answered(answer(&app, &params).await)
}

async fn answer(app: &App, params: &Params) -> Result<Response, Error> {
    let format = format(params)?;
    let scope = app.scope().await?;
    let question = intake::question(&query(params, format), scope.moment(), scope.limits())?;
    if question.targets.is_empty() {
        let error = Error::new(Kind::BadRequest, "the URL names no target");
        return Err(error.hint("GET /query?target=cpu&from=now-1h&to=now"));
    }
    let answer = scope.answer(&question).await?;
    let (mut said, timing, large) = (said(&answer), answer.timing, answer.points() > LARGE);
    said.extend(params.unknown(PARAMETERS));
    let shown = move || shown(format, answer, &question);
    let mut response = if format == "csv" {
        app.buffers
            .answer(large, move || shown().map(|HeldDocument(shown, held)| HeldDocument(Csv(shown), held)))
            .await?
    } else {
        app.buffers.answer(large, shown).await?
    };
    respond::warn(response.headers_mut(), said.into_iter());
    respond::timed(response.headers_mut(), timing, scope.outcome());
    Ok(response)
}

fn format(params: &Params) -> Result<&'static str, Error> {
    let Some(asked) = params.first("format") else { return Ok("rows") };
    FORMATS.iter().find(|format| asked.eq_ignore_ascii_case(format)).copied().ok_or_else(|| {
        let shown: String = asked.chars().take(40).collect();
        Error::new(Kind::BadRequest, format!("there is no format {shown:?}"))
            .hint(format!("one of {}", FORMATS.join(", ")))
    })
}

/// The URL as the body that means the same.
pub(super) fn query(params: &Params, format: &str) -> Query {
    let mut payload = params.object(OPTIONS);
    if let ("table" | "instant", Value::Object(members)) = (format, &mut payload) {
        members.insert("format".to_owned(), format.into());
    }
    let texts = params.all("target").chain(params.all("metric"));
    let targets = texts.enumerate().map(|(at, text)| json!({"target": text, "refId": ref_id(at), "payload": payload}));
    Query {
        targets: targets.collect(),
        range: params.range(),
        interval_ms: params.either("interval_ms", "intervalMs"),
        max_data_points: params.either("max_data_points", "maxDataPoints"),
        timezone: params.value("tz"),
        ..Query::default()
    }
}

/// `A`, `B`, … as panels have them.
fn ref_id(at: usize) -> String {
    let letter = u8::try_from(at).ok().filter(|at| *at < 26).map(|at| char::from(b'A' + at));
    letter.map_or_else(|| format!("A{at}"), String::from)
}

/// An answer in one of its forms.
enum FlatAnswer {
    Elements(Vec<Element>),
    Wide(Wide),
    Rows(Rows),
    Frames(Vec<DataFrame>),
}

impl Document for FlatAnswer {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let written = match self {
            Self::Elements(elements) => serde_json::to_writer(out, elements),
            Self::Wide(wide) => serde_json::to_writer(out, wide),
            Self::Rows(rows) => serde_json::to_writer(out, rows),
            Self::Frames(frames) => serde_json::to_writer(out, frames),
        };
        written.map_err(io::Error::from)
    }
}

/// Rows as CSV.
struct Csv(FlatAnswer);

impl Document for Csv {
    const TYPE: &'static str = "text/csv; charset=utf-8; header=present";

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        if let FlatAnswer::Rows(rows) = &self.0 { render::csv(rows, out) } else { Ok(()) }
    }
}

fn shown(format: &str, answer: Answer, question: &Question) -> Result<HeldDocument<FlatAnswer>, Error> {
    let held = answer.held;
    if matches!(format, "table" | "timeseries") {
        let elements = render::elements(answer.answered, &answer.failed)?;
        return Ok(HeldDocument(FlatAnswer::Elements(elements), held));
    }
    let text = |answered: &TargetAnswer| {
        let target = question.targets.iter().find(|target| target.ref_id == answered.ref_id);
        target.and_then(|target| target.text.clone().ok()).unwrap_or_default()
    };
    let answers: Vec<(TargetAnswer, String)> = answer
        .answered
        .into_iter()
        .map(|answered| {
            let text = text(&answered);
            (answered, text)
        })
        .collect();
    let shown = match format {
        "wide" => FlatAnswer::Wide(render::wide(&answers)?),
        "frames" => FlatAnswer::Frames(render::frames(answers)),
        _ => FlatAnswer::Rows(render::rows(&answers)?),
    };
    Ok(HeldDocument(shown, held))
}
