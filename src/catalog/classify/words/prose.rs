//! What texts are called that people write or read, or that are of their own for each row.

use super::{is_one, words_of};

/// Texts for people, or of their own for each row.
const FREE_TEXT: &[&str] = &[
    "cooked",
    "text",
    "query",
    "sql",
    "error_message",
    "stack",
    "stack_trace",
    "user_agent",
    "raw",
    "log",
    "title",
    "subject",
    "detail",
    "data",
    "hash",
    "checksum",
    "request_id",
    "trace_id",
    "span_id",
    "session_id",
    "correlation_id",
    "message_id",
    "event_id",
    "logs",
];
/// Such texts, also as the last words of names, behind what they are about.
const PROSE: &[&str] = &[
    "note",
    "notes",
    "comment",
    "comments",
    "message",
    "msg",
    "body",
    "payload",
    "description",
    "descr",
    "html",
    "markdown",
    "content",
    "details",
    "instructions",
    "arguments",
    "args",
    "params",
    "remark",
    "remarks",
    "memo",
    "stacktrace",
    "backtrace",
    "traceback",
    "referrer",
    "referer",
];
/// The same, but only behind what they are about.
const PROSE_OF: &[&str] = &["feedback", "explanation", "info"];
/// What was received as it is, behind `raw`.
const RECEIVED: &[&str] = &[
    "data", "json", "xml", "line", "event", "request", "response", "input", "output", "log", "record", "packet",
    "code", "lock",
];

pub(in super::super) fn is_free_text(name: &str) -> bool {
    let lower = name.to_lowercase();
    is_one(name, FREE_TEXT)
        || is_one(name, PROSE)
        || ["_message", "_text", "_hash", "_comment"].iter().any(|end| lower.ends_with(end))
        || is_prose_of(&words_of(name))
}

/// Whether a name with several words is of a text for people, or of one that was received as it is: `customer_note`,
/// `messageBody`, `raw_event`.
fn is_prose_of(words: &[String]) -> bool {
    match words {
        [first, .., last] => {
            let is_in = |list: &[&str]| list.contains(&last.as_str());
            is_in(PROSE) || is_in(PROSE_OF) || first == "raw" && is_in(RECEIVED)
        }
        _ => false,
    }
}

/// Whether a text of that name says in words of its own what a created row is about, or what went wrong.
pub(in super::super) fn is_told(name: &str) -> bool {
    is_one(name, &["error", "errors", "last_error", "exception", "summary", "headline"])
}

/// What a text is whose name says that it is free.
pub(in super::super) fn free_text(name: &str) -> &'static str {
    match name.to_lowercase() {
        id if id.ends_with("_id") => "an id of single rows or visits",
        hash if hash.ends_with("hash") || hash.ends_with("checksum") => "a hash",
        _ => "free text",
    }
}

/// Whether a text of that name is written for people to read, once for each row.
pub(in super::super) fn is_prose(name: &str) -> bool {
    is_free_text(name) && !is_one(name, &["query", "sql", "user_agent", "referer", "referrer"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_for_people_are_told_by_their_last_word() {
        for name in
            ["customer_note", "internal_comment", "message_body", "messageBody", "raw_payload", "raw_event", "note"]
        {
            assert!(is_free_text(name) && is_prose(name), "{name}");
        }
        for name in ["job_title", "notebook", "raw_material", "body_part", "payload_type", "email_subject", "raw"] {
            assert!(!is_free_text(name) || name == "raw", "{name}");
        }
        assert_eq!((free_text("dag_hash"), free_text("note")), ("a hash", "free text"));
    }
}
