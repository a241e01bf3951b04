//! Certificates and keys, made when a test needs them.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// Whoever signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

fn params(names: &[&str], common_name: &str) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("names");
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

fn fresh() -> KeyPair {
    KeyPair::generate().expect("a key")
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = params(&[], name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, fresh()).expect("an authority"))
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for hosts, or for the client of the common name.
    pub fn signed(&self, names: &[&str], common_name: &str) -> Pair {
        let key = fresh();
        let certificate = params(names, common_name).signed_by(&key, &self.0).expect("a certificate");
        Pair { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// A certificate that nobody else has signed, as `openssl req -x509` makes it: an authority's and a server's at once.
pub fn self_signed(names: &[&str]) -> Pair {
    let mut params = params(names, names[0]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = fresh();
    let certificate = params.self_signed(&key).expect("a certificate");
    Pair { certificate: certificate.pem(), key: key.serialize_pem() }
}

/// A server's certificate that its own key has signed, and one for another name that the same key has signed.
pub fn pinned(name: &str, forged: &str) -> (Pair, Pair) {
    let mut params = params(&[name], name);
    params.is_ca = IsCa::ExplicitNoCa;
    let own = Authority(CertifiedIssuer::self_signed(params, fresh()).expect("a certificate"));
    let forged = own.signed(&[forged], forged);
    (Pair { certificate: own.pem(), key: own.0.key().serialize_pem() }, forged)
}

impl Pair {
    /// Writes both, the key for its owner alone.
    pub fn write(&self, folder: &Path, name: &str, owner: Option<(u32, u32)>) -> (PathBuf, PathBuf) {
        let (certificate, key) = (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
        fs::write(&certificate, &self.certificate).expect("the certificate");
        fs::write(&key, &self.key).expect("the key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("the key's mode");
        if let Some((user, group)) = owner {
            chown(&key, Some(user), Some(group)).expect("the key's owner");
        }
        (certificate, key)
    }
}
