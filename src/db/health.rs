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
/// After a refused login.
const REFUSED: Duration = Duration::from_secs(4);
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
const TOO_MANY_CONNECTIONS: &str = "53300";

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
    pub async fn until_down(&self) {
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
    let watcher = Watcher { config, sender, said: None };
    tokio::spawn(watcher.run());
    Health(receiver)
}

struct Watcher {
    config: DatabaseConfig,
    sender: watch::Sender<State>,
    /// The cause that was logged since the database was there last: said once, not once per look.
    said: Option<String>,
}

impl Watcher {
    async fn run(mut self) {
        while !self.sender.is_closed() {
            let error = match self.connected().await {
                Ok(connection) => match self.look(connection).await {
                    Lost::Connection => continue,
                    Lost::Answer => DbError::Connection("no answer".into()),
                },
                Err(error) => error,
            };
            // A server without room for one more session serves those it has.
            let state = if error.code() == Some(TOO_MANY_CONNECTIONS) { State::Unknown } else { State::Down };
            self.sender.send_replace(state);
            let pause = if is_refusal(&error) { REFUSED } else { PERIOD / 2 };
            self.say(&error);
            sleep(pause).await;
        }
    }

    async fn connected(&self) -> Result<PgConnection, DbError> {
        let connected = timeout(self.config.connect_timeout, async {
            let mut connection = PgConnection::connect_with(&self.config.reading()).await?;
            connection.ping().await?;
            Ok::<_, sqlx::Error>(connection)
        });
        Ok(connected.await.map_err(|_| DbError::Connection("timed out".into()))??)
    }

    /// Keeps looking until something is wrong.
    async fn look(&mut self, mut connection: PgConnection) -> Lost {
        loop {
            if self.sender.send_replace(State::Up) != State::Up {
                tracing::info!(database = %self.config.place(), "the database is there");
            }
            self.said = None;
            sleep(PERIOD).await;
            match timeout(PATIENCE, connection.ping()).await {
                Ok(Ok(())) if self.sender.is_closed() => return Lost::Connection,
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Lost::Connection,
                Err(_) => return Lost::Answer,
            }
        }
    }

    fn say(&mut self, error: &DbError) {
        let cause = cause(error);
        if self.said.as_ref() != Some(&cause) {
            tracing::error!(database = %self.config.place(), cause, "the database is away; still trying");
            self.said = Some(cause);
        }
    }
}

/// How a look ended.
enum Lost {
    /// The connection broke. That is no outage unless another cannot be opened.
    Connection,
    /// Nothing comes back.
    Answer,
}

/// Whether the server is there and does not want us: asking often changes nothing, and may lock the account.
fn is_refusal(error: &DbError) -> bool {
    error.code().is_some_and(|code| code.starts_with("28") || code.starts_with("3D"))
}

/// The cause as a log may say it. A server's message about a failed login names the user and the database, never
/// the password.
fn cause(error: &DbError) -> String {
    match error {
        DbError::Server { code, message } => format!("SQLSTATE {code}: {message}"),
        other => other.to_string(),
    }
}
