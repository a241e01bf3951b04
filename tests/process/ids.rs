//! People whom ID tokens prove: keys of the test's own, tokens of every wrong kind, and keys that change.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, KeyPair as _, RsaKeyPair};
use ring::{hmac, rsa};
use serde_json::{Value, json};

use datebin::access::Secret;

use crate::cluster::Cluster;
use crate::program::{LONG, Program, eventually, question, ran};

const ROWS: &str = "
    CREATE TABLE own (ts timestamptz NOT NULL, owner text NOT NULL, value double precision);
    INSERT INTO own VALUES ('2018-04-15 04:55Z', 'alice', 1), ('2018-04-15 04:55Z', 'bob', 2);
    CREATE ROLE reader LOGIN PASSWORD 'hunter2-of-the-tests'; GRANT SELECT ON own TO reader;
    ALTER TABLE own ENABLE ROW LEVEL SECURITY;
    CREATE POLICY mine ON own USING (owner = nullif(current_setting('datebin.user', true), ''));";

/// A key that signs as Grafana does.
struct Signer {
    algorithm: &'static str,
    kid: &'static str,
    /// Its public half.
    jwk: Value,
    pair: Pair,
}

enum Pair {
    Ec(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
}

impl Signer {
    fn ec(kid: &'static str) -> Self {
        let (kind, random) = (&signature::ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(kind, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &random).expect("the key");
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let jwk = json!({"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256",
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)});
        Self { algorithm: "ES256", kid, jwk, pair: Pair::Ec(Box::new(pair)) }
    }

    /// None, with a loud line, where there is no openssl to make the key.
    fn rsa(kid: &'static str) -> Option<Self> {
        let arguments = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER"];
        let Some(made) = Command::new("openssl").args(arguments).output().ok().filter(|made| made.status.success())
        else {
            eprintln!("SKIPPED: NO OPENSSL TO MAKE A KEY OF RSA, RS256 was not tested");
            return None;
        };
        // Some versions of openssl write PKCS #8, others the key alone.
        let pair = RsaKeyPair::from_pkcs8(&made.stdout).or_else(|_| RsaKeyPair::from_der(&made.stdout));
        let pair = pair.expect("the key");
        let public = rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
        let jwk = json!({"kty": "RSA", "kid": kid, "n": URL_SAFE_NO_PAD.encode(public.n), "e": URL_SAFE_NO_PAD.encode(public.e)});
        Some(Self { algorithm: "RS256", kid, jwk, pair: Pair::Rsa(Box::new(pair)) })
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => pair.sign(&random, message).expect("a signature").as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let done = pair.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut signature);
                done.expect("a signature");
                signature
            }
        }
    }

    /// A token with this header and these claims.
    fn token(&self, header: &Value, claims: &Value) -> String {
        let text = unsigned(header, claims);
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(self.sign(text.as_bytes())))
    }

    fn header(&self) -> Value {
        json!({"alg": self.algorithm, "kid": self.kid, "typ": "jwt"})
    }

    /// A token that proves a person for a minute, but for some claims.
    fn proof(&self, login: &str, others: &Value) -> String {
        let mut claims = claims(login);
        for (name, value) in others.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        self.token(&self.header(), &claims)
    }
}

/// What Grafana says of a user.
fn claims(login: &str) -> Value {
    json!({"iss": "http://127.0.0.1:3000/", "sub": "user:7", "aud": ["org:1"], "exp": now() + 60, "iat": now(),
        "namespace": "default", "type": "user", "username": login, "email": "somebody@example.com"})
}

fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_secs()
}

fn unsigned(header: &Value, claims: &Value) -> String {
    [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".")
}

fn keys(signers: &[&Signer]) -> String {
    json!({"keys": signers.iter().map(|signer| &signer.jwk).collect::<Vec<_>>()}).to_string()
}

fn lines(name: &str, user: &str) -> String {
    let digits = Secret::of(format!("secret-of-{name}").as_bytes()).digits();
    format!("[[token]]\nname = \"{name}\"\nsha256 = \"{digits}\"\nuser = \"{user}\"\n")
}

/// Writes both files; their paths.
fn written(directory: &Path, keys: &str) -> (String, String) {
    let (tokens, jwks) = (directory.join("tokens.toml"), directory.join("keys.json"));
    std::fs::write(&tokens, format!("{}{}", lines("signed", "jwt"), lines("plain", "header"))).expect("tokens");
    std::fs::set_permissions(&tokens, Permissions::from_mode(0o600)).expect("its mode");
    std::fs::write(&jwks, keys).expect("keys");
    (tokens.display().to_string(), jwks.display().to_string())
}

