//! What names of times say, however their words are put together: `created_at`, `createdAt` and `createat` are one.

use super::events::EVENT;
use super::moments::{CHANGE, CREATION, END, EPOCH, EPOCH_SUFFIX, FOLLOWING, LENGTHS, OTHER, PLANNED, TIME};
use super::words_of;
use crate::catalog::EpochUnit;

/// What follows `time` in a name, and how others say the same: `timecreated` is `createdat`.
const AFTER_TIME: &[(&str, &str)] = &[
    ("created", "createdat"),
    ("received", "receivedat"),
    ("start", "startedat"),
    ("started", "startedat"),
    ("submitted", "submittedat"),
    ("modified", "modifiedat"),
    ("updated", "updatedat"),
    ("access", "lastseenat"),
    ("finish", "finishedat"),
    ("finished", "finishedat"),
    ("closed", "closedat"),
    ("completed", "completedat"),
];

/// The name without what joins its words.
fn squeezed(name: &str) -> String {
    let squeezed: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let rest = squeezed.strip_prefix("time");
    let said = rest.and_then(|rest| AFTER_TIME.iter().find(|(after, _)| *after == rest));
    // `date_started` is `started_at`.
    let dated = squeezed.strip_prefix("date").map(|rest| format!("{rest}at"));
    let is_known =
        |name: &String| [CREATION, EVENT, CHANGE, END, OTHER].iter().any(|list| list.contains(&name.as_str()));
    match said {
        Some((_, said)) => (*said).to_owned(),
        None => dated.filter(is_known).unwrap_or(squeezed),
    }
}

fn is_one(name: &str, of: &[&str]) -> bool {
    of.contains(&squeezed(name).as_str())
}

/// How much a name says that this is when a row was measured: 0 to 3; `None`: that it is not.
pub(in super::super) fn time_rank(name: &str) -> Option<u8> {
    if let Some((stem, _)) = in_unit(name) {
        return time_rank(&stem);
    }
    let lower = name.to_lowercase();
    let words = words_of(name);
    let ends = ["at", "time", "ts", "date", "datetime", "timestamp", "on", "unix"];
    let ends = words.len() > 1 && words.last().is_some_and(|word| ends.contains(&word.as_str()));
    match () {
        () if is_one(name, OTHER) || is_ahead(name) => None,
        () if is_one(name, TIME) => Some(3),
        () if is_one(name, CREATION) || is_one(name, EVENT) => Some(2),
        () if is_one(name, CHANGE) => Some(0),
        () if ends || lower.starts_with("date_") => Some(1),
        () => Some(0),
    }
}

/// Whether a time of that name is when its row was made.
pub(in super::super) fn is_creation(name: &str) -> bool {
    is_one(name, CREATION) || is_event(name)
}

/// Whether a time of that name is when something happened.
pub(in super::super) fn is_event(name: &str) -> bool {
    is_one(name, EVENT)
}

/// Whether a time of that name is when something was sold, paid, posted or used up.
pub(in super::super) fn is_event_of_deal(name: &str) -> bool {
    let stems =
        ["posting", "posted", "transaction", "order", "invoice", "redeem", "sold", "paid", "purchas", "trade", "claim"];
    is_event(name) && words_of(name).iter().any(|word| stems.iter().any(|stem| word.starts_with(stem)))
}

/// Whether a time of that name is what a row is planned for, as a job is that waits.
pub(in super::super) fn is_planned(name: &str) -> bool {
    is_one(name, PLANNED)
}

/// Whether a time of that name is what became of its row later, as of some: `shipped_at`, `waiting_since`.
pub(in super::super) fn follows(name: &str) -> bool {
    let words = words_of(name);
    let ends = ["at", "on", "date", "time", "ts", "datetime", "timestamp"];
    let Some((last, stem)) = words.split_last() else { return false };
    let is_of_some = |word: &String| FOLLOWING.contains(&word.as_str());
    is_of_some(last)
        || !stem.is_empty() && (last == "since" || last == "until")
        || ends.contains(&last.as_str()) && stem.iter().any(is_of_some)
}

