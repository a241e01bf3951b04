//! Frames as flat rows, as wide rows and as CSV.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, Write};
use std::sync::Arc;

use super::TargetAnswer;
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
///
/// # Errors
/// The series have too many different labels.
pub fn rows(answers: &[(TargetAnswer, String)]) -> Result<Rows, Error> {
    let names: Vec<Arc<str>> = answers.iter().map(|(_, text)| Arc::from(text.as_str())).collect();
    let pairs = answers.iter().zip(&names);
    let frames: Vec<(&Frame, &Arc<str>)> =
        pairs.flat_map(|((answer, _), text)| answer.frames.iter().map(move |frame| (frame, text))).collect();
    let labels: BTreeSet<&str> =
        frames.iter().flat_map(|(frame, _)| frame.labels.iter().map(|(name, _)| &**name)).collect();
    let metrics: BTreeSet<&str> = frames.iter().map(|(frame, text)| metric(frame, text)).collect();
    let several = answers.len() > 1 || metrics.len() > 1;
    let mut keys: Vec<String> = vec![TIME.to_owned(), VALUE.to_owned()];
    if several {
        keys.push(METRIC.to_owned());
    }
    // Reserved also where it is no key: a label keeps its name when a second metric is asked.
    let mut unique = Unique::of(&[TIME, VALUE, METRIC].map(str::to_owned));
    keys.extend(labels.iter().map(|label| unique.key(label)));
    super::few_enough(labels.len(), frames.len())?;
    let (empty, mut flat) = (Arc::from(""), Rows { keys: keys.split_off(2), ..Rows::default() });
    for (at, (frame, text)) in frames.iter().enumerate() {
        let named = several.then(|| frame.metric.as_deref().map_or_else(|| Arc::clone(text), Arc::from));
        let texts = super::texts(frame, labels.iter().copied(), &empty);
        flat.series.push(named.into_iter().chain(texts).collect());
        flat.points.extend(frame.points.iter().map(|(time, value)| (*time, at, *value)));
    }
    // Stable: within one time the series keep their order.
    flat.points.sort_by_key(|(time, _, _)| *time);
    Ok(flat)
}

fn metric<'a>(frame: &'a Frame, text: &'a str) -> &'a str {
    frame.metric.as_deref().unwrap_or(text)
}

/// Keys that are no other's.
struct Unique {
    taken: HashSet<String>,
    /// How often each name was taken.
    times: HashMap<String, usize>,
}

impl Unique {
    fn of(keys: &[String]) -> Self {
        Self { taken: keys.iter().cloned().collect(), times: HashMap::new() }
    }

    /// The name; where it is taken with `_` behind it, then `__`, then `_3`, `_4` and so on.
    fn key(&mut self, name: &str) -> String {
        let times = self.times.entry(name.to_owned()).or_default();
        loop {
            let key = match *times {
                0 => name.to_owned(),
                1 => format!("{name}_"),
                2 => format!("{name}__"),
                times => format!("{name}_{times}"),
            };
            *times += 1;
            if self.taken.insert(key.clone()) {
                return key;
            }
        }
    }
}

/// One row per time with the value of every series, named by its legend.
///
/// # Errors
/// The series have too few times in common.
pub fn wide(answers: &[(TargetAnswer, String)]) -> Result<Wide, Error> {
    let frames: Vec<&Frame> = answers.iter().flat_map(|(answer, _)| &answer.frames).collect();
    let mut keys = vec![TIME.to_owned()];
    let mut unique = Unique::of(&keys);
    keys.extend(frames.iter().map(|frame| unique.key(&frame.legend)));
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

/// Writes the rows as CSV by RFC 4180, with a header.
///
/// # Errors
/// The bytes cannot be written.
pub fn csv(rows: &Rows, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    let header = std::iter::once(TIME).chain(rows.keys.iter().map(String::as_str)).chain([VALUE]);
    writer.write_record(header)?;
    for (time, series, value) in &rows.points {
        let (time, value) = (time.to_string(), number(*value));
        let texts = rows.series[*series].iter().map(|text| &**text);
        writer.write_record(std::iter::once(time.as_str()).chain(texts).chain([value.as_str()]))?;
    }
    writer.flush()
}

/// The number as JSON writes it; nothing for what JSON has no number for.
fn number(value: f64) -> String {
    serde_json::Number::from_f64(value).map(|number| number.to_string()).unwrap_or_default()
}
