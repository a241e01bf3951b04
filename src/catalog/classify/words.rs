//! What names of columns say. Names are compared in lower case.

/// Columns that carry a metric's name, whatever the value column is called.
const METRIC_NAME: &[&str] = &[
    "metric_name",
    "metric",
    "metricname",
    "measurement",
    "measure_name",
    "measurement_name",
    "measurand",
    "variable",
    "parameter",
    "quantity",
    "kpi",
];
/// Words that name many things; they count beside a column that is called like a value.
const PLAIN_NAME: &[&str] = &[
    "name",
    "key",
    "field",
    "field_name",
    "tag_name",
    "tagname",
    "property",
    "attribute",
    "indicator",
    "counter_name",
];
const VALUE: &[&str] = &["value", "val", "v", "reading", "metric_value", "measure", "measured_value", "numeric_value"];
const TIME: &[&str] = &[
    "time",
    "ts",
    "timestamp",
    "bucket",
    "recorded_at",
    "measured_at",
    "sampled_at",
    "observed_at",
    "collected_at",
    "captured_at",
    "logged_at",
    "event_time",
    "datetime",
    "date_time",
    "date",
    "day",
    "at",
    "clock",
];
const LATER_TIME: &[&str] = &["created_at", "inserted_at", "created", "received_at", "started_at", "occurred_at"];
/// Times that are not when a row was measured.
const OTHER_TIME: &[&str] = &[
    "deleted_at",
    "expires_at",
    "expired_at",
    "expiry",
    "expires",
    "valid_until",
    "valid_to",
    "birth_date",
    "birthday",
    "birthdate",
    "date_of_birth",
    "dob",
    "due_date",
    "due_at",
    "last_seen",
    "last_login",
];
const EPOCH: &[&str] =
    &["clock", "ts", "time", "timestamp", "epoch", "unixtime", "unix_time", "datetime", "created", "updated"];
const EPOCH_SUFFIX: &[&str] = &["_ts", "_time", "_epoch", "_timestamp", "_at", "_ms", "_clock"];
const SENSITIVE: &[&str] =
    &["password", "passwd", "passphrase", "secret", "token", "api_key", "apikey", "private_key", "email"];
const FREE_TEXT: &[&str] = &[
    "message",
    "msg",
    "description",
    "descr",
    "text",
    "comment",
    "comments",
    "note",
    "notes",
    "body",
    "payload",
    "query",
    "sql",
    "error",
    "error_message",
    "stack",
    "stacktrace",
    "stack_trace",
    "url",
    "uri",
    "user_agent",
    "raw",
    "log",
    "title",
    "subject",
    "content",
    "details",
    "detail",
    "data",
    "hash",
    "checksum",
    "referer",
    "referrer",
    "request_id",
    "trace_id",
    "span_id",
    "session_id",
    "correlation_id",
    "message_id",
    "event_id",
];
const CODE: &[&str] = &[
    "year",
    "month",
    "weekday",
    "zip",
    "zipcode",
    "postcode",
    "postal_code",
    "port",
    "code",
    "status_code",
    "version",
    "phone",
    "checksum",
];
/// What whole numbers of these names are: a choice out of a list, or a place in one.
const CHOICE: &[&str] = &[
    "type",
    "kind",
    "mode",
    "status",
    "state",
    "flag",
    "flags",
    "severity",
    "priority",
    "batch",
    "line",
    "sort_order",
];
const CHOICE_SUFFIX: &[&str] = &[
    "_type", "_kind", "_mode", "_status", "_state", "_flags", "_idx", "_index", "_version", "_port", "_year", "_number",
];
const ORDER: &[&str] =
    &["ns", "nanos", "nanoseconds", "seq", "sequence", "ordinal", "offset", "version", "rev", "revision"];
const DOCUMENT: &[&str] = &[
    "tags",
    "labels",
    "attributes",
    "attrs",
    "dimensions",
    "dims",
    "tag_data",
    "metadata",
    "meta",
    "properties",
    "props",
];
const COUNTER: &[&str] = &[
    "bytes_recv",
    "bytes_sent",
    "bytes_received",
    "packets_recv",
    "packets_sent",
    "xact_commit",
    "xact_rollback",
    "blks_hit",
    "blks_read",
];

/// Whether a whole number of that name is a choice out of a list, or a place in one.
pub(super) fn is_choice(name: &str) -> bool {
    let lower = name.to_lowercase();
    is_one(name, CHOICE) || CHOICE_SUFFIX.iter().any(|end| lower.ends_with(end))
}

pub(super) fn is_one(name: &str, of: &[&str]) -> bool {
    let name = name.to_lowercase();
    of.contains(&name.as_str())
}

