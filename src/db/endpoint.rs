//! Where the database is, and how the way there is secured.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::str::FromStr as _;

use form_urlencoded::Serializer;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};

use super::error::DbError;
use super::secured::{self, LibpqVariables, Security, TlsParameters};

/// A database's URL cannot be read; this is what was expected. The text of the URL is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("DATABASE_URL cannot be read: expected {0}")]
pub struct InvalidUrl(pub Cow<'static, str>);

impl InvalidUrl {
    /// A fixed text.
    pub(super) const fn expected(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// A parameter with this value is not carried out: why, and what helps.
    pub(super) fn refused(name: &str, cure: &str) -> Self {
        Self(format!("`{name}` to be left out: {cure}").into())
    }
}

pub(super) const URL: &str = "a PostgreSQL URL, postgres://user:password@host:port/database, or host=… dbname=… user=…";

/// Where the database is, and how the way there is secured.
#[derive(Clone)]
pub(super) struct Endpoint {
    /// Which of the servers of its URL it is.
    pub(super) number: usize,
    options: PgConnectOptions,
    /// The host's name, where the options have one of its addresses.
    name: Option<String>,
    security: Security,
}

impl Endpoint {
    /// Reads the URL of one server.
    pub(super) fn parse(url: &str, variables: &LibpqVariables) -> Result<Self, InvalidUrl> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(InvalidUrl::expected(URL));
        }
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut parameters, mut rest) = (TlsParameters::default(), Serializer::new(String::new()));
        let mut has_user = names_user(place);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            has_user |= name == "user";
            if !parameters.take(&name, &value)? {
                rest.append_pair(&name, &value);
            }
        }
        if let Some(user) = variables.user.as_ref().filter(|_| !has_user) {
            rest.append_pair("user", user);
        }
        let options =
            PgConnectOptions::from_str(&format!("{place}?{}", rest.finish())).map_err(|_| InvalidUrl::expected(URL))?;
        // A URL writes an address of IPv6 in brackets.
        let host = options.get_host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let address = parameters.address.take();
        if address.as_ref().is_some_and(|address| address.parse::<IpAddr>().is_err()) {
            return Err(InvalidUrl::expected("hostaddr to be an address, as host says the name"));
        }
        // TLS is ours.
        let options = options.host(address.as_deref().unwrap_or(&host)).ssl_mode(PgSslMode::Disable);
        let security = parameters.security(&options, host, variables)?;
        let options = options.application_name("datebin").disable_statement_logging();
        Ok(Self { number: 0, options, name: None, security })
    }

    /// The same as one of several.
    pub(super) fn numbered(self, number: usize) -> Self {
        Self { number, ..self }
    }

    /// The same database with what was found out about it before.
    pub(super) fn remembering(self, other: &Self) -> Self {
        Self { security: self.security.remembering(&other.security), ..self }
    }

    /// The same with other options of its sessions.
    pub(super) fn with(self, change: impl FnOnce(PgConnectOptions) -> PgConnectOptions) -> Self {
        Self { options: change(self.options), ..self }
    }

    /// The same at each address of its host's name; itself where that is an address or a socket.
    ///
    /// # Errors
    /// The name cannot be resolved.
    pub(super) async fn at_each_address(&self) -> Result<Vec<Self>, DbError> {
        let host = self.options.get_host();
        if self.options.get_socket().is_some() || host.starts_with('/') || host.parse::<IpAddr>().is_ok() {
            return Ok(vec![self.clone()]);
        }
        let mut each: Vec<Self> = Vec::new();
        for found in tokio::net::lookup_host((host, self.options.get_port())).await? {
            if each.iter().all(|one| one.address() != Some(found.ip())) {
                each.push(self.at_address(found.ip()));
            }
        }
        Ok(each)
    }

    /// The address of its host's name that it stands for.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.name.as_ref().and_then(|_| self.options.get_host().parse().ok())
    }

    /// The same at one address of its host's name.
    pub(super) fn at_address(&self, address: IpAddr) -> Self {
        let options = self.options.clone().host(&address.to_string());
        Self { options, name: Some(self.host()), ..self.clone() }
    }

    /// The host, or the directory of a socket.
    fn host(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let socket = self.options.get_socket().map(|directory| directory.display().to_string());
        socket.unwrap_or_else(|| self.options.get_host().to_owned())
    }

    /// The place without anything secret.
    pub(super) fn place(&self) -> String {
        let (host, port) = (self.host(), self.options.get_port());
        let mut place = if host.contains(':') { format!("[{host}]") } else { host };
        // Writing into a String cannot fail.
        let _ = write!(place, ":{port}/{}", self.options.get_database().unwrap_or_else(|| self.role()));
        place
    }

    pub(super) fn role(&self) -> &str {
        self.options.get_username()
    }

    /// Opens a session.
    pub(super) async fn connect(&self) -> Result<PgConnection, DbError> {
        let connector =
            |options: PgConnectOptions| async move { <PgConnection as sqlx::Connection>::connect_with(&options).await };
        self.open(connector).await
    }

    /// Opens what takes the options of a session.
    pub(super) async fn open<T, F>(&self, connector: impl Fn(PgConnectOptions) -> F) -> Result<T, DbError>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        secured::open(&self.options, &self.security, connector).await
    }
}

