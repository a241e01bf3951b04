//! The parameters of a connection: those that are carried out, those without a meaning for a server, and all others, which are
//! refused, because a parameter that nobody obeys misleads.

use super::endpoint::InvalidUrl;
use crate::nearest::nearest;

/// A parameter that is known by its name.
struct Word {
    name: &'static str,
    treated: Treatment,
}

/// What becomes of a parameter.
enum Treatment {
    /// It is carried out, and its value checked where that is done.
    Kept,
    /// It is accepted and has no effect.
    Dropped,
    /// It is accepted with these values, which have no effect, and refused with others.
    Limited { fine: &'static [&'static str], cure: &'static str },
    /// It is refused where the file that it names exists.
    File { cure: &'static str },
}

use Treatment::{Dropped, File, Kept, Limited};

const fn word(name: &'static str, treated: Treatment) -> Word {
    Word { name, treated }
}

const NO_SERVICE: &str = "datebin reads no service files: write host, port, dbname and user here";
const NO_OAUTH: &str = "datebin does not log in with OAuth: give the role a password or a certificate";
const NO_SCRAM_KEY: &str = "datebin logs in with the password: write it here, or into a file that PGPASSFILE names";

const WORDS: &[Word] = &[
    word("host", Kept),
    word("hostaddr", Kept),
    word("port", Kept),
    word("dbname", Kept),
    word("user", Kept),
    word("password", Kept),
    word("options", Kept),
    word("target_session_attrs", Kept),
    word("load_balance_hosts", Kept),
    word("sslmode", Kept),
    word("sslrootcert", Kept),
    word("sslcert", Kept),
    word("sslkey", Kept),
    // As JDBC and sqlx write them.
    word("ssl", Kept),
    word("ssl-mode", Kept),
    word("ssl-root-cert", Kept),
    word("ssl-ca", Kept),
    word("ssl-cert", Kept),
    word("ssl-key", Kept),
    word("statement-cache-capacity", Kept),
    // Whether these ask for more than there is, what is known of TLS says.
    word("sslcrl", Kept),
    word("sslcrldir", Kept),
    word("sslpassword", Kept),
    word("sslnegotiation", Kept),
    word("sslcertmode", Kept),
    word("ssl_min_protocol_version", Kept),
    word("ssl_max_protocol_version", Kept),
    word("channel_binding", Kept),
    word("gssencmode", Kept),
    word("require_auth", Kept),
    word("requirepeer", Kept),
    // Sessions are called datebin, and time limits are settings.
    word("application_name", Dropped),
    word("fallback_application_name", Dropped),
    word("connect_timeout", Dropped),
    word("keepalives", Dropped),
    word("keepalives_idle", Dropped),
    word("keepalives_interval", Dropped),
    word("keepalives_count", Dropped),
    word("tcp_user_timeout", Dropped),
    word("sslcompression", Dropped),
    word("sslsni", Dropped),
    word("sslkeylogfile", Dropped),
    // Nobody logs in with Kerberos.
    word("krbsrvname", Dropped),
    word("gsslib", Dropped),
    word("gssdelegation", Dropped),
    word("max_protocol_version", Dropped),
    word("min_protocol_version", Limited { fine: &["3.0"], cure: "datebin speaks version 3.0 of the protocol" }),
    word("client_encoding", Limited { fine: &["utf8", "utf-8", "unicode", "auto"], cure: "datebin reads UTF-8" }),
    word(
        "replication",
        Limited { fine: &["false", "off", "no", "0"], cure: "a session for replication answers no questions" },
    ),
    word("service", Limited { fine: &[], cure: NO_SERVICE }),
    word("servicefile", Limited { fine: &[], cure: NO_SERVICE }),
    word("passfile", File { cure: "set the variable PGPASSFILE to the file instead" }),
    word("scram_client_key", Limited { fine: &[], cure: NO_SCRAM_KEY }),
    word("scram_server_key", Limited { fine: &[], cure: NO_SCRAM_KEY }),
    word("oauth_issuer", Limited { fine: &[], cure: NO_OAUTH }),
    word("oauth_client_id", Limited { fine: &[], cure: NO_OAUTH }),
    word("oauth_client_secret", Limited { fine: &[], cure: NO_OAUTH }),
    word("oauth_scope", Limited { fine: &[], cure: NO_OAUTH }),
];

/// The parameters that are carried out, in their order. An empty value says nothing, as for libpq. A text that is `torn` may have
/// begun within a password.
///
/// # Errors
/// One is unknown, or asks for what there is not.
pub(super) fn kept(
    pairs: impl IntoIterator<Item = (String, String)>,
    torn: bool,
) -> Result<Vec<(String, String)>, InvalidUrl> {
    let (mut kept, mut behind_secret) = (Vec::new(), torn);
    for (name, value) in pairs {
        let known = WORDS.iter().find(|known| known.name == name);
        if known.is_none() && !is_setting(&name) {
            return Err(unknown(&name, behind_secret));
        }
        behind_secret = torn || is_secret(&name);
        let treated = known.map_or(&Kept, |known| &known.treated);
        if value.is_empty() || !is_carried_out(&name, &value, treated)? {
            continue;
        }
        kept.push((name, value));
    }
    Ok(kept)
}

/// A setting of the session, as sqlx writes it: `options[search_path]`.
fn is_setting(name: &str) -> bool {
    name.strip_prefix("options[").is_some_and(|rest| rest.ends_with(']'))
}

fn is_carried_out(name: &str, value: &str, treated: &Treatment) -> Result<bool, InvalidUrl> {
    let cure = match treated {
        Kept if name == "ssl" && value != "true" => "sslmode says how the connection is secured",
        Kept => return Ok(true),
        Dropped => return Ok(false),
        Limited { fine, cure } if !fine.iter().any(|fine| fine.eq_ignore_ascii_case(value)) => cure,
        File { cure } if std::path::Path::new(value).exists() => cure,
        Limited { .. } | File { .. } => return Ok(false),
    };
    Err(InvalidUrl::refused(name, cure))
}

/// Whether a parameter's value is secret, so that a part of it may look like the next parameter.
fn is_secret(name: &str) -> bool {
    name.contains("password") || name.contains("secret") || name.starts_with("scram_")
}

/// The error for a parameter that nobody knows. What may be a part of a password is not repeated.
fn unknown(name: &str, behind_secret: bool) -> InvalidUrl {
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if behind_secret || !is_name {
        return InvalidUrl(
            "known parameters only, and one is not: in a password of a URL `?`, `&`, `/` and `@` are written %3F, %26, %2F and \
             %40, and a password with blanks stands in single quotes in host=… password='…'"
                .into(),
        );
    }
    let near = nearest(name, WORDS.iter().map(|known| known.name));
    let meant = near.first().map_or_else(|| "leave it out".to_owned(), |near| format!("did you mean `{near}`?"));
    InvalidUrl(format!("known parameters only, and `{name}` is not: {meant}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, value: &str) -> String {
        match kept([(name.to_owned(), value.to_owned())], false) {
            Ok(kept) => kept.iter().map(|(name, value)| format!("{name}={value}")).collect(),
            Err(InvalidUrl(expected)) => expected.into_owned(),
        }
    }

    #[test]
    fn what_is_carried_out_is_kept_and_what_means_nothing_is_not() {
        for (name, value) in
            [("host", "/run/pg"), ("options", "-c work_mem=1MB"), ("options[search_path]", "iot"), ("sslmode", "allow")]
        {
            assert_eq!(said(name, value), format!("{name}={value}"));
        }
        assert_eq!(said("ssl", "true"), "ssl=true");
        for (name, value) in [
            ("sslmode", ""),
            ("application_name", "x"),
            ("fallback_application_name", "x"),
            ("keepalives_idle", "30"),
            ("connect_timeout", "10"),
            ("client_encoding", "UTF8"),
            ("replication", "off"),
            ("passfile", "/no/such/file"),
            ("min_protocol_version", "3.0"),
        ] {
            assert_eq!(said(name, value), "", "{name}={value}");
        }
    }

    #[test]
    fn what_nobody_carries_out_is_refused_with_what_to_do() {
        for (name, value, expected) in [
            (
                "service",
                "x",
                "`service` to be left out: datebin reads no service files: write host, port, dbname and user here",
            ),
            ("passfile", "/", "`passfile` to be left out: set the variable PGPASSFILE to the file instead"),
            ("client_encoding", "latin1", "`client_encoding` to be left out: datebin reads UTF-8"),
            ("replication", "database", "`replication` to be left out: a session for replication answers no questions"),
            ("ssl", "verify", "`ssl` to be left out: sslmode says how the connection is secured"),
            ("sslmod", "x", "known parameters only, and `sslmod` is not: did you mean `sslmode`?"),
            ("dbnam", "", "known parameters only, and `dbnam` is not: did you mean `dbname`?"),
            ("pgbouncer", "true", "known parameters only, and `pgbouncer` is not: leave it out"),
        ] {
            assert_eq!(said(name, value), expected, "{name}={value}");
        }
    }

    #[test]
    fn a_part_of_a_password_is_not_repeated() {
        let pair = |name: &str| (name.to_owned(), "x".to_owned());
        for (pairs, torn) in [
            (vec![pair("password"), pair("hunter2")], false),
            (vec![pair("hunter2@h/d")], false),
            (vec![pair("hunter2")], true),
            (vec![pair("host"), pair("hunter2")], true),
        ] {
            let InvalidUrl(expected) = kept(pairs, torn).unwrap_err();
            assert!(!expected.contains("hunter2") && expected.contains("%40"), "{expected}");
        }
    }
}
