//! Answers and errors of the Prometheus API.

mod chunks;
mod exposition;
mod samples;
mod snappy;

pub use chunks::Chunks;
pub use exposition::Exposition;
pub use samples::AllSamples;

use serde::Serialize;

use crate::error::{Error, Kind};
use crate::frame::{PromPoint, PromSeries, PromValue};
use crate::wire::prometheus::{Data, Failure, Instant, LabelSet, Range, SamplePair, Success, Text};

/// An answer with what is to be said of it.
#[must_use]
pub const fn success<T: Serialize>(data: T, warnings: Vec<String>, infos: Vec<String>) -> Success<T> {
    Success { status: "success", data, warnings, infos }
}

/// The body of an error.
#[must_use]
pub fn failure(error: &Error) -> Failure {
    let (error_type, _) = spoken(error.kind);
    Failure { status: "error", error_type, error: error.sentence() }
}

/// The HTTP status of an error. Grafana and others read the bodies of 400, 422 and 503 only.
#[must_use]
pub const fn status(kind: Kind) -> u16 {
    spoken(kind).1
}

/// A kind of error in the words of the Prometheus API.
const fn spoken(kind: Kind) -> (&'static str, u16) {
    match kind {
        Kind::BadRequest
        | Kind::BadRange
        | Kind::BadTarget
        | Kind::BodyTooLarge
        | Kind::UriTooLong
        | Kind::HeadersTooLarge
        | Kind::UnsupportedEncoding => ("bad_data", 400),
        Kind::MethodNotAllowed => ("bad_data", 405),
        Kind::Unauthorized => ("unauthorized", 401),
        Kind::Forbidden => ("forbidden", 403),
        Kind::TooManyRequests => ("too_many_requests", 429),
        Kind::NotFound => ("not_found", 404),
        Kind::UnknownMetric
        | Kind::Unsupported
        | Kind::TooManyTargets
        | Kind::TooManyMetrics
        | Kind::TooManyFilters
        | Kind::TooManyPoints
        | Kind::TooManySeries
        | Kind::AnswerTooLarge
        | Kind::TooManyBytes
        | Kind::TooManyLabelValues
        | Kind::BadData
        | Kind::Broken
        | Kind::Execution => ("execution", 422),
        Kind::Timeout | Kind::BodyTimeout => ("timeout", 503),
        Kind::Stale | Kind::Unavailable | Kind::Busy | Kind::NoCatalog => ("unavailable", 503),
        Kind::Internal => ("internal", 500),
    }
}

/// The warning of a list that a limit cut.
pub const CUT: &str = "results truncated due to limit";

/// Series, cut to a limit; then there is a warning.
fn limited<T>(mut entries: Vec<T>, limit: Option<usize>, warnings: &mut Vec<String>) -> Vec<T> {
    if let Some(limit) = limit.filter(|limit| entries.len() > *limit) {
        entries.truncate(limit);
        warnings.push(CUT.to_owned());
    }
    entries
}

/// The value of an expression, at most so many series of it.
#[must_use]
pub fn value(value: PromValue, limit: Option<usize>, mut warnings: Vec<String>, infos: Vec<String>) -> Success<Data> {
    let data = match value {
        PromValue::Scalar(point) => Data::Scalar(sample(point)),
        PromValue::Text { ms, text } => Data::String(Text { ms, text }),
        PromValue::Vector(series) => {
            let series = limited(series, limit, &mut warnings);
            Data::Vector(series.into_iter().filter_map(instant).collect())
        }
        PromValue::Matrix(series) => {
            let series = limited(series, limit, &mut warnings);
            Data::Matrix(series.into_iter().map(range).collect())
        }
    };
    success(data, warnings, infos)
}

fn sample(point: PromPoint) -> SamplePair {
    SamplePair { ms: point.ms, value: point.value }
}

fn instant(series: PromSeries) -> Option<Instant> {
    let value = sample(*series.points.first()?);
    Some(Instant { metric: LabelSet(series.labels), value })
}

fn range(series: PromSeries) -> Range {
    Range { metric: LabelSet(series.labels), values: series.points.into_iter().map(sample).collect() }
}
