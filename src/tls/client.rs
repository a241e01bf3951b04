//! The client's end of a handshake.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use super::files::{self, PemError};
use super::provider;
use super::verifier::{Authorities, Verifier};

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// Everybody's.
    Anybody,
    /// Those that the system trusts; where it has none, as in a small container, those that Mozilla does.
    System,
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
            Roots::System => Some(authorities(system(), Vec::new(), Path::new("the system's certificates"))?),
            Roots::File(path) => {
                let named = files::certificates(path)?;
                let mut store = RootCertStore::empty();
                store.add_parsable_certificates(named.iter().cloned());
                Some(authorities(store, named, path)?)
            }
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

fn authorities(
    store: RootCertStore,
    named: Vec<CertificateDer<'static>>,
    path: &Path,
) -> Result<Authorities, PemError> {
    let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider()).build();
    let chains = chains.map_err(|_| PemError::new(path, "has no certificate of an authority that can be read"))?;
    Ok(Authorities { chains, named })
}

fn system() -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() { RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()) } else { store }
}
