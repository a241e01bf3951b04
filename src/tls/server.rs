//! The server's end of a handshake.

use std::path::Path;

use rustls::ServerConfig;

use super::files::{self, PemError};
use super::provider;

/// The set-up of a server that shows a certificate: TLS 1.2 and 1.3, HTTP/1.1 inside.
///
/// # Errors
/// A file cannot be used, or the key is another one's.
pub fn server_config(certificate: &Path, key: &Path) -> Result<ServerConfig, PemError> {
    let (chain, secret) = (files::certificates(certificate)?, files::key(key)?);
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|_| PemError::new(Path::new("TLS"), "cannot be set up"))?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|_| PemError::new(key, "is not the key of the certificate"))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
