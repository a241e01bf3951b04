//! The tokens in force, kept current with their file, and the answer to "who is that?".

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use super::caller::Caller;
use super::file::tokens;
use super::ids::IdTokens;
use super::keys::VerificationKeys;
use super::person;
use super::place::AccessTarget;
use super::reread::Reread;
use super::token::{AccessToken, Secret, User};
use super::verifying;
use crate::identity::Identity;
use crate::time::{Clock, Millis};

/// All tokens that are in force.
type Tokens = Arc<[Arc<AccessToken>]>;

/// Who may ask.
#[derive(Clone, Debug)]
pub struct Access {
    /// None: everybody.
    tokens: Option<watch::Receiver<Tokens>>,
    /// What reads ID tokens; none without keys.
    ids: Option<IdTokens>,
    clock: Clock,
    /// What is asked.
    place: AccessTarget,
}

/// Where it stands who may ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessConfig {
    /// The file of tokens.
    pub tokens: PathBuf,
    /// The file with the keys that sign ID tokens, as JWKS.
    pub keys: Option<PathBuf>,
    /// The claim of an ID token with the login; none: `username`.
    pub claim: Option<String>,
    /// Whom ID tokens must be made for; none: anybody.
    pub audience: Option<String>,
}

impl From<PathBuf> for AccessConfig {
    fn from(tokens: PathBuf) -> Self {
        Self { tokens, ..Self::default() }
    }
}

