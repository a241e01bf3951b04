//! Whether the database is there, watched over a connection of its own.

use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::config::DatabaseConfig;
use super::error::DbError;

const PERIOD: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(3);

/// What the watcher knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unknown,
    Up,
    Down,
}

/// The database's state, as last seen.
#[derive(Clone, Debug)]
pub struct Health(watch::Receiver<State>);

impl Health {
    /// Whether the last look found the database away.
    #[must_use]
    pub fn is_down(&self) -> bool {
        *self.0.borrow() == State::Down
    }

    /// Whether the last look found the database there.
    #[must_use]
    pub fn is_up(&self) -> bool {
        *self.0.borrow() == State::Up
    }

    /// Waits until the database is found away.
    pub(super) async fn until_down(&self) {
        let mut state = self.0.clone();
        if state.wait_for(|state| *state == State::Down).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the database is found there.
    pub async fn until_up(&self) {
        let mut state = self.0.clone();
        if state.wait_for(|state| *state == State::Up).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A health that nobody watches, for commands that ask once.
impl Default for Health {
    fn default() -> Self {
        Self(watch::channel(State::Unknown).1)
    }
}

/// Starts watching; ends when every [`Health`] is gone.
#[must_use]
pub fn watch(config: DatabaseConfig) -> Health {
    let (sender, receiver) = watch::channel(State::Unknown);
    tokio::spawn(async move {
        let mut said = None;
        while !sender.is_closed() {
            let error = look(&config, &sender).await;
            sender.send_replace(State::Down);
            // Said once per cause, not once per second.
            let cause = cause(&error);
            if said.as_ref() != Some(&cause) {
                tracing::error!(database = %config.place(), cause, "the database is away; still trying");
                said = Some(cause);
            }
            sleep(PERIOD / 2).await;
        }
    });
    Health(receiver)
}

/// Keeps looking until something is wrong.
async fn look(config: &DatabaseConfig, sender: &watch::Sender<State>) -> DbError {
    let connected = timeout(config.connect_timeout, PgConnection::connect_with(&config.reading())).await;
    let mut connection = match connected {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return error.into(),
        Err(_) => return DbError::Connection("timed out".into()),
    };
    loop {
        match timeout(PATIENCE, connection.ping()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error.into(),
            Err(_) => return DbError::Connection("no answer".into()),
        }
        let before = sender.send_replace(State::Up);
        if before != State::Up {
            tracing::info!(database = %config.place(), "the database is there");
        }
        if sender.is_closed() {
            return DbError::Away;
        }
        sleep(PERIOD).await;
    }
}

/// The cause as a log may say it. A server's message about a failed login names the user and the database, never
/// the password.
fn cause(error: &DbError) -> String {
    match error {
        DbError::Server { code, message } => format!("SQLSTATE {code}: {message}"),
        other => other.to_string(),
    }
}
