//! Frames → wire: the last module that knows Grafana on the way out.

mod builder;
pub mod chart;
mod events;
pub mod explorer;
mod flat;
mod frames;
pub mod prometheus;
mod table;

pub use builder::{all_choices, choice, choices, metrics, names, searched, variable};
pub use events::{event_table, events, flat_events};
pub use flat::{csv, rows, wide};
pub use frames::frames;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::ast::Format;
use crate::error::{Error, Kind};
use crate::frame::Frame;
use crate::wire::response::{Custom, Datapoint, Element, ErrorBody, ErrorDetail, Meta, Notice, TimeSeries};

/// The answer to one target.
#[derive(Clone, Debug)]
pub struct TargetAnswer {
    /// The panel's name for it.
    pub ref_id: Option<String>,
    /// The form that it wants.
    pub format: Format,
    /// The series.
    pub frames: Vec<Frame>,
    /// What the person at the panel should know.
    pub notices: Vec<String>,
    /// The SQL that was run, where the operator lets it be told.
    pub executed: Option<String>,
}

/// The elements of an answer, in the order of the targets; notices go to a target's first element, the errors of
/// targets that failed to the first element of all.
///
/// # Errors
/// A table would have too many cells.
pub fn elements(answers: Vec<TargetAnswer>, failed: &[Error]) -> Result<Vec<Element>, Error> {
    let mut elements = Vec::new();
    let first_ref = answers.first().and_then(|answer| answer.ref_id.clone());
    for answer in answers {
        let notices = notices("warning", answer.notices.iter().cloned());
        let mut own: Vec<Element> = match answer.format {
            Format::TimeSeries => answer.frames.into_iter().map(|frame| series(frame, answer.ref_id.clone())).collect(),
            Format::Table | Format::Instant => vec![table::table(answer.frames, answer.ref_id.clone())?],
        };
        if own.is_empty() && !notices.is_empty() {
            own.push(blank(answer.ref_id));
        }
        if let Some(first) = own.first_mut() {
            notify(first, notices);
            execute(first, answer.executed);
        }
        elements.append(&mut own);
    }
    if elements.is_empty() && !failed.is_empty() {
        elements.push(blank(first_ref));
    }
    if let Some(first) = elements.first_mut() {
        notify(first, notices("error", failed.iter().map(error_text)));
    }
    Ok(elements)
}

/// The most labels of all series of an answer that has a column for each label of any series.
const TEXTS: usize = 1_000_000;

/// Holds the columns that the labels of series make to their bound.
fn few_enough(labels: usize, series: usize) -> Result<(), Error> {
    if labels.saturating_mul(series) <= TEXTS {
        return Ok(());
    }
    let message = format!("{series} series with {labels} different labels are too many for a table");
    Err(Error::new(Kind::AnswerTooLarge, message).hint("aggregate by the labels that matter, or ask for fewer series"))
}

/// The values of labels on a series, empty where it has none.
fn texts<'a>(frame: &Frame, labels: impl Iterator<Item = &'a str>, empty: &Arc<str>) -> Vec<Arc<str>> {
    let own: HashMap<&str, &Arc<str>> = frame.labels.iter().map(|(name, value)| (&**name, value)).collect();
    labels.map(|label| Arc::clone(own.get(label).copied().unwrap_or(empty))).collect()
}

/// A series without a point: where there is nothing to draw, something must still carry what is to be said.
const fn blank(ref_id: Option<String>) -> Element {
    Element::Series(TimeSeries {
        target: String::new(),
        title: String::new(),
        ref_id,
        tags: BTreeMap::new(),
        unit: None,
        meta: None,
        datapoints: Vec::new(),
    })
}

/// An error as one sentence that names its target.
#[must_use]
pub fn error_text(error: &Error) -> String {
    match &error.target {
        Some(target) => format!("{target}: {}", error.sentence()),
        None => error.sentence(),
    }
}

/// What a metric measures, for whoever looks into `meta`.
fn help(help: Option<String>) -> Option<Meta> {
    help.map(|help| Meta { custom: Some(Custom { help }), ..Meta::default() })
}

fn notices(severity: &'static str, texts: impl Iterator<Item = String>) -> Vec<Notice> {
    texts.map(|text| Notice { severity, text }).collect()
}

/// What an answer has to say, where it has something.
fn meta_of(answer: &TargetAnswer) -> Option<Meta> {
    let notices = notices("warning", answer.notices.iter().cloned());
    let said = !notices.is_empty() || answer.executed.is_some();
    said.then(|| Meta { notices, executed_query_string: answer.executed.clone(), custom: None })
}

fn notify(element: &mut Element, mut notices: Vec<Notice>) {
    if !notices.is_empty() {
        meta(element).notices.append(&mut notices);
    }
}

fn execute(element: &mut Element, executed: Option<String>) {
    if executed.is_some() {
        meta(element).executed_query_string = executed;
    }
}

fn meta(element: &mut Element) -> &mut Meta {
    let meta = match element {
        Element::Series(series) => &mut series.meta,
        Element::Table(table) => &mut table.meta,
    };
    meta.get_or_insert_default()
}

fn series(frame: Frame, ref_id: Option<String>) -> Element {
    let tags: BTreeMap<String, String> =
        frame.labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Element::Series(TimeSeries {
        target: frame.name,
        title: frame.legend,
        ref_id,
        tags,
        unit: frame.unit,
        meta: help(frame.help),
        datapoints: frame.points.into_iter().map(|(time, value)| Datapoint(value, time)).collect(),
    })
}

/// An error's body: a sentence for clients that show `message`, the parts for the others.
#[must_use]
pub fn error(error: &Error) -> ErrorBody {
    ErrorBody {
        message: error.full_message(),
        error: ErrorDetail {
            code: error.kind.code(),
            message: error.message.clone(),
            hint: error.hint.clone(),
            target: error.target.clone(),
            position: error.span.map(|span| span.start),
        },
    }
}
