//! Settings and their defaults.

use super::*;

#[test]
fn everything_has_a_default_but_the_database() {
    let empty = Environment(&|_| None);
    assert_eq!(empty.http().map(|http| http.listen.to_string()).as_deref(), Ok("127.0.0.1:8080"));
    assert_eq!(empty.limits().map(|limits| limits.points), Ok(11_000));
    assert!(matches!(empty.database(), Err(ConfigError::Missing("DATABASE_URL", _))));
}

#[test]
fn a_bad_value_names_its_variable_and_not_itself() {
    let bad = Environment(&|name| (name != "DATABASE_URL_FILE").then(|| "hunter2".into()));
    let error = bad.database().map(|_| ()).map_err(|error| error.to_string());
    assert_eq!(
        error,
        Err("DATABASE_URL cannot be read: expected a PostgreSQL URL, postgres://user:password@host:port/database, or host=… dbname=… user=…"
            .into())
    );
    assert!(bad.limits().is_err() && bad.http().is_err() && bad.log().is_err());
}

#[test]
fn the_example_file_lists_exactly_the_variables() {
    let example = include_str!("../../.env.example");
    let named = |line: &str| {
        let name = line.trim_start_matches(['#', ' ']).split('=').next()?.to_owned();
        let is_name = name.len() > 3 && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        (is_name && line.contains('=')).then_some(name)
    };
    let listed: Vec<String> = example.lines().filter_map(named).collect();
    assert_eq!(listed, VARIABLES);
}

#[test]
fn settings_of_id_tokens_without_effect_are_named() {
    let said = |set: &[&str]| Environment(&|name| set.contains(&name).then(|| "a".to_owned())).idle_access();
    let (tokens, keys, claim, audience) =
        ("DATEBIN_TOKENS", "DATEBIN_JWKS", "DATEBIN_JWT_CLAIM", "DATEBIN_JWT_AUDIENCE");
    for set in [&[][..], &[tokens], &[tokens, keys], &[tokens, keys, claim, audience]] {
        assert_eq!(said(set), None, "{set:?}");
    }
    let none = "without effect, as DATEBIN_TOKENS is not set: DATEBIN_JWKS, DATEBIN_JWT_AUDIENCE";
    assert_eq!(said(&[audience, keys]).as_deref(), Some(none));
    let none = "without effect, as DATEBIN_JWKS is not set: DATEBIN_JWT_CLAIM";
    assert_eq!(said(&[tokens, claim]).as_deref(), Some(none));
}

#[test]
fn a_database_without_a_name_behind_the_prefix_is_refused() {
    for variable in ["DATABASE_URL_", "DATABASE_URL__FILE"] {
        let environment = Environment(&|name| (name == variable).then(|| "postgres://u@h/d".into()));
        let error = environment.databases(std::iter::once(variable)).map(|_| ()).map_err(|error| error.to_string());
        let expected = "a name of A to Z, 0 to 9 and _ behind DATABASE_URL_";
        assert!(error.as_ref().is_err_and(|error| error.contains(expected)), "{variable}: {error:?}");
    }
}
