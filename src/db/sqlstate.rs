//! SQLSTATE → whose fault it is and what to do, decided once.
//!
//! Nothing that stays wrong is answered with "try again", and nothing is a 500: whatever the server says has a cause
//! that its operator can find. <https://www.postgresql.org/docs/current/errcodes-appendix.html>

use super::error::Complaint;
use crate::error::{Error, Kind};

/// What a code, or the first two signs of one, means.
struct SqlstateMeaning {
    codes: &'static [&'static str],
    kind: Kind,
    message: &'static str,
    hint: &'static str,
}

const AGAIN: &str = "try again in a few seconds";
const SEE_LOG: &str = "the operator finds the server's own words in the log";
const NARROW: &str = "narrow the time range or the labels";
const ASK_LESS: &str =
    "narrow the time range or the labels, or ask the operator for an index (`datebin check` names it)";
const ROWS: &str = "the operator finds the row, or makes the relation's own expressions tolerate it";
const DEFINITION: &str = "the operator mends the relation's definition, or leaves it out in datebin.toml";
const NOT_AS_TOLD: &str = "the operator finds the difference with `datebin check`";

/// The first that fits counts: codes stand before their class.
const MEANINGS: &[SqlstateMeaning] = &[
    // Time.
    meaning(&["57014"], Kind::Timeout, TOOK_TOO_LONG, ASK_LESS),
    meaning(
        &["55P03"],
        Kind::Timeout,
        "the question took too long: the relation behind this metric is locked",
        "wait until the other session's transaction ends; DATEBIN_LOCK_TIMEOUT sets how long a question waits",
    ),
    // Values.
    meaning(&["22003"], Kind::BadData, "a value is outside the range of a double precision number", ROWS),
    meaning(&["22012"], Kind::BadData, "the relation behind this metric divides by zero", ROWS),
    meaning(
        &["22P05", "22021"],
        Kind::BadData,
        "a stored text has a character that cannot be converted to UTF-8",
        "the operator mends the text, or leaves its column out in datebin.toml",
    ),
    // A column may have become another since the catalog was read; or a view's own cast fails, and stays so.
    meaning(
        &["22P02", "22P03", "22007", "22008"],
        Kind::Stale,
        "a stored value of the relation behind this metric is not of the type that it is read as",
        ROWS,
    ),
    meaning(&["22", "23"], Kind::BadData, "a stored value cannot be computed with", ROWS),
    // The relation.
    meaning(
        &["55000"],
        Kind::Broken,
        "the relation behind this metric cannot be read yet, such as a materialized view that was never filled",
        "the operator fills it (REFRESH MATERIALIZED VIEW)",
    ),
    meaning(
        &["21000"],
        Kind::Broken,
        "the relation behind this metric fails: a subquery of its own gives more than one row",
        DEFINITION,
    ),
    meaning(
        &["P0", "38", "39", "2F", "20"],
        Kind::Broken,
        "a function of the relation behind this metric fails",
        SEE_LOG,
    ),
    meaning(
        &["HV"],
        Kind::Broken,
        "the foreign server of the relation behind this metric cannot be read",
        "the operator mends the foreign server or its user mapping; the log has its words",
    ),
    meaning(
        &["08"],
        Kind::Unavailable,
        "the relation behind this metric reads another database, which cannot be reached",
        AGAIN,
    ),
    meaning(
        &["25006"],
        Kind::Broken,
        "the relation behind this metric writes when it is read, and datebin only reads",
        DEFINITION,
    ),
    meaning(
        &["42501"],
        Kind::Stale,
        "the relation behind this metric, or one that it reads, may not be read",
        "GRANT datebin's role, or the role of the caller, SELECT on them and EXECUTE on the functions that they call",
    ),
    meaning(
        &["42P01", "3F"],
        Kind::Stale,
        "the relation behind this metric, or one that it reads, does not exist",
        NOT_AS_TOLD,
    ),
    meaning(
        &["42704"],
        Kind::Stale,
        "the relation behind this metric reads a setting that is not set, or needs what does not exist",
        "the operator writes current_setting('name', true) in its policies, views and functions; the log has the name",
    ),
    meaning(
        &["42883"],
        Kind::Stale,
        "a function or operator that the relation behind this metric needs does not exist",
        "the operator makes it, or finds the difference with `datebin check`; the log has its name",
    ),
    meaning(&["42703"], Kind::Stale, "a column of the relation behind this metric does not exist", NOT_AS_TOLD),
    meaning(&["42"], Kind::Stale, "the relation behind this metric is not as the catalog says", NOT_AS_TOLD),
    meaning(
        &["0A"],
        Kind::Broken,
        "the relation behind this metric needs what the server does not support",
        DEFINITION,
    ),
    // The server's own limits.
    meaning(&["53300"], Kind::Busy, "the database has no room for another session", AGAIN),
    meaning(
        &["53400"],
        Kind::Broken,
        "the question needs more than a limit of the database allows, such as temp_file_limit",
        NARROW,
    ),
    meaning(&["53100"], Kind::Unavailable, "the database's disk is full", "tell its operator"),
    meaning(&["53200"], Kind::Unavailable, "the database ran out of memory", NARROW),
    meaning(
        &["54"],
        Kind::Broken,
        "the question is too complex for the database",
        "ask for fewer metrics or labels at once",
    ),
    meaning(
        &["XX", "F0"],
        Kind::Broken,
        "the database reports damaged data or a defect of its own while it reads the relation behind this metric",
        SEE_LOG,
    ),
    // What passes.
    meaning(&["40"], Kind::Unavailable, "the database gave the question up in favour of another transaction", AGAIN),
    meaning(&["28", "3D", "53", "57", "58", "72", "25P03"], Kind::Unavailable, "the database cannot answer now", AGAIN),
];

