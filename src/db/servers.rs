//! Several servers that have the same data, as libpq's `host=a,b` names them: which one a session is opened on.

use std::borrow::BorrowMut;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use form_urlencoded::{Serializer, parse};
use sqlx::postgres::PgConnection;
use sqlx::{Executor as _, Row as _};
use tokio::time::timeout;

use super::conninfo;
use super::endpoint::{Endpoint, InvalidUrl, URL};
use super::error::DbError;
use super::hosts;
use super::secured::TlsVariables;

/// How long a server that did not let us in is tried last.
const AWAY: Duration = Duration::from_secs(10);

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
    fn parse(text: &str) -> Option<Self> {
        match text {
            "any" => Some(Self::Any),
            "primary" | "read-write" => Some(Self::Primary),
            "standby" | "read-only" => Some(Self::Standby),
            "prefer-standby" => Some(Self::PreferStandby),
            _ => None,
        }
    }

    /// What is looked for, one after the other.
    const fn passes(self) -> &'static [Self] {
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
pub(super) async fn looked(connection: &mut PgConnection, wish: ServerRequirement) -> Result<ServerStatus, DbError> {
    let row = connection.fetch_one(sqlx::raw_sql(LOOK)).await?;
    let seen = ServerStatus { is_standby: row.try_get(0)?, lag: row.try_get(1)? };
    wish.against(seen).map_or(Ok(seen), |why| Err(DbError::Unwanted(why)))
}

/// The servers of a URL.
#[derive(Clone)]
pub(super) struct Servers {
    each: Vec<Endpoint>,
    pub(super) wanted: TargetSessionAttrs,
    /// Whether sessions are spread over them; otherwise the first that is there has them all.
    is_balanced: bool,
    known: Arc<ServerMemory>,
}

/// What was found out of the servers.
#[derive(Debug, Default)]
struct ServerMemory {
    /// When a server did not let us in.
    away: Mutex<HashMap<String, Instant>>,
    /// Whose turn it is.
    turn: AtomicUsize,
}

impl Servers {
    /// Reads a URL, or libpq's `host=… dbname=…`.
    pub(super) fn parse(text: &str, variables: &TlsVariables) -> Result<Self, InvalidUrl> {
        let url = conninfo::as_url(text).ok_or(InvalidUrl(URL))?;
        let (place, query) = url.split_once('?').unwrap_or((&url, ""));
        let (mut wanted, mut is_balanced) = (TargetSessionAttrs::Any, false);
        let mut rest = Serializer::new(String::new());
        for (name, value) in parse(query.as_bytes()) {
            match &*name {
                "target_session_attrs" => {
                    let expected =
                        "target_session_attrs to be any, primary, read-write, standby, read-only or prefer-standby";
                    wanted = TargetSessionAttrs::parse(&value).ok_or(InvalidUrl(expected))?;
                }
                "load_balance_hosts" if matches!(&*value, "random" | "disable") => is_balanced = value == "random",
                "load_balance_hosts" => return Err(InvalidUrl("load_balance_hosts to be random or disable")),
                _ => drop(rest.append_pair(&name, &value)),
            }
        }
        let rest = rest.finish();
        let url = if rest.is_empty() { place.to_owned() } else { format!("{place}?{rest}") };
        let urls = hosts::each(&url).ok_or(InvalidUrl("as many ports and addresses as hosts, or one port for all"))?;
        let one = |(number, url): (usize, &String)| Ok(Endpoint::parse(url, variables)?.numbered(number));
        let each: Result<Vec<_>, _> = urls.iter().enumerate().map(one).collect();
        let known = ServerMemory { turn: AtomicUsize::new(start()), ..ServerMemory::default() };
        Ok(Self { each: each?, wanted, is_balanced, known: Arc::new(known) })
    }