/// What a request says of its caller.
#[derive(Clone, Default)]
pub struct Credentials {
    /// The secret of its token.
    pub secret: Option<Vec<u8>>,
    /// The login that it states, as it came: it is read only where it is believed.
    pub login: Option<Vec<u8>>,
    /// An ID token.
    pub id: Option<Vec<u8>>,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessRefusal {
    /// There is no token, or none that is known and in force; or its ID token proves nothing.
    Unknown,
    /// The token is good, the person may not ask.
    Person,
    /// A login that is none.
    BadLogin,
    /// The token has all its places taken.
    Busy,
}

/// A request that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRequest {
    /// Why.
    pub why: AccessRefusal,
    /// Who asks, as far as that is proven: for those who watch requests, never for the answer.
    pub who: Identity,
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
        Self { tokens: None, ids: None, clock: Clock::System, place: AccessTarget::Root }
    }

    /// The same for one database: whoever may not ask it is unknown there.
    #[must_use]
    pub fn at(&self, place: AccessTarget) -> Self {
        Self { place, ..self.clone() }
    }

    /// Whether no token is needed.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.tokens.is_none()
    }

    /// Those that the files name; each file is read again whenever it changes.
    ///
    /// # Errors
    /// A file cannot be read, or something in it is wrong.
    pub async fn of(config: impl Into<AccessConfig>) -> Result<Self, String> {
        let config = config.into();
        let has_keys = config.keys.is_some();
        let read = move |text: &str| tokens(text, has_keys).map(Tokens::from);
        let file = Reread { path: config.tokens.clone(), what: "tokens", is_private: true, read };
        let (text, first) = file.first().await?;
        tracing::info!(tokens = first.len(), "requests need a token");
        let ids = ids(&config, first.iter().any(|token| token.user == User::IdToken)).await?;
        let (sender, receiver) = watch::channel(first);
        tokio::spawn(file.keep(Some(text), sender));
        Ok(Self { tokens: Some(receiver), ids, clock: Clock::System, place: AccessTarget::Root })
    }

    /// The names of the tokens that name a database other than those. The names of databases are not repeated: they may be
    /// secrets in a wrong place.
    #[must_use]
    pub fn of_other_databases(&self, served: &[&str]) -> Vec<Arc<str>> {
        let is_other = |name: &String| !served.contains(&name.as_str());
        let is_of_others = |token: &&Arc<AccessToken>| token.databases.iter().flatten().any(is_other);
        let tokens = self.tokens.as_ref().map(|tokens| Arc::clone(&tokens.borrow()));
        tokens.iter().flat_map(|all| all.iter().filter(is_of_others)).map(|token| Arc::clone(&token.name)).collect()
    }

    /// Lets a caller in.
    ///
    /// # Errors
    /// The secret is unknown, or the person or the moment is wrong.
    pub async fn admit(&self, credentials: &Credentials, wait: Duration) -> Result<Guard, RefusedRequest> {
        let Some(tokens) = &self.tokens else { return Ok(Guard::default()) };
        let (secret, now) = (credentials.secret.as_deref().unwrap_or_default(), self.clock.now());
        let token = found(&tokens.borrow(), secret, now).filter(|token| token.may_ask(&self.place));
        let mut who = Identity::NOBODY;
        let Some(token) = token else { return Err(RefusedRequest { why: AccessRefusal::Unknown, who }) };
        who.token = Some(Arc::clone(&token.name));
        match self.place_of(&token, credentials, &mut who, wait).await {
            Ok(place) => Ok(Guard { caller: Caller::new(token, who, self.place.name()), _place: place }),
            Err(why) => Err(RefusedRequest { why, who }),
        }
    }

    /// The place of a known token's request, if the token has any, and who asks.
    async fn place_of(
        &self,
        token: &AccessToken,
        credentials: &Credentials,
        who: &mut Identity,
        wait: Duration,
    ) -> Result<Option<OwnedSemaphorePermit>, AccessRefusal> {
        who.person = self.person(token, credentials, self.clock.now())?;
        who.role = token.role_of(who.person.as_deref()).map_err(|()| AccessRefusal::Person)?;
        let Some(places) = token.places.clone() else { return Ok(None) };
        let place = timeout(wait, places.acquire_owned()).await;
        place.ok().and_then(Result::ok).map(Some).ok_or(AccessRefusal::Busy)
    }

    /// The person that a token's request is for, as far as the token is believed.
    fn person(
        &self,
        token: &AccessToken,
        credentials: &Credentials,
        now: Millis,
    ) -> Result<Option<Arc<str>>, AccessRefusal> {
        match token.user {
            User::Nobody => Ok(None),
            User::Header => match credentials.login.as_deref().map(std::str::from_utf8) {
                None | Some(Ok("")) => Ok(None),
                Some(Ok(login)) if person::is_login(login) => Ok(Some(login.into())),
                Some(_) => Err(AccessRefusal::BadLogin),
            },
            User::IdToken => {
                let Some(id) = &credentials.id else { return Ok(None) };
                let ids = self.ids.as_ref().ok_or(AccessRefusal::Unknown)?;
                ids.login(id, now).map(Some).map_err(|why| {
                    tracing::info!(token = %token.name, %why, "an ID token is not valid");
                    AccessRefusal::Unknown
                })
            }
        }
    }
}

/// What reads ID tokens. Where no token asks for them yet, keys that cannot be read are only named.
async fn ids(config: &AccessConfig, is_needed: bool) -> Result<Option<IdTokens>, String> {
    let Some(path) = config.keys.clone() else { return Ok(None) };
    verifying::install();
    let file = Reread {
        path,
        what: "keys of ID tokens",
        is_private: false,
        read: |text: &str| VerificationKeys::read(text).map(Arc::new),
    };
    let (text, keys) = match file.first().await {
        Ok((text, keys)) => (Some(text), keys),
        Err(error) if is_needed => return Err(error),
        Err(error) => {
            tracing::warn!("{error}; no token has user = \"jwt\" yet");
            (None, Arc::default())
        }
    };
    tracing::info!(keys = keys.len(), "ID tokens are verified");
    if config.audience.is_none() {
        tracing::warn!("DATEBIN_JWT_AUDIENCE is not set: ID tokens that were made for others count as well");
    }
    let (sender, keys) = watch::channel(keys);
    tokio::spawn(file.keep(text, sender));
    let claim = config.claim.clone().unwrap_or_else(|| "username".to_owned());
    Ok(Some(IdTokens { keys, claim, audience: config.audience.clone() }))
}

