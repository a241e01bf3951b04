//! What every session must have set, and how it comes to have it.
//!
//! Without a pooler the settings travel with the start of the session and last as long as it does. A pooler such as
//! PgBouncer refuses them or leaves them out, and what is set later may reach another client's session: there each
//! transaction sets them for itself.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::error::DbError;
use super::path::{SearchPath, SettingScope};
use crate::sql::{Statement, Writer};

/// Settings of one kind of session.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings(Vec<SessionSetting>);

/// A setting by its name in `pg_settings`.
#[derive(Clone, Debug)]
struct SessionSetting {
    name: &'static str,
    value: SettingValue,
}

impl SessionSetting {
    /// Whether the server makes its value of what it sets for the role.
    fn is_of_role(&self) -> bool {
        matches!(self.value, SettingValue::Path(SearchPath::Role))
    }

    fn write_call(&self, w: &mut Writer, lasting: SettingScope) {
        if let SettingValue::Path(path) = &self.value {
            return path.write_call(w, lasting);
        }
        w.syntax("pg_catalog.set_config('").syntax(self.name).syntax("', '");
        match &self.value {
            SettingValue::Millis(number) => w.number(*number),
            SettingValue::Text(text) => w.syntax(text),
            SettingValue::Path(_) => w,
        };
        w.syntax("'").syntax(lasting.end());
    }
}

/// The value of a setting in its own unit.
#[derive(Clone, Debug)]
pub(super) enum SettingValue {
    Text(&'static str),
    Path(SearchPath),
    /// Milliseconds.
    Millis(usize),
}

impl fmt::Display for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Path(path) => write!(f, "{path}"),
            Self::Millis(number) => write!(f, "{number}"),
        }
    }
}

/// Clears what another client of a pooler may have left in a session besides its settings: a role, and for whom it asked. NULL is
/// the role that logged in.
const CLEARED: &str = ", pg_catalog.set_config('role', NULL::pg_catalog.text, true), \
    pg_catalog.set_config('datebin.user', '', true), pg_catalog.set_config('datebin.token', '', true)";
/// A setting of no meaning: a session that has it was given all of its start. What such a session sets stays its own.
const MARK: &str = "datebin.start";
/// Ends the statement of a client that vanished, should our own cancellation not get through. Some platforms of the
/// server cannot watch a socket and refuse the setting.
const WATCHED: &str = "pg_catalog.set_config('client_connection_check_interval', '1000', false)";

impl Settings {
    /// The same with one more.
    pub(super) fn with(mut self, name: &'static str, value: SettingValue) -> Self {
        self.0.push(SessionSetting { name, value });
        self
    }

    /// As the start of a session takes them.
    pub(super) fn at_start(&self) -> impl Iterator<Item = (&'static str, SettingValue)> {
        self.of_start().map(|setting| (setting.name, setting.value.clone())).chain([(MARK, SettingValue::Text("on"))])
    }

    /// Those that do not depend on what the server sets for the role.
    fn of_start(&self) -> impl Iterator<Item = &SessionSetting> {
        self.0.iter().filter(|setting| !setting.is_of_role())
    }

    /// Asks a session for its process and the settings that it has, and sets what only the server can: where a session was
    /// given all of its start, nobody else has it. Names may be found in any schema here.
    pub(super) fn read_back(&self, is_watched: bool) -> Statement {
        let mut w = Writer::default();
        w.syntax("SELECT pg_catalog.pg_backend_pid()");
        w.syntax(", (SELECT pg_catalog.json_object_agg(s.name, s.setting)::pg_catalog.text");
        w.syntax(" FROM pg_catalog.pg_settings AS s WHERE s.name OPERATOR(pg_catalog.=) ANY (ARRAY[");
        for (number, setting) in self.of_start().enumerate() {
            w.syntax(if number == 0 { "'" } else { "', '" }).syntax(setting.name);
        }
        w.syntax("'])), CASE WHEN pg_catalog.current_setting('datebin.start', true) OPERATOR(pg_catalog.=) 'on' THEN ");
        w.syntax("pg_catalog.concat(");
        w.syntax(if is_watched { WATCHED } else { "NULL" });
        for setting in self.0.iter().filter(|setting| setting.is_of_role()) {
            w.syntax(", ");
            setting.write_call(&mut w, SettingScope::Session);
        }
        w.syntax(") END");
        w.finish()
    }

    /// The first setting that a session does not have.
    pub(super) fn missing(&self, row: &PgRow) -> Result<Option<&'static str>, DbError> {
        let text: Option<String> = row.try_get(1)?;
        let found: HashMap<String, String> = serde_json::from_str(text.as_deref().unwrap_or("{}"))
            .map_err(|error| DbError::Protocol(error.to_string()))?;
        let holds = |setting: &&SessionSetting| found.get(setting.name) != Some(&setting.value.to_string());
        Ok(self.of_start().find(holds).map(|setting| setting.name))
    }

    /// Opens a transaction with every setting its own, and asks for the process that it runs on.
    pub(super) fn opening(&self, mode: AccessMode) -> Statement {
        let mut w = Writer::default();
        w.syntax(mode.begin()).syntax("; SELECT pg_catalog.pg_backend_pid()");
        w.syntax(", pg_catalog.current_setting('transaction_read_only')").syntax(CLEARED);
        for setting in &self.0 {
            w.syntax(", ");
            setting.write_call(&mut w, SettingScope::Transaction);
        }
        w.finish()
    }
}

/// What a transaction may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccessMode {
    /// Read.
    Reading,
    /// Write: only the one that adds an annotation.
    Writing,
}

impl AccessMode {
    /// Opens such a transaction.
    pub(super) const fn begin(self) -> &'static str {
        match self {
            Self::Reading => "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY NOT DEFERRABLE",
            Self::Writing => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE NOT DEFERRABLE",
        }
    }

    /// What `transaction_read_only` is in it.
    pub(super) const fn is_read_only(self) -> &'static str {
        match self {
            Self::Reading => "on",
            Self::Writing => "off",
        }
    }
}

/// Whether a pooler stands between datebin and the server; found out while connecting.
#[derive(Clone, Debug, Default)]
pub(super) struct Pooler(Arc<AtomicBool>);

impl Pooler {
    /// Whether one was found.
    pub(super) fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// One was found: it does that with the settings of a session's start.
    pub(super) fn found(&self, does: &str) {
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::info!(
                "a pooler such as PgBouncer stands before the database: it {does}, so each transaction brings its own"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_brings_every_setting() {
        let settings = Settings::default()
            .with("DateStyle", SettingValue::Text("ISO, MDY"))
            .with("lock_timeout", SettingValue::Millis(5000));
        assert_eq!(
            settings.opening(AccessMode::Reading).text,
            "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY NOT DEFERRABLE; SELECT pg_catalog.pg_backend_pid(), \
             pg_catalog.current_setting('transaction_read_only'), pg_catalog.set_config('role', NULL::pg_catalog.text, true), \
             pg_catalog.set_config('datebin.user', '', true), pg_catalog.set_config('datebin.token', '', true), pg_catalog.set_config('DateStyle', 'ISO, MDY', true), \
             pg_catalog.set_config('lock_timeout', '5000', true)"
        );
        assert!(settings.read_back(false).text.contains("ANY (ARRAY['DateStyle', 'lock_timeout'])), CASE"));
    }
}