/// The rank of a name-like column, lower first; the flag: only beside a column called like a value.
pub(super) fn metric_name_rank(name: &str) -> Option<(usize, bool)> {
    let name = name.to_lowercase();
    let strong = METRIC_NAME.iter().position(|word| *word == name).map(|at| (at, false));
    strong.or_else(|| PLAIN_NAME.iter().position(|word| *word == name).map(|at| (METRIC_NAME.len() + at, true)))
}

pub(super) fn is_value(name: &str) -> bool {
    is_one(name, VALUE)
}

/// How much a name says that this is when a row was measured: 0 to 3; `None`: that it is not.
pub(super) fn time_rank(name: &str) -> Option<u8> {
    let lower = name.to_lowercase();
    match lower.as_str() {
        _ if is_one(name, OTHER_TIME) => None,
        _ if is_one(name, TIME) => Some(3),
        _ if is_one(name, LATER_TIME) => Some(2),
        _ if ["_at", "_time", "_ts", "_date", "_timestamp", "_on"].iter().any(|end| lower.ends_with(end)) => Some(1),
        _ => Some(0),
    }
}

/// Whether a number of that name may be a time.
#[must_use]
pub fn is_epoch_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    is_one(name, EPOCH) || EPOCH_SUFFIX.iter().any(|end| lower.ends_with(end))
}

/// Whether a number of that name is a time even where no statistics say so.
pub(super) fn is_surely_epoch(name: &str) -> bool {
    let lower = name.to_lowercase();
    is_one(name, &["clock", "ts", "timestamp", "epoch", "unixtime", "unix_time"])
        || ["_ts", "_epoch", "_timestamp"].iter().any(|end| lower.ends_with(end))
}

pub(super) fn is_sensitive(name: &str) -> bool {
    let lower = name.to_lowercase();
    SENSITIVE.iter().any(|word| lower.contains(word))
}

pub(super) fn is_free_text(name: &str) -> bool {
    let lower = name.to_lowercase();
    is_one(name, FREE_TEXT) || ["_message", "_url", "_text", "_hash", "_comment"].iter().any(|end| lower.ends_with(end))
}

pub(super) fn is_code(name: &str) -> bool {
    is_one(name, CODE) || name.to_lowercase().ends_with("_code")
}

/// Whether a part of a key only puts rows in order.
pub(super) fn is_order(name: &str) -> bool {
    is_one(name, ORDER)
}

/// Whether a name says that its values tell single rows or processes apart.
pub(super) fn is_bare_id(name: &str) -> bool {
    is_one(name, &["id", "uuid", "guid", "pid", "oid", "rowid", "row_id", "tid", "xid"])
}

/// Whether a name says that its values refer to something.
pub(super) fn is_reference(name: &str) -> bool {
    let lower = name.to_lowercase();
    let camel = name.ends_with("Id") || name.ends_with("ID");
    camel
        || ["_id", "_no", "_uuid", "_key", "_nr"].iter().any(|end| lower.ends_with(end))
        || is_one(name, &["itemid", "hostid", "userid", "queryid", "dbid", "deviceid", "sensorid"])
}

pub(super) fn is_document(name: &str) -> bool {
    is_one(name, DOCUMENT)
}

/// Whether a name says that things are counted, now or since the beginning.
pub(super) fn may_count(name: &str) -> bool {
    let lower = name.to_lowercase();
    let words =
        ["count", "counter", "bytes", "packets", "requests", "errors", "calls", "hits", "ticks", "energy", "kwh"];
    let holds = |word: &&str| {
        let behind = lower.strip_suffix(*word).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'));
        behind || lower.strip_prefix(*word).is_some_and(|rest| rest.starts_with('_'))
    };
    words.iter().any(holds) || ["_sum", "_recv", "_sent"].iter().any(|end| lower.ends_with(end))
}

pub(super) fn is_counter(name: &str) -> bool {
    name.to_lowercase().ends_with("_total") || is_one(name, COUNTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_say_in_any_case() {
        assert_eq!(metric_name_rank("Metric"), Some((1, false)));
        assert!(metric_name_rank("name").is_some_and(|(_, needs_value)| needs_value));
        assert_eq!(metric_name_rank("host"), None);
        assert!(is_sensitive("user_PASSWORD_hash") && is_sensitive("Email") && !is_sensitive("mail_count"));
        assert!(
            is_reference("rack_no") && is_reference("hostId") && !is_reference("humidity") && !is_reference("paid")
        );
        assert!(is_counter("requests_total") && !is_counter("total"));
        assert_eq!(time_rank("deleted_at"), None);
        assert!(time_rank("ts") > time_rank("created_at") && time_rank("created_at") > time_rank("seen_at"));
    }
}
