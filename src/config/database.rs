//! How the database is reached.

use std::path::PathBuf;
use std::time::Duration;

use super::{ConfigError, Environment};
use crate::db::{DatabaseConfig, InvalidUrl, LibpqVariables, SearchPath};

impl Environment<'_> {
    /// The database.
    ///
    /// # Errors
    /// There is no URL, or a bound cannot be read.
    pub fn database(&self) -> Result<DatabaseConfig, ConfigError> {
        let missing = ConfigError::Missing("DATABASE_URL", "set it, or DATABASE_URL_FILE, to the database's URL");
        self.bounded(self.database_of("DATABASE_URL", "DATABASE_URL_FILE")?.ok_or(missing)?)
    }

    /// A database with the bounds of its sessions.
    pub(super) fn bounded(&self, mut config: DatabaseConfig) -> Result<DatabaseConfig, ConfigError> {
        config.pool_size = self.held("DATEBIN_POOL_SIZE", config.pool_size)?;
        config.queue = self.held("DATEBIN_QUEUE", config.queue)?;
        config.wait = self.duration("DATEBIN_POOL_WAIT", config.wait)?;
        let lag = |text: &str| {
            crate::language::duration_ms(text).and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms >= 1000)
        };
        let expected = "a length of time of a second or more, such as 30s";
        config.max_lag =
            self.read("DATEBIN_MAX_LAG", None, expected, |text| lag(text).map(Duration::from_millis).map(Some))?;
        config.connect_timeout = self.duration("DATEBIN_CONNECT_TIMEOUT", config.connect_timeout)?;
        config.statement_timeout = self.duration("DATEBIN_STATEMENT_TIMEOUT", config.statement_timeout)?;
        let expected = "schemas with commas between them, none with a quote in its name";
        config.search_path = self.read("DATEBIN_SEARCH_PATH", config.search_path, expected, SearchPath::parse)?;
        // A wait that outlasts its statement would be reported as a slow statement, not as a lock.
        let lock_timeout = self.duration("DATEBIN_LOCK_TIMEOUT", config.lock_timeout)?;
        config.lock_timeout = lock_timeout.min(config.statement_timeout * 3 / 4).max(Duration::from_millis(1));
        Ok(config)
    }

    /// The database's URL as it was given, with what is secret in it: for the person at the terminal who gave it.
    #[must_use]
    pub fn database_url(&self) -> Option<String> {
        self.text("DATABASE_URL")
    }

    /// The database that one variable names, or the file that the other one does.
    pub(super) fn database_of(&self, url: &str, file: &str) -> Result<Option<DatabaseConfig>, ConfigError> {
        match (self.raw(url), self.raw(file).map(PathBuf::from)) {
            (Some(_), Some(_)) => Err(ConfigError::named(file, &format!("one of {url} and {file}, not both"))),
            (Some(text), None) => self.database_at(&text, url).map(Some),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(&path);
                let text = text.map_err(|_| ConfigError::named(file, "a file that can be read"))?;
                Ok(Some(self.database_at(text.trim(), file)?.kept_in(path)))
            }
            (None, None) => Ok(None),
        }
    }

    /// A database that a setting names, secured as the URL and libpq's variables say.
    fn database_at(&self, url: &str, name: &str) -> Result<DatabaseConfig, ConfigError> {
        let variable = |name: &str| (self.0)(name).filter(|value| !value.is_empty());
        let variables = LibpqVariables {
            mode: variable("PGSSLMODE"),
            roots: variable("PGSSLROOTCERT"),
            certificate: variable("PGSSLCERT"),
            key: variable("PGSSLKEY"),
            user: variable("PGUSER").or_else(|| whoami::username().ok()).or_else(|| variable("USER")),
            folder: variable("HOME").map(|home| PathBuf::from(home).join(".postgresql")),
            is_system_elsewhere: ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| variable(name).is_some()),
            unsupported: LibpqVariables::unsupported(variable),
        };
        DatabaseConfig::with_variables(url, variables)
            .map_err(|InvalidUrl(expected)| ConfigError::named(name, &expected))
    }
}
