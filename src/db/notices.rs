//! `NOTIFY datebin_reload`, received over a session of its own, not one of the pool's.

use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::{sleep, timeout};

use super::config::{DatabaseConfig, SessionPurpose};
use super::endpoint::Endpoint;
use super::error::DbError;
use super::health::Health;
use super::pooling::{Pooling, pooling};
use super::session;
use super::start::SessionStart;

/// The channel.
const CHANNEL: &str = "datebin_reload";
/// Before the next try to listen.
const PAUSE: Duration = Duration::from_secs(1);
/// The same, while none of several servers is the primary that sends notifications.
const ELSEWHERE: Duration = Duration::from_secs(10);
/// The same, where the server refuses: a standby has no notifications.
const REFUSED: Duration = Duration::from_secs(60);

/// Calls `heard` for each notification, and whenever it listens again after it could not: what was said meanwhile is
/// lost. Ends where a pooler keeps notifications away, otherwise never.
pub async fn listen(config: DatabaseConfig, health: Health, heard: impl Fn()) {
    let mut missed = false;
    let mut said = None;
    loop {
        health.until_up().await;
        if config.pooler.is_there() && pooling(&config, &health).await == Some(Pooling::Transactions) {
            tracing::info!(
                "the pooler pools transactions: NOTIFY {CHANNEL} cannot be heard through it; the catalog is read on its interval"
            );
            // A pooler that is set up anew ends its clients' sessions; whoever changes it so restarts datebin.
            return;
        }
        if health.is_starved() {
            missed = true;
            sleep(PAUSE).await;
            continue;
        }
        let pause = tokio::select! {
            error = listened(&config, &health, &mut missed, &heard) => {
                let refused = error.code().is_some();
                tell(&error, &mut said);
                match error {
                    _ if refused => REFUSED,
                    DbError::Unwanted(_) => ELSEWHERE,
                    _ => PAUSE,
                }
            }
            // A server that fell silent would never be heard again.
            _ = health.until_down() => PAUSE,
            // Questions come first; the catalog is also read on its interval.
            () = health.until_starved() => REFUSED,
        };
        missed = true;
        sleep(pause).await;
    }
}

/// Listens until that fails.
async fn listened(config: &DatabaseConfig, health: &Health, missed: &mut bool, heard: &impl Fn()) -> DbError {
    // The listener's own pool would try a refused login again and again.
    let server = match session::connected(
        config,
        &SessionStart::of(SessionPurpose::Watching).on_primary(),
        &health.pace,
    )
    .await
    {
        Ok(tried) => {
            let _closed = timeout(PAUSE, tried.connection.close()).await;
            tried.server
        }
        Err(error) => return error,
    };
    let patience = session::patience(config.connect_timeout, &health.pace);
    let mut listener = match timeout(patience, connected(config, server, patience)).await {
        Ok(Ok(listener)) => listener,
        Ok(Err(error)) => return error,
        Err(_) => return DbError::timed_out(),
    };
    if std::mem::take(missed) {
        heard();
    }
    loop {
        match listener.try_recv().await {
            Ok(Some(_)) => heard(),
            Ok(None) => return DbError::Connection("lost".into()),
            // A session that the server ends gives its reason; that is no refusal to listen.
            Err(error) => return DbError::Connection(error.to_string()),
        }
    }
}

async fn connected(config: &DatabaseConfig, server: Endpoint, patience: Duration) -> Result<PgListener, DbError> {
    let endpoint = match config.pooler.is_there() {
        true => DatabaseConfig::pooled(server),
        false => config.direct(server, SessionPurpose::Watching, None),
    };
    let connector = |options| async move {
        // The listener wants a pool; this one lives as long as its only session.
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        PgListener::connect_with(&pool.acquire_timeout(patience).connect_with(options).await?).await
    };
    let mut listener = endpoint.open(connector).await?;
    listener.eager_reconnect(false);
    listener.ignore_pool_close_event(true);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Outages are the health watcher's to say; what is left is a server that does not let anybody listen.
fn tell(error: &DbError, said: &mut Option<String>) {
    let Some(code) = error.code() else { return };
    if said.as_deref() != Some(code) {
        tracing::info!(%error, "NOTIFY {CHANNEL} cannot be heard here; the catalog is read on its interval");
        *said = Some(code.to_owned());
    }
}
