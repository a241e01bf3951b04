//! Names of two times of one row that belong together.

use super::words_of;

/// Whether a time of that name is the end of what another one begins: `visit_end_date` of `visit_start_date`.
pub(in super::super) fn is_end_of(name: &str, start: &str) -> bool {
    let (ends, starts) = (words_of(name), words_of(start));
    let pairs = [
        ("start", "end"),
        ("start", "stop"),
        ("start", "finish"),
        ("started", "ended"),
        ("started", "finished"),
        ("begin", "end"),
        ("began", "ended"),
        ("from", "to"),
        ("from", "until"),
        ("started", "stopped"),
        ("started", "completed"),
        ("started", "terminated"),
        ("join", "leave"),
        ("joined", "left"),
        ("opened", "closed"),
        ("open", "close"),
        ("in", "out"),
        ("checkin", "checkout"),
        ("clockin", "clockout"),
        ("arrived", "departed"),
        ("arrival", "departure"),
    ];
    let mut turned = 0;
    let fits = ends.len() == starts.len()
        && starts.iter().zip(&ends).all(|(start, end)| {
            let is_pair = pairs.contains(&(start.as_str(), end.as_str()));
            turned += u32::from(is_pair);
            is_pair || start == end
        });
    // `epoch_end` of `epoch`.
    let is_longer = ends
        .strip_prefix(starts.as_slice())
        .is_some_and(|rest| matches!(rest, [only] if ["end", "stop", "until", "to"].contains(&only.as_str())));
    fits && turned == 1 || is_longer && !starts.is_empty()
}

/// The names that the time of a day goes by in a row that has the day as well: `measured_datetime` of `measured_date`.
pub(in super::super) fn finer(day: &str) -> Vec<String> {
    let lower = day.to_lowercase();
    let Some(stem) = lower.strip_suffix("date").or_else(|| lower.strip_suffix("day")) else { return Vec::new() };
    ["datetime", "date_time", "time", "timestamp", "at", "ts"].iter().map(|end| format!("{stem}{end}")).collect()
}

/// What the time of a day is called.
const CLOCK: &[&str] = &[
    "time",
    "clock",
    "uhrzeit",
    "zeit",
    "hora",
    "heure",
    "tijd",
    "ora",
    "time_of_day",
    "tod",
    "cas",
    "godzina",
    "klockslag",
];
/// Words for a time of the day that each day has one of.
const OF_DAY: &[&str] = &[
    "sunrise", "sunset", "moonrise", "moonset", "dawn", "dusk", "noon", "open", "opens", "opening", "close", "closes",
    "closing", "min", "max", "low", "high", "peak", "first", "last", "tide",
];

/// Whether a time of the day of that name is that of its row.
pub(in super::super) fn is_clock(name: &str) -> bool {
    super::is_one(name, CLOCK)
}

/// Whether a time of the day of that name belongs to a day of the other: `reading_time` of `reading_date`.
pub(in super::super) fn is_clock_of(name: &str, day: &str) -> bool {
    let stem = |name: &str, ends: &[&str]| {
        let words = words_of(name);
        let (last, stem) = words.split_last()?;
        (!stem.is_empty() && ends.contains(&last.as_str())).then(|| stem.to_vec())
    };
    let own = stem(name, &["time", "clock", "hour", "tod"]);
    own.is_some() && own == stem(day, &["date", "day", "dt"])
}

/// Whether a time of the day of that name is one of its day, and not of its row: `sunrise`, `peak_time`.
pub(in super::super) fn is_clock_of_day(name: &str) -> bool {
    words_of(name).iter().any(|word| OF_DAY.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_two_times_belong_together() {
        assert!(is_end_of("visit_end_date", "visit_start_date") && is_end_of("validTo", "validFrom"));
        assert!(
            !is_end_of("bed_end_date", "visit_start_date") && !is_end_of("start", "start") && !is_end_of("end", "at")
        );
        assert!(is_end_of("epoch_end", "epoch") && is_end_of("date_stopped", "date_started") && !is_end_of("end", ""));
        assert!(is_clock_of("reading_time", "reading_date") && !is_clock_of("end_time", "start_date"));
        assert!(is_clock("Uhrzeit") && is_clock_of_day("peak_time") && !is_clock_of_day("slot"));
        assert!(finer("measurement_date").contains(&"measurement_datetime".to_owned()) && finer("ts").is_empty());
    }
}
