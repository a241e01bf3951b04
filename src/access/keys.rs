//! The public keys that sign ID tokens, as a JWKS document has them.

use std::collections::BTreeMap;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize as _;
use serde_json::Value;

/// The bytes of a point of P-256, uncompressed.
const POINT: usize = 65;
/// The bytes of the shortest and of the longest RSA modulus that is accepted.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

/// What is wrong with a file of keys.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeysError {
    /// It is no JWKS document.
    #[error("it is no JWKS document, {{\"keys\": […]}}")]
    Shape,
    /// No key of it can be used.
    #[error("it has no key for ES256 (EC on P-256) or RS256 (RSA of 2048 bits or more) that has a `kid`")]
    Empty,
    /// A key could be either of two.
    #[error("two keys have the `kid` {0:?}")]
    Twice(String),
}

/// A key and the only algorithm that it is used with, whatever a token says.
#[derive(Debug)]
pub(super) struct VerificationKey {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// The keys by their ids.
#[derive(Debug, Default)]
pub(super) struct VerificationKeys(BTreeMap<String, VerificationKey>);

impl VerificationKeys {
    /// Reads the keys of a document. Keys for other purposes and of other kinds are left out.
    pub(super) fn read(text: &str) -> Result<Self, KeysError> {
        let document: Value = serde_json::from_str(text).map_err(|_| KeysError::Shape)?;
        let all = document.get("keys").and_then(Value::as_array).ok_or(KeysError::Shape)?;
        let mut keys = BTreeMap::new();
        // Each by itself: what an odd one among them is does not matter.
        for jwk in all.iter().filter_map(|one| Jwk::deserialize(one).ok()) {
            let Some(kid) = jwk.common.key_id.as_deref().filter(|kid| !kid.is_empty()) else { continue };
            let Some(key) = usable(&jwk) else { continue };
            if keys.insert(kid.to_owned(), key).is_some() {
                return Err(KeysError::Twice(kid.to_owned()));
            }
        }
        if keys.is_empty() { Err(KeysError::Empty) } else { Ok(Self(keys)) }
    }

    /// The key of that id.
    pub(super) fn get(&self, kid: &str) -> Option<&VerificationKey> {
        self.0.get(kid)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The key, if it can verify signatures of one of the two algorithms and is not meant for something else.
fn usable(jwk: &Jwk) -> Option<VerificationKey> {
    let (algorithm, own) = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        _ => return None,
    };
    let common = &jwk.common;
    let is_for_signatures = common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
    let verifies = common.key_operations.as_ref().is_none_or(|list| list.contains(&KeyOperations::Verify));
    let is_own = common.key_algorithm.is_none_or(|algorithm| algorithm == own);
    let mut key = DecodingKey::from_jwk(jwk).ok()?;
    if let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() {
        // Some write a zero first, as in DER, with which no signature would be verified.
        key = DecodingKey::from_rsa_raw_components(without_zeros(n), without_zeros(e));
    }
    let is_whole = match key.kind() {
        DecodingKeyKind::SecretOrDer(point) => point.len() == POINT,
        DecodingKeyKind::RsaModulusExponent { n, .. } => MODULUS.contains(&n.len()),
    };
    (is_for_signatures && verifies && is_own && is_whole).then_some(VerificationKey { algorithm, key })
}

/// A number without the zeros that it begins with.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 32 bytes, and 256, as base64.
    fn number(bytes: usize) -> String {
        "A".repeat((bytes * 4).div_ceil(3)).replacen('A', "x", 1)
    }

    fn read(keys: &[String]) -> Result<usize, String> {
        let text = format!("{{\"keys\": [{}]}}", keys.join(","));
        VerificationKeys::read(&text).map(|keys| keys.len()).map_err(|error| error.to_string())
    }

    fn ec(more: &str) -> String {
        format!("{{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"{0}\", \"y\": \"{0}\"{more}}}", number(32))
    }

    fn rsa(bytes: usize, more: &str) -> String {
        format!("{{\"kty\": \"RSA\", \"n\": \"{}\", \"e\": \"AQAB\"{more}}}", number(bytes))
    }

    #[test]
    fn only_keys_that_may_sign_id_tokens_count() {
        let named = ", \"kid\": \"a\"";
        let none = Err(KeysError::Empty.to_string());
        assert_eq!(read(&[ec(named)]), Ok(1));
        assert_eq!(read(&[rsa(256, named)]), Ok(1));
        assert_eq!(
            read(&[ec(", \"kid\": \"a\", \"use\": \"sig\", \"alg\": \"ES256\", \"key_ops\": [\"verify\"]")]),
            Ok(1)
        );
        for more in [
            "",
            ", \"kid\": \"\"",
            ", \"kid\": \"a\", \"use\": \"enc\"",
            ", \"kid\": \"a\", \"alg\": \"ES384\"",
            ", \"kid\": \"a\", \"alg\": \"what\"",
            ", \"kid\": \"a\", \"key_ops\": [\"sign\"]",
        ] {
            assert_eq!(read(&[ec(more)]), none, "{more}");
        }
        assert_eq!(read(&[rsa(256, ", \"kid\": \"a\", \"alg\": \"RS512\"")]), none);
        assert_eq!(read(&[rsa(128, named)]), none, "RSA of 1024 bits");
        assert_eq!(read(&[ec(named).replace("P-256", "P-384")]), none);
        assert_eq!(read(&[ec(named).replace(&number(32), &number(31))]), none);
        assert_eq!(read(&[format!("{{\"kty\": \"oct\", \"k\": \"{}\"{named}}}", number(32))]), none, "HMAC");
        // The others count all the same.
        assert_eq!(read(&["{\"kty\": \"what\"}".into(), ec(named), rsa(256, ", \"kid\": \"b\"")]), Ok(2));
        for odd in [
            &ec(", \"kid\": 7"),
            &ec(", \"kid\": \"b\", \"key_ops\": \"verify\""),
            &ec(", \"kid\": \"b\", \"use\": [1]"),
            "{\"kty\": 1, \"kid\": \"b\"}",
            "{\"kid\": \"b\"}",
            "null",
            "7",
            "[]",
        ] {
            assert_eq!(read(&[odd.to_owned(), ec(named)]), Ok(1), "{odd}");
            assert_eq!(read(&[odd.to_owned()]), none, "{odd}");
        }
        assert_eq!(read(&[ec(named), rsa(256, named)]), Err("two keys have the `kid` \"a\"".to_owned()));
        assert_eq!(read(&[]), none);
        for text in ["", "{}", "[]", "{\"keys\": 1}", "nothing"] {
            assert_eq!(VerificationKeys::read(text).err(), Some(KeysError::Shape), "{text}");
        }
    }

    #[test]
    fn zeros_before_a_number_are_no_part_of_it() {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let (modulus, exponent) = ([vec![0, 0], vec![200; 256]].concat(), [0, 1, 0, 1]);
        let (n, e) = (URL_SAFE_NO_PAD.encode(modulus), URL_SAFE_NO_PAD.encode(exponent));
        let keys = format!("{{\"keys\": [{{\"kty\": \"RSA\", \"kid\": \"a\", \"n\": \"{n}\", \"e\": \"{e}\"}}]}}");
        let keys = VerificationKeys::read(&keys).unwrap();
        let DecodingKeyKind::RsaModulusExponent { n, e } = keys.get("a").unwrap().key.kind() else {
            panic!("a key of RSA")
        };
        assert_eq!((n.as_slice(), e.as_slice()), ([200; 256].as_slice(), [1, 0, 1].as_slice()));
    }
}
