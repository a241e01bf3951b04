//! How to reach the database, and the bounds of every session.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

/// A database and the bounds of our sessions there.
#[derive(Clone)]
pub struct DatabaseConfig {
    options: PgConnectOptions,
    /// Connections for questions.
    pub pool_size: usize,
    /// How long a question waits for a connection.
    pub wait: Duration,
    /// How many questions may wait.
    pub queue: usize,
    /// How long one round trip may take while a connection opens, or is tried.
    pub connect_timeout: Duration,
    /// How long a statement may run.
    pub statement_timeout: Duration,
    /// How long a statement may wait for a lock.
    pub lock_timeout: Duration,
}

/// `DATABASE_URL` cannot be read. The text of the URL is not repeated: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("DATABASE_URL is not a PostgreSQL URL; expected postgres://user:password@host:port/database")]
pub struct InvalidUrl;

impl DatabaseConfig {
    /// Reads the URL; the bounds are the defaults.
    ///
    /// # Errors
    /// The URL is not PostgreSQL's.
    pub fn new(url: &str) -> Result<Self, InvalidUrl> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(InvalidUrl);
        }
        Ok(Self {
            options: PgConnectOptions::from_str(url).map_err(|_| InvalidUrl)?.disable_statement_logging(),
            pool_size: 10,
            wait: Duration::from_secs(3),
            queue: 40,
            connect_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(20),
            lock_timeout: Duration::from_secs(5),
        })
    }

    /// Where the database is, without anything secret.
    #[must_use]
    pub fn place(&self) -> String {
        let database = self.options.get_database().unwrap_or_else(|| self.options.get_username());
        format!("{}:{}/{database}", self.options.get_host(), self.options.get_port())
    }

    /// The role that datebin is to the database.
    #[must_use]
    pub fn role(&self) -> &str {
        self.options.get_username()
    }

    /// Options of a session that reads: bounded, read-only, planned afresh at each execution (a generic plan of
    /// `label = ANY($1)` was measured 15 times slower), without JIT, names resolved in `pg_catalog` alone.
    pub(super) fn reading(&self) -> PgConnectOptions {
        self.bounded().options([("search_path", "pg_catalog")])
    }

    /// Like [`Self::reading`], with the role's own search path: discovery asks what is on it.
    pub(super) fn discovering(&self) -> PgConnectOptions {
        self.bounded()
    }

    /// Options of a session that waits for notifications, or pings: the server must not end it for doing nothing.
    pub(super) fn watching(&self) -> PgConnectOptions {
        self.reading().options([("idle_session_timeout", "0")])
    }

    /// Options of a session that writes the demo's tables. They stand in `public`: with the usual `"$user", public` a
    /// role called `datebin` would get them into datebin's own schema, which is no place for metrics.
    pub(super) fn demonstrating(&self) -> PgConnectOptions {
        self.writing().options([("search_path", "public")])
    }

    /// Options of a session that may write.
    pub(super) fn writing(&self) -> PgConnectOptions {
        self.options.clone().application_name("datebin")
    }

    fn bounded(&self) -> PgConnectOptions {
        let millis = |duration: Duration| duration.as_millis().to_string();
        self.options.clone().application_name("datebin").options([
            ("default_transaction_read_only", "on".to_owned()),
            ("statement_timeout", millis(self.statement_timeout)),
            ("lock_timeout", millis(self.lock_timeout)),
            ("idle_in_transaction_session_timeout", "10000".to_owned()),
            ("plan_cache_mode", "force_custom_plan".to_owned()),
            ("jit", "off".to_owned()),
            // The planner takes an array's state for 8 KiB, and would rather sort than hash some hundred of them.
            ("hash_mem_multiplier", "8".to_owned()),
            ("TimeZone", "UTC".to_owned()),
            // How values read as labels, whatever the role or the database say.
            ("DateStyle", "ISO".to_owned()),
            ("bytea_output", "hex".to_owned()),
        ])
    }
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConfig").field("place", &self.place()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_printed() -> Result<(), InvalidUrl> {
        let config = DatabaseConfig::new("postgres://u:hunter2@db.example:5433/metrics")?;
        let printed = format!("{config:?} {}", config.place());
        assert!(printed.contains("db.example:5433/metrics") && !printed.contains("hunter2"), "{printed}");
        assert_eq!(DatabaseConfig::new("mysql://u:hunter2@h/d").err(), Some(InvalidUrl));
        assert!(!InvalidUrl.to_string().contains("hunter2"));
        Ok(())
    }
}
