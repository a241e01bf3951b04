//! `datebin query --promql`: a question in Prometheus' language from the shell.

use std::sync::Arc;

use serde_json::json;

use super::query::Arguments;
use super::{Failure, say};
use crate::engine::{Engine, PromQuestion};
use crate::error::{Error, Kind};
use crate::frame::{Frame, PromPoint, PromSeries, PromValue};
use crate::intake;
use crate::intake::prometheus::query_error;
use crate::language::duration_ms;
use crate::series::{Labels, METRIC_NAME};
use crate::time::{Steps, Zone};

/// The series of all targets.
pub(super) async fn ask(
    engine: &Engine,
    arguments: &Arguments,
    zone: &Zone,
    points: u32,
) -> Result<Vec<Frame>, Failure> {
    let steps = steps(engine, arguments, zone, points).map_err(|error| error.sentence())?;
    let mut frames = Vec::new();
    for text in &arguments.target {
        let scope = engine.scope()?;
        let question = PromQuestion { text: text.clone(), steps, lookback_ms: None, is_range: !arguments.instant };
        let answer = scope.promql(&question).await.map_err(|error| query_error("query", text, error).sentence())?;
        for notice in answer.warnings.iter().chain(&answer.infos) {
            say(&format!("note: {notice}"));
        }
        frames.extend(series(answer.value, text).into_iter().map(|one| frame(one, text)));
    }
    Ok(frames)
}

/// The times: the end, or from the start on to the end.
fn steps(engine: &Engine, arguments: &Arguments, zone: &Zone, points: u32) -> Result<Steps, Error> {
    let scope = engine.scope()?;
    let range = intake::time_range(&json!({"from": arguments.from, "to": arguments.to}), scope.moment_in(zone))?;
    if arguments.instant {
        return Ok(Steps::instant(range.to));
    }
    let step_ms = match &arguments.step {
        Some(text) => duration_ms(text).ok_or_else(|| {
            Error::new(Kind::BadRange, format!("{text:?} is not a step")).hint("a duration such as 15s, 1m or 1h30m")
        })?,
        None => (range.length_ms() / i64::from(points.max(1)) / 1000 + 1) * 1000,
    };
    let most = engine.limits.points;
    let steps = u32::try_from(range.length_ms() / step_ms).ok().filter(|steps| *steps <= most).ok_or_else(|| {
        Error::new(Kind::TooManyPoints, format!("the range has more than {most} steps")).hint("take a larger --step")
    })?;
    Ok(Steps { start_ms: range.from, step_ms, len: steps + 1 })
}

fn series(value: PromValue, text: &str) -> Vec<PromSeries> {
    match value {
        PromValue::Vector(series) | PromValue::Matrix(series) => series,
        PromValue::Scalar(point) => vec![PromSeries { labels: Labels::default(), points: vec![point] }],
        PromValue::Text { text: said, .. } => {
            say(&format!("{text} is the string {said:?}"));
            Vec::new()
        }
    }
}

fn frame(series: PromSeries, text: &str) -> Frame {
    let PromSeries { labels: all, points } = series;
    let metric = Some(all.get(METRIC_NAME).to_owned()).filter(|name| !name.is_empty());
    let labels = Labels::new(
        all.iter()
            .filter(|(name, _)| &***name != METRIC_NAME)
            .map(|(name, value)| (Arc::clone(name), Arc::clone(value))),
    );
    let shown: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    let name = metric.clone().unwrap_or_default();
    let legend = match (name.as_str(), shown.as_slice()) {
        ("", []) => text.to_owned(),
        (name, []) => name.to_owned(),
        (name, shown) => format!("{name}{{{}}}", shown.join(", ")),
    };
    let point = |point: PromPoint| (point.ms, point.value);
    let points = points.into_iter().map(point).collect();
    Frame { name: legend.clone(), legend, metric, labels, unit: None, help: None, points }
}
