//! `range: {from, to}`, each in any of the spellings that clients send.

use serde_json::Value;

use super::scalar;
use crate::error::{Error, Kind};
use crate::time::{Millis, Rounding, TimeRange, Zone, parse_instant};

const DEFAULT_MS: i64 = 6 * 3_600_000;

/// When and where a question is asked.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The time of the question.
    pub now: Millis,
    /// The zone that applies where the question names none.
    pub zone: &'a Zone,
}

/// The zone that a request names, or the catalog's.
pub(super) fn zone_of(name: &Value, moment: Moment<'_>) -> Zone {
    let own = scalar::text(name).and_then(|name| Zone::parse(&name));
    own.map_or(*moment.zone, |zone| zone.with_weeks_from(moment.zone.first_weekday()))
}

/// Reads a range; an absent end is now, an absent start six hours before the end.
///
/// # Errors
/// It is no object, an end is unreadable, or the range is reversed, empty or absurd.
pub fn time_range(value: &Value, moment: Moment<'_>) -> Result<TimeRange, Error> {
    if !(value.is_null() || value.is_object()) {
        return Err(Error::new(Kind::BadRange, "`range` cannot be read: it is not an object with `from` and `to`"));
    }
    let bound = |name: &str, rounding| instant(value.get(name).unwrap_or(&Value::Null), rounding, moment, name);
    let to = bound("to", Rounding::End)?.unwrap_or(moment.now);
    let from = bound("from", Rounding::Start)?.unwrap_or_else(|| to.saturating_sub(DEFAULT_MS));
    TimeRange::new(from, to).map_err(|error| Error::new(Kind::BadRange, format!("the range cannot be used: {error}")))
}

fn instant(value: &Value, rounding: Rounding, moment: Moment<'_>, name: &str) -> Result<Option<Millis>, Error> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        value => scalar::text(value),
    };
    let wrong = |why: String| Error::new(Kind::BadRange, format!("`range.{name}` cannot be read: {why}"));
    let text = text.ok_or_else(|| {
        wrong("it is neither a text nor a number".into())
            .hint("expected ISO 8601, seconds or milliseconds since 1970, or `now-6h`")
    })?;
    parse_instant(&text, moment.now, rounding, moment.zone).map(Some).map_err(|error| wrong(error.to_string()))
}
