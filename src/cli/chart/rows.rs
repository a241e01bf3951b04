//! Frames as rows: a table, CSV, JSON.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, SecondsFormat};
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use crate::frame::Frame;
use crate::render::chart::visible;
use crate::time::{Millis, Zone};

/// The columns between time and value: the series' name if labels do not tell the series apart, then the labels.
struct Columns<'a> {
    has_name: bool,
    labels: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(frames: &'a [Frame]) -> Self {
        let labels = frames.iter().flat_map(|frame| frame.labels.iter()).map(|(name, _)| &**name);
        let labels: Vec<_> = labels.collect::<BTreeSet<_>>().into_iter().collect();
        let distinct: BTreeSet<_> = frames.iter().map(|frame| &frame.labels).collect();
        Self { has_name: distinct.len() < frames.len(), labels }
    }

    fn heading(&self) -> Vec<String> {
        let labels = self.labels.iter().map(|label| match *label {
            // Labels that are called like our own columns.
            "time" | "series" | "value" => format!("{label}_label"),
            _ => (*label).to_owned(),
        });
        ["time".to_owned()]
            .into_iter()
            .chain(self.has_name.then(|| "series".to_owned()))
            .chain(labels)
            .chain(["value".to_owned()])
            .collect()
    }

    fn row(&self, frame: &Frame, time: String, value: f64) -> Vec<String> {
        [time]
            .into_iter()
            .chain(self.has_name.then(|| frame.legend.clone()))
            .chain(self.labels.iter().map(|label| frame.labels.get(label).to_owned()))
            .chain([if value.is_finite() { value.to_string() } else { String::new() }])
            .collect()
    }
}

/// A row per point, times as the zone's clocks show them.
pub(in crate::cli) fn table(frames: &[Frame], zone: &Zone) -> String {
    let columns = Columns::of(frames);
    let mut table = Table::new();
    let shown = |cells: Vec<String>| cells.iter().map(|cell| visible(cell)).collect::<Vec<_>>();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(shown(columns.heading()));
    for frame in frames {
        table.add_rows(frame.points.iter().map(|&(at, value)| shown(columns.row(frame, local(at, zone), value))));
    }
    if let Some(value) = table.column_mut(columns.heading().len() - 1) {
        value.set_cell_alignment(CellAlignment::Right);
    }
    format!("{}\n", table.trim_fmt())
}

fn local(at: Millis, zone: &Zone) -> String {
    let local: NaiveDateTime = zone.to_local(at);
    let format = if at.rem_euclid(1_000) == 0 { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S%.3f" };
    local.format(format).to_string()
}

/// Comma-separated, a row per point, times in UTC as ISO 8601; an empty value is no number.
///
/// # Errors
/// None that writing into memory can have.
pub(in crate::cli) fn csv(frames: &[Frame]) -> Result<String, csv::Error> {
    let columns = Columns::of(frames);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns.heading())?;
    for frame in frames {
        for &(at, value) in &frame.points {
            let time = DateTime::from_timestamp_millis(at).unwrap_or_default();
            writer.write_record(columns.row(frame, time.to_rfc3339_opts(SecondsFormat::Millis, true), value))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// An array of series, each with its points as `[milliseconds, value]`; `null` is no number.
pub(in crate::cli) fn json(frames: &[Frame]) -> Value {
    let series = |frame: &Frame| {
        let labels: serde_json::Map<_, _> =
            frame.labels.iter().map(|(name, value)| (name.to_string(), Value::from(&**value))).collect();
        let points: Vec<_> = frame.points.iter().map(|(at, value)| json!([at, value])).collect();
        json!({
            "legend": frame.legend,
            "metric": frame.metric,
            "labels": labels,
            "unit": frame.unit,
            "points": points,
        })
    };
    frames.iter().map(series).collect()
}
