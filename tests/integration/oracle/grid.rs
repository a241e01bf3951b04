//! The buckets of a question, computed anew: nothing here is datebin's.

use chrono::{Datelike, Days, Duration, Months, NaiveDate, NaiveTime, Offset, TimeZone, Weekday};
use chrono_tz::Tz;

const DAY: i64 = 86_400_000;

/// How a step is cut.
#[derive(Clone, Copy)]
enum Unit {
    /// Equally long, counted from the zone's midnight by its offset at the range's start.
    Exact,
    /// So many dates of the zone, counted from Monday 2000-01-03; whole weeks from the day on which weeks begin.
    Days(i64),
    /// So many months of the zone.
    Months(u32),
}

/// A width of buckets: its nominal length in milliseconds, and how it is cut.
#[derive(Clone, Copy)]
struct Step {
    length: i64,
    unit: Unit,
}

/// Whose dates and weeks they are.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    pub zone: Tz,
    pub weeks_from: Weekday,
}

/// The buckets of a question.
pub struct Grid {
    /// One more than there are buckets.
    pub edges: Vec<i64>,
    step: Step,
    zone: Tz,
}

impl From<Tz> for Calendar {
    fn from(zone: Tz) -> Self {
        Self { zone, weeks_from: Weekday::Mon }
    }
}

impl Step {
    const fn exact(length: i64) -> Self {
        Self { length, unit: Unit::Exact }
    }

    const fn days(count: i64) -> Self {
        Self { length: count * DAY, unit: Unit::Days(count) }
    }

    const fn months(count: u32, days: i64) -> Self {
        Self { length: days * DAY, unit: Unit::Months(count) }
    }

    /// A step as a question spells it: `250ms`, `7m`, `2d`, `2w`, `1mo`, `1q`.
    fn parse(text: &str) -> Self {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let count: i64 = digits.parse().unwrap();
        match &text[digits.len()..] {
            "ms" => Self::exact(count),
            "s" => Self::exact(count * 1000),
            "m" => Self::exact(count * 60_000),
            "h" => Self::exact(count * 3_600_000),
            "d" => Self::days(count),
            "w" => Self::days(count * 7),
            "mo" => Self::months(u32::try_from(count).unwrap(), count * 30),
            "q" => Self::months(3 * u32::try_from(count).unwrap(), count * 91),
            other => unreachable!("{other}"),
        }
    }
}

