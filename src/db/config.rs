//! How to reach the database, and the bounds of every session.

use std::borrow::BorrowMut;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnection;

use super::endpoint::{Endpoint, InvalidUrl};
use super::error::DbError;
use super::pace::RoundTrip;
use super::path::SearchPath;
use super::requirement::ServerRequirement;
use super::secured::LibpqVariables;
use super::servers::Servers;
use super::session::patience;
use super::settings::{Pooler, SettingValue, Settings};
use super::url_file::UrlFile;
use crate::observe::Observer;

/// A standby that keeps up has rows of the primary after this time.
const REPLAYED: Duration = Duration::from_secs(2);

/// A database and the bounds of our sessions there.
#[derive(Clone)]
pub struct DatabaseConfig {
    servers: Servers,
    /// What counts where the URL says nothing of TLS.
    variables: LibpqVariables,
    /// The file that the URL stands in.
    file: Option<Arc<UrlFile>>,
    /// Connections for questions.
    pub pool_size: usize,
    /// How long a question waits for a connection.
    pub wait: Duration,
    /// How many questions may wait.
    pub queue: usize,
    /// How old what a standby shows may be; any age where there is no limit.
    pub max_lag: Option<Duration>,
    /// How long one round trip may take while a connection opens, or is tried.
    pub connect_timeout: Duration,
    /// How long a statement may run.
    pub statement_timeout: Duration,
    /// How long a statement may wait for a lock.
    pub lock_timeout: Duration,
    /// Where statements over rows look names up.
    pub search_path: SearchPath,
    pub(super) pooler: Pooler,
    /// Who is told of sessions and statements.
    pub observer: Observer,
}

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionPurpose {
    /// Questions: names resolve in `pg_catalog`, and in the schemas that the operator trusts.
    Questions,
    /// The catalog: the role's own search path stays, as discovery asks what is on it.
    Discovery,
    /// Pings and notifications: the server must not end it for doing nothing.
    Watching,
}

impl DatabaseConfig {
    /// Reads the URL, or libpq's `host=… dbname=…`; the bounds are the defaults.
    ///
    /// # Errors
    /// The URL is not PostgreSQL's, or what it says of TLS makes no sense.
    pub fn new(url: &str) -> Result<Self, InvalidUrl> {
        Self::with_variables(url, LibpqVariables::default())
    }

