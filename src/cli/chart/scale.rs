//! Values → rows, times → columns, and what is written along the axes.

use chrono::{DateTime, NaiveDateTime};

use crate::render::chart::{round, tick};
use crate::time::{Millis, Zone};

/// The value axis.
pub(super) struct ShellAxis {
    pub(super) rows: usize,
    low: f64,
    high: f64,
    step: f64,
}

impl ShellAxis {
    /// An axis around the values, if there are any.
    pub(super) fn over(values: impl Iterator<Item = f64>, rows: usize) -> Option<Self> {
        // Beyond that the distance of two values may not be a number.
        let values = values.map(|value| value.clamp(-f64::MAX / 8.0, f64::MAX / 8.0));
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return None;
        }
        let rows = rows.max(2);
        // A flat line runs through the middle, and noise below what floats can tell apart is flat.
        let pad = if high - low > 1e-9 * low.abs().max(high.abs()) { 0.0 } else { (low.abs() * 0.1).max(1.0) };
        let (low, high) = (low - pad, high + pad);
        let step = round((high - low) / (rows as f64 / 4.0).max(1.0));
        let fine = step / 5.0;
        let (low, high) = ((low / fine + 1e-9).floor() * fine, (high / fine - 1e-9).ceil() * fine);
        Some(Self { rows, low, high, step })
    }

    /// The row of dots of a value, from the top.
    pub(super) fn dot(&self, value: f64) -> usize {
        let part = ((self.high - value) / (self.high - self.low)).clamp(0.0, 1.0);
        (part * (self.rows * 4 - 1) as f64).round() as usize
    }

    /// How wide its labels are.
    pub(super) fn gutter(&self) -> usize {
        self.labels().iter().flatten().map(|label| label.chars().count()).max().unwrap_or(0)
    }

    /// What is written at each row.
    pub(super) fn labels(&self) -> Vec<Option<String>> {
        let mut labels = vec![None; self.rows];
        let largest = self.low.abs().max(self.high.abs());
        let first = (self.low / self.step - 1e-9).ceil();
        let count = ((self.high / self.step + 1e-9).floor() - first) as usize;
        for index in 0..=count.min(self.rows) {
            // Multiplied, not summed up, so that zero is no rounding error.
            let value = (first + index as f64) * self.step;
            labels[self.dot(value) / 4] = Some(tick(value, self.step, largest));
        }
        labels
    }
}

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;
/// Distances of times that people count in.
#[rustfmt::skip]
const DISTANCES: [Millis; 27] = [
    1, 10, 100,
    SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
    MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
    HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
    DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY, 365 * DAY,
];
/// A label and the space around it.
const LABEL: usize = 14;

/// The time axis.
pub(super) struct Clockface<'a> {
    pub(super) from: Millis,
    pub(super) to: Millis,
    pub(super) zone: &'a Zone,
    pub(super) columns: usize,
}

impl Clockface<'_> {
    /// The column of dots of a time.
    pub(super) fn dot(&self, at: Millis) -> usize {
        let part = (at - self.from) as f64 / (self.to - self.from).max(1) as f64;
        (part * (self.columns * 2 - 1) as f64).round() as usize
    }

    /// The axis, its labels, and the range with its zone.
    pub(super) fn lines(&self) -> [String; 3] {
        let mut axis: Vec<char> = vec!['─'; self.columns];
        let mut labels: Vec<char> = vec![' '; self.columns];
        let mut free = 0;
        for (at, label) in self.ticks() {
            let column = self.dot(at) / 2;
            let start = column.saturating_sub(label.len() / 2).min(self.columns.saturating_sub(label.len()));
            axis[column] = '┬';
            if start < free || start + label.len() > self.columns {
                continue;
            }
            labels.splice(start..start + label.len(), label.chars());
            free = start + label.len() + 2;
        }
        let full = |at| self.zone.to_local(at).format("%Y-%m-%d %H:%M:%S").to_string();
        let range = format!(" {} to {} {}", full(self.from), full(self.to), self.zone.name());
        let (axis, labels): (String, String) = (axis.iter().collect(), labels.iter().collect());
        [format!("└{axis}"), format!(" {labels}"), range]
    }

    /// Round local times within the range, and how they are written.
    fn ticks(&self) -> Vec<(Millis, String)> {
        let wanted = (self.to - self.from) / (self.columns / LABEL).max(1) as i64;
        let distance = DISTANCES.into_iter().find(|distance| *distance >= wanted).unwrap_or(wanted);
        let shown = |at| self.zone.to_local(at).and_utc().timestamp_millis();
        let (first, last) = (shown(self.from).div_euclid(distance), shown(self.to).div_euclid(distance));
        let local = |index: i64| DateTime::from_timestamp_millis(index.checked_mul(distance)?).map(|at| at.naive_utc());
        // Where clocks jump, a reading may lie outside, or two at one instant.
        let mut ticks: Vec<_> = (first..=last).filter_map(local).map(|local| self.zone.local_to_utc(local)).collect();
        ticks.retain(|at| (self.from..=self.to).contains(at));
        ticks.sort_unstable();
        ticks.dedup();
        ticks.into_iter().map(|at| (at, label(self.zone.to_local(at), distance))).collect()
    }
}

fn label(local: NaiveDateTime, distance: Millis) -> String {
    let is_midnight = local.and_utc().timestamp_millis().rem_euclid(DAY) == 0;
    let format = match distance {
        _ if distance >= 30 * DAY => "%Y-%m-%d",
        _ if distance >= DAY || is_midnight => "%d %b",
        _ if distance >= MINUTE => "%H:%M",
        _ if distance >= SECOND => "%H:%M:%S",
        _ => "%H:%M:%S%.3f",
    };
    local.format(format).to_string()
}