fn ladder() -> Vec<Step> {
    let exact = |unit: i64, counts: &'static [i64]| counts.iter().map(move |count| Step::exact(unit * count));
    let years = [1_u32, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
    exact(1, &[1, 2, 5, 10, 20, 50, 100, 200, 500])
        .chain(exact(1000, &[1, 2, 5, 10, 15, 20, 30]))
        .chain(exact(60_000, &[1, 2, 5, 10, 15, 20, 30]))
        .chain(exact(3_600_000, &[1, 2, 3, 6, 12]))
        .chain([Step::days(1), Step::days(7), Step::months(1, 30), Step::months(3, 91)])
        .chain(years.map(|count| Step::months(count * 12, i64::from(count) * 365)))
        .collect()
}

impl Grid {
    /// The buckets that the ladder gives.
    pub fn chosen(from: i64, to: i64, interval: i64, max: i64, calendar: Calendar) -> Self {
        let zone = calendar.zone;
        let long: Vec<_> = ladder().into_iter().filter(|step| step.length >= interval).collect();
        let roomy = |length: i64| (to - from + length - 1) / length < max;
        let cut = |step: &Step| {
            // More than the range could have of the step: not worth being cut.
            ((to - from) / step.length <= max + 2).then(|| Self {
                edges: cut(from, to, *step, calendar),
                step: *step,
                zone,
            })
        };
        let fits = |grid: &Self| i64::try_from(grid.edges.len()).unwrap() - 1 <= max;
        let first = long.iter().filter(|step| roomy(step.length)).filter_map(cut).find(fits);
        let whole = || Self { edges: vec![from, to], step: Step::exact(to - from), zone };
        first.or_else(|| long.iter().filter_map(cut).find(fits)).unwrap_or_else(whole)
    }

    /// The buckets of the question's own step.
    pub fn asked(from: i64, to: i64, step: &str, calendar: Calendar) -> Self {
        let step = Step::parse(step);
        Self { edges: cut(from, to, step, calendar), step, zone: calendar.zone }
    }

    pub fn starts(&self) -> &[i64] {
        &self.edges[..self.edges.len() - 1]
    }

    /// The start of the bucket of a time in microseconds. Half-open: a time on an edge is in the bucket that starts
    /// there.
    pub fn bucket(&self, at: i64) -> Option<i64> {
        let next = self.edges.partition_point(|edge| edge * 1000 <= at);
        (1..self.edges.len()).contains(&next).then(|| self.edges[next - 1])
    }

    /// How many buckets before the grid a lookback has.
    fn lookback(&self, lookback: i64) -> i64 {
        let first = self.edges[1] - self.edges[0];
        ((lookback + first - 1) / first).max(1)
    }

    /// The start of the bucket before the grid, within the lookback, that a time in microseconds lies in.
    pub fn earlier(&self, at: i64, lookback: i64) -> Option<i64> {
        let (first, count) = (self.edges[0], self.lookback(lookback));
        if at >= first * 1000 {
            return None;
        }
        let step = |period: NaiveDate| match self.step.unit {
            Unit::Exact => unreachable!("has no dates"),
            Unit::Days(days) => period - Days::new(days.unsigned_abs()),
            Unit::Months(months) => period - Months::new(months),
        };
        if matches!(self.step.unit, Unit::Exact) {
            let back = (first * 1000 - at + self.step.length * 1000 - 1) / (self.step.length * 1000);
            return (back <= count).then(|| first - back * self.step.length);
        }
        let mut date = self.zone.timestamp_millis_opt(first).unwrap().date_naive();
        for _ in 0..count {
            date = step(date);
            let start = midnight(date, self.zone);
            if start * 1000 <= at {
                return Some(start);
            }
        }
        None
    }
}

/// The edges of the buckets that the ladder gives: one more than there are buckets.
pub fn edges(from: i64, to: i64, interval: i64, max: i64, zone: Tz) -> Vec<i64> {
    Grid::chosen(from, to, interval, max, zone.into()).edges
}

fn cut(from: i64, to: i64, step: Step, calendar: Calendar) -> Vec<i64> {
    let zone = calendar.zone;
    let local = |ms: i64| zone.timestamp_millis_opt(ms).unwrap();
    let mut edges = Vec::new();
    if matches!(step.unit, Unit::Exact) {
        let ahead = i64::from(local(from).offset().fix().local_minus_utc()) * 1000;
        let mut edge = from - (from + ahead).rem_euclid(step.length);
        edges.push(edge);
        while edge < to {
            edge += step.length;
            edges.push(edge);
        }
        return edges;
    }
    let mut date = floor(local(from).date_naive(), step.unit, calendar.weeks_from);
    edges.push(midnight(date, zone));
    while *edges.last().unwrap() < to {
        date = match step.unit {
            Unit::Exact => unreachable!("is cut above"),
            Unit::Days(count) => date + Days::new(count.unsigned_abs()),
            Unit::Months(count) => date + Months::new(count),
        };
        edges.push(midnight(date, zone));
    }
    // A date that the zone left out has no length.
    edges.dedup();
    while edges.get(1).is_some_and(|next| *next <= from) {
        edges.remove(0);
    }
    edges
}

fn floor(date: NaiveDate, unit: Unit, weeks_from: Weekday) -> NaiveDate {
    match unit {
        Unit::Exact => unreachable!("has no dates"),
        Unit::Days(count) => {
            let monday = NaiveDate::from_ymd_opt(2000, 1, 3).unwrap();
            let first = if count % 7 == 0 { monday.week(weeks_from).first_day() } else { monday };
            let behind = date.signed_duration_since(first).num_days().rem_euclid(count);
            date - Days::new(behind.unsigned_abs())
        }
        Unit::Months(count) => {
            let months = u32::try_from(date.year()).unwrap() * 12 + date.month0();
            let months = months - months % count;
            NaiveDate::from_ymd_opt(i32::try_from(months / 12).unwrap(), months % 12 + 1, 1).unwrap()
        }
    }
}

/// When the zone's calendar first shows that date or a later one.
pub fn midnight(date: NaiveDate, zone: Tz) -> i64 {
    let mut wall = date.and_time(NaiveTime::MIN);
    loop {
        if let Some(first) = zone.from_local_datetime(&wall).earliest() {
            return first.timestamp_millis();
        }
        wall += Duration::minutes(1);
    }
}