const TOOK_TOO_LONG: &str = "the question took too long";

const fn meaning(
    codes: &'static [&'static str],
    kind: Kind,
    message: &'static str,
    hint: &'static str,
) -> SqlstateMeaning {
    SqlstateMeaning { codes, kind, message, hint }
}

/// What everything else means.
const OTHER: SqlstateMeaning = meaning(&[], Kind::Broken, "the relation behind this metric cannot be read", SEE_LOG);

/// The error as a client may see it.
pub(super) fn public(complaint: &Complaint) -> Error {
    if complaint.is_out_of_locks {
        let message = "the question reads more partitions at once than the database can lock";
        return Error::new(Kind::Broken, with_code(message, &complaint.code)).hint(
            "narrow the time range, or the operator raises max_locks_per_transaction in the server's configuration",
        );
    }
    let fits = |meaning: &&SqlstateMeaning| meaning.codes.iter().any(|code| complaint.code.starts_with(code));
    let meaning = MEANINGS.iter().find(fits).unwrap_or(&OTHER);
    let message = match meaning.kind {
        Kind::Timeout | Kind::Busy | Kind::Unavailable => meaning.message.to_owned(),
        _ => with_code(meaning.message, &complaint.code),
    };
    Error::new(meaning.kind, message).hint(meaning.hint)
}

fn with_code(message: &str, code: &str) -> String {
    format!("{message} (SQLSTATE {code})")
}

/// A request whose own time is up.
pub(super) fn out_of_time() -> Error {
    Error::new(Kind::Timeout, TOOK_TOO_LONG).hint(ASK_LESS)
}

/// Why the server gives no session.
pub(super) fn reason(code: &str) -> &'static str {
    match (code.get(..2).unwrap_or_default(), code) {
        ("28", _) => "the database refuses the login: a wrong user or password, or no line for it in pg_hba.conf",
        ("3D", _) => "the database does not exist on its server",
        ("42", "42501") => "datebin's role may not connect to the database",
        (_, "57P03") => "the database is starting up or shutting down",
        (_, "57014") => "reading it takes too long",
        ("53", _) => "the database has no room for another session",
        ("42", _) => "the database refuses to list its tables",
        _ => "the database cannot answer now",
    }
}

