//! Frames as one table: a row per bucket and series.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::Error;
use crate::frame::Frame;
use crate::wire::response::{Element, PointRows, Table, TableColumn, TableRows};

/// Time, one text column per label, the value; rows ascend by time, then by series. A table without rows keeps its
/// columns.
pub(super) fn table(frames: Vec<Frame>, ref_id: Option<String>) -> Result<Element, Error> {
    let labels: BTreeSet<String> =
        frames.iter().flat_map(|frame| frame.labels.iter().map(|(name, _)| name.to_string())).collect();
    let metrics: BTreeSet<&str> = frames.iter().filter_map(|frame| frame.metric.as_deref()).collect();
    let several = metrics.len() > 1;
    let heading = if metrics.len() == 1 { metrics.first().map_or("Value", |name| name) } else { "Value" };
    // What is not true of all values is said of none.
    let unit = common(&frames, |frame| frame.unit.as_ref());
    let meta = super::help(common(&frames, |frame| frame.help.as_ref()));
    let columns = columns(&labels, several, heading, unit);
    super::few_enough(labels.len(), frames.len())?;
    let (empty, mut rows) = (Arc::from(""), PointRows::default());
    for (at, frame) in frames.iter().enumerate() {
        let metric = several.then(|| Arc::from(frame.metric.as_deref().unwrap_or_default()));
        let texts = super::texts(frame, labels.iter().map(String::as_str), &empty);
        rows.texts.push(metric.into_iter().chain(texts).collect());
        rows.points.extend(frame.points.iter().map(|(time, value)| (*time, at, *value)));
    }
    // Stable: within one time the series keep their order.
    rows.points.sort_by_key(|(time, _, _)| *time);
    Ok(Element::Table(Table { r#type: "table", ref_id, meta, columns, rows: TableRows::Points(rows) }))
}

/// What all frames share.
fn common(frames: &[Frame], of: impl Fn(&Frame) -> Option<&String>) -> Option<String> {
    let first = of(frames.first()?)?;
    frames.iter().all(|frame| of(frame) == Some(first)).then(|| first.clone())
}

fn columns(labels: &BTreeSet<String>, several: bool, heading: &str, unit: Option<String>) -> Vec<TableColumn> {
    let column = |text: &str, r#type| TableColumn { text: text.to_owned(), r#type, unit: None };
    let mut columns = vec![column("Time", "time")];
    if several {
        columns.push(column("Metric", "string"));
    }
    columns.extend(labels.iter().map(|label| column(label, "string")));
    columns.push(TableColumn { unit, ..column(heading, "number") });
    columns
}