    /// The same servers with what was found out about them before.
    pub(super) fn remembering(self, other: &Self) -> Self {
        let before = |one: &Endpoint| other.each.iter().find(|known| known.place() == one.place());
        let each = self.each.into_iter().map(|one| match before(&one) {
            Some(known) => one.remembering(known),
            None => one,
        });
        Self { each: each.collect(), known: Arc::clone(&other.known), ..self }
    }

    /// Where they are, without anything secret.
    pub(super) fn place(&self) -> String {
        let places: Vec<_> = self.each.iter().map(Endpoint::place).collect();
        places.join(", ")
    }

    pub(super) fn role(&self) -> &str {
        self.each.first().map_or("", Endpoint::role)
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.each.len()).unwrap_or(u32::MAX)
    }

    /// Those that let us in before those that did not, lately.
    fn in_order(&self) -> Vec<&Endpoint> {
        let mut order: Vec<&Endpoint> = self.each.iter().collect();
        if self.is_balanced {
            let first = self.known.turn.fetch_add(1, Ordering::Relaxed) % order.len().max(1);
            order.rotate_left(first);
        }
        let away = self.known.away.lock().unwrap_or_else(PoisonError::into_inner);
        order.sort_by_key(|one| away.get(&one.place()).is_some_and(|moment| moment.elapsed() < AWAY));
        order
    }

    /// The server at a place, as it is reached now.
    pub(super) fn at(&self, place: &str) -> Option<&Endpoint> {
        self.each.iter().find(|server| server.place() == place)
    }

    /// A server did not let us in, or does not answer: it is tried last for a while.
    pub(super) fn note(&self, place: &str) {
        self.known.away.lock().unwrap_or_else(PoisonError::into_inner).insert(place.to_owned(), Instant::now());
    }

    /// Opens a session on the first server that is there and is what is wanted, each within a time limit. A server that
    /// refuses the login itself is not passed over: the others would refuse it as well.
    ///
    /// # Errors
    /// What the only server says, or what each of several does.
    pub(super) async fn chosen<T, F>(
        &self,
        wish: ServerRequirement,
        patience: Duration,
        open: impl Fn(Endpoint) -> F,
    ) -> Result<T, DbError>
    where
        T: BorrowMut<PgConnection>,
        F: Future<Output = Result<T, DbError>>,
    {
        let mut reasons: Vec<(String, DbError)> = Vec::new();
        for wanted in wish.wanted.passes() {
            for server in self.in_order() {
                let (place, wish) = (server.place(), ServerRequirement { wanted: *wanted, ..wish });
                let opened = async {
                    let mut opened = open(server.clone()).await?;
                    if wish.is_particular() {
                        looked(opened.borrow_mut(), wish).await?;
                    }
                    Ok(opened)
                };
                match timeout(patience, opened).await.unwrap_or_else(|_| Err(DbError::timed_out())) {
                    Err(error) if error.is_of_one_server() => {
                        // One that is there and not what is wanted now may be what the next session wants.
                        if !matches!(error, DbError::Unwanted(_)) {
                            self.note(&place);
                        }
                        reasons.retain(|(other, _)| *other != place);
                        reasons.push((place, error));
                    }
                    done => return done,
                }
            }
        }
        Err(together(reasons))
    }
}

/// The error of several servers. A server that is full says so: its sessions come back.
fn together(mut reasons: Vec<(String, DbError)>) -> DbError {
    if reasons.len() == 1 {
        return reasons.remove(0).1;
    }
    if let Some(at) = reasons.iter().position(|(_, error)| error.is_crowded()) {
        return reasons.swap_remove(at).1;
    }
    let texts: Vec<_> = reasons.iter().map(|(place, error)| format!("{place}: {error}")).collect();
    let is_unwanted = reasons.iter().any(|(_, error)| matches!(error, DbError::Unwanted(_)));
    if is_unwanted { DbError::Unwanted(texts.join("; ")) } else { DbError::Connection(texts.join("; ")) }
}

