//! Values as the file spells them.

use super::rows::{end, list, matchers};
use super::{line, quoted};
use crate::catalog::{Adjustment, CoalescedNumber, ColumnPath, Metric, MetricValue, Source};

/// What a source says of all its values.
pub(super) fn forms(out: &mut String, source: &Source) {
    if let Some(array) = &source.elements {
        line(out, &["each = ", &list(&array.column, &array.path)]);
    }
    if source.skip_nan {
        line(out, &["nan = \"skip\""]);
    }
    if !source.null_ends {
        line(out, &["nulls = \"skip\""]);
    }
    let read = source.metrics.iter().filter_map(|metric| match &metric.value {
        MetricValue::Read(reading) => Some(reading.as_ref()),
        _ => None,
    });
    if let Some(CoalescedNumber { words, .. }) = read.chain(&source.numbers).find(|reading| !reading.words.is_empty()) {
        let pairs: Vec<String> = words.iter().map(|(word, number)| format!("{} = {number:?}", quoted(word))).collect();
        line(out, &["map = { ", &pairs.join(", "), " }"]);
    }
    if let Some(own) = &source.end {
        line(out, &["time_end = ", &end(own, &source.joins)]);
    }
}

/// A document of which every numeric member is a metric.
pub(super) fn members(out: &mut String, reading: &CoalescedNumber) {
    for document in &reading.cells {
        line(out, &["value = { json = ", &list(&document.column, &document.path), ", all = true }"]);
    }
}

/// The value of all stored names.
pub(super) fn of_source(out: &mut String, value: &MetricValue) {
    match value.cells().as_slice() {
        [only] if only.is_json() => line(out, &["value = { json = ", &list(&only.column, &only.path), " }"]),
        cells => line(out, &["value = ", &columns(cells)]),
    }
}

/// The value of one metric.
pub(super) fn of_metric(out: &mut String, value: &MetricValue) {
    match value {
        MetricValue::Rows => line(out, &["rows = true"]),
        MetricValue::Overlap(overlap) => {
            line(out, &["overlap = ", &quoted(overlap.unit.word())]);
            if let Some(weight) = &overlap.weight {
                line(out, &["weight = ", &quoted(weight.name.as_str())]);
            }
        }
        MetricValue::Product(factors) => {
            let names: Vec<String> = factors.iter().map(|column| quoted(column.name.as_str())).collect();
            line(out, &["product = [", &names.join(", "), "]"]);
        }
        MetricValue::Lasts(lasts) => {
            line(out, &["lasts = ", &quoted(lasts.unit.word())]);
            if lasts.at_end {
                line(out, &["at = \"end\""]);
            }
        }
        MetricValue::Column(_) | MetricValue::Read(_) => match value.cells().as_slice() {
            [only] if only.is_json() => line(out, &["json = ", &list(&only.column, &only.path)]),
            cells => line(out, &["column = ", &columns(cells)]),
        },
    }
}

/// What is said of a metric's values besides where they are.
pub(super) fn adjusted(out: &mut String, metric: &Metric) {
    let Adjustment { scale, missing } = &metric.adjustment;
    if let Some(scale) = scale {
        line(out, &["scale = ", &format!("{:?}", scale.factor())]);
    }
    if !missing.is_empty() {
        line(out, &["missing = ", &format!("{missing:?}").replace("NaN", "nan")]);
    }
    matchers(out, &metric.filters);
}

fn columns(cells: &[ColumnPath]) -> String {
    let names: Vec<String> = cells.iter().map(|cell| quoted(cell.column.name.as_str())).collect();
    if let [only] = names.as_slice() { only.clone() } else { format!("[{}]", names.join(", ")) }
}