/// Whether a time of that name is when something was seen first: it may be seen again.
pub(in super::super) fn is_first(name: &str) -> bool {
    words_of(name).first().is_some_and(|word| word == "first")
}

/// Whether a time of that name may come long after its row was made, as the start of a job does that waits in a queue.
pub(in super::super) fn is_later(name: &str) -> bool {
    let stems = ["start", "begin", "began", "perform", "execut", "paid", "sent", "opened"];
    is_event(name) && words_of(name).iter().any(|word| stems.iter().any(|stem| word.starts_with(stem)))
}

/// Whether a time of that name is when its row was changed.
pub(in super::super) fn is_change(name: &str) -> bool {
    is_one(name, CHANGE)
}

/// Whether a number of that name is when a row was made, began, was changed or ended, unless statistics say otherwise.
pub(in super::super) fn is_time_of_row(name: &str) -> bool {
    let squeezed = squeezed(name);
    let ends = ["at", "time", "timestamp", "date", "unix"];
    [CREATION, EVENT, CHANGE, END].iter().any(|list| list.contains(&squeezed.as_str()))
        && ends.iter().any(|end| squeezed.ends_with(end))
}

/// Whether a time of that name is the latest of many, as `last_parsed_time` and `latestEvent` are.
pub(in super::super) fn is_latest(name: &str) -> bool {
    let words = words_of(name);
    let is_last = |word: &String| ["last", "latest"].contains(&word.as_str());
    let is_glued = |word: &String| {
        let of =
            ["call", "run", "check", "poll", "sync", "fire", "seen", "update", "change", "login", "activity", "access"];
        word.strip_prefix("last").is_some_and(|rest| of.contains(&rest))
    };
    words.len() > 1 && words[..words.len() - 1].iter().any(is_last) || words.iter().any(is_glued)
}

/// Whether a time of that name lies ahead, as `next_run_at` does.
fn is_ahead(name: &str) -> bool {
    let words = words_of(name);
    let ends = [
        "at",
        "time",
        "ts",
        "date",
        "on",
        "run",
        "dagrun",
        "due",
        "after",
        "timestamp",
        "attempt",
        "execution",
        "call",
        "fire",
        "firetime",
        "runat",
        "check",
        "poll",
        "sync",
        "visit",
        "billing",
        "payment",
        "retry",
        "wake",
        "invoice",
    ];
    let is_next = match words.as_slice() {
        [only] => only.strip_prefix("next").is_some_and(|rest| ends.contains(&rest)),
        [first, .., last] => first == "next" && ends.contains(&last.as_str()),
        [] => false,
    };
    is_next || tells_expiry(name)
}

/// Whether a name says that something expires: a time of that name lies ahead, and a number may count what expired.
pub(in super::super) fn tells_expiry(name: &str) -> bool {
    words_of(name).iter().any(|word| word.starts_with("expir"))
}

/// Whether a time of that name is when something was over.
pub(in super::super) fn is_end(name: &str) -> bool {
    is_one(name, END)
}

/// What a name says before the unit at its end, and the unit: `ts_ns`, `time_unix_nano`, `recorded_us`.
fn in_unit(name: &str) -> Option<(String, EpochUnit)> {
    let words = words_of(name);
    let (last, stem) = words.split_last()?;
    let unit = match last.as_str() {
        "s" | "sec" | "secs" | "seconds" => EpochUnit::Seconds,
        "ms" | "msec" | "millis" | "milliseconds" => EpochUnit::Millis,
        "us" | "usec" | "micros" | "microseconds" => EpochUnit::Micros,
        "ns" | "nsec" | "nano" | "nanos" | "nanoseconds" => EpochUnit::Nanos,
        _ => return None,
    };
    let of_time = ["ts", "time", "timestamp", "epoch", "unix", "clock", "at"];
    let joined = stem.join("_");
    let is_time = stem.last().is_some_and(|word| of_time.contains(&word.as_str()))
        || [TIME, CREATION, EVENT, CHANGE, END].iter().any(|list| is_one(&joined, list));
    is_time.then_some((joined, unit))
}

