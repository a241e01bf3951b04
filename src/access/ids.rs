//! ID tokens: who somebody is, as Grafana signs it.

use std::sync::Arc;

use jsonwebtoken::{Validation, decode, decode_header};
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::keys::VerificationKeys;
use super::person;
use crate::time::Millis;

/// The longest token in bytes. Grafana's have less than one thousand.
const LONGEST: usize = 8192;
/// How far the clock that says `nbf` may be ahead, in milliseconds.
const AHEAD_MS: f64 = 30_000.0;

/// Reads ID tokens.
#[derive(Clone, Debug)]
pub(super) struct IdTokens {
    pub(super) keys: watch::Receiver<Arc<VerificationKeys>>,
    /// The claim with the login.
    pub(super) claim: String,
    /// Whom tokens must be made for; none: anybody.
    pub(super) audience: Option<String>,
}

/// Why a token counts for nothing. Its own text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum IdTokenError {
    #[error("it is longer than 8 KiB")]
    Long,
    #[error("it is not a signed JWT")]
    Shape,
    #[error("its header has `crit`")]
    Critical,
    #[error("its `kid` is not that of a key in DATEBIN_JWKS")]
    Key,
    #[error("its algorithm or its signature is not that of its key")]
    Signature,
    #[error("it has no `exp`, or that time has come")]
    Expired,
    #[error("its `nbf` has not come")]
    Early,
    #[error("its `aud` is not DATEBIN_JWT_AUDIENCE")]
    Audience,
    #[error("its `type` is not user")]
    Type,
    #[error("the claim named by DATEBIN_JWT_CLAIM is not a login")]
    Login,
}

impl IdTokens {
    /// The login that a token proves.
    ///
    /// # Errors
    /// It proves none.
    pub(super) fn login(&self, token: &[u8], now: Millis) -> Result<Arc<str>, IdTokenError> {
        if token.len() > LONGEST {
            return Err(IdTokenError::Long);
        }
        let claims = self.signed(token)?;
        self.check(&claims, now)?;
        let login = claims.get(&self.claim).and_then(Value::as_str);
        login.filter(|login| person::is_login(login)).map(Arc::from).ok_or(IdTokenError::Login)
    }

    /// The claims of a token whose signature a known key verifies. The key sets the algorithm; the token cannot.
    fn signed(&self, token: &[u8]) -> Result<Map<String, Value>, IdTokenError> {
        let header = decode_header(token).map_err(|_| IdTokenError::Shape)?;
        if header.crit.is_some() {
            return Err(IdTokenError::Critical);
        }
        let keys = self.keys.borrow().clone();
        let key = header.kid.as_deref().and_then(|kid| keys.get(kid)).ok_or(IdTokenError::Key)?;
        let mut signature = Validation::new(key.algorithm);
        // The claims are compared with our own clock.
        signature.required_spec_claims.clear();
        (signature.validate_exp, signature.validate_aud) = (false, false);
        decode(token, &key.key, &signature).map(|data| data.claims).map_err(|_| IdTokenError::Signature)
    }

    fn check(&self, claims: &Map<String, Value>, now: Millis) -> Result<(), IdTokenError> {
        let now = now as f64;
        let ms = |value: &Value| value.as_f64().map(|seconds| seconds * 1000.0);
        if !claims.get("exp").and_then(ms).is_some_and(|expires| now < expires) {
            return Err(IdTokenError::Expired);
        }
        if claims.get("nbf").is_some_and(|begins| !ms(begins).is_some_and(|begins| begins <= now + AHEAD_MS)) {
            return Err(IdTokenError::Early);
        }
        if claims.get("type").is_some_and(|of| of != "user") {
            return Err(IdTokenError::Type);
        }
        let Some(audience) = &self.audience else { return Ok(()) };
        let is_for_us = match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().any(|one| one == audience.as_str()),
            Some(one) => one == audience.as_str(),
            None => false,
        };
        if is_for_us { Ok(()) } else { Err(IdTokenError::Audience) }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;
    use crate::access::verifying;

    const NOW: Millis = 1_700_000_000_000;

