//! One token: the secret that proves it, and what it allows.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use tokio::sync::Semaphore;

use super::known::CallerSnapshots;
use super::place::AccessTarget;
use super::sight::TokenScope;
use crate::catalog::Snapshot;
use crate::plan::Limits;
use crate::time::Millis;

/// The SHA-256 of a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Secret([u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// Of the secret itself.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// As 64 digits, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |at: usize| char::from(*text.as_bytes().get(at)?).to_digit(16);
        if text.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(digit(2 * at)? * 16 + digit(2 * at + 1)?).ok()?;
        }
        Some(Self(bytes))
    }

    /// As 64 digits.
    #[must_use]
    pub fn digits(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether both are equal, in a time that does not tell how much of them is.
    pub(super) fn equals(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

/// Who the person of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// Nobody in particular.
    Nobody,
    /// Whom `X-Grafana-User` names.
    Header,
    /// Whom the ID token in `X-Grafana-Id` proves.
    IdToken,
}

/// Bounds of a token's requests, never wider than the server's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenLimits {
    /// Series per target.
    pub series: Option<u32>,
    /// Points per series.
    pub points: Option<u32>,
    /// Requests at once.
    pub concurrent: Option<usize>,
}

/// What a token allows.
pub struct AccessToken {
    /// What it is called; never the secret.
    pub name: Arc<str>,
    pub(super) secret: Secret,
    /// What it sees.
    pub(super) sight: TokenScope,
    /// Whom it is believed to ask for.
    pub user: User,
    /// The roles that people take on, by login; `*` is everybody else.
    pub(super) roles: Option<BTreeMap<String, Arc<str>>>,
    pub(super) expires: Option<Millis>,
    pub(super) limits: TokenLimits,
    /// Whether it may add annotations.
    pub(super) writes: bool,
    /// Its places for requests.
    pub(super) places: Option<Arc<Semaphore>>,
    /// The databases that it may ask; none named for all.
    pub(super) databases: Option<Vec<String>>,
    /// What it sees of each database, by the database's name.
    pub(super) seen: Mutex<HashMap<Arc<str>, Arc<TokenView>>>,
}

/// What a token sees of a database.
#[derive(Default)]
pub(super) struct TokenView {
    /// The last view of the catalog, with the snapshot that it is of.
    view: Mutex<Option<SnapshotView>>,
    /// What its callers were found to know.
    pub(super) known: CallerSnapshots,
}

/// A snapshot and the part of it that a token sees.
#[derive(Clone)]
pub(super) struct SnapshotView {
    whole: Arc<Snapshot>,
    seen: Arc<Snapshot>,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("name", &self.name).field("user", &self.user).finish_non_exhaustive()
    }
}

impl AccessToken {
    /// Whether it may ask there.
    pub(super) fn may_ask(&self, place: &AccessTarget) -> bool {
        self.databases.as_ref().is_none_or(|databases| match place {
            AccessTarget::Root => true,
            AccessTarget::Unnamed => false,
            AccessTarget::Named(name) => databases.iter().any(|own| **own == **name),
        })
    }

    /// What it sees of a database.
    pub(super) fn seen(&self, database: &Arc<str>) -> Arc<TokenView> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(seen.entry(Arc::clone(database)).or_default())
    }

    /// The part of a database's catalog that it sees; made once per catalog.
    pub(super) fn view(&self, database: &Arc<str>, whole: &Arc<Snapshot>) -> Arc<Snapshot> {
        if self.sight.is_all() && !whole.sources().iter().any(|source| source.by_token) {
            return Arc::clone(whole);
        }
        let seen = self.seen(database);
        let mut view = seen.view.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(view) = view.as_ref().filter(|view| Arc::ptr_eq(&view.whole, whole)) {
            return Arc::clone(&view.seen);
        }
        let part = Arc::new(self.sight.of(whole));
        *view = Some(SnapshotView { whole: Arc::clone(whole), seen: Arc::clone(&part) });
        part
    }

    /// The server's bounds, narrowed by its own.
    pub(super) fn limits(&self, server: Limits) -> Limits {
        Limits {
            series: self.limits.series.map_or(server.series, |own| own.min(server.series)),
            token_series: self.limits.series,
            points: self.limits.points.map_or(server.points, |own| own.min(server.points)),
            ..server
        }
    }

    /// Whether its time is over.
    pub(super) fn has_expired(&self, now: Millis) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }

    /// The role of a person, if people have roles; an error where this one has none.
    pub(super) fn role_of(&self, person: Option<&str>) -> Result<Option<Arc<str>>, ()> {
        let Some(roles) = &self.roles else { return Ok(None) };
        // The star is no login: whoever is called so is one of the others.
        let own = person.filter(|person| *person != "*").and_then(|person| roles.get(person));
        own.or_else(|| roles.get("*")).cloned().map(Some).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_in_any_case_and_prints_nowhere() {
        let secret = Secret::of(b"test");
        let digits = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        assert_eq!(secret.digits(), digits);
        assert_eq!(Secret::parse(&digits.to_uppercase()), Some(secret));
        assert!(bool::from(secret.equals(&Secret::of(b"test"))) && !bool::from(secret.equals(&Secret::of(b"tesT"))));
        for wrong in ["", "9f86", &digits.replace('9', "g"), &format!("{digits}0"), &format!("{}ö", &digits[..62])] {
            assert_eq!(Secret::parse(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
