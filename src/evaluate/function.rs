//! The functions of one value.

use std::f64::consts::{LN_2, PI};
use std::fmt;

use super::calendar;
use super::node::Limiter;

/// A function of one value.
#[derive(Clone, Copy)]
pub struct Math {
    /// Its word in the language.
    pub word: &'static str,
    /// What it does.
    pub apply: fn(f64) -> f64,
    /// Whether it may stand without an argument and then takes the time.
    pub of_time: bool,
}

impl PartialEq for Math {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl fmt::Debug for Math {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}

const fn math(word: &'static str, apply: fn(f64) -> f64) -> Math {
    Math { word, apply, of_time: false }
}

const fn calendar(word: &'static str, apply: fn(f64) -> f64) -> Math {
    Math { word, apply, of_time: true }
}

/// A minus sign in front.
pub static NEGATE: Math = math("-", |value| -value);

/// A time as Prometheus reads it on most machines: those beyond 64 bits, and what is no number, are the last one.
pub static AS_TIME: Math = math("time", |value| if value.abs() < LAST_TIME { value } else { LAST_TIME });

/// The first number of seconds that 64 bits do not hold.
const LAST_TIME: f64 = 9_223_372_036_854_775_808.0;

/// All that have a word.
pub static MATH: &[Math] = &[
    math("abs", f64::abs),
    math("ceil", f64::ceil),
    math("floor", f64::floor),
    math("exp", f64::exp),
    math("ln", f64::ln),
    math("log2", f64::log2),
    math("log10", f64::log10),
    math("sqrt", f64::sqrt),
    math("sgn", |value| if value == 0.0 || value.is_nan() { value } else { value.signum() }),
    math("deg", |x| x * 180.0 / PI),
    math("rad", |x| x * PI / 180.0),
    math("sin", f64::sin),
    math("cos", f64::cos),
    math("tan", f64::tan),
    math("asin", f64::asin),
    math("acos", f64::acos),
    math("atan", f64::atan),
    math("sinh", f64::sinh),
    math("cosh", f64::cosh),
    math("tanh", f64::tanh),
    math("asinh", asinh),
    math("acosh", acosh),
    math("atanh", f64::atanh),
    calendar("minute", calendar::minute),
    calendar("hour", calendar::hour),
    calendar("day_of_week", calendar::day_of_week),
    calendar("day_of_month", calendar::day_of_month),
    calendar("day_of_year", calendar::day_of_year),
    calendar("days_in_month", calendar::days_in_month),
    calendar("month", calendar::month),
    calendar("year", calendar::year),
];

/// The larger number. NaN counts as larger than every number but infinity.
fn larger(one: f64, other: f64) -> f64 {
    if one == f64::INFINITY || other == f64::INFINITY {
        f64::INFINITY
    } else if one.is_nan() || other.is_nan() {
        f64::NAN
    } else if one == 0.0 && other == 0.0 {
        // The one without a sign.
        one + other
    } else {
        one.max(other)
    }
}

/// From here on the square root of `x * x + 1` is `x`, and may be too large besides.
const LARGE: f64 = (1_u64 << 28) as f64;

fn asinh(x: f64) -> f64 {
    if x.abs() > LARGE { (x.abs().ln() + LN_2).copysign(x) } else { x.asinh() }
}

fn acosh(x: f64) -> f64 {
    if x > LARGE { x.ln() + LN_2 } else { x.acosh() }
}

/// The limited value; none where a clamp's bounds are the wrong way round. Carries NaN, of a bound too, unless an
/// infinity decides alone.
pub(super) fn limited(function: Limiter, value: f64, args: [f64; 2]) -> Option<f64> {
    let [first, second] = args;
    let at_least = |value: f64, bound: f64| larger(bound, value);
    let at_most = |value: f64, bound: f64| -larger(-bound, -value);
    match function {
        Limiter::Round => {
            // The inverse loses less on 0.1 and its like, as Prometheus does it.
            let inverse = 1.0 / first;
            Some((value * inverse + 0.5).floor() / inverse)
        }
        Limiter::ClampMin => Some(at_least(value, first)),
        Limiter::ClampMax => Some(at_most(value, first)),
        Limiter::Clamp if second < first => None,
        Limiter::Clamp => Some(at_least(at_most(value, second), first)),
    }
}