    /// A key, and what reads tokens that it signs.
    fn made(audience: Option<&str>) -> (EcdsaKeyPair, IdTokens) {
        verifying::install();
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let keys = json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "a", "x": x, "y": y}]}).to_string();
        let keys = watch::channel(Arc::new(VerificationKeys::read(&keys).unwrap())).1;
        (pair, IdTokens { keys, claim: "username".into(), audience: audience.map(str::to_owned) })
    }

    fn token(pair: &EcdsaKeyPair, header: &Value, claims: &Value) -> Vec<u8> {
        let text = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let signature = pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)).into_bytes()
    }

    fn said(audience: Option<&str>, more: &Value) -> Result<Arc<str>, IdTokenError> {
        let (pair, ids) = made(audience);
        let mut claims = json!({"username": "alice", "exp": NOW / 1000 + 60});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        ids.login(&token(&pair, &json!({"alg": "ES256", "kid": "a"}), &claims), NOW)
    }

    #[test]
    fn times_count_to_the_millisecond() {
        let good = Ok(Arc::from("alice"));
        assert_eq!(said(None, &json!({})), good);
        assert_eq!(said(None, &json!({"exp": NOW / 1000})), Err(IdTokenError::Expired));
        assert_eq!(said(None, &json!({"exp": 1_700_000_000.001})), good);
        for wrong in [json!(null), json!("2099-01-01"), json!(true), json!(-1), json!([])] {
            assert_eq!(said(None, &json!({"exp": wrong})), Err(IdTokenError::Expired), "{wrong}");
        }
        assert_eq!(said(None, &json!({"nbf": NOW / 1000 + 30})), good);
        assert_eq!(said(None, &json!({"nbf": NOW / 1000 + 31})), Err(IdTokenError::Early));
        assert_eq!(said(None, &json!({"nbf": "now"})), Err(IdTokenError::Early));
    }

    #[test]
    fn audience_type_and_login_are_what_was_asked_for() {
        let good = Ok(Arc::from("alice"));
        for (aud, expected) in [
            (json!("org:1"), good.clone()),
            (json!(["org:2", "org:1"]), good.clone()),
            (json!("org:2"), Err(IdTokenError::Audience)),
            (json!(["org:2"]), Err(IdTokenError::Audience)),
            (json!([["org:1"]]), Err(IdTokenError::Audience)),
            (json!(null), Err(IdTokenError::Audience)),
        ] {
            assert_eq!(said(Some("org:1"), &json!({"aud": aud})), expected, "{aud}");
            assert_eq!(said(None, &json!({"aud": aud})), good, "{aud}");
        }
        assert_eq!(said(None, &json!({"type": "user"})), good);
        for other in [json!("service-account"), json!("anonymous"), json!(""), json!(1), json!(["user"])] {
            assert_eq!(said(None, &json!({"type": other})), Err(IdTokenError::Type), "{other}");
        }
        for login in [json!(null), json!(""), json!(7), json!("a\0b"), json!("x".repeat(257))] {
            assert_eq!(said(None, &json!({"username": login})), Err(IdTokenError::Login), "{login}");
        }
    }

    #[test]
    fn the_header_decides_nothing_but_the_key() {
        let (pair, ids) = made(None);
        let claims = json!({"username": "alice", "exp": NOW / 1000 + 60});
        let said = |header: &Value| ids.login(&token(&pair, header, &claims), NOW);
        assert_eq!(said(&json!({"alg": "ES256", "kid": "a", "typ": "jwt"})), Ok(Arc::from("alice")));
        for (header, expected) in [
            (json!({"alg": "ES256"}), IdTokenError::Key),
            (json!({"alg": "ES256", "kid": "b"}), IdTokenError::Key),
            (json!({"alg": "RS256", "kid": "a"}), IdTokenError::Signature),
            (json!({"alg": "HS256", "kid": "a"}), IdTokenError::Signature),
            (json!({"alg": "none", "kid": "a"}), IdTokenError::Shape),
            (json!({"kid": "a"}), IdTokenError::Shape),
            (json!({"alg": "ES256", "kid": "a", "crit": ["b64"], "b64": true}), IdTokenError::Critical),
            (json!({"alg": "ES256", "kid": "a", "crit": []}), IdTokenError::Critical),
        ] {
            assert_eq!(said(&header), Err(expected), "{header}");
        }
        let (other, _) = made(None);
        let header = json!({"alg": "ES256", "kid": "a"});
        assert_eq!(ids.login(&token(&other, &header, &claims), NOW), Err(IdTokenError::Signature));
        let long = json!({"username": "alice", "exp": NOW / 1000 + 60, "more": "x".repeat(LONGEST)});
        assert_eq!(ids.login(&token(&pair, &header, &long), NOW), Err(IdTokenError::Long));
        for text in ["", "a.b.c", "..", "a.b", "\u{fc}"] {
            assert_eq!(ids.login(text.as_bytes(), NOW), Err(IdTokenError::Shape), "{text}");
        }
    }
}