/// Where several processes begin: not all with the same server.
fn start() -> usize {
    let mut bytes = [0; 2];
    // Without random bytes they do.
    let _random = getrandom::fill(&mut bytes);
    usize::from(u16::from_ne_bytes(bytes))
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Servers").field("place", &self.place()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(url: &str) -> Result<Servers, &'static str> {
        Servers::parse(url, &TlsVariables::default()).map_err(|InvalidUrl(expected)| expected)
    }

    fn order(servers: &Servers) -> Vec<String> {
        servers.in_order().into_iter().map(Endpoint::place).collect()
    }

    #[test]
    fn a_url_names_its_servers() -> Result<(), &'static str> {
        let two = servers("postgres://u:p@a:1,b:2/d?target_session_attrs=prefer-standby&application_name=x")?;
        assert_eq!(
            (two.place().as_str(), two.count(), two.wanted),
            ("a:1/d, b:2/d", 2, TargetSessionAttrs::PreferStandby)
        );
        let libpq =
            servers("host=a,b port=5 dbname=d user=u target_session_attrs=read-only load_balance_hosts=random")?;
        assert_eq!(
            (libpq.place().as_str(), libpq.wanted, libpq.is_balanced),
            ("a:5/d, b:5/d", TargetSessionAttrs::Standby, true)
        );
        assert_eq!(servers("postgres://u@h/d")?.place(), "h:5432/d");
        for (url, said) in [
            ("postgres://u@a/d?target_session_attrs=secondary", "target_session_attrs to be any"),
            ("postgres://u@a/d?load_balance_hosts=yes", "load_balance_hosts to be"),
            ("host=a,b,c port=1,2 user=u", "as many ports"),
            ("mysql://u@a/d", "a PostgreSQL URL"),
        ] {
            let expected = servers(url).err().unwrap_or_default();
            assert!(expected.starts_with(said), "{url}: {expected}");
        }
        Ok(())
    }

    #[test]
    fn who_did_not_let_us_in_is_tried_last() -> Result<(), &'static str> {
        let three = servers("postgres://u@a,b,c/d")?;
        assert_eq!(order(&three), ["a:5432/d", "b:5432/d", "c:5432/d"]);
        three.note("a:5432/d");
        assert_eq!(order(&three), ["b:5432/d", "c:5432/d", "a:5432/d"]);
        let read_again = servers("postgres://u@a,b/d")?.remembering(&three);
        assert_eq!(order(&read_again), ["b:5432/d", "a:5432/d"]);
        let balanced = servers("postgres://u@a,b/d?load_balance_hosts=random")?;
        assert_ne!(order(&balanced), order(&balanced));
        Ok(())
    }

    #[test]
    fn what_is_wanted_decides_and_the_lag() {
        let standby = |lag| ServerStatus { is_standby: true, lag };
        let primary = ServerStatus { is_standby: false, lag: 0.0 };
        let wish =
            |wanted, seconds: Option<u64>| ServerRequirement { wanted, max_lag: seconds.map(Duration::from_secs) };
        for (wish, seen, why) in [
            (wish(TargetSessionAttrs::Any, None), standby(1e9), None),
            (wish(TargetSessionAttrs::Primary, None), standby(0.0), Some("is a standby")),
            (wish(TargetSessionAttrs::Standby, None), primary, Some("is no standby")),
            (wish(TargetSessionAttrs::Standby, Some(30)), standby(29.9), None),
            (
                wish(TargetSessionAttrs::Any, Some(30)),
                standby(31.0),
                Some("is 31 s behind, and DATEBIN_MAX_LAG is 30 s"),
            ),
            (
                wish(TargetSessionAttrs::Any, Some(30)),
                standby(f64::INFINITY),
                Some("has replayed nothing since it started, and DATEBIN_MAX_LAG is 30 s"),
            ),
            (wish(TargetSessionAttrs::Any, Some(30)), primary, None),
        ] {
            assert_eq!(wish.against(seen).as_deref(), why, "{wish:?} {seen:?}");
        }
    }
}
