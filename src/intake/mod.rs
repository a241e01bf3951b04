//! Wire → questions: the last module that knows Grafana on the way in.

mod ad_hoc;
mod annotations;
mod builder;
mod labels;
mod new_annotation;
mod options;
mod payload;
mod picker;
pub mod prometheus;
mod range;
mod refused;
mod replaced;
mod scalar;
mod variable;

pub use annotations::{AnnotationQuestion, annotation_targets, annotations};
pub use builder::{AGGREGATIONS, Builder, takes_number};
pub use labels::{LabelScope, PICKER, label_scope};
pub use new_annotation::new_annotation;
pub use options::{ReadOptions, options};
pub use payload::{LABEL_FIELD, PayloadFields};
pub use picker::{OpenedField, metric, opened};
pub use range::{Moment, time_range};
pub use refused::{OptionProblem, OptionRefusal};
pub use variable::{VARIABLE_WORDS, VariableAsk, VariableQuestion, is_variable, variable};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ast::{Matcher, Options};
use crate::error::{Error, Kind};
use crate::plan::Limits;
use crate::time::{TimeRange, Zone};
use crate::wire::request;

/// How many points a panel draws that does not say.
pub const POINTS: u32 = 1000;

/// A request for series, read.
#[derive(Clone, Debug)]
pub struct Question {
    /// The range.
    pub range: TimeRange,
    /// The bucket width that the panel would like.
    pub interval_ms: Option<i64>,
    /// The most points that a series may have.
    pub max_points: u32,
    /// The zone in which buckets are cut.
    pub zone: Zone,
    /// The targets that are to be answered, in order.
    pub targets: Vec<TargetQuestion>,
    /// Filters for every series that has the label.
    pub ad_hoc: Vec<Matcher>,
    /// What could not be read and is ignored.
    pub notices: Vec<String>,
}

/// One target of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetQuestion {
    /// The panel's name for it.
    pub ref_id: Option<String>,
    /// The question's text; an error where there was something but no text.
    pub text: Result<String, Error>,
    /// How its answer is cut, filled, reduced and shown.
    pub options: Options,
    /// What a query builder put around the text.
    pub builder: Builder,
    /// What it says besides that could not be read and is ignored.
    pub notices: Vec<String>,
}

/// Reads a body as JSON whatever its content type says; an empty one is `{}`.
///
/// # Errors
/// It is not JSON, or not an object.
pub fn body<T: DeserializeOwned + Default>(bytes: &[u8]) -> Result<T, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(T::default());
    }
    if bytes.trim_ascii() == b"null" {
        return Ok(T::default());
    }
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Error::new(Kind::BadRequest, "the body is not a JSON object"));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Error::new(Kind::BadRequest, format!("the body is not the JSON that this endpoint reads, at {place}"))
    })
}

/// Reads a request for series.
///
/// # Errors
/// The range is unreadable, there are too many targets or filters, or a filter holds a variable that nobody replaced.
pub fn question(query: &request::Query, moment: Moment<'_>, limits: Limits) -> Result<Question, Error> {
    let zone = range::zone_of(&query.timezone, moment);
    let moment = Moment { zone: &zone, ..moment };
    let range = time_range(&query.range, moment)?;
    let mut targets = targets(&query.targets, limits)?;
    for own in targets.iter_mut().filter_map(|target| target.options.zone.as_mut()) {
        *own = own.with_weeks_from(zone.first_weekday());
    }
    let mut notices = Vec::new();
    let filters = [&query.adhoc_filters, &query.filters];
    let ad_hoc = ad_hoc::matchers(&filters, limits, &mut notices)?;
    replaced::filters(&filters)?;
    Ok(Question {
        range,
        interval_ms: scalar::integer(&query.interval_ms).filter(|interval| *interval > 0),
        max_points: points(&query.max_data_points),
        zone,
        targets,
        ad_hoc,
        notices,
    })
}

/// maxDataPoints; absent, zero or unreadable it is the default, and never more than fits.
fn points(value: &Value) -> u32 {
    match scalar::integer(value) {
        Some(points) if points > 0 => u32::try_from(points).unwrap_or(u32::MAX),
        _ => POINTS,
    }
}

fn targets(value: &Value, limits: Limits) -> Result<Vec<TargetQuestion>, Error> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        Value::Null => &[],
        _ => return Err(Error::new(Kind::BadRequest, "`targets` is not a list")),
    };
    few_enough(list.len(), limits)?;
    Ok(list.iter().filter_map(|value| target(value, limits)).collect())
}

/// Holds the number of targets to its bound, whatever each of them asks.
fn few_enough(targets: usize, limits: Limits) -> Result<(), Error> {
    let most = limits.targets;
    if targets <= most as usize {
        return Ok(());
    }
    let message = format!("{targets} targets in one request; at most {most} are allowed");
    Err(Error::new(Kind::TooManyTargets, message))
}

/// The longest `refId`: each series of an answer repeats it.
const REF_ID: usize = 256;

/// A target to answer; none when it is hidden, empty or what SimpleJson sends before a metric was picked.
fn target(value: &Value, limits: Limits) -> Option<TargetQuestion> {
    if value.is_null() {
        return None;
    }
    // A list would be read as the members in order.
    let read = value.is_object().then(|| serde_json::from_value::<request::Target>(value.clone()).ok()).flatten();
    let Some(target) = read else {
        let text = Err(Error::new(Kind::BadTarget, "a target is not an object"));
        return Some(TargetQuestion::of(None, text));
    };
    if target.hide == Value::Bool(true) || target.target.is_null() {
        return None;
    }
    let text = scalar::text(&target.target).ok_or_else(|| Error::new(Kind::BadTarget, "the target is not a text"));
    if text.as_ref().is_ok_and(|text| text.trim().is_empty() || text.trim() == "select metric") {
        return None;
    }
    let ref_id = scalar::text(&target.ref_id);
    if ref_id.as_ref().is_some_and(|id| id.len() > REF_ID) {
        let message = format!("the `refId` of a target is longer than {REF_ID} bytes");
        return Some(TargetQuestion::of(None, Err(Error::new(Kind::BadTarget, message))));
    }
    let mut question = TargetQuestion::of(ref_id, text);
    let said = payload::said(&target.payload);
    if let Err(error) = replaced::members(&said) {
        question.text = question.text.and(Err(error));
    }
    payload::say_unknown(&target.payload, &mut question.notices);
    question.options = options(&said).of_panel(&mut question.notices);
    question.builder = Builder::read(&said, &mut question.notices);
    if let Err(error) = question.builder.bounded(limits) {
        question.text = Err(error);
    }
    let old_format = scalar::text(&target.r#type).and_then(|text| options::old_type(&text));
    if let Some(format) = old_format.filter(|_| !said.contains_key("format")) {
        question.options.format = format;
    }
    Some(question)
}

impl TargetQuestion {
    /// A text and nothing besides.
    fn of(ref_id: Option<String>, text: Result<String, Error>) -> Self {
        let (options, builder, notices) = (Options::default(), Builder::default(), Vec::new());
        Self { ref_id, text, options, builder, notices }
    }
}

/// The text of a search.
#[must_use]
pub fn search(search: &request::Search) -> String {
    scalar::text(&search.target).unwrap_or_default()
}

#[cfg(test)]
mod tests;
