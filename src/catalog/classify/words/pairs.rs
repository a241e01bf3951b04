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
    ];
    let mut turned = 0;
    let fits = ends.len() == starts.len()
        && starts.iter().zip(&ends).all(|(start, end)| {
            let is_pair = pairs.contains(&(start.as_str(), end.as_str()));
            turned += u32::from(is_pair);
            is_pair || start == end
        });
    fits && turned == 1
}

/// The names that the time of a day goes by in a row that has the day as well: `measured_datetime` of `measured_date`.
pub(in super::super) fn finer(day: &str) -> Vec<String> {
    let lower = day.to_lowercase();
    let Some(stem) = lower.strip_suffix("date").or_else(|| lower.strip_suffix("day")) else { return Vec::new() };
    ["datetime", "date_time", "time", "timestamp", "at", "ts"].iter().map(|end| format!("{stem}{end}")).collect()
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
        assert!(finer("measurement_date").contains(&"measurement_datetime".to_owned()) && finer("ts").is_empty());
    }
}
