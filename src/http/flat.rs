//! `GET /query`: answers without an envelope, for Infinity, scripts and people.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::params::Params;
use super::query::said;
use super::{App, respond};
use crate::engine::Answer;
use crate::error::{Error, Kind};
use crate::intake::{self, Question};
use crate::render::{self, Answered};
use crate::wire::request::Query;

/// The forms of an answer.
const FORMATS: &[&str] = &["rows", "wide", "csv", "frames", "table", "instant", "timeseries"];

/// The members of a URL that are the target's own wishes.
const OPTIONS: &[&str] = &["over_time", "aggregation", "by", "fill", "reduce", "legend", "step", "tz"];

pub(super) async fn got(State(app): State<App>, params: Params) -> Response {
    answer(&app, &params).await.unwrap_or_else(|error| respond::error(&error))
}

async fn answer(app: &App, params: &Params) -> Result<Response, Error> {
    let format = format(params)?;
    let scope = app.engine.scope()?;
    let question = intake::question(&query(params, format), scope.moment(), scope.limits().targets)?;
    if question.targets.is_empty() {
        let error = Error::new(Kind::BadRequest, "the URL names no target");
        return Err(error.hint("GET /query?target=cpu&from=now-1h&to=now"));
    }
    let answer = scope.answer(&question).await?;
    let (said, timing, points) = (said(&answer), answer.timing, answer.points());
    let mut response = scope.write(points, move || shown(format, answer, &question)).await?;
    respond::warn(response.headers_mut(), said.into_iter());
    respond::timed(response.headers_mut(), timing);
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
fn query(params: &Params, format: &str) -> Query {
    let mut payload = params.object(OPTIONS);
    if let ("table" | "instant", Value::Object(members)) = (format, &mut payload) {
        members.insert("format".to_owned(), format.into());
    }
    let texts = params.all("target").chain(params.all("metric"));
    let targets = texts.enumerate().map(|(at, text)| json!({"target": text, "refId": ref_id(at), "payload": payload}));
    Query {
        targets: targets.collect(),
        range: params.range(),
        interval_ms: params.value("interval_ms"),
        max_data_points: params.value("max_data_points"),
        timezone: params.value("tz"),
        ..Query::default()
    }
}

/// `A`, `B`, … as panels have them.
fn ref_id(at: usize) -> String {
    let letter = u8::try_from(at).ok().filter(|at| *at < 26).map(|at| char::from(b'A' + at));
    letter.map_or_else(|| format!("A{at}"), String::from)
}

fn shown(format: &str, answer: Answer, question: &Question) -> Response {
    let element = matches!(format, "table" | "timeseries");
    if element {
        return respond::json(StatusCode::OK, &render::elements(answer.answered, &answer.failed));
    }
    let text = |answered: &Answered| {
        let target = question.targets.iter().find(|target| target.ref_id == answered.ref_id);
        target.and_then(|target| target.text.clone().ok()).unwrap_or_default()
    };
    let answers: Vec<(Answered, String)> = answer
        .answered
        .into_iter()
        .map(|answered| {
            let text = text(&answered);
            (answered, text)
        })
        .collect();
    match format {
        "wide" => match render::wide(&answers) {
            Ok(wide) => respond::json(StatusCode::OK, &wide),
            Err(error) => respond::error(&error),
        },
        "csv" => match render::csv(&render::rows(&answers)) {
            Ok(bytes) => {
                let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
                (StatusCode::OK, [(CONTENT_TYPE, kind)], bytes).into_response()
            }
            Err(error) => respond::error(&error),
        },
        "frames" => respond::json(StatusCode::OK, &render::frames(answers)),
        _ => respond::json(StatusCode::OK, &render::rows(&answers)),
    }
}
