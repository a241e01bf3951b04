//! What a session must find on its server: libpq's `target_session_attrs`, and how far behind a standby may be.

use std::borrow::BorrowMut;
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{Executor as _, Row as _};
use tokio::time::timeout;

use super::endpoint::Endpoint;
use super::error::DbError;

/// Asks a server whether it is a standby, and for the age in seconds of what it shows. A standby that has replayed all that
/// its primary sent is up to date, however long ago that was.
const LOOK: &str = "SELECT pg_catalog.pg_is_in_recovery(), CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN 0 \
    WHEN EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver) AND pg_catalog.pg_last_wal_receive_lsn() \
    OPERATOR(pg_catalog.=) pg_catalog.pg_last_wal_replay_lsn() THEN 0 ELSE coalesce(extract(epoch FROM \
    pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.pg_last_xact_replay_timestamp()), 'Infinity') \
    END::pg_catalog.float8";

/// Which server a session may be opened on: libpq's `target_session_attrs`. All of ours read only, so what libpq calls
/// `read-write` is the primary here, and `read-only` a standby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetSessionAttrs {
    Any,
    Primary,
    Standby,
    PreferStandby,
}

impl TargetSessionAttrs {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "any" => Some(Self::Any),
            "primary" | "read-write" => Some(Self::Primary),
            "standby" | "read-only" => Some(Self::Standby),
            "prefer-standby" => Some(Self::PreferStandby),
            _ => None,
        }
    }

    /// What is looked for, one after the other.
    pub(super) const fn passes(self) -> &'static [Self] {
        match self {
            Self::Any => &[Self::Any],
            Self::Primary => &[Self::Primary],
            Self::Standby => &[Self::Standby],
            Self::PreferStandby => &[Self::Standby, Self::Any],
        }
    }
}

/// What a session must find on its server.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerRequirement {
    pub(super) wanted: TargetSessionAttrs,
    /// How old what a standby shows may be.
    pub(super) max_lag: Option<Duration>,
}

impl ServerRequirement {
    /// A server that may be written to, or that sends notifications.
    pub(super) const PRIMARY: Self = Self { wanted: TargetSessionAttrs::Primary, max_lag: None };

    /// Whether the server must be asked.
    pub(super) fn is_particular(self) -> bool {
        self.wanted != TargetSessionAttrs::Any || self.max_lag.is_some()
    }

    /// Why a server is not what is wanted; none where it is.
    fn against(self, seen: ServerStatus) -> Option<String> {
        match self.wanted {
            TargetSessionAttrs::Primary if seen.is_standby => return Some("is a standby".to_owned()),
            TargetSessionAttrs::Standby if !seen.is_standby => return Some("is no standby".to_owned()),
            _ => {}
        }
        let limit = self.max_lag?.as_secs_f64();
        let behind = if seen.lag.is_finite() {
            format!("is {:.0} s behind", seen.lag)
        } else {
            "has replayed nothing since it started".to_owned()
        };
        (seen.lag > limit).then(|| format!("{behind}, and DATEBIN_MAX_LAG is {limit} s"))
    }
}

/// What a server is.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerStatus {
    pub(super) is_standby: bool,
    /// Seconds.
    lag: f64,
}

/// Looks at the server of a session: what it is, where it is what is wanted.
pub(super) async fn looked(
    connection: &mut PgConnection,
    requirement: ServerRequirement,
) -> Result<ServerStatus, DbError> {
    let row = connection.fetch_one(sqlx::raw_sql(LOOK)).await?;
    let seen = ServerStatus { is_standby: row.try_get(0)?, lag: row.try_get(1)? };
    requirement.against(seen).map_or(Ok(seen), |why| Err(DbError::Unwanted(why)))
}

/// Opens a session at one address, if what is there is what is wanted.
pub(super) async fn at_one<T, F>(
    server: &Endpoint,
    requirement: ServerRequirement,
    patience: Duration,
    open: &impl Fn(Endpoint) -> F,
) -> Result<T, DbError>
where
    T: BorrowMut<PgConnection>,
    F: Future<Output = Result<T, DbError>>,
{
    let opened = async {
        let mut opened = open(server.clone()).await?;
        if requirement.is_particular() {
            looked(opened.borrow_mut(), requirement).await?;
        }
        Ok(opened)
    };
    timeout(patience, opened).await.unwrap_or_else(|_| Err(DbError::timed_out()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_decides_and_the_lag() {
        let standby = |lag| ServerStatus { is_standby: true, lag };
        let primary = ServerStatus { is_standby: false, lag: 0.0 };
        let requirement =
            |wanted, seconds: Option<u64>| ServerRequirement { wanted, max_lag: seconds.map(Duration::from_secs) };
        for (requirement, seen, why) in [
            (requirement(TargetSessionAttrs::Any, None), standby(1e9), None),
            (requirement(TargetSessionAttrs::Primary, None), standby(0.0), Some("is a standby")),
            (requirement(TargetSessionAttrs::Standby, None), primary, Some("is no standby")),
            (requirement(TargetSessionAttrs::Standby, Some(30)), standby(29.9), None),
            (
                requirement(TargetSessionAttrs::Any, Some(30)),
                standby(31.0),
                Some("is 31 s behind, and DATEBIN_MAX_LAG is 30 s"),
            ),
            (
                requirement(TargetSessionAttrs::Any, Some(30)),
                standby(f64::INFINITY),
                Some("has replayed nothing since it started, and DATEBIN_MAX_LAG is 30 s"),
            ),
            (requirement(TargetSessionAttrs::Any, Some(30)), primary, None),
        ] {
            assert_eq!(requirement.against(seen).as_deref(), why, "{requirement:?} {seen:?}");
        }
    }
}
