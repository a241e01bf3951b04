//! The file of tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use tokio::sync::Semaphore;

use super::globs::Globs;
use super::sight::TokenScope;
use super::token::{AccessToken, Secret, TokenLimits, User};
use crate::ast::{ExprKind, Matcher, MetricRef, Modifiers};
use crate::language::{self, Dialect};
use crate::pattern::Patterns;
use crate::time::parse_rfc3339;

/// What is wrong with a file of tokens. No value of the file is repeated: it may be a secret in a wrong place.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokensFileError {
    /// The text is not valid TOML for a file of tokens.
    #[error("line {0}: {1}")]
    Shape(usize, String),
    /// It has no token.
    #[error("it has no [[token]]")]
    Empty,
    /// A token is wrong.
    #[error("token {0:?}: {1}")]
    Token(String, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "token")]
    tokens: Vec<Declared>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    name: String,
    sha256: String,
    metrics: Option<Vec<String>>,
    labels: Option<String>,
    annotations: Option<Vec<String>>,
    databases: Option<Vec<String>>,
    user: Option<String>,
    roles: Option<BTreeMap<String, String>>,
    expires: Option<String>,
    #[serde(default)]
    write: bool,
    #[serde(default)]
    limits: DeclaredLimits,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclaredLimits {
    series: Option<u32>,
    points: Option<u32>,
    concurrent: Option<usize>,
}

/// Reads the tokens of a file. Without keys no token can ask for people that ID tokens prove.
///
/// # Errors
/// Something in it is wrong; then none of it counts.
pub fn tokens(text: &str, has_keys: bool) -> Result<Vec<Arc<AccessToken>>, TokensFileError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or_default());
        // The message may repeat a value; its first words say what was expected.
        TokensFileError::Shape(before.matches('\n').count() + 1, plain(error.message()))
    })?;
    if file.tokens.is_empty() {
        return Err(TokensFileError::Empty);
    }
    let (mut names, mut secrets, mut tokens) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for declared in file.tokens {
        let name = declared.name.clone();
        let wrong = |why: String| TokensFileError::Token(name.clone(), why);
        let token = token(declared).map_err(wrong)?;
        if token.user == User::IdToken && !has_keys {
            return Err(wrong("it has user = \"jwt\", and DATEBIN_JWKS names no file of keys".into()));
        }
        if !names.insert(name.clone()) {
            return Err(wrong("another one has the same name".into()));
        }
        if !secrets.insert(token.secret.digits()) {
            return Err(wrong("another one has the same secret".into()));
        }
        tokens.push(Arc::new(token));
    }
    Ok(tokens)
}

/// The message without values in it.
fn plain(message: &str) -> String {
    if message.contains("unknown field") || message.contains("missing field") {
        return message.to_owned();
    }
    "this is not valid TOML, or a field has a value of the wrong type".to_owned()
}

fn token(declared: Declared) -> Result<AccessToken, String> {
    if declared.name.trim().is_empty() || declared.name.len() > 100 || declared.name.chars().any(char::is_control) {
        return Err("its name is empty, longer than 100 bytes, or not printable".into());
    }
    let secret =
        Secret::parse(&declared.sha256).ok_or("sha256 is not 64 hexadecimal digits: `datebin token` prints it")?;
    if secret == Secret::of(b"") {
        return Err("its secret is empty".into());
    }
    let user = match declared.user.as_deref() {
        None | Some("none") => User::Nobody,
        Some("header") => User::Header,
        Some("jwt") => User::IdToken,
        Some(_) => return Err("user is \"none\", \"header\" or \"jwt\"".into()),
    };
    if declared.roles.is_some() && user == User::Nobody {
        return Err("it has roles for people, and user = \"none\" knows none".into());
    }
    let is_no_role = |role: &String| role.is_empty() || role.eq_ignore_ascii_case("none");
    if declared.roles.iter().flat_map(|roles| roles.values()).any(is_no_role) {
        return Err("a role is empty or \"none\", which PostgreSQL takes for the session's own".into());
    }
    let roles = declared.roles.map(|roles| roles.into_iter().map(|(login, role)| (login, role.into())).collect());
    let expires = declared
        .expires
        .map(|text| parse_rfc3339(&text).ok_or("expires is not a time with a zone such as \"2027-06-30T00:00:00Z\""));
    let DeclaredLimits { series, points, concurrent } = declared.limits;
    if series == Some(0) || points == Some(0) || concurrent == Some(0) {
        return Err("a limit is zero".into());
    }
    Ok(AccessToken {
        name: declared.name.into(),
        secret,
        sight: TokenScope {
            metrics: Globs::new(declared.metrics),
            labels: matchers(declared.labels.as_deref().unwrap_or_default())?,
            annotations: Globs::new(declared.annotations),
            is_of_people: user != User::Nobody,
        },
        user,
        roles,
        expires: expires.transpose()?,
        limits: TokenLimits { series, points, concurrent },
        writes: declared.write,
        places: concurrent.map(|places| Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)))),
        databases: declared.databases,
        seen: Mutex::default(),
    })
}

