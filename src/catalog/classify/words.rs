//! The meaning of column names. Names are compared in lower case.

mod codes;
mod events;
mod lists;
mod moments;
mod owners;
mod pairs;
mod parts;
mod private;
mod prose;
mod times;

pub(super) use owners::{is_id_of_happening, is_measure, is_of_happening, is_owner_name};
pub(super) use pairs::{finer, is_clock, is_clock_of, is_clock_of_day, is_end_of};
pub use parts::is_part_name;
pub(super) use parts::{
    is_actor, is_battery, is_filled, is_flow, is_host_load, is_level, is_loaded, is_numbered, is_of_another,
    is_only_part, is_part, is_reading, is_scale, tells_charge, tells_load,
};
pub(super) use private::{is_password, is_personal, is_sensitive};
pub(super) use prose::{free_text, is_free_text, is_prose, is_told};
pub use times::is_epoch_name;
pub(super) use times::{
    follows, is_change, is_creation, is_end, is_event, is_event_of_deal, is_first, is_later, is_latest, is_planned,
    is_surely_epoch, is_time_of_row, may_be_epoch, tells_expiry, time_rank, unit_of,
};

use codes::{
    ATTEMPT, CHOICE, CHOICE_END, CHOICE_SUFFIX, CODE, CODECS, INDEXES, KIND, OF_ATTEMPT, ONE_ATTEMPT, RANK, ZONE_WORDS,
};
use lists::{
    COPIED, COUNT_OF_ROWS, COUNTER, DEEDS, DOCUMENT, ENDS_IN_ID, FRACTION, METRIC_NAME, OF_MADE, OF_ROW, PLACE,
    PLAIN_NAME, REFERS, SEQUENCE, SIDE_BY_SIDE, STARTS_WITH_ID, SUMS, VALUE,
};

/// Whether a whole number of that name is a choice out of a list, or a place in one.
pub(super) fn is_choice(name: &str) -> bool {
    let lower = name.to_lowercase();
    if is_measured_index(name) {
        return false;
    }
    let is_glued = |word: &String| {
        CHOICE_END.iter().any(|end| word.ends_with(end)) && !CODECS.iter().any(|end| word.ends_with(end))
    };
    is_one(name, CHOICE)
        || CHOICE_SUFFIX.iter().any(|end| lower.ends_with(end))
        || words_of(name).last().is_some_and(is_glued)
}

/// Whether an index of that name is a measure: `uv_index`, and not `row_index`.
fn is_measured_index(name: &str) -> bool {
    let words = words_of(name);
    let is_index = words.last().is_some_and(|word| word == "index" || word == "idx");
    is_index && words.iter().any(|word| INDEXES.contains(&word.as_str()))
}

/// Whether a whole number of that name is a choice in created rows, and a measure where rows are measured: `visibility`.
pub(super) fn is_choice_unless_measured(name: &str) -> bool {
    is_one(name, &["visibility", "urgency", "impact"])
}

/// Whether a whole number of that name says how often the job of a row was tried, or may be. Where rows are measured at a
/// time, numbers of tries are values; the number of one try and the most that are allowed never are.
pub(super) fn is_attempt(name: &str, are_measured: bool) -> bool {
    let words = words_of(name);
    let is_in = |word: &String, of: &[&str]| of.contains(&word.as_str());
    let all = words.iter().all(|word| is_in(word, ATTEMPT) || is_in(word, OF_ATTEMPT));
    let counts = words.iter().any(|word| is_in(word, &["count", "num"]));
    all && words.iter().any(|word| is_in(word, ATTEMPT))
        && (!are_measured || !counts && words.iter().any(|word| is_in(word, ONE_ATTEMPT)))
}

/// Whether a whole number of that name says where a row stands among others.
pub(super) fn is_rank(name: &str) -> bool {
    is_one(name, RANK)
}

