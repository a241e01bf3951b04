//! Several servers that have the same data, as libpq's `host=a,b` names them: which one a session is opened on.

use std::borrow::BorrowMut;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use form_urlencoded::{Serializer, parse};
use sqlx::postgres::PgConnection;
use tokio::time::timeout;

use super::conninfo;
use super::endpoint::{Endpoint, InvalidUrl};
use super::error::DbError;
use super::hosts;
use super::requirement::{ServerRequirement, TargetSessionAttrs, at_one};
use super::secured::LibpqVariables;
use super::words;

/// How long a server that did not let us in is tried last.
const AWAY: Duration = Duration::from_secs(10);

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
    /// When a server did not let us in, or one of its addresses.
    away: Mutex<HashMap<(String, Option<IpAddr>), Instant>>,
    /// Whose turn it is.
    turn: AtomicUsize,
    /// The most addresses that were tried for a session.
    tries: AtomicU32,
}

impl Servers {
    /// Reads a URL, or libpq's `host=… dbname=…`.
    pub(super) fn parse(text: &str, variables: &LibpqVariables) -> Result<Self, InvalidUrl> {
        let url = conninfo::as_url(text)?;
        let (place, query) = url.split_once('?').unwrap_or((&url, ""));
        let (mut wanted, mut is_balanced) = (TargetSessionAttrs::Any, false);
        let mut rest = Serializer::new(String::new());
        // A password that is not encoded ends the place too early.
        let is_torn = query.contains('@');
        for (name, value) in words::kept(parse(query.as_bytes()).into_owned(), is_torn)? {
            match &*name {
                "target_session_attrs" => {
                    let expected =
                        "target_session_attrs to be any, primary, read-write, standby, read-only or prefer-standby";
                    wanted = TargetSessionAttrs::parse(&value).ok_or(InvalidUrl::expected(expected))?;
                }
                "load_balance_hosts" if matches!(&*value, "random" | "disable") => is_balanced = value == "random",
                "load_balance_hosts" => return Err(InvalidUrl::expected("load_balance_hosts to be random or disable")),
                _ => drop(rest.append_pair(&name, &value)),
            }
        }
        let rest = rest.finish();
        let url = if rest.is_empty() { place.to_owned() } else { format!("{place}?{rest}") };
        let urls = hosts::each(&url)
            .ok_or(InvalidUrl::expected("as many ports and addresses as hosts, or one port for all"))?;
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

    /// Whether there is one machine only, as far as its name tells.
    pub(super) async fn is_one(&self, patience: Duration) -> bool {
        let [only] = &*self.each else { return false };
        self.reached(only, 0, patience).await.len() == 1
    }

    /// How many there are.
    fn count(&self) -> u32 {
        u32::try_from(self.each.len()).unwrap_or(u32::MAX)
    }

    /// How many addresses may be tried for a session, as far as is known: a name may have several.
    pub(super) fn tries(&self) -> u32 {
        self.known.tries.load(Ordering::Relaxed).max(self.count())
    }

    /// Those that let us in before those that did not, lately.
    fn in_order(&self, mut each: Vec<Endpoint>, turn: usize) -> Vec<Endpoint> {
        if self.is_balanced && !each.is_empty() {
            let first = turn % each.len();
            each.rotate_left(first);
        }
        let away = self.known.away.lock().unwrap_or_else(PoisonError::into_inner);
        let is_away = |key| away.get(&key).is_some_and(|moment: &Instant| moment.elapsed() < AWAY);
        each.sort_by_cached_key(|one| is_away((one.place(), one.address())));
        each
    }

    /// The same server as it is reached now: its password may be another one.
    pub(super) fn again(&self, server: &Endpoint) -> Option<Endpoint> {
        let now = self.each.iter().find(|one| one.place() == server.place())?;
        Some(server.address().map_or_else(|| now.clone(), |address| now.at_address(address)))
    }

    /// A server does not answer: it is tried last for a while, and this address of it.
    pub(super) fn note(&self, server: &Endpoint) {
        self.note_one(server.place(), server.address());
        self.note_one(server.place(), None);
    }

    fn note_one(&self, place: String, address: Option<IpAddr>) {
        self.known.away.lock().unwrap_or_else(PoisonError::into_inner).insert((place, address), Instant::now());
    }

    /// Opens a session on the first server that is there and is what is wanted, each address of it within a time limit.
    /// A name may have several addresses, of several machines. A server that refuses the login itself is not passed over:
    /// the others would refuse it as well.
    ///
    /// # Errors
    /// What the only server says, or what each of several does.
    pub(super) async fn chosen<T, F>(
        &self,
        requirement: ServerRequirement,
        patience: Duration,
        open: impl Fn(Endpoint) -> F,
    ) -> Result<T, DbError>
    where
        T: BorrowMut<PgConnection>,
        F: Future<Output = Result<T, DbError>>,
    {
        let (mut reasons, turn) = (Vec::new(), self.known.turn.fetch_add(1, Ordering::Relaxed));
        for wanted in requirement.wanted.passes() {
            let (requirement, mut tries) = (ServerRequirement { wanted: *wanted, ..requirement }, 0);
            for server in self.in_order(self.each.clone(), turn) {
                let addresses = self.reached(&server, turn / self.each.len(), patience).await;
                tries += u32::try_from(addresses.len()).unwrap_or(u32::MAX);
                self.known.tries.fetch_max(tries, Ordering::Relaxed);
                for address in addresses {
                    match at_one(&address, requirement, patience, &open).await {
                        Err(error) if error.is_of_one_server() => self.passed(&address, error, &mut reasons),
                        done => return done,
                    }
                }
                if reasons.iter().any(|(one, error)| one.place() == server.place() && is_away(error)) {
                    self.note_one(server.place(), None);
                }
            }
        }
        Err(together(reasons))
    }

    /// Where a server is tried: at each address of its name.
    async fn reached(&self, server: &Endpoint, turn: usize, patience: Duration) -> Vec<Endpoint> {
        match timeout(patience, server.at_each_address()).await {
            Ok(Ok(each)) if !each.is_empty() => self.in_order(each, turn),
            // The connection fails for the same reason, and says so.
            _ => vec![server.clone()],
        }
    }

    /// Passes over an address, for a reason of its own.
    fn passed(&self, server: &Endpoint, error: DbError, reasons: &mut Vec<(Endpoint, DbError)>) {
        if is_away(&error) {
            self.note_one(server.place(), server.address());
        }
        let is_other = |one: &Endpoint| (one.place(), one.address()) != (server.place(), server.address());
        reasons.retain(|(one, _)| is_other(one));
        reasons.push((server.clone(), error));
    }
}

/// Whether nobody is let in there. One that is there and not what is wanted now may be what the next session wants.
const fn is_away(error: &DbError) -> bool {
    !matches!(error, DbError::Unwanted(_))
}

/// The error of several servers, or of several addresses of one. A server that is full says so: its sessions come back.
fn together(mut reasons: Vec<(Endpoint, DbError)>) -> DbError {
    if let Some(at) = reasons.iter().position(|(_, error)| error.is_crowded()) {
        return reasons.swap_remove(at).1;
    }
    let mut texts: Vec<_> = reasons.iter().map(|(server, error)| format!("{}: {error}", server.place())).collect();
    // Most names have two addresses of one machine, which says the same at both.
    texts.dedup();
    if texts.len() == 1 {
        return reasons.remove(0).1;
    }
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
    use std::borrow::Cow;

    use super::*;

    fn servers(url: &str) -> Result<Servers, Cow<'static, str>> {
        Servers::parse(url, &LibpqVariables::default()).map_err(|InvalidUrl(expected)| expected)
    }

