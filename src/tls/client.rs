//! The client's end of a handshake.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::{ClientConfig, RootCertStore};

use super::authority::is_authority;
use super::files::{self, PemError};
use super::provider;
use super::system::system;
use super::verifier::{Authorities, Verifier};

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// Everybody's.
    Anybody,
    /// Those that the system trusts; where it has none, as in a small container, those that Mozilla does.
    System,
    /// Those of the system, which stand where `SSL_CERT_FILE` and `SSL_CERT_DIR` say.
    Elsewhere,
    /// Those in this file, and nobody else.
    File(PathBuf),
}

/// What a client believes, and what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSetup {
    /// Whose certificates are believed.
    pub roots: Roots,
    /// Whether a certificate must be the host's.
    pub checks_host: bool,
    /// The client's own certificate, and its key.
    pub own: Option<KeyPair>,
}

/// The files of a certificate and of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPair {
    /// The certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

impl ClientSetup {
    /// Reads the files.
    ///
    /// # Errors
    /// One of them cannot be used, or they do not belong together.
    pub fn config(&self) -> Result<ClientConfig, PemError> {
        let provider = provider();
        let authorities = match &self.roots {
            Roots::Anybody => None,
            Roots::System => Some(Authorities { chains: Some(system(false)?), named: Vec::new() }),
            Roots::Elsewhere => Some(Authorities { chains: Some(system(true)?), named: Vec::new() }),
            Roots::File(path) => Some(of_file(path)?),
        };
        let verifier = Verifier { provider: Arc::clone(&provider), authorities, checks_host: self.checks_host };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| PemError::new(Path::new("TLS"), "cannot be set up"))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let Some(KeyPair { certificate, key }) = &self.own else { return Ok(builder.with_no_client_auth()) };
        builder
            .with_client_auth_cert(files::certificates(certificate)?, files::key(key)?)
            .map_err(|_| PemError::new(key, "is not the key of the client's certificate"))
    }
}

/// The certificates of a file. Those of authorities sign others; all are trusted as themselves, and those of servers, which
/// may be in the hands of less than an authority, as nothing else.
fn of_file(path: &Path) -> Result<Authorities, PemError> {
    let named = files::certificates(path)?;
    if named.iter().all(|one| is_authority(one).is_none()) {
        return Err(PemError::new(path, UNREADABLE));
    }
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(named.iter().filter(|one| is_authority(one) == Some(true)).cloned());
    let chains = if store.is_empty() { None } else { Some(chains(store, path)?) };
    Ok(Authorities { chains, named })
}

const UNREADABLE: &str = "has no certificate of an authority that can be read";

/// What looks at chains that end at one of the authorities.
pub(super) fn chains(store: RootCertStore, path: &Path) -> Result<Arc<WebPkiServerVerifier>, PemError> {
    let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider()).build();
    chains.map_err(|_| PemError::new(path, UNREADABLE))
}
