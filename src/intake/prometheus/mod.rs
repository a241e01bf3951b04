//! What the Prometheus API is asked: parameters → questions, each checked before anything is read.

mod escape;
mod form;
mod number;
mod remote;
mod selector;
mod steps;

pub use escape::unescaped;
pub use form::Parameters;
pub use remote::{RemoteBounds, RemoteForm, RemoteQuery, RemoteRead};
pub use selector::{expression, query_error, selector};
pub use steps::steps_over;

use std::time::Duration;

use crate::error::{Error, Kind};
use crate::time::{Millis, Steps, TimeRange};

/// A question for the value of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationQuery {
    /// The expression.
    pub text: String,
    /// When it is evaluated.
    pub steps: Steps,
    /// Where the range ends that it asks for, at the last step or behind it; none at one instant.
    pub range_end_ms: Option<Millis>,
    /// How old a sample may be that still counts, where the question says so.
    pub lookback_ms: Option<i64>,
    /// How long it may take, where the question says so.
    pub timeout: Option<Duration>,
    /// The most series that are wanted.
    pub limit: Option<usize>,
}

/// A question for what exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// The selectors, of which a series must pass one; none means all series.
    pub selectors: Vec<String>,
    /// When the series must have samples.
    pub within: ListingTimes,
    /// The most entries that are wanted.
    pub limit: Option<usize>,
}

/// The times of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingTimes {
    /// The question names none.
    Ever,
    /// From one instant up to another.
    Range(TimeRange),
    /// No time at all: the range ends before it begins.
    Never,
}

/// A question for what metrics are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataQuery {
    /// The metric; none means all.
    pub metric: Option<String>,
    /// The most metrics that are wanted.
    pub limit: Option<usize>,
    /// The most kinds, helps and units that are wanted of one metric.
    pub limit_per_metric: Option<usize>,
}

impl EvaluationQuery {
    /// Reads a question for one instant.
    ///
    /// # Errors
    /// A parameter cannot be read.
    pub fn instant(parameters: &Parameters, now: Millis) -> Result<Self, Error> {
        let limit = number::limit("limit", parameters.text("limit"))?;
        let time = parameters.text("time");
        let at = if time.is_empty() { now } else { number::instant("time", time)? };
        let text = parameters.text("query").to_owned();
        let (lookback_ms, timeout) = (lookback(parameters)?, timeout(parameters)?);
        Ok(Self { text, steps: Steps::instant(at), range_end_ms: None, lookback_ms, timeout, limit })
    }

    /// Reads a question for a range of at most `resolution` steps besides the first.
    ///
    /// # Errors
    /// A parameter is missing or cannot be read, the range is reversed, or it has too many steps.
    pub fn range(parameters: &Parameters, resolution: u32) -> Result<Self, Error> {
        let limit = number::limit("limit", parameters.text("limit"))?;
        let start_ms = number::instant("start", parameters.text("start"))?;
        let end_ms = number::instant("end", parameters.text("end"))?;
        let bad = |message: String| Error::new(Kind::BadRange, message);
        if end_ms < start_ms {
            let message = "invalid parameter \"end\": end timestamp must not be before start time";
            return Err(bad(message.to_owned()));
        }
        let step_ms = step(parameters)?;
        let steps = (end_ms - start_ms) / step_ms;
        let len = u32::try_from(steps).ok().filter(|steps| *steps <= resolution).ok_or_else(|| {
            let most = grouped(resolution);
            bad(format!("exceeded maximum resolution of {most} points per timeseries. Try decreasing the query resolution (?step=XX)"))
        })?;
        let steps = Steps::even(start_ms, step_ms, len + 1);
        let text = parameters.text("query").to_owned();
        let (lookback_ms, timeout) = (lookback(parameters)?, timeout(parameters)?);
        Ok(Self { text, steps, range_end_ms: Some(end_ms), lookback_ms, timeout, limit })
    }
}

impl ListQuery {
    /// Reads a question for names, values or series.
    ///
    /// # Errors
    /// A parameter cannot be read.
    pub fn read(parameters: &Parameters) -> Result<Self, Error> {
        let limit = number::limit("limit", parameters.text("limit"))?;
        let instant = |name: &str| {
            let text = Some(parameters.text(name)).filter(|text| !text.is_empty());
            text.map(|text| number::instant(name, text)).transpose()
        };
        let (start, end) = (instant("start")?, instant("end")?);
        let within = if start.is_none() && end.is_none() { ListingTimes::Ever } else { ListingTimes::of(start, end) };
        Ok(Self { selectors: parameters.matches().to_vec(), within, limit })
    }
}

impl MetadataQuery {
    /// Reads a question for metadata.
    ///
    /// # Errors
    /// A limit is no whole number.
    pub fn read(parameters: &Parameters) -> Result<Self, Error> {
        let limit = |name: &str| match parameters.text(name).parse::<i64>() {
            // As in Prometheus, a negative number is no limit here.
            Ok(number) if number < 0 => Ok(None),
            _ => number::limit(name, parameters.text(name)),
        };
        let metric = Some(parameters.text("metric").to_owned()).filter(|metric| !metric.is_empty());
        Ok(Self { metric, limit: limit("limit")?, limit_per_metric: limit("limit_per_metric")? })
    }
}

impl ListingTimes {
    /// The times from `start` to `end`, both included, as far as there is a calendar.
    #[must_use]
    pub fn of(start: Option<Millis>, end: Option<Millis>) -> Self {
        let from = start.unwrap_or(Millis::MIN).max(TimeRange::EARLIEST);
        let to = end.map_or(Millis::MAX, |end| end.saturating_add(1)).min(TimeRange::LATEST);
        TimeRange::new(from, to).map_or(Self::Never, Self::Range)
    }
}

fn step(parameters: &Parameters) -> Result<i64, Error> {
    let nanos = number::nanos("step", parameters.text("step"))?;
    let bad = |why: &str| Err(Error::new(Kind::BadRange, format!("invalid parameter \"step\": {why}")));
    if nanos <= 0 {
        return bad("zero or negative query resolution step widths are not accepted. Try a positive integer");
    }
    match nanos / 1_000_000 {
        0 => bad("query resolution step widths below 1 millisecond are not accepted"),
        step_ms => Ok(step_ms),
    }
}

fn timeout(parameters: &Parameters) -> Result<Option<Duration>, Error> {
    let text = parameters.text("timeout");
    if text.is_empty() {
        return Ok(None);
    }
    let nanos = u64::try_from(number::nanos("timeout", text)?);
    let past = |_| Error::new(Kind::BadRange, "invalid parameter \"timeout\": the time is over before it begins");
    nanos.map(Duration::from_nanos).map(Some).map_err(past)
}

fn lookback(parameters: &Parameters) -> Result<Option<i64>, Error> {
    let text = parameters.text("lookback_delta");
    if text.is_empty() {
        return Ok(None);
    }
    let nanos = number::nanos("lookback_delta", text)?;
    // Less than a millisecond is none.
    Ok(Some(nanos / 1_000_000).filter(|_| nanos > 0))
}

/// A number with commas between its thousands.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// What an error repeats of a text from outside.
fn shortened(text: &str) -> String {
    text.chars().take(120).collect()
}

#[cfg(test)]
mod tests;
