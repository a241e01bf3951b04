//! Frames as flat rows, as wide rows and as CSV.

use std::collections::BTreeSet;

use super::Answered;
use crate::error::{Error, Kind};
use crate::frame::Frame;
use crate::time::Millis;
use crate::wire::flat::{Rows, TIME, VALUE, Wide};

/// The most values of a wide answer: it has one wherever any series has one.
const WIDE: usize = 4_000_000;

/// The key of the metric, where several are in one answer.
const METRIC: &str = "metric";

/// One row per point, ascending in time over all series: Grafana's alerting takes nothing else. Each answer comes with
/// its target's text. Every label of any series is a key of every row; where several targets or metrics were asked,
/// so is the metric, or the target's text where the values are no metric's.
#[must_use]
pub fn rows(answers: &[(Answered, String)]) -> Rows {
    let frames: Vec<(&Frame, &str)> = answers
        .iter()
        .flat_map(|(answer, text)| answer.frames.iter().map(move |frame| (frame, text.as_str())))
        .collect();
    let labels: BTreeSet<&str> =
        frames.iter().flat_map(|(frame, _)| frame.labels.iter().map(|(name, _)| &**name)).collect();
    let metrics: BTreeSet<&str> = frames.iter().map(|(frame, text)| metric(frame, text)).collect();
    let several = answers.len() > 1 || metrics.len() > 1;
    let mut keys: Vec<String> = vec![TIME.to_owned(), VALUE.to_owned()];
    if several {
        keys.push(METRIC.to_owned());
    }
    for label in &labels {
        let key = unique(label, &keys);
        keys.push(key);
    }
    let mut flat = Rows { keys: keys.split_off(2), ..Rows::default() };
    for (at, (frame, text)) in frames.iter().enumerate() {
        let named = several.then(|| metric(frame, text).to_owned());
        flat.series
            .push(named.into_iter().chain(labels.iter().map(|label| frame.labels.get(label).to_owned())).collect());
        flat.points.extend(frame.points.iter().map(|(time, value)| (*time, at, *value)));
    }
    // Stable: within one time the series keep their order.
    flat.points.sort_by_key(|(time, _, _)| *time);
    flat
}

fn metric<'a>(frame: &'a Frame, text: &'a str) -> &'a str {
    frame.metric.as_deref().unwrap_or(text)
}

/// The name, with as many `_` behind it as it takes to be no other's.
fn unique(name: &str, taken: &[String]) -> String {
    let mut unique = name.to_owned();
    while taken.contains(&unique) {
        unique.push('_');
    }
    unique
}

/// One row per time with the value of every series, named by its legend.
///
/// # Errors
/// The series have too few times in common.
pub fn wide(answers: &[(Answered, String)]) -> Result<Wide, Error> {
    let frames: Vec<&Frame> = answers.iter().flat_map(|(answer, _)| &answer.frames).collect();
    let mut keys = vec![TIME.to_owned()];
    for frame in &frames {
        let key = unique(&frame.legend, &keys);
        keys.push(key);
    }
    let mut times: Vec<Millis> = frames.iter().flat_map(|frame| frame.points.iter().map(|(time, _)| *time)).collect();
    times.sort_unstable();
    times.dedup();
    if times.len().saturating_mul(frames.len()) > WIDE {
        let message = format!("{} series at {} times are too many for wide rows", frames.len(), times.len());
        return Err(Error::new(Kind::AnswerTooLarge, message).hint("ask for format=rows, or for fewer series"));
    }
    let mut rows: Vec<(Millis, Vec<f64>)> =
        times.into_iter().map(|time| (time, vec![f64::NAN; frames.len()])).collect();
    for (at, frame) in frames.iter().enumerate() {
        let mut row = 0;
        for (time, value) in &frame.points {
            while rows.get(row).is_some_and(|(own, _)| own < time) {
                row += 1;
            }
            if let Some((_, values)) = rows.get_mut(row) {
                values[at] = *value;
            }
        }
    }
    Ok(Wide { keys: keys.split_off(1), rows })
}

/// The rows as CSV by RFC 4180, with a header.
///
/// # Errors
/// Never, unless memory ends.
pub fn csv(rows: &Rows) -> Result<Vec<u8>, Error> {
    let failed = |_| Error::new(Kind::Internal, "internal error");
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let header = std::iter::once(TIME).chain(rows.keys.iter().map(String::as_str)).chain([VALUE]);
    writer.write_record(header).map_err(failed)?;
    for (time, series, value) in &rows.points {
        let (time, value) = (time.to_string(), number(*value));
        let texts = rows.series[*series].iter().map(String::as_str);
        writer.write_record(std::iter::once(time.as_str()).chain(texts).chain([value.as_str()])).map_err(failed)?;
    }
    writer.into_inner().map_err(|_| Error::new(Kind::Internal, "internal error"))
}

/// The number as JSON writes it; nothing for what JSON has no number for.
fn number(value: f64) -> String {
    serde_json::Number::from_f64(value).map(|number| number.to_string()).unwrap_or_default()
}
