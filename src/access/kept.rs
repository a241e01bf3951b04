//! The tokens in force, kept current with their file, and the answer to "who is that?".

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use super::caller::Caller;
use super::file::tokens;
use super::token::{Secret, Token, User};
use crate::identity::Identity;
use crate::refresh::changed;
use crate::time::Clock;

/// The longest login of a person, in bytes.
const LONGEST_LOGIN: usize = 256;

/// Who may ask.
#[derive(Clone, Debug)]
pub struct Access {
    /// None: everybody.
    tokens: Option<watch::Receiver<Arc<[Arc<Token>]>>>,
    clock: Clock,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no token, or none that is known and in force.
    Unknown,
    /// The token is good, the person may not ask.
    Person,
    /// A login that is none.
    BadLogin,
    /// The token has all its places taken.
    Busy,
}

/// A caller that was let in. As long as it lives it takes one of its token's places.
#[derive(Debug, Default)]
pub struct Guard {
    /// Who asks.
    pub caller: Caller,
    _place: Option<OwnedSemaphorePermit>,
}

impl Access {
    /// Everybody may ask everything.
    #[must_use]
    pub const fn open() -> Self {
        Self { tokens: None, clock: Clock::System }
    }

    /// Whether no token is needed.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.tokens.is_none()
    }

    /// Those that a file names; the file is read again whenever it changes.
    ///
    /// # Errors
    /// The file cannot be read, or something in it is wrong.
    pub async fn of(path: PathBuf) -> Result<Self, String> {
        let failed = |why: String| format!("the tokens in {} cannot be read: {why}", path.display());
        let text = tokio::fs::read_to_string(&path).await.map_err(|error| failed(error.to_string()))?;
        let first = tokens(&text).map_err(|error| failed(error.to_string()))?;
        warn_of_readers(&path).await;
        tracing::info!(tokens = first.len(), "requests need a token");
        let (sender, receiver) = watch::channel(Arc::from(first));
        tokio::spawn(keep(path, text, sender));
        Ok(Self { tokens: Some(receiver), clock: Clock::System })
    }

    /// Lets a caller in.
    ///
    /// # Errors
    /// The secret is unknown, or the person or the moment is wrong.
    pub async fn admit(&self, secret: Option<&[u8]>, login: Option<&str>, wait: Duration) -> Result<Guard, Refusal> {
        let Some(tokens) = &self.tokens else { return Ok(Guard::default()) };
        let token = found(&tokens.borrow(), secret.unwrap_or_default(), self.clock.now()).ok_or(Refusal::Unknown)?;
        let place = match token.places.clone() {
            None => None,
            Some(places) => {
                let place = timeout(wait, places.acquire_owned()).await;
                Some(place.ok().and_then(Result::ok).ok_or(Refusal::Busy)?)
            }
        };
        let person = match token.user {
            User::Nobody => None,
            User::Header => login.filter(|login| !login.is_empty()),
        };
        if person.is_some_and(|login| login.len() > LONGEST_LOGIN || login.contains('\0')) {
            return Err(Refusal::BadLogin);
        }
        let role = token.role_of(person).map_err(|()| Refusal::Person)?;
        let identity = Identity { token: Some(Arc::clone(&token.name)), person: person.map(Arc::from), role };
        Ok(Guard { caller: Caller::new(token, identity), _place: place })
    }
}

/// The token of a secret. Every token is compared in full, whichever fits.
fn found(tokens: &[Arc<Token>], secret: &[u8], now: i64) -> Option<Arc<Token>> {
    let asked = Secret::of(secret);
    let mut found = None;
    for token in tokens {
        if bool::from(token.secret.equals(&asked)) {
            found = Some(token);
        }
    }
    found.filter(|token| !token.has_expired(now)).cloned()
}

/// Reads the file whenever its text changes. What is wrong with it is said, and the last good tokens stay.
async fn keep(path: PathBuf, mut last: String, sender: watch::Sender<Arc<[Arc<Token>]>>) {
    while !sender.is_closed() {
        changed(Some(&path), Some(last.clone())).await;
        let read = tokio::fs::read_to_string(&path).await;
        let text = match read {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, "the tokens cannot be read again; those of before stay in force");
                changed(Some(&path), None).await;
                continue;
            }
        };
        match tokens(&text) {
            Ok(tokens) => {
                tracing::info!(tokens = tokens.len(), "the tokens were read again");
                sender.send_replace(Arc::from(tokens));
            }
            Err(error) => tracing::error!(%error, "the tokens cannot be read again; those of before stay in force"),
        }
        last = text;
    }
}

/// Hashes of long random secrets tell little, but the file also says who sees what.
async fn warn_of_readers(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(found) = tokio::fs::metadata(path).await else { return };
    if found.permissions().mode() & 0o004 != 0 {
        tracing::warn!(file = %path.display(), "every user of this machine may read the file of tokens; chmod 640 closes it");
    }
}
