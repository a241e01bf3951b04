//! Certificates and keys as PEM files have them. No text of a file is repeated: it may be a key.

use std::io;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {why}", path.display())]
pub struct PemError {
    path: PathBuf,
    why: &'static str,
}

impl PemError {
    pub(super) fn new(path: &Path, why: &'static str) -> Self {
        Self { path: path.to_owned(), why }
    }
}

/// All certificates of a file, at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let wrong = |why| PemError::new(path, why);
    let read: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&bytes(path)?).collect();
    let certificates = read.map_err(|_| wrong("is not valid PEM"))?;
    if certificates.is_empty() { Err(wrong("has no certificate in PEM")) } else { Ok(certificates) }
}

/// The key of a file.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, PemError> {
    let bytes = bytes(path)?;
    let is_encrypted = bytes.windows(9).any(|part| part == b"ENCRYPTED");
    let why = if is_encrypted {
        "has an encrypted key: decrypt it, and let nobody else read the file"
    } else {
        "has no private key in PEM"
    };
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| PemError::new(path, why))
}

fn bytes(path: &Path) -> Result<Vec<u8>, PemError> {
    std::fs::read(path).map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "does not exist",
            io::ErrorKind::PermissionDenied => "may not be read",
            _ => "cannot be read",
        };
        PemError::new(path, why)
    })
}