/// The unit of a time that its name says.
pub(in super::super) fn unit_of(name: &str) -> Option<EpochUnit> {
    in_unit(name).map(|(_, unit)| unit)
}

/// Whether a number of that name may be a time.
#[must_use]
pub fn is_epoch_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    let listed = [EPOCH, TIME, CREATION, EVENT, CHANGE, OTHER, END].iter().any(|list| is_one(name, list));
    listed || EPOCH_SUFFIX.iter().any(|end| lower.ends_with(end)) || may_be_epoch(name) || in_unit(name).is_some()
}

/// Whether a number of that name may be a time or how long something took: `mintime`. The values tell.
pub(in super::super) fn may_be_epoch(name: &str) -> bool {
    let listed = [EPOCH, TIME, CREATION, EVENT, CHANGE, OTHER, END].iter().any(|list| is_one(name, list));
    let lower = name.to_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| lower.ends_with(end));
    !listed && !ends(EPOCH_SUFFIX) && ends(&["time", "stamp", "date"]) && !ends(LENGTHS)
}

/// Whether a number of that name is a time even where no statistics say so.
pub(in super::super) fn is_surely_epoch(name: &str) -> bool {
    let lower = name.to_lowercase();
    let at = |list: &&[&str]| is_one(name, list) && (lower.ends_with("at") || lower.ends_with("unix"));
    is_one(name, &["clock", "ts", "timestamp", "epoch", "epochstart", "epochend", "unixtime"])
        || ["_ts", "_epoch", "_timestamp", "_unix"].iter().any(|end| lower.ends_with(end))
        || [CREATION, EVENT, CHANGE, OTHER, END].iter().any(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_time_count_and_not_what_joins_them() {
        assert_eq!((time_rank("deleted_at"), time_rank("DeleteAt"), time_rank("expires_unix")), (None, None, None));
        assert!(time_rank("ts") > time_rank("created_at") && time_rank("created_at") > time_rank("seen_at"));
        assert!(time_rank("seen_at") > time_rank("updated_at"));
        for name in ["created_at", "createdAt", "createat", "created_unix", "create_date"] {
            assert!(is_creation(name) && time_rank(name) == Some(2), "{name}");
        }
        assert!(is_latest("last_parsed_time") && is_latest("latestEvent") && !is_latest("lasted"));
        assert!(time_rank("next_run_at").is_none() && time_rank("next_value").is_some());
        for name in ["timecreated", "time_created", "timestart", "timemodified", "timefinish"] {
            assert!(is_epoch_name(name) && !is_surely_epoch(name), "{name}");
        }
        assert!(
            is_creation("timecreated") && is_change("timemodified") && is_change("timeaccess") && is_end("timefinish")
        );
        assert!(time_rank("expire_at").is_none() && time_rank("expiration_date").is_none());
        assert!(time_rank("t_stamp") == Some(3) && is_epoch_name("t_stamp") && may_be_epoch("mintime"));
        assert!(!is_epoch_name("timeout") && !is_epoch_name("times"));
        assert!(is_epoch_name("createat") && is_surely_epoch("created_unix") && !is_surely_epoch("format"));
        for (name, unit) in [
            ("ts_ns", EpochUnit::Nanos),
            ("time_us", EpochUnit::Micros),
            ("timestamp_us", EpochUnit::Micros),
            ("epoch_s", EpochUnit::Seconds),
            ("ts_sec", EpochUnit::Seconds),
            ("start_time_unix_nano", EpochUnit::Nanos),
            ("recorded_ns", EpochUnit::Nanos),
            ("event_time_us", EpochUnit::Micros),
        ] {
            assert!(is_epoch_name(name) && unit_of(name) == Some(unit), "{name}");
        }
        assert!(!is_epoch_name("latency_us") && !is_epoch_name("watts") && unit_of("cpu_ns").is_none());
        assert!(
            time_rank("Activity Date") == Some(2)
                && time_rank("soldAt") == Some(2)
                && time_rank("paused_at") == Some(1)
        );
        assert!(is_end("closed_unix") && is_end("finishedAt") && !is_end("weekend") && is_change("write_date"));
    }
}
