//! The samples of a fetch as one statement, row by row.

use super::fetch::{LevelPurpose, from, labels, passing};
use super::value::sample;
use super::{Param, Statement, Writer, instant, lasting, stretches};
use crate::catalog::MetricValue;
use crate::plan::Fetch;

/// The statement of the samples of a fetch, in order of time: labels, the instant, the value.
#[must_use]
pub fn samples(fetch: &Fetch) -> Statement {
    let mut w = Writer::default();
    let time = &fetch.rows.time;
    match stretches::bounds(time, &fetch.axis.stretches) {
        None => {
            one_sample_each(&mut w, fetch, |w| {
                instant::bounds(w, time, fetch.axis.from.saturating_sub(fetch.axis.reach_ms), fetch.axis.to);
            });
            in_order(&mut w, fetch);
        }
        Some(bounds) => stretches::each(&mut w, bounds, |w| {
            one_sample_each(w, fetch, |w| stretches::inside(w, time));
            in_order(w, fetch);
        }),
    }
    w.syntax(" LIMIT ").param(Param::Int(i64::from(fetch.caps.samples) + 1));
    w.finish()
}

/// Writes the rows of a fetch one by one.
pub(super) fn one_sample_each(w: &mut Writer, fetch: &Fetch, bounds: impl Fn(&mut Writer)) {
    w.syntax("SELECT ");
    labels(w, fetch, LevelPurpose::Answer);
    instant::moment(w, &fetch.rows.time);
    w.syntax(" AS b, ");
    sample(w, fetch);
    w.syntax(" AS p0");
    from(w, fetch);
    w.syntax(" WHERE ");
    match &fetch.rows.value {
        MetricValue::Overlap(own) => lasting::bounds(w, &fetch.rows.time, own, fetch),
        _ => bounds(w),
    }
    passing(w, fetch);
}

/// Writes that rows come in order of time.
pub(super) fn in_order_of_time(w: &mut Writer, fetch: &Fetch) {
    w.syntax(" ORDER BY ");
    if instant::is_ordered_as_stored(&fetch.rows.time) {
        w.clock(&fetch.rows.time);
    } else {
        w.number(fetch.rows.labels.len() + 1);
    }
}

/// Writes the order of samples. Of several at one instant the larger counts as the later.
fn in_order(w: &mut Writer, fetch: &Fetch) {
    in_order_of_time(w, fetch);
    w.syntax(", ").number(fetch.rows.labels.len() + 2);
}
