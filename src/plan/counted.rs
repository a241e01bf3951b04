//! Metrics that are the rows themselves: each row is a sample of 1, and what is asked of them is how many there are.

use crate::ast::OverTime;
use crate::catalog::{Metric, MetricValue};
use crate::error::{Error, Kind};
use crate::evaluate::RangeFunction;

/// A function of a metric's samples, as the database is asked for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct CountedFunction {
    pub(super) function: RangeFunction,
    /// Whether its value is then divided by the seconds of the window.
    pub(super) per_second: bool,
}

/// Whether the function of rows is their number, or that per second.
pub(super) const fn counts(function: RangeFunction) -> bool {
    matches!(function, RangeFunction::Rate | RangeFunction::Increase)
}

/// What a function means for a metric; without one the metric's own.
pub(super) fn asked(function: Option<RangeFunction>, metric: &Metric) -> Result<CountedFunction, Error> {
    use RangeFunction::{Changes, Delta, Deriv, Idelta, Irate, Rate, Resets};
    let function = function.unwrap_or(RangeFunction::OverTime(metric.over_time));
    if metric.value != MetricValue::Rows {
        return Ok(CountedFunction { function, per_second: false });
    }
    match function {
        function if counts(function) => {
            Ok(CountedFunction { function: RangeFunction::OverTime(OverTime::Count), per_second: function == Rate })
        }
        Changes | Delta | Deriv | Idelta | Irate | Resets => {
            let message =
                format!("`{}` of {} means nothing: each of its rows is a sample of 1", function.word(), metric.name);
            let hint = "`increase` is the number of rows in a window, `rate` that per second";
            Err(Error::new(Kind::Unsupported, message).hint(hint))
        }
        function => Ok(CountedFunction { function, per_second: false }),
    }
}
