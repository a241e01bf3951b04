//! The parts of a time in UTC. Times are seconds since 1970; what is not finite has none.

const DAY: i64 = 86_400;

/// A date in the proleptic Gregorian calendar.
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The date of a day since 1970 (Hinnant, "chrono-compatible low-level date algorithms").
fn date(days: i64) -> Date {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Date { year, month, day: day_of_year - (153 * from_march + 2) / 5 + 1 }
}

fn part(seconds: f64, part: impl Fn(i64) -> i64) -> f64 {
    if seconds.is_finite() { part(seconds as i64) as f64 } else { f64::NAN }
}

fn of_date(seconds: f64, of: impl Fn(Date) -> i64) -> f64 {
    part(seconds, |seconds| of(date(seconds.div_euclid(DAY))))
}

pub(super) fn minute(seconds: f64) -> f64 {
    part(seconds, |seconds| seconds.rem_euclid(3_600) / 60)
}

pub(super) fn hour(seconds: f64) -> f64 {
    part(seconds, |seconds| seconds.rem_euclid(DAY) / 3_600)
}

/// Sunday is 0; 1970 began on a Thursday.
pub(super) fn day_of_week(seconds: f64) -> f64 {
    part(seconds, |seconds| (seconds.div_euclid(DAY) + 4).rem_euclid(7))
}

pub(super) fn day_of_month(seconds: f64) -> f64 {
    of_date(seconds, |date| date.day)
}

pub(super) fn day_of_year(seconds: f64) -> f64 {
    of_date(seconds, |date| date.day + (1..date.month).map(|month| month_length(date.year, month)).sum::<i64>())
}

pub(super) fn days_in_month(seconds: f64) -> f64 {
    of_date(seconds, |date| month_length(date.year, date.month))
}

pub(super) fn month(seconds: f64) -> f64 {
    of_date(seconds, |date| date.month)
}

pub(super) fn year(seconds: f64) -> f64 {
    of_date(seconds, |date| date.year)
}
