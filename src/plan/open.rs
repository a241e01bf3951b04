//! Rows that last: what functions of samples mean for them. Their rate is how many are open on average, their increase
//! how long they cover the window.

use super::{Context, window::BucketCut};
use crate::ast::OverTime;
use crate::catalog::{Carrier, Metric, MetricValue};
use crate::error::{Error, Kind};
use crate::evaluate::RangeFunction;
use crate::lower::FetchRequest;

/// Whether the function of rows that last is a sum of what they cover.
const fn is_cover(function: RangeFunction) -> bool {
    matches!(function, RangeFunction::Rate | RangeFunction::Increase)
}

/// Whether all metrics are rows that last, and what is asked is a sum of what they cover.
pub(super) fn covers(request: &FetchRequest, metrics: &[Vec<Carrier<'_>>]) -> bool {
    let lasts = |carrier: &Carrier<'_>| matches!(carrier.metric.value, MetricValue::Overlap(_));
    request.function.is_some_and(is_cover) && metrics.iter().flatten().all(lasts)
}

/// The windows of a request: those of a mean number of open rows end now at the latest, as nobody knows how long they go
/// on.
pub(super) fn cut(context: &Context<'_>, request: &FetchRequest, covers: bool, cut: BucketCut) -> BucketCut {
    if covers && request.function == Some(RangeFunction::Rate) { cut.up_to(context.now) } else { cut }
}

/// A function of a metric's samples, as the database is asked for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct CoveredFunction {
    pub(super) function: RangeFunction,
    /// Whether its value is then divided by the length of the window.
    pub(super) mean: bool,
}

/// What a function means for a metric.
///
/// # Errors
/// It is one of samples that follow each other, and rows that last are none; or it does not add up over the pieces of a
/// window.
pub(super) fn asked(function: RangeFunction, metric: &Metric, cut: &BucketCut) -> Result<CoveredFunction, Error> {
    let lasts = matches!(metric.value, MetricValue::Overlap(_));
    if lasts && is_cover(function) {
        let mean = function == RangeFunction::Rate;
        return Ok(CoveredFunction { function: RangeFunction::OverTime(OverTime::Sum), mean });
    }
    if function.is_of_samples() {
        has_samples(metric)?;
    }
    let adds_up = matches!(function, RangeFunction::OverTime(OverTime::Sum) | RangeFunction::Present);
    if lasts && !adds_up && cut.has_pieces() {
        return Err(in_pieces(function, metric));
    }
    Ok(CoveredFunction { function, mean: false })
}

/// How long rows last within a bucket is no sample at an instant.
///
/// # Errors
/// The metric has no samples.
pub(super) fn has_samples(metric: &Metric) -> Result<(), Error> {
    if !matches!(metric.value, MetricValue::Overlap(_)) {
        return Ok(());
    }
    let message = format!("{} is how long rows last, not samples that follow each other", metric.name);
    let hint = "`rate` is how many are open on average; ask for that, or for sum_over_time of it";
    Err(Error::new(Kind::Unsupported, message).hint(hint))
}

/// A window of several pieces would have a row once for each of them.
fn in_pieces(function: RangeFunction, metric: &Metric) -> Error {
    let word = function.word();
    let message =
        format!("`{word}` of {} needs a window of one step: rows that last are cut at every step", metric.name);
    let hint = "make the step as long as the window, or ask for `sum_over_time`, `increase` or `rate`, which hold for any window";
    Error::new(Kind::Unsupported, message).hint(hint)
}