/// Matchers as `region="eu", env!="test"`.
fn matchers(text: &str) -> Result<Vec<Matcher>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let wrong = || "labels is not a list of matchers such as region=\"eu\", env!=\"test\"".to_owned();
    let expression = language::parse(&format!("{{{text}}}"), Dialect::PromQl).map_err(|_| wrong())?;
    let ExprKind::Selector(selector) = expression.kind else { return Err(wrong()) };
    let is_plain =
        selector.metric == MetricRef::Any && selector.window.is_none() && selector.modifiers == Modifiers::default();
    if !is_plain {
        return Err(wrong());
    }
    let patterns = Patterns::default();
    let is_sensible = |matcher: &Matcher| crate::catalog::filter::wanted(matcher, &patterns).is_ok();
    if selector.matchers.iter().all(is_sensible) { Ok(selector.matchers) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "sha256 = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"";

    fn said(more: &str) -> String {
        tokens(&format!("[[token]]\nname = \"a\"\n{SHA}\n{more}"), false)
            .map_or_else(|error| error.to_string(), |_| "fine".into())
    }

    #[test]
    fn whatever_is_wrong_is_said_without_values() {
        assert_eq!(said(""), "fine");
        assert_eq!(said("labels = 'region=\"eu\", env!~\"te.*\"'\nexpires = \"2027-06-30T00:00:00Z\""), "fine");
        assert_eq!(said("user = \"header\"\nroles = { alice = \"a\", \"*\" = \"viewer\" }"), "fine");
        for (more, expected) in [
            ("roles = { alice = \"a\" }", "token \"a\": it has roles for people, and user = \"none\" knows none"),
            (
                "labels = 'region=\"eu'",
                "token \"a\": labels is not a list of matchers such as region=\"eu\", env!=\"test\"",
            ),
            ("labels = 'up'", "token \"a\": labels is not a list of matchers such as region=\"eu\", env!=\"test\""),
            (
                "labels = 'a=~\"(\"'",
                "token \"a\": labels is not a list of matchers such as region=\"eu\", env!=\"test\"",
            ),
            ("user = \"everybody\"", "token \"a\": user is \"none\", \"header\" or \"jwt\""),
            ("user = \"jwt\"", "token \"a\": it has user = \"jwt\", and DATEBIN_JWKS names no file of keys"),
            (
                "expires = \"2027-06-30T00:00:00\"",
                "token \"a\": expires is not a time with a zone such as \"2027-06-30T00:00:00Z\"",
            ),
            ("write = \"hunter2\"", "line 4: this is not valid TOML, or a field has a value of the wrong type"),
            ("limits = { series = 0 }", "token \"a\": a limit is zero"),
            ("metrics = \"hunter2\"", "line 4: this is not valid TOML, or a field has a value of the wrong type"),
        ] {
            assert_eq!(said(more), expected, "{more}");
        }
        assert!(said("metric = [\"x\"]").starts_with("line 4: unknown field `metric`"), "{}", said("metric = []"));
        assert!(said(&format!("[[token]]\nname = \"a\"\n{}", SHA.replace('9', "8"))).ends_with("the same name"));
        assert!(said(&format!("[[token]]\nname = \"b\"\n{SHA}")).ends_with("the same secret"));
        assert_eq!(tokens("", false).err(), Some(TokensFileError::Empty));
        let plain = tokens("[[token]]\nname = \"a\"\nsha256 = \"hunter2\"", false).err().map(|error| error.to_string());
        assert!(plain.is_some_and(|plain| !plain.contains("hunter2")));
    }
}