/// Whether a whole number of that name says what kind of value its row has.
pub(super) fn is_kind(name: &str) -> bool {
    words_of(name).last().is_some_and(|word| KIND.contains(&word.as_str()))
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

/// The words of a name: `accessToken` and `access_token` have two.
pub(super) fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = '_';
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && before.is_lowercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a number of that name is of money or goods that change hands, as orders have and things have not.
pub(super) fn is_deal(name: &str) -> bool {
    let deal = ["amount", "total", "subtotal", "paid", "refunded", "qty", "quantity", "fee", "debit", "credit"];
    words_of(name).iter().any(|word| deal.contains(&word.as_str()))
}

/// Whether a text of that name is the id of its own row, where another column is the key.
pub(super) fn is_own_id(name: &str) -> bool {
    let is_digest = |word: &String| ["sha", "sha1", "sha256", "md5", "checksum", "hash"].contains(&word.as_str());
    is_one(
        name,
        &["id", "uuid", "guid", "uid", "ulid", "unique_id", "public_id", "external_id", "remote_id", "legacy_id"],
    ) || words_of(name).last().is_some_and(is_digest)
}

/// Whether a text of that name is a version, which may look like a number.
pub(super) fn is_version(name: &str) -> bool {
    let words = words_of(name);
    words.iter().any(|word| ["version", "release", "firmware", "build"].contains(&word.as_str()))
}

pub(super) fn is_code(name: &str) -> bool {
    let lower = name.to_lowercase();
    let words = words_of(name);
    let has = |of: &[&str]| words.iter().any(|word| of.contains(&word.as_str()));
    let is_offset = has(&["offset"]) && has(ZONE_WORDS);
    is_one(name, CODE)
        || is_offset
        || ["_code", "_coded", "_timezone", "_tz", "_hash", "_crc", "_checksum"].iter().any(|end| lower.ends_with(end))
}

/// Whether a whole number of that name, in a key without a time, numbers the rows of a thing: the lines of an order, and
/// not the `map_index` of tasks that run side by side.
pub(super) fn is_line(name: &str) -> bool {
    let words = words_of(name);
    let is_index = words.last().is_some_and(|word| word == "index" || word == "idx");
    let is_side_by_side = |word: &String| PLACE.contains(&word.as_str()) || SIDE_BY_SIDE.contains(&word.as_str());
    is_count_of_rows(name) && !(is_index && words.first().is_some_and(is_side_by_side))
}

/// Whether a part of a key only puts rows in order.
pub(super) fn is_order(name: &str) -> bool {
    is_one(name, FRACTION) || is_sequence(name)
}

/// Whether a part of a key that has the time puts the rows of one instant in order.
pub(super) fn is_order_of_instant(name: &str) -> bool {
    is_order(name) && !is_one(name, &["ordinal", "offset", "version", "rev", "revision"])
}

/// Whether a number of that name counts rows as they come.
pub(super) fn is_sequence(name: &str) -> bool {
    let is_number_of = |word: &String| {
        let stem = word.strip_suffix("num").unwrap_or_default();
        ["issue", "invoice", "order", "ticket", "doc", "row", "line", "page", "build", "receipt", "item", "serial"]
            .contains(&stem)
    };
    let words = words_of(name);
    is_one(name, SEQUENCE)
        || is_one(name, &["iid", "display_id", "short_id", "friendly_id"])
        || words.iter().any(|word| word == "sequential")
        || words.last().is_some_and(|word| is_number_of(word) || word == "ordering")
}

/// Whether a table is called like one or many of a thing: `orders`, `boxes` and `entries` of `order`, `box` and `entry`.
pub(super) fn is_many_of(table: &str, one: &str) -> bool {
    table == one
        || ["s", "es"].iter().any(|end| table.strip_suffix(end) == Some(one))
        || one.strip_suffix('y').is_some_and(|stem| table.strip_suffix("ies") == Some(stem))
}

/// Whether a name says that its values tell single rows or processes apart.
pub(super) fn is_bare_id(name: &str) -> bool {
    is_one(name, &["id", "uuid", "guid", "pid", "oid", "rowid", "row_id", "tid", "xid", "ulid"])
}

/// Whether a number of that name tells processes or rows of the database apart.
pub(super) fn is_process(name: &str) -> bool {
    let is_pid = words_of(name).last().is_some_and(|word| word == "pid" || word == "ppid");
    is_one(name, &["tid", "xid", "rowid", "row_id", "tgid"]) || is_pid
}

/// Whether a whole number of that name counts the rows of a thing.
pub(super) fn is_count_of_rows(name: &str) -> bool {
    let lower = name.to_lowercase();
    is_one(name, COUNT_OF_ROWS)
        || ["_no", "_nr", "_number", "_num", "_index", "_idx", "_seq"].iter().any(|end| lower.ends_with(end))
}

/// Whether a text of that name may be an id of its row.
pub(super) fn is_of_row(name: &str) -> bool {
    is_reference(name) || ["_hash", "_guid", "_ref", "_of"].iter().any(|end| name.to_lowercase().ends_with(end))
}

/// Whether a text of that name is the number that a single row goes by, as orders and payments have.
pub(super) fn is_number_of_row(name: &str) -> bool {
    let lower = name.to_lowercase();
    is_one(name, &["reference", "ref", "number", "receipt", "invoice", "txid", "tx_hash", "order_no"])
        || ["_number", "_reference", "_ref"].iter().any(|end| lower.ends_with(end))
}

/// Whether a whole number of that name says which part of a thing is meant.
pub(super) fn is_place(name: &str) -> bool {
    is_one(name, PLACE)
}

/// Whether a name says that its values refer to something.
pub(super) fn is_reference(name: &str) -> bool {
    let lower = name.to_lowercase();
    is_plain_reference(name)
        || ["_no", "_nr", "_ref", "_fk"].iter().any(|end| lower.ends_with(end))
        || lower.starts_with("fk_")
        || lower.strip_suffix("_by").is_some_and(|deed| DEEDS.contains(&deed))
        || lower.strip_suffix("_from").is_some_and(|deed| COPIED.contains(&deed))
        || refers_in_a_word(name)
        || lower == "dbid"
        || words_of(name).last().is_some_and(|word| is_id_of(word))
        || is_id_before(name)
}

/// Whether a name is a word for somebody or something that is referred to, and no id by its spelling: `owner`, `product`,
/// `comment_parent`.
pub(super) fn refers_in_a_word(name: &str) -> bool {
    let words = words_of(name);
    REFERS.contains(&words.concat().as_str()) || words.last().is_some_and(|word| OF_ROW.contains(&word.as_str()))
}

/// Whether a whole number of that name in a created row refers to something: `project`, `customer`.
pub(super) fn is_reference_of_made(name: &str) -> bool {
    is_one(name, OF_MADE) || words_of(name).first().is_some_and(|word| word == "parent")
}

/// Whether a name begins with what says that it is an id, as `idsite`, `visit_entry_idaction` and `id_station` do.
fn is_id_before(name: &str) -> bool {
    let words = words_of(name);
    let is_glued = |word: &String| {
        word.len() > 4 && word.starts_with("id") && !STARTS_WITH_ID.iter().any(|other| word.starts_with(other))
    };
    words.iter().any(is_glued) || words.len() > 1 && words.first().is_some_and(|word| word == "id") && !may_count(name)
}

/// Whether a name says so whatever the values are: a measured `conc_no` (nitric oxide) or `maxbid` has fractions.
pub(super) fn is_plain_reference(name: &str) -> bool {
    let lower = name.to_lowercase();
    let camel = name.ends_with("Id") || name.ends_with("ID");
    camel || ["_id", "_uuid", "_key"].iter().any(|end| lower.ends_with(end))
}

/// Whether a word is an id of something in one word, as `positionid` is, and no word that happens to end so.
fn is_id_of(word: &str) -> bool {
    word.len() > 4 && word.ends_with("id") && !ENDS_IN_ID.contains(&word)
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
    let is_sum = || words_of(name).iter().any(|word| SUMS.contains(&word.as_str()));
    name.to_lowercase().ends_with("_total") && !is_sum() || is_one(name, COUNTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_say_in_any_case() {
        assert_eq!(metric_name_rank("Metric"), Some((1, false)));
        assert!(metric_name_rank("name").is_some_and(|(_, needs_value)| needs_value));
        assert_eq!(metric_name_rank("host"), None);
        assert!(
            is_choice("eventtype")
                && is_choice("exitcode")
                && is_choice("config_source")
                && !is_choice("water_level")
                && !is_choice("decode")
        );
        assert!(is_line("line_no") && is_line("item_index") && is_line("lap_index") && !is_line("map_index"));
        assert!(
            is_reference("rack_no") && is_reference("hostId") && !is_reference("humidity") && !is_reference("paid")
        );
        for name in ["positionid", "objectid", "customerid", "rack_slotid", "teamid", "taskid", "dbid"] {
            assert!(is_reference(name), "{name}");
        }
        for name in [
            "paid",
            "prepaid",
            "total_paid",
            "bid",
            "best_bid",
            "valid",
            "is_invalid",
            "fluid",
            "liquid",
            "acid",
            "uric_acid",
            "pyramid",
        ] {
            assert!(!is_reference(name), "{name}");
        }
        for name in ["attempt", "max_attempts", "try_number", "maxRetries", "retry_limit"] {
            assert!(is_attempt(name, true) && is_attempt(name, false), "{name}");
        }
        for name in ["attempts", "retries", "retry_count", "num_tries", "retries_left"] {
            assert!(!is_attempt(name, true) && is_attempt(name, false), "{name}");
        }
        assert!(!is_attempt("max", false) && !is_attempt("tcp_retries", false) && !is_attempt("login_attempts", false));
        assert!(is_counter("requests_total") && !is_counter("total"));
    }
}