/// Whether a URL names a user in front of its host.
fn names_user(place: &str) -> bool {
    let rest = place.split_once("://").map_or(place, |(_, rest)| rest);
    rest.rfind('@').is_some_and(|at| at > 0 && !rest.starts_with(':'))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn said(url: &str, variables: &LibpqVariables) -> String {
        match Endpoint::parse(url, variables) {
            Ok(endpoint) => format!("{} {}", endpoint.host(), endpoint.security.shown()),
            Err(InvalidUrl(expected)) => expected.split(':').next().unwrap_or_default().to_owned(),
        }
    }

    #[test]
    fn a_url_says_how_it_is_secured() {
        let none = LibpqVariables::default();
        for (url, expected) in [
            ("postgres://u@127.0.0.1/d", "127.0.0.1 prefer of 127.0.0.1"),
            ("postgres://u@127.9.9.9/d", "127.9.9.9 prefer of 127.9.9.9"),
            ("postgres://u@[::1]:5/d", "::1 prefer of ::1"),
            ("postgres://u@LocalHost/d", "LocalHost prefer of LocalHost"),
            ("postgres://localhost/d?host=/run/pg", "/run/pg prefer of localhost"),
            ("postgres://u@db.example/d", "db.example verify-full of db.example"),
            // TLS is asked for, and never less than without the word.
            ("postgres://u@db.example/d?ssl=true", "db.example verify-full of db.example"),
            ("postgres://u@db.example/d?sslmode=verify-ca&ssl=true", "db.example verify-ca of db.example"),
            ("postgres://u@db.example/d?ssl=true&sslmode=verify-ca", "db.example verify-ca of db.example"),
            ("postgres://u@localhost/d?ssl=true", "localhost require of localhost"),
            ("postgres://u@localhost.example/d", "localhost.example verify-full of localhost.example"),
            ("postgres://u@10.0.0.1/d", "10.0.0.1 verify-full of 10.0.0.1"),
            ("postgres://u@[2001:db8::1]/d", "2001:db8::1 verify-full of 2001:db8::1"),
            ("postgres://u@db.example/d?sslmode=disable", "db.example disable of db.example"),
            ("postgres://u@db.example/d?sslmode=require", "db.example require of db.example"),
            ("postgres://u@db.example/d?sslmode=allow", "db.example allow of db.example"),
            ("postgres://u@db.example/d?hostaddr=10.0.0.1", "10.0.0.1 verify-full of db.example"),
            ("postgres://u@db.example/d?hostaddr=127.0.0.1", "127.0.0.1 prefer of db.example"),
            ("postgres://u@localhost/d?hostaddr=10.0.0.1", "10.0.0.1 verify-full of localhost"),
            ("postgres://u@localhost/d?sslrootcert=system", "localhost verify-full of localhost, the system's"),
            ("postgres://u@h/d?sslmode=verify-ca&sslrootcert=/ca%20x", "h verify-ca of h, /ca x"),
            ("postgres://u@h/d?sslcert=/c&sslkey=/k&sslmode=require", "h require of h, as /c with /k"),
            (
                "postgres://u@h/d?sslmode=hunter2",
                "sslmode to be disable, allow, prefer, require, verify-ca or verify-full",
            ),
            ("postgres://u@h/d?sslmode=verify-ca&sslrootcert=system", "sslmode=verify-full with sslrootcert=system"),
            ("postgres://u@h/d?sslcert=/c", "sslkey with sslcert"),
            ("postgres://u@h/d?sslkey=/k", "sslcert with sslkey"),
            ("postgres://u@h/d?channel_binding=prefer&sslmode=disable", "h disable of h"),
        ] {
            assert_eq!(said(url, &none), expected, "{url}");
        }
        for (name, value) in [
            ("sslcrl", "/x"),
            ("requirepeer", "postgres"),
            ("channel_binding", "require"),
            ("gssencmode", "require"),
            ("require_auth", "scram-sha-256"),
            ("ssl_min_protocol_version", "TLSv1.3"),
        ] {
            let refused = format!("`{name}` to be left out");
            assert_eq!(said(&format!("postgres://u@h/d?{name}={value}"), &none), refused, "{name}={value}");
        }
    }

    #[test]
    fn the_user_is_the_url_s_or_the_variable_s() {
        let role = |url: &str, variables: &LibpqVariables| Endpoint::parse(url, variables).unwrap().role().to_owned();
        let named = LibpqVariables { user: Some("pg".to_owned()), ..LibpqVariables::default() };
        for (url, expected) in [
            ("postgres://u@h/d", "u"),
            ("postgres://u:p@h/d", "u"),
            ("postgres://h/d?user=u", "u"),
            ("postgres://h/d", "pg"),
            ("postgres://@h/d", "pg"),
            ("postgres://:p@h/d", "pg"),
        ] {
            assert_eq!(role(url, &named), expected, "{url}");
        }
    }

    #[test]
    fn variables_stand_in_for_what_a_url_leaves_open() {
        let variables = LibpqVariables {
            mode: Some("require".to_owned()),
            roots: Some("/roots".to_owned()),
            certificate: Some("/c".to_owned()),
            key: None,
            folder: Some(PathBuf::from("/home/u/.postgresql")),
            ..LibpqVariables::default()
        };
        let usual = "h require of h, /roots, as /c with /home/u/.postgresql/postgresql.key";
        assert_eq!(said("postgres://u@h/d", &variables), usual);
        let own = "postgres://u@h/d?sslmode=verify-full&sslrootcert=/own&sslcert=/d&sslkey=/k";
        assert_eq!(said(own, &variables), "h verify-full of h, /own, as /d with /k");
        assert_eq!(said("postgres://u@h/d?sslrootcert=", &variables), usual);
    }

    #[test]
    fn variables_that_would_make_a_connection_safer_are_not_passed_over() {
        for (variable, value, parameter) in [
            ("PGSSLCRL", "/crl", None),
            ("PGREQUIREAUTH", "scram-sha-256", None),
            ("PGREQUIREPEER", "postgres", None),
            ("PGCHANNELBINDING", "require", Some("channel_binding=prefer")),
            ("PGSSLMINPROTOCOLVERSION", "TLSv1.3", Some("ssl_min_protocol_version=TLSv1.2")),
        ] {
            let set = |to: &str| {
                let read = |name: &str| (name == variable).then(|| to.to_owned());
                LibpqVariables { unsupported: LibpqVariables::unsupported(read), ..LibpqVariables::default() }
            };
            let refused = said("postgres://u@h/d", &set(value));
            assert_eq!(refused, format!("{variable} to be unset"));
            assert_eq!(said("postgres://u@h/d", &set("")), "h verify-full of h", "{variable}");
            // What a URL says counts before its variable.
            if let Some(parameter) = parameter {
                let own = format!("postgres://u@h/d?{parameter}");
                assert_eq!(said(&own, &set(value)), "h verify-full of h", "{variable}");
            }
        }
    }
}