/// The token of a secret. Every token is compared in full, whichever fits.
fn found(tokens: &[Arc<AccessToken>], secret: &[u8], now: i64) -> Option<Arc<AccessToken>> {
    let asked = Secret::of(secret);
    let mut found = None;
    for token in tokens {
        if bool::from(token.secret.equals(&asked)) {
            found = Some(token);
        }
    }
    found.filter(|token| !token.has_expired(now)).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a token whose secret is its name.
    fn one(name: &str, lines: &str) -> String {
        format!("[[token]]\nname = \"{name}\"\nsha256 = \"{}\"\n{lines}\n", Secret::of(name.as_bytes()).digits())
    }

    /// Tokens that are in force.
    fn kept(text: &str) -> Access {
        let (_sender, tokens) = watch::channel(Tokens::from(tokens(text, true).unwrap()));
        Access { tokens: Some(tokens), ids: None, clock: Clock::System, place: AccessTarget::Root }
    }

    /// The status of a refusal and the name it is counted under.
    async fn refused(
        access: &Access,
        secret: &str,
        login: Option<&[u8]>,
        id: Option<&[u8]>,
    ) -> (AccessRefusal, Identity) {
        let secret = Some(secret.as_bytes().to_vec());
        let credentials = Credentials { secret, login: login.map(<[u8]>::to_vec), id: id.map(<[u8]>::to_vec) };
        let refused = access.admit(&credentials, Duration::ZERO).await.unwrap_err();
        (refused.why, refused.who)
    }

    #[test]
    fn a_token_for_a_database_that_nobody_serves_is_found() {
        let text =
            one("a", "") + &one("b", "databases = [\"sales\"]") + &one("c", "databases = [\"sales\", \"Staff\"]");
        let access = kept(&text);
        let found =
            |served: &[&str]| access.of_other_databases(served).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(found(&["sales", "staff"]), ["c"]);
        assert_eq!(found(&[]), ["b", "c"]);
        assert_eq!(Access::open().of_other_databases(&[]), Vec::<Arc<str>>::new());
    }

    #[tokio::test]
    async fn a_refusal_names_the_token_once_its_secret_is_known() {
        let text = [
            one("busy", "limits = { concurrent = 1 }"),
            one("people", "user = \"header\"\nroles = { alice = \"analyst\" }"),
            one("signed", "user = \"jwt\""),
            one("old", "expires = \"2001-01-01T00:00:00Z\""),
        ];
        let access = kept(&text.concat());
        let named = |name: &str| Identity { token: Some(name.into()), ..Identity::NOBODY };
        let busy = Credentials { secret: Some(b"busy".to_vec()), ..Credentials::default() };
        let _held = access.admit(&busy, Duration::ZERO).await.unwrap();
        assert_eq!(refused(&access, "busy", None, None).await, (AccessRefusal::Busy, named("busy")));
        assert_eq!(refused(&access, "people", None, None).await, (AccessRefusal::Person, named("people")));
        let bob = Identity { person: Some("bob".into()), ..named("people") };
        assert_eq!(refused(&access, "people", Some(b"bob"), None).await, (AccessRefusal::Person, bob));
        assert_eq!(refused(&access, "people", Some(b"\xff"), None).await, (AccessRefusal::BadLogin, named("people")));
        // A login that is not believed is not read either.
        let signed = refused(&access, "signed", Some(b"\xff"), Some(b"a.b.c")).await;
        assert_eq!(signed, (AccessRefusal::Unknown, named("signed")));
        for unknown in ["other", "old"] {
            let refused = refused(&access, unknown, Some(b"\xff"), None).await;
            assert_eq!(refused, (AccessRefusal::Unknown, Identity::NOBODY), "{unknown}");
        }
    }
}