    fn order(servers: &Servers, turn: usize) -> Vec<String> {
        servers.in_order(servers.each.clone(), turn).iter().map(Endpoint::place).collect()
    }

    #[test]
    fn a_url_names_its_servers() -> Result<(), Cow<'static, str>> {
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
    fn who_did_not_let_us_in_is_tried_last() -> Result<(), Cow<'static, str>> {
        let three = servers("postgres://u@a,b,c/d")?;
        assert_eq!(order(&three, 1), ["a:5432/d", "b:5432/d", "c:5432/d"]);
        three.note(&three.each[0]);
        assert_eq!(order(&three, 1), ["b:5432/d", "c:5432/d", "a:5432/d"]);
        let read_again = servers("postgres://u@a,b/d")?.remembering(&three);
        assert_eq!(order(&read_again, 1), ["b:5432/d", "a:5432/d"]);
        let balanced = servers("postgres://u@a,b/d?load_balance_hosts=random")?;
        assert_ne!(order(&balanced, 0), order(&balanced, 1));
        Ok(())
    }

    #[test]
    fn a_full_server_says_so_whatever_the_other_address_says() -> Result<(), Cow<'static, str>> {
        let named = servers("postgres://u@db/d")?;
        let [one, other] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(|bytes| named.each[0].at_address(IpAddr::from(bytes)));
        let refused = || DbError::Connection("refused".into());
        let mut reasons = Vec::new();
        named.passed(&one, DbError::Busy, &mut reasons);
        named.passed(&other, refused(), &mut reasons);
        assert_eq!(reasons.len(), 2);
        let both = vec![(one.clone(), refused()), (other.clone(), refused())];
        assert_eq!(together(both).to_string(), refused().to_string());
        let differing = together(vec![(one, refused()), (other, DbError::timed_out())]).to_string();
        assert!(differing.contains("db:5432/d: ") && differing.contains("refused"), "{differing}");
        Ok(())
    }

    #[tokio::test]
    async fn each_address_of_a_name_is_tried_and_remembered() -> Result<(), Cow<'static, str>> {
        let [one, other] = [[10, 0, 0, 1], [10, 0, 0, 2]].map(IpAddr::from);
        let addresses = |each: Vec<Endpoint>| each.iter().map(Endpoint::address).collect::<Vec<_>>();
        let named = servers("postgres://u@db/d")?;
        let each = vec![named.each[0].at_address(one), named.each[0].at_address(other)];
        assert_eq!(addresses(named.in_order(each.clone(), 1)), [Some(one), Some(other)]);
        assert_eq!(each[1].place(), "db:5432/d");
        named.note_one(each[0].place(), each[0].address());
        assert_eq!(addresses(named.in_order(each.clone(), 1)), [Some(other), Some(one)]);
        // One address that is away leaves its server where it was.
        let two = servers("postgres://u@db,other/d")?;
        two.note_one(each[0].place(), each[0].address());
        assert_eq!(order(&two, 1), ["db:5432/d", "other:5432/d"]);
        // A statement is stopped where it runs, with the password of now.
        assert_eq!(named.again(&each[1]).and_then(|again| again.address()), Some(other));
        let balanced = servers("postgres://u@db/d?load_balance_hosts=random")?;
        assert_eq!(addresses(balanced.in_order(each, 1)), [Some(other), Some(one)]);
        let local = servers("postgres://u@localhost,[::1],127.0.0.1/d?sslmode=disable")?;
        let mut found = Vec::new();
        for server in &local.each {
            found.push(server.at_each_address().await.map_err(|_| "no address")?);
        }
        assert!(found[0].iter().all(|server| server.address().is_some_and(|address| address.is_loopback())));
        assert_eq!((addresses(found[1].clone()), addresses(found[2].clone())), (vec![None], vec![None]));
        Ok(())
    }
}
