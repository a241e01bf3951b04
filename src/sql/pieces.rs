//! The samples of a fetch as one row per series, for some of its times.

use super::samples::{in_order_of_time, one_sample_each};
use super::{Param, Statement, Writer, instant, stretches};
use crate::catalog::MetricValue;
use crate::plan::Fetch;
use crate::time::TimeRange;

/// Which samples of a fetch a statement of pieces reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// The times, in order.
    pub stretches: Vec<TimeRange>,
    /// The most rows that it reads.
    pub rows: u32,
    /// The most series of these, and one more says that there are more; fewer samples of each save nothing.
    pub series: u32,
    /// Whether it reads the earliest ones where there are more.
    pub in_order: bool,
}

/// The times that the samples of a fetch are read at, in order; none where its rows have no times that can be cut.
#[must_use]
pub fn times(fetch: &Fetch) -> Vec<TimeRange> {
    match fetch.rows.value {
        MetricValue::Overlap(_) => Vec::new(),
        _ if stretches::bounds(&fetch.rows.time, &fetch.axis.stretches).is_some() => fetch.axis.stretches.clone(),
        _ => vec![TimeRange { from: fetch.axis.from.saturating_sub(fetch.axis.reach_ms), to: fetch.axis.to }],
    }
}

/// The statement of the samples of a slice, in no order: labels, an array of the instants and one of the values.
#[must_use]
pub fn pieces(fetch: &Fetch, slice: &Slice) -> Statement {
    let mut w = Writer::default();
    w.syntax("SELECT ");
    for at in 0..fetch.rows.labels.len() {
        w.generated("s.l", at).syntax(", ");
    }
    w.syntax("array_agg(s.b), array_agg(s.p0) FROM (");
    let time = &fetch.rows.time;
    match (slice.stretches.as_slice(), stretches::bounds(time, &slice.stretches)) {
        ([] | [_], _) | (_, None) => {
            let (from, to) = (slice.stretches.first(), slice.stretches.last());
            let (from, to) = (from.map_or(fetch.axis.from, |one| one.from), to.map_or(fetch.axis.to, |one| one.to));
            one_sample_each(&mut w, fetch, |w| instant::bounds(w, time, from, to));
            if slice.in_order {
                in_order_of_time(&mut w, fetch);
            }
        }
        (_, Some(bounds)) => {
            stretches::each(&mut w, bounds, |w| {
                one_sample_each(w, fetch, |w| stretches::inside(w, time));
            });
        }
    }
    w.syntax(" LIMIT ").param(Param::Int(i64::from(slice.rows))).syntax(") AS s");
    if fetch.rows.labels.is_empty() {
        w.syntax(" HAVING count(*) > 0");
    } else {
        w.syntax(" GROUP BY ").ordinals(fetch.rows.labels.len());
    }
    w.syntax(" LIMIT ").param(Param::Int(i64::from(slice.series) + 1));
    w.finish()
}