    /// The same, with variables for what the URL does not say of TLS.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_variables(url: &str, variables: LibpqVariables) -> Result<Self, InvalidUrl> {
        Ok(Self {
            servers: Servers::parse(url, &variables)?,
            variables,
            file: None,
            pool_size: 10,
            wait: Duration::from_secs(3),
            queue: 40,
            max_lag: None,
            connect_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(20),
            lock_timeout: Duration::from_secs(5),
            search_path: SearchPath::default(),
            pooler: Pooler::default(),
            observer: Observer::default(),
        })
    }

    /// The same with a URL that stands in a file.
    #[must_use]
    pub fn kept_in(self, file: PathBuf) -> Self {
        Self { file: Some(Arc::new(UrlFile::new(file, self.servers.clone()))), ..self }
    }

    /// Where the database is, without anything secret.
    #[must_use]
    pub fn place(&self) -> String {
        self.servers.place()
    }

    /// The role that datebin is to the database.
    #[must_use]
    pub fn role(&self) -> &str {
        self.servers.role()
    }

    /// The servers, as the URL names them now.
    pub(super) fn servers(&self) -> Servers {
        self.file.as_ref().map_or_else(|| self.servers.clone(), |file| file.servers(&self.variables))
    }

    /// A server does not answer: it is tried last for a while.
    pub(super) fn note_silent(&self, server: &Endpoint) {
        self.servers.note(server);
    }

    /// Opens a session on the first server that is there and is what is wanted: what `own` says, else what the URL does.
    ///
    /// # Errors
    /// No server lets us in that is what is wanted.
    pub(super) async fn opened<T, F>(
        &self,
        own: Option<ServerRequirement>,
        pace: &RoundTrip,
        open: impl Fn(Endpoint) -> F,
    ) -> Result<T, DbError>
    where
        T: BorrowMut<PgConnection>,
        F: Future<Output = Result<T, DbError>>,
    {
        let servers = self.servers();
        let usual = ServerRequirement { wanted: servers.wanted, ..self.requirement() };
        // The only one is asked whatever it is, and says itself what it refuses.
        let patience = patience(self.connect_timeout, pace);
        let requirement = match own {
            Some(own) if !servers.is_one(patience).await => own,
            _ => usual,
        };
        servers.chosen(requirement, patience, open).await
    }

    /// How long after the primary told of rows its standbys have them, as a rule and at the latest; nothing where there is
    /// one server.
    #[must_use]
    pub fn replayed_after(&self) -> Vec<Duration> {
        let several = self.tries() > 1;
        [Some(REPLAYED), self.max_lag].into_iter().flatten().filter(|_| several).collect()
    }

    /// How many addresses may be tried for a session.
    pub(super) fn tries(&self) -> u32 {
        self.servers.tries()
    }

    /// What a session that reads must find.
    pub(super) fn requirement(&self) -> ServerRequirement {
        ServerRequirement { wanted: self.servers.wanted, max_lag: self.max_lag }
    }

    /// A session whose settings travel with its start, and one more.
    pub(super) fn direct(
        &self,
        server: Endpoint,
        purpose: SessionPurpose,
        more: Option<(&'static str, String)>,
    ) -> Endpoint {
        server.with(|options| options.options(self.settings(purpose).at_start()).options(more))
    }

    /// A session whose settings travel with each transaction. Poolers refuse `extra_float_digits` as they
    /// refuse everything else that they do not keep; the server's default prints the same digits.
    pub(super) fn pooled(server: Endpoint) -> Endpoint {
        server.with(|options| options.extra_float_digits(None::<i8>).statement_cache_capacity(0))
    }

    /// Opens a session that may write, on the primary where there are several servers.
    ///
    /// # Errors
    /// No server lets us in that may be written to.
    pub(super) async fn writing(&self) -> Result<PgConnection, DbError> {
        self.prepared(|server| server).await
    }

    /// Opens a session that writes the demo's tables. They stand in `public`: with the usual `"$user", public` a
    /// role called `datebin` would get them into datebin's own schema, which is no place for metrics.
    ///
    /// # Errors
    /// No server lets us in that may be written to.
    pub(super) async fn demonstrating(&self) -> Result<PgConnection, DbError> {
        self.prepared(|server| server.with(|options| options.options([("search_path", "public")]))).await
    }

    async fn prepared(&self, prepare: impl Fn(Endpoint) -> Endpoint) -> Result<PgConnection, DbError> {
        let prepare = &prepare;
        self.opened(Some(ServerRequirement::PRIMARY), &RoundTrip::default(), |server| async move {
            prepare(server).connect().await
        })
        .await
    }

    /// What a session must have set: bounded, read-only, planned afresh at each execution (a generic plan of
    /// `label = ANY($1)` was measured 15 times slower), without JIT; and how values read as labels and how our text is
    /// read, whatever the role or the database say. `lc_monetary` stays: it says how many decimals stored money has.
    pub(super) fn settings(&self, purpose: SessionPurpose) -> Settings {
        let millis =
            |duration: Duration| SettingValue::Millis(usize::try_from(duration.as_millis()).unwrap_or(usize::MAX));
        let bounded = Settings::default()
            .with("default_transaction_read_only", SettingValue::Text("on"))
            .with("statement_timeout", millis(self.statement_timeout))
            .with("lock_timeout", millis(self.lock_timeout))
            .with("idle_in_transaction_session_timeout", SettingValue::Millis(10_000))
            .with("plan_cache_mode", SettingValue::Text("force_custom_plan"))
            .with("jit", SettingValue::Text("off"))
            // The planner takes an array's state for 8 KiB, and would rather sort than hash some hundred of them.
            .with("hash_mem_multiplier", SettingValue::Text("8"))
            .with("TimeZone", SettingValue::Text("UTC"))
            .with("DateStyle", SettingValue::Text("ISO, MDY"))
            .with("IntervalStyle", SettingValue::Text("postgres"))
            .with("bytea_output", SettingValue::Text("hex"))
            .with("standard_conforming_strings", SettingValue::Text("on"))
            .with("default_transaction_isolation", SettingValue::Text("read committed"))
            .with("default_transaction_deferrable", SettingValue::Text("off"))
            .with("quote_all_identifiers", SettingValue::Text("off"))
            .with("row_security", SettingValue::Text("on"))
            .with("lc_numeric", SettingValue::Text("C"))
            .with("lc_time", SettingValue::Text("C"));
        match purpose {
            SessionPurpose::Questions => bounded.with("search_path", SettingValue::Path(self.search_path.clone())),
            SessionPurpose::Discovery => bounded,
            SessionPurpose::Watching => bounded
                .with("search_path", SettingValue::Text("pg_catalog"))
                .with("idle_session_timeout", SettingValue::Millis(0)),
        }
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
        let error = DatabaseConfig::new("mysql://u:hunter2@h/d").err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("a PostgreSQL URL") && !error.contains("hunter2")));
        Ok(())
    }
}
