//! What stands along the axes: round values in the unit, and edges of the zone's calendar.

use super::legend::cut;
use super::unit::UnitFormat;
use crate::time::{GridRequest, Millis, Step, TimeRange, Zone, choose_grid};

/// The value axis.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueAxis {
    /// The value at its lower end.
    pub low: f64,
    /// The value at its upper end.
    pub high: f64,
    step: f64,
    /// The largest value: in its unit values are round.
    largest: f64,
}

/// Beyond that the distance of two values may not be a number.
const LARGEST: f64 = f64::MAX / 1e4;
/// Below that a distance cannot be divided into ticks.
const SMALLEST: f64 = 1e-290;

impl ValueAxis {
    /// An axis around values, with room for about so many ticks; none without a value.
    #[must_use]
    pub fn over(values: impl Iterator<Item = f64>, unit: &UnitFormat, ticks: u32) -> Option<Self> {
        let values = values.map(|value| value.clamp(-LARGEST, LARGEST));
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return None;
        }
        // A flat line runs through the middle, and noise below what floats can tell apart is flat.
        let pad = if high - low > (1e-9 * low.abs().max(high.abs())).max(SMALLEST) {
            0.0
        } else {
            (low.abs() * 0.1).max(1.0)
        };
        let (mut low, mut high) = (low - pad, high + pad);
        // Zero belongs to the axis where it is near: a line close to it is read against it.
        if low > 0.0 && low < 0.35 * high {
            low = 0.0;
        } else if high < 0.0 && high > 0.35 * low {
            high = 0.0;
        }
        let largest = low.abs().max(high.abs());
        let step = unit.round_step((high - low) / f64::from(ticks.max(1)), largest);
        let (low, high) = ((low / step + 1e-9).floor() * step, (high / step - 1e-9).ceil() * step);
        Some(Self { low, high, step, largest })
    }

    /// Where a value lies, from 0 at the lower end to 1 at the upper.
    #[must_use]
    pub fn part(&self, value: f64) -> f64 {
        ((value.clamp(-LARGEST, LARGEST) - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The round values, and how they are written.
    #[must_use]
    pub fn ticks(&self, unit: &UnitFormat) -> Vec<(f64, String)> {
        let (first, last) = ((self.low / self.step).round(), (self.high / self.step).round());
        let count = (last - first).clamp(0.0, 100.0) as u32;
        // Multiplied, not summed up, so that zero is no rounding error.
        let values = (0..=count).map(|index| (first + f64::from(index)) * self.step);
        values.map(|value| (value, unit.tick(value, self.step, self.largest))).collect()
    }
}

/// Round local times within a range, at most about so many, and how they are written.
#[must_use]
pub fn time_ticks(range: TimeRange, zone: &Zone, most: u32) -> Vec<(Millis, String)> {
    let max_points = most.max(2);
    let request = GridRequest { range, interval_ms: None, sampling_ms: None, max_points, explicit: None, zone };
    let Ok(grid) = choose_grid(&request) else { return Vec::new() };
    let inside = |at: &Millis| (range.from..=range.to).contains(at);
    let edges = (0..grid.len()).map(|bucket| grid.bucket_start(bucket)).chain([grid.end()]).filter(inside);
    edges.map(|at| (at, label(at, grid.step(), zone))).collect()
}

/// The range and its zone in words of at most about so many characters, as whole as finds room.
#[must_use]
pub(super) fn caption(range: TimeRange, zone: &Zone, room: usize) -> String {
    let (from, to) = (zone.to_local(range.from), zone.to_local(range.to));
    let is_one_day = from.date() == to.date();
    let span = |format: &str, end: &str| {
        let end = if is_one_day { end } else { format };
        format!("{} – {}", from.format(format), to.format(end))
    };
    let full = format!("{} – {}", from.format("%Y-%m-%d %H:%M:%S"), to.format("%Y-%m-%d %H:%M:%S"));
    let (seconds, minutes) = (span("%Y-%m-%d %H:%M:%S", "%H:%M:%S"), span("%Y-%m-%d %H:%M", "%H:%M"));
    // Across a change of the clocks no single offset is right.
    let is_one_offset = zone.offset_ms(range.from) == zone.offset_ms(range.to);
    let offset = if is_one_offset { format!("  {}", offset(zone.offset_ms(range.to))) } else { String::new() };
    let name = zone.name();
    let forms = [
        format!("{full}  {name}"),
        format!("{seconds}  {name}"),
        format!("{minutes}  {name}"),
        format!("{minutes}{offset}"),
        minutes,
        span("%m-%d %H:%M", "%H:%M"),
        span(if is_one_day { "%H:%M" } else { "%m-%d" }, "%H:%M"),
    ];
    let fits = |form: &&String| form.chars().count() <= room;
    forms.iter().find(fits).or(forms.last()).map_or_else(String::new, |form| cut(form, room))
}

/// An offset from UTC, such as `UTC+05:30`.
fn offset(ms: i64) -> String {
    let minutes = ms.abs() / 60_000;
    let sign = if ms < 0 { '-' } else { '+' };
    if ms == 0 { "UTC".to_owned() } else { format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60) }
}

fn label(at: Millis, step: Step, zone: &Zone) -> String {
    let local = zone.to_local(at);
    let is_midnight = local.time() == chrono::NaiveTime::MIN;
    let format = match step {
        Step::Millis(length) if length < 1_000 => "%H:%M:%S%.3f",
        Step::Millis(length) if length < 60_000 => "%H:%M:%S",
        Step::Millis(_) if !is_midnight => "%H:%M",
        Step::Millis(_) | Step::Days(_) => "%-d %b",
        Step::Months(months) if months < 12 => "%b %Y",
        Step::Months(_) => "%Y",
        Step::WholeRange => "%Y-%m-%d %H:%M",
    };
    local.format(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(from: &str, to: &str, zone: &str) -> String {
        let at = |text: &str| crate::time::parse_rfc3339(text).unwrap();
        let range = TimeRange::new(at(from), at(to)).unwrap();
        let ticks = time_ticks(range, &Zone::parse(zone).unwrap(), 8);
        ticks.into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn times_are_round_in_the_zone() {
        assert_eq!(
            shown("2026-07-01T20:00:00Z", "2026-07-02T02:00:00Z", "UTC"),
            "20:00 21:00 22:00 23:00 2 Jul 01:00 02:00"
        );
        assert_eq!(
            shown("2026-07-01T20:30:00Z", "2026-07-02T02:00:00Z", "Asia/Kolkata"),
            "02:00 03:00 04:00 05:00 06:00 07:00"
        );
        assert_eq!(
            shown("2026-03-28T00:00:00Z", "2026-03-31T23:00:00Z", "Europe/Prague"),
            "29 Mar 30 Mar 31 Mar 1 Apr"
        );
        assert_eq!(
            shown("2026-01-15T00:00:00Z", "2026-06-15T00:00:00Z", "UTC"),
            "Feb 2026 Mar 2026 Apr 2026 May 2026 Jun 2026"
        );
    }

    #[test]
    fn a_caption_is_as_whole_as_finds_room() {
        let at = |text: &str| crate::time::parse_rfc3339(text).unwrap();
        let said = |from: &str, to: &str, zone: &str, room| {
            caption(TimeRange::new(at(from), at(to)).unwrap(), &Zone::parse(zone).unwrap(), room)
        };
        let day = |room| said("2024-01-01T00:00:30Z", "2024-01-01T01:00:00Z", "UTC", room);
        assert_eq!(day(60), "2024-01-01 00:00:30 – 2024-01-01 01:00:00  UTC");
        assert_eq!(day(40), "2024-01-01 00:00:30 – 01:00:00  UTC");
        assert_eq!(day(30), "2024-01-01 00:00 – 01:00  UTC");
        assert_eq!(day(20), "01-01 00:00 – 01:00");
        let zone = "America/Argentina/Buenos_Aires";
        let days = |room| said("2024-01-01T00:00:00Z", "2024-01-03T01:00:00Z", zone, room);
        assert_eq!(days(53), "2023-12-31 21:00 – 2024-01-02 22:00  UTC-03:00");
        assert_eq!(days(40), "2023-12-31 21:00 – 2024-01-02 22:00");
        assert_eq!(days(16), "12-31 – 01-02");
        assert_eq!(days(8), "12-31 –…");
        // The clocks change in between.
        let spring = |room| said("2024-03-30T00:00:00Z", "2024-04-02T00:00:00Z", "Europe/Berlin", room);
        assert_eq!(spring(50), "2024-03-30 01:00 – 2024-04-02 02:00  Europe/Berlin");
        assert_eq!(spring(48), "2024-03-30 01:00 – 2024-04-02 02:00");
    }

    #[test]
    fn values_stand_between_round_ticks() {
        let axis = |values: &[f64]| {
            let unit = UnitFormat::of(Some("percent"));
            let axis = ValueAxis::over(values.iter().copied(), &unit, 5)?;
            Some(axis.ticks(&unit).into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(axis(&[12.0, 48.0]).as_deref(), Some("0% 10% 20% 30% 40% 50%"));
        assert_eq!(axis(&[-0.5, 0.5]).as_deref(), Some("-0.6% -0.4% -0.2% 0.0% 0.2% 0.4% 0.6%"));
        assert_eq!(axis(&[]), None);
        assert!(axis(&[f64::MAX, f64::MIN]).is_some());
        assert!(axis(&[5.0, 5.0]).is_some());
        let of = |unit: &str, values: [f64; 2]| {
            let unit = UnitFormat::of(Some(unit));
            let axis = ValueAxis::over(values.into_iter(), &unit, 5).unwrap();
            assert!(axis.low < axis.high, "{values:?}: {axis:?}");
            axis.ticks(&unit).into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("s", [0.0, 55.0]), "0 s 20 s 40 s 60 s");
        assert_eq!(of("s", [0.0, 23.5 * 3600.0]), "0 h 5 h 10 h 15 h 20 h 25 h");
        of("percentunit", [0.0, f64::MAX]);
        of("none", [0.0, 5e-324]);
    }
}