/// Whether a code is about the server or the session, not about one relation.
pub(super) fn is_about_the_server(code: &str) -> bool {
    code != "25006" && code != "53400" && ["25", "53", "57P", "58"].iter().any(|class| code.starts_with(class))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str) -> Error {
        let message = "\"secret\".\"table\" says no".to_owned();
        let code = code.to_owned();
        public(&Complaint { code, message, ends_session: false, is_stale_plan: false, is_out_of_locks: false })
    }

    #[test]
    fn every_code_has_its_kind() {
        for (code, kind) in [
            ("57014", Kind::Timeout),
            ("55P03", Kind::Timeout),
            ("22003", Kind::BadData),
            ("22012", Kind::BadData),
            ("22P05", Kind::BadData),
            ("22023", Kind::BadData),
            ("23514", Kind::BadData),
            ("22P02", Kind::Stale),
            ("22007", Kind::Stale),
            ("55000", Kind::Broken),
            ("55006", Kind::Broken),
            ("21000", Kind::Broken),
            ("P0001", Kind::Broken),
            ("P0002", Kind::Broken),
            ("38000", Kind::Broken),
            ("HV000", Kind::Broken),
            ("HV00N", Kind::Broken),
            ("08001", Kind::Unavailable),
            ("25006", Kind::Broken),
            ("25P02", Kind::Broken),
            ("42501", Kind::Stale),
            ("42P01", Kind::Stale),
            ("42703", Kind::Stale),
            ("42883", Kind::Stale),
            ("3F000", Kind::Stale),
            ("0A000", Kind::Broken),
            ("53100", Kind::Unavailable),
            ("53200", Kind::Unavailable),
            ("53300", Kind::Busy),
            ("53400", Kind::Broken),
            ("54001", Kind::Broken),
            ("XX000", Kind::Broken),
            ("XX001", Kind::Broken),
            ("40001", Kind::Unavailable),
            ("40P01", Kind::Unavailable),
            ("57P01", Kind::Unavailable),
            ("57P03", Kind::Unavailable),
            ("57P05", Kind::Unavailable),
            ("58030", Kind::Unavailable),
            ("28P01", Kind::Unavailable),
            ("3D000", Kind::Unavailable),
            ("ZZ999", Kind::Broken),
            ("", Kind::Broken),
        ] {
            assert_eq!(of(code).kind, kind, "{code}");
        }
    }

    #[test]
    fn what_stays_wrong_is_not_to_be_tried_again_and_nothing_is_repeated() {
        for meaning in MEANINGS.iter().chain([&OTHER]) {
            let code = meaning.codes.first().copied().unwrap_or("ZZ000");
            let error = of(code);
            let said = error.sentence();
            assert!(!said.contains("secret"), "{said}");
            assert_ne!(error.kind, Kind::Internal, "{code}");
            let passes = matches!(error.kind, Kind::Unavailable | Kind::Busy);
            assert!(passes || !said.contains("again"), "{code}: {said}");
        }
    }

    #[test]
    fn a_full_table_of_locks_names_its_setting() {
        let (code, message) = ("53200".to_owned(), "out of shared memory".to_owned());
        let complaint = Complaint { code, message, ends_session: false, is_stale_plan: false, is_out_of_locks: true };
        let error = public(&complaint);
        assert_eq!((error.kind, error.kind.status()), (Kind::Broken, 422));
        assert!(error.sentence().contains("max_locks_per_transaction"));
        assert!(!error.sentence().contains("again"));
    }

    #[test]
    fn the_reasons_of_a_refused_session_are_told_apart() {
        let reasons: std::collections::BTreeSet<_> =
            ["28P01", "3D000", "53300", "57P03", "42501"].into_iter().map(reason).collect();
        assert_eq!(reasons.len(), 5);
    }
}