async fn served(cluster: &Cluster, keys: &str, more: &[(&str, &str)]) -> Program {
    cluster.sql(ROWS).await;
    let url = cluster.url().replace("datebin:", "reader:");
    let (tokens, jwks) = written(&cluster.directory, keys);
    let mut settings = vec![("DATABASE_URL", url.as_str()), ("DATEBIN_TOKENS", &tokens), ("DATEBIN_JWKS", &jwks)];
    settings.extend(more);
    Program::serve(cluster, &settings).await
}

/// Asks for the one metric with a token and headers: the status, the headers that do not differ from request to request,
/// and the text.
async fn asked(program: &Program, name: &str, headers: &[(&str, &str)]) -> (u16, String, String) {
    let body = question("own").to_string();
    let mut request = program.client.post(format!("{}/query", program.base)).body(body);
    request = request.header("authorization", format!("Bearer secret-of-{name}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let headers = response.headers_mut();
    for differing in ["date", "x-request-id", "server-timing"] {
        headers.remove(differing);
    }
    let headers = format!("{headers:?}");
    (status, headers, response.text().await.expect("a text"))
}

/// Whose rows a request with an ID token is answered with.
async fn seen(program: &Program, id: &str) -> (u16, Value) {
    let (status, _, text) = asked(program, "signed", &[("x-grafana-id", id)]).await;
    let body: Value = serde_json::from_str(&text).expect("JSON");
    (status, body[0]["datapoints"][0][0].clone())
}

/// Tokens that prove nothing, each with the reason.
fn wrong(signer: &Signer) -> Vec<(&'static str, String)> {
    let header = |name: &str, value: Value| {
        let mut header = signer.header();
        header[name] = value;
        signer.token(&header, &claims("alice"))
    };
    let mut without = signer.header();
    without.as_object_mut().expect("a header").remove("kid");
    let mut endless = claims("alice");
    endless.as_object_mut().expect("claims").remove("exp");
    let proof = |others: Value| signer.proof("alice", &others);
    let mut changed: Vec<String> = proof(json!({})).split('.').map(str::to_owned).collect();
    changed[1] = URL_SAFE_NO_PAD.encode(claims("bob").to_string());
    let good = proof(json!({}));
    let text = unsigned(&json!({"alg": "none", "kid": signer.kid}), &claims("alice"));
    vec![
        ("empty", String::new()),
        ("no token", "alice".into()),
        ("three parts of nothing", "a.b.c".into()),
        ("unsigned", format!("{text}.")),
        ("unsigned with a signature", header("alg", json!("none"))),
        ("its signature cut off", good.rsplit_once('.').expect("parts").0.to_owned() + "."),
        ("its claims changed", changed.join(".")),
        ("another one's key of that name", Signer::ec(signer.kid).proof("alice", &json!({}))),
        ("another algorithm", header("alg", json!("ES384"))),
        ("an algorithm of another kind of key", header("alg", json!("HS512"))),
        ("an unknown key", header("kid", json!("other"))),
        ("a number for a key", header("kid", json!(1))),
        ("no key", signer.token(&without, &claims("alice"))),
        ("critical", header("crit", json!(["exp"]))),
        ("critical, and nothing is", header("crit", json!([]))),
        ("expired", proof(json!({"exp": now()}))),
        ("for ever", signer.token(&signer.header(), &endless)),
        ("until a text", proof(json!({"exp": "2099-01-01T00:00:00Z"}))),
        ("not yet", proof(json!({"nbf": now() + 120}))),
        ("from a text", proof(json!({"nbf": "now"}))),
        ("for another organisation", proof(json!({"aud": ["org:2"]}))),
        ("for nobody", proof(json!({"aud": null}))),
        ("a service account", proof(json!({"type": "service-account"}))),
        ("somebody without a login", proof(json!({"username": null}))),
        ("an empty login", proof(json!({"username": ""}))),
        ("a login with a NUL", proof(json!({"username": "alice\0"}))),
        ("a long login", proof(json!({"username": "a".repeat(300)}))),
        ("a long token", proof(json!({"more": "a".repeat(9000)}))),
    ]
}

/// Tokens whose secret is what everybody may know: the public key.
fn confused(signer: &Signer) -> Vec<String> {
    let text = unsigned(&json!({"alg": "HS256", "kid": signer.kid}), &claims("alice"));
    let public = match &signer.pair {
        Pair::Ec(pair) => pair.public_key().as_ref().to_vec(),
        Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
    };
    let secrets = [public, signer.jwk.to_string().into_bytes(), Vec::new()];
    let signed = |secret: Vec<u8>| {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    secrets.map(signed).to_vec()
}

/// That a server lets in whom a key proves, and nobody else.
async fn assert_proven(program: &Program, signer: &Signer) {
    let none = json!({});
    assert_eq!(seen(program, &signer.proof("alice", &none)).await, (200, json!(1.0)));
    assert_eq!(seen(program, &signer.proof("bob", &json!({"aud": "org:1"}))).await, (200, json!(2.0)));
    assert_eq!(seen(program, &signer.proof("bob", &json!({"nbf": now() + 20}))).await, (200, json!(2.0)));
    assert_eq!(seen(program, &signer.proof("carol", &none)).await, (200, json!(null)));
    let unknown = asked(program, "unknown", &[]).await;
    assert_eq!(unknown.0, 401);
    let confused = confused(signer).into_iter().map(|id| ("signed with the public key", id));
    for (what, id) in wrong(signer).into_iter().chain(confused) {
        assert_eq!(asked(program, "signed", &[("x-grafana-id", &id)]).await, unknown, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_token_that_a_known_key_signed_proves_a_person() {
    let cluster = Cluster::start();
    let signer = Signer::ec("one");
    let program = served(&cluster, &keys(&[&signer, &Signer::ec("two")]), &[("DATEBIN_JWT_AUDIENCE", "org:1")]).await;
    assert_proven(&program, &signer).await;
    // Without an ID token it is nobody, whatever the plain header says.
    let nobody = asked(&program, "signed", &[]).await;
    assert_eq!((nobody.0, nobody.2.as_str()), (200, "[]"));
    assert_eq!(asked(&program, "signed", &[("x-grafana-user", "alice")]).await, nobody);
    let bob = signer.proof("bob", &json!({}));
    let both = asked(&program, "signed", &[("x-grafana-id", &bob), ("x-grafana-user", "alice")]).await;
    assert!(both.0 == 200 && both.2.contains("bob") && !both.2.contains("alice"), "{both:?}");
    // Of two nobody knows which one counts.
    let twice = asked(&program, "signed", &[("x-grafana-id", &bob), ("x-grafana-id", &bob)]).await;
    assert_eq!(twice.0, 400, "{twice:?}");
    // A token that believes the plain header takes no notice.
    let plain = asked(&program, "plain", &[("x-grafana-id", "nonsense"), ("x-grafana-user", "alice")]).await;
    assert!(plain.0 == 200 && plain.2.contains("alice"), "{plain:?}");
    // The operator is told why, and nobody is told the token.
    let reasons: Vec<String> =
        program.log().iter().filter_map(|line| line["fields"]["why"].as_str().map(str::to_owned)).collect();
    for part in ["`exp`", "`kid`", "`aud`", "`crit`", "signature", "`nbf`", "`type`", "claim", "8 KiB"] {
        assert!(reasons.iter().any(|reason| reason.contains(part)), "{part}: {reasons:?}");
    }
    assert!(program.log().iter().all(|line| !line.to_string().contains(bob.split('.').next_back().expect("parts"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_rsa_prove_people_as_well() {
    let Some(signer) = Signer::rsa("one") else { return };
    let cluster = Cluster::start();
    let mut padded = Signer::rsa("two").expect("a second key");
    // As those write it who copy the number out of DER.
    for number in ["n", "e"] {
        let bytes = URL_SAFE_NO_PAD.decode(padded.jwk[number].as_str().expect("a number")).expect("base64");
        padded.jwk[number] = json!(URL_SAFE_NO_PAD.encode([vec![0], bytes].concat()));
    }
    let program = served(&cluster, &keys(&[&signer, &padded]), &[("DATEBIN_JWT_AUDIENCE", "org:1")]).await;
    assert_proven(&program, &signer).await;
    assert_eq!(seen(&program, &padded.proof("alice", &json!({}))).await, (200, json!(1.0)));
    assert!(program.complaints().is_empty(), "{:?}", program.complaints());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_read_again_and_broken_ones_keep_the_old() {
    let cluster = Cluster::start();
    let (old, new) = (Signer::ec("old"), Signer::ec("new"));
    let program = served(&cluster, &keys(&[&old]), &[("DATEBIN_JWT_CLAIM", "login")]).await;
    let status =
        async |signer: &Signer| seen(&program, &signer.proof("", &json!({"login": "alice", "aud": null}))).await;
    assert_eq!(status(&old).await, (200, json!(1.0)));
    assert_eq!(status(&new).await.0, 401);
    let said = |text: &str| program.log().iter().filter(|line| line.to_string().contains(text)).count();
    assert_eq!(said("DATEBIN_JWT_AUDIENCE is not set"), 1);
    let file = cluster.directory.join("keys.json");
    std::fs::write(&file, keys(&[&new])).expect("keys");
    let is_new = async || (status(&new).await == (200, json!(1.0))).then_some(());
    eventually(LONG, "the new key counts", is_new).await;
    assert_eq!(status(&old).await.0, 401);
    for (before, broken) in ["", "{\"keys\": []}", "nothing"].into_iter().enumerate() {
        std::fs::write(&file, broken).expect("keys");
        let is_said = async || (said("the keys of ID tokens cannot be read again") == before + 1).then_some(());
        eventually(LONG, "broken keys are said", is_said).await;
        assert_eq!(status(&new).await, (200, json!(1.0)), "{broken}");
    }
    std::fs::write(&file, keys(&[&old, &new])).expect("keys");
    let is_old = async || (status(&old).await.0 == 200).then_some(());
    eventually(LONG, "both keys count", is_old).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_may_come_before_a_token_asks_for_them() {
    let cluster = Cluster::start();
    cluster.sql(ROWS).await;
    let (url, signer) = (cluster.url().replace("datebin:", "reader:"), Signer::ec("one"));
    let (tokens, jwks) = written(&cluster.directory, "nothing yet");
    let plain = lines("plain", "header");
    std::fs::write(&tokens, &plain).expect("tokens");
    let settings = [("DATABASE_URL", url.as_str()), ("DATEBIN_TOKENS", &tokens), ("DATEBIN_JWKS", &jwks)];
    let program = Program::serve(&cluster, &settings).await;
    let said = |text: &str| program.log().iter().filter(|line| line.to_string().contains(text)).count();
    assert_eq!(said("it is no JWKS document"), 1);
    assert_eq!(asked(&program, "plain", &[("x-grafana-user", "alice")]).await.0, 200);
    // Without keys nobody is proven.
    std::fs::write(&tokens, plain + &lines("signed", "jwt")).expect("tokens");
    let id = signer.proof("alice", &json!({}));
    let is_known = async || (asked(&program, "signed", &[]).await.0 == 200).then_some(());
    eventually(LONG, "the token is known", is_known).await;
    assert_eq!(seen(&program, &id).await.0, 401);
    std::fs::write(&jwks, keys(&[&signer])).expect("keys");
    let is_proven = async || (seen(&program, &id).await == (200, json!(1.0))).then_some(());
    eventually(LONG, "Alice is proven", is_proven).await;
}

#[test]
fn without_good_keys_no_server_starts_that_needs_them() {
    let cluster = Cluster::stopped();
    let (url, directory) = (cluster.url(), &cluster.directory);
    let (tokens, jwks) = written(directory, "{\"keys\": []}");
    let missing = directory.join("missing.json").display().to_string();
    let started = |more: &[(&str, &str)]| {
        let usual = [("DATABASE_URL", url.as_str()), ("DATEBIN_LISTEN", "127.0.0.1:0"), ("DATEBIN_TOKENS", &tokens)];
        let ended = ran(directory, &[&usual[..], more].concat(), &["serve"]);
        (ended.status.success(), String::from_utf8_lossy(&ended.stderr).into_owned())
    };
    for (more, expected) in [
        (&[][..], "token \"signed\": it has user = \"jwt\", and DATEBIN_JWKS names no file of keys"),
        (&[("DATEBIN_JWKS", missing.as_str())][..], "missing.json cannot be read: No such file"),
        (&[("DATEBIN_JWKS", jwks.as_str())][..], "keys.json cannot be read: it has no key for ES256"),
    ] {
        let (is_good, text) = started(more);
        assert!(!is_good && text.contains(expected), "{expected}: {text}");
    }
}
