//! Settings of the process. Each concern has one struct; nothing else reads the environment.

mod access;
mod database;
mod databases;
#[cfg(test)]
mod tests;
mod listen;
mod log;
mod settings;
mod size;
mod variables;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::access::Access;
use crate::cache::Cache;
use crate::engine::Resources;
use crate::observe::Audit;
use crate::plan::Limits;
use crate::refresh::CatalogConfig;
use crate::time::Zone;
use crate::tls::KeyPair;
pub use databases::DatabaseSettings;
pub(crate) use databases::database_name;
pub use log::LogConfig;
pub use settings::{Setting, settings, unknown_variables};
use size::size;
pub use variables::VARIABLES;

/// The cache's size when `DATEBIN_CACHE_BYTES` does not say.
const CACHE_BYTES: usize = 64 << 20;

/// The file that is read when `DATEBIN_CONFIG` does not say.
const DEFAULT_FILE: &str = "datebin.toml";

/// A variable that cannot be used. Its value is not repeated: it may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It must be set.
    #[error("{0} is not set; {1}")]
    Missing(&'static str, &'static str),
    /// Its value makes no sense.
    #[error("{0} cannot be read: expected {1}")]
    Invalid(&'static str, &'static str),
    /// The same of a variable whose name has that of a database in it.
    #[error("{0} cannot be read: expected {1}")]
    Named(String, String),
}

impl ConfigError {
    fn named(name: &str, expected: &str) -> Self {
        Self::Named(name.to_owned(), expected.to_owned())
    }
}

/// The process's environment, as an argument.
pub struct Environment<'a>(pub &'a dyn Fn(&str) -> Option<String>);

/// How the server listens.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Where.
    pub listen: SocketAddr,
    /// The certificate that clients are shown, and its key; none for plain HTTP.
    pub tls: Option<KeyPair>,
    /// A path in front of every endpoint, without a slash at its end; empty for none.
    pub base_path: String,
    /// Which web origins may ask directly.
    pub origins: Origins,
    /// The largest body in bytes.
    pub body_limit: usize,
    /// How long a whole request may take.
    pub request_timeout: Duration,
    /// The most open connections.
    pub connections: usize,
    /// How long a connection may stay open between two requests.
    pub idle_timeout: Duration,
    /// How long a client may take no part of its answer.
    pub write_timeout: Duration,
    /// The largest answer in bytes.
    pub answer_limit: usize,
    /// The bytes of bodies and answers that are held at once.
    pub buffers: usize,
    /// How long running requests may take to end when the server stops.
    pub drain: Duration,
    /// Who may ask.
    pub access: Access,
    /// Whether `GET /metrics` needs no token.
    pub metrics_open: bool,
    /// How long a request waits for a place of its token's.
    pub token_wait: Duration,
    /// What the audit says of questions.
    pub audit: Audit,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            tls: None,
            base_path: String::new(),
            origins: Origins::Loopback,
            body_limit: 4 << 20,
            request_timeout: Duration::from_secs(25),
            connections: 512,
            idle_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            answer_limit: 64 << 20,
            buffers: 64 << 20,
            drain: Duration::from_secs(10),
            access: Access::open(),
            metrics_open: false,
            token_wait: Duration::from_secs(3),
            audit: Audit::Off,
        }
    }
}

/// Which web origins may ask directly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Pages of this machine.
    Loopback,
    /// Any page.
    Any,
    /// Pages of these origins; empty for none.
    Listed(Vec<String>),
}

impl Environment<'_> {
    fn text(&self, name: &'static str) -> Option<String> {
        debug_assert!(VARIABLES.contains(&name), "{name} is not listed");
        self.raw(name)
    }

    /// The value of any variable.
    fn raw(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn read<T>(
        &self,
        name: &'static str,
        default: T,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        self.text(name).map_or(Ok(default), |value| parse(&value).ok_or(ConfigError::Invalid(name, expected)))
    }

    fn duration(&self, name: &'static str, default: Duration) -> Result<Duration, ConfigError> {
        self.read(name, default, "a length of time such as 500ms, 20s or 5m, less than 24d", |text| {
            let ms = crate::language::duration_ms(text)?;
            // PostgreSQL's own bounds are an int4 of milliseconds.
            u32::try_from(ms).ok().filter(|ms| *ms <= i32::MAX as u32).map(|ms| Duration::from_millis(ms.into()))
        })
    }

    fn count<T: std::str::FromStr + PartialOrd + From<u8>>(
        &self,
        name: &'static str,
        default: T,
    ) -> Result<T, ConfigError> {
        self.read(name, default, "a whole number above zero", |text| text.parse().ok().filter(|n| *n > T::from(0)))
    }

    fn flag(&self, name: &'static str) -> Result<bool, ConfigError> {
        self.read(name, false, "true or false", |text| text.parse().ok())
    }

    /// A number of things that are all held at once.
    fn held(&self, name: &'static str, default: usize) -> Result<usize, ConfigError> {
        self.read(name, default, "a whole number from 1 to 100000", |text| {
            text.parse().ok().filter(|n| (1..=100_000).contains(n))
        })
    }

    /// The catalog. Without `DATEBIN_CONFIG`, `datebin.toml` is read where it exists.
    ///
    /// # Errors
    /// The zone or the interval cannot be read.
    pub fn catalog(&self) -> Result<CatalogConfig, ConfigError> {
        let default_file = || Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.is_file());
        let zone = |text: &str| Zone::parse(text).map(Some);
        Ok(CatalogConfig {
            file: self.text("DATEBIN_CONFIG").map(PathBuf::from).or_else(default_file),
            zone: self.read("DATEBIN_TIME_ZONE", None, "an IANA time zone such as Europe/Prague", zone)?,
            every: self.duration("DATEBIN_REFRESH", Duration::from_secs(60))?,
        })
    }

    /// The bounds of an answer.
    ///
    /// # Errors
    /// A bound is not a number above zero.
    pub fn limits(&self) -> Result<Limits, ConfigError> {
        let usual = Limits::default();
        Ok(Limits {
            points: self.count("DATEBIN_MAX_POINTS", usual.points)?,
            series: self.count("DATEBIN_MAX_SERIES", usual.series)?,
            token_series: usual.token_series,
            cells: self.count("DATEBIN_MAX_CELLS", usual.cells)?,
            samples: self.count("DATEBIN_MAX_SAMPLES", usual.samples)?,
            targets: self.count("DATEBIN_MAX_TARGETS", usual.targets)?,
            filters: self.count("DATEBIN_MAX_FILTERS", usual.filters)?,
            lookback_ms: {
                let usual = Duration::from_millis(usual.lookback_ms.unsigned_abs());
                i64::try_from(self.duration("DATEBIN_LOOKBACK", usual)?.as_millis()).unwrap_or(i64::MAX)
            },
        })
    }

    /// The bytes that requests may hold.
    ///
    /// # Errors
    /// A size cannot be read.
    pub fn resources(&self) -> Result<Resources, ConfigError> {
        let expected = "a size such as 64MiB or a number of bytes, at least 1MiB";
        let bytes = |text: &str| size(text).filter(|bytes| *bytes >= 1 << 20);
        let request = self.read("DATEBIN_REQUEST_BYTES", 64 << 20, expected, bytes)?;
        Ok(Resources::new(self.read("DATEBIN_PROCESS_BYTES", 128 << 20, expected, bytes)?, request))
    }

    /// The bytes of the cache; 0 turns it off.
    ///
    /// # Errors
    /// The text is not a size.
    pub fn cache(&self) -> Result<Cache, ConfigError> {
        let bytes = |text: &str| if text == "0" { Some(0) } else { size(text) };
        self.read("DATEBIN_CACHE_BYTES", CACHE_BYTES, "a size such as 64MiB, or 0 for no cache", bytes).map(Cache::new)
    }

    /// The server.
    ///
    /// # Errors
    /// An address, a size or a length of time cannot be read.
    pub fn http(&self) -> Result<HttpConfig, ConfigError> {
        let (bytes, usual) = ("a size such as 4MiB or a number of bytes", HttpConfig::default());
        let base = self.text("DATEBIN_BASE_PATH").unwrap_or_default();
        let base_path = base.trim_matches('/');
        Ok(HttpConfig {
            listen: self.listen()?,
            tls: self.tls()?,
            base_path: if base_path.is_empty() { String::new() } else { format!("/{base_path}") },
            origins: self.origins(),
            body_limit: self.read("DATEBIN_BODY_LIMIT", usual.body_limit, bytes, size)?,
            request_timeout: self.duration("DATEBIN_REQUEST_TIMEOUT", usual.request_timeout)?,
            connections: self.held("DATEBIN_MAX_CONNECTIONS", usual.connections)?,
            idle_timeout: self.duration("DATEBIN_IDLE_TIMEOUT", usual.idle_timeout)?,
            write_timeout: self.duration("DATEBIN_WRITE_TIMEOUT", usual.write_timeout)?,
            answer_limit: self.read("DATEBIN_ANSWER_LIMIT", usual.answer_limit, bytes, size)?,
            buffers: self.read("DATEBIN_BUFFERS", usual.buffers, bytes, size)?,
            drain: self.duration("DATEBIN_DRAIN_TIMEOUT", usual.drain)?,
            access: usual.access,
            metrics_open: self.flag("DATEBIN_METRICS_OPEN")?,
            token_wait: self.duration("DATEBIN_POOL_WAIT", usual.token_wait)?,
            audit: self.audit()?,
        })
    }

    /// Whether the server refuses to start where a declaration of the file is wrong.
    ///
    /// # Errors
    /// It is neither true nor false.
    pub fn strict(&self) -> Result<bool, ConfigError> {
        self.flag("DATEBIN_STRICT")
    }

    /// Whether answers tell the SQL that was run.
    ///
    /// # Errors
    /// It is neither true nor false.
    pub fn show_sql(&self) -> Result<bool, ConfigError> {
        self.flag("DATEBIN_SHOW_SQL")
    }

    fn origins(&self) -> Origins {
        match self.text("DATEBIN_CORS_ORIGINS").as_deref() {
            None | Some("loopback") => Origins::Loopback,
            Some("*") => Origins::Any,
            Some("none") => Origins::Listed(Vec::new()),
            Some(list) => {
                Origins::Listed(list.split(',').map(|origin| origin.trim().trim_end_matches('/').to_owned()).collect())
            }
        }
    }
}
