//! TLS: certificates and keys in files, whose certificates are believed, and both ends of a handshake.

mod authority;
mod client;
mod files;
mod server;
mod system;
mod verifier;

pub use client::{ClientSetup, KeyPair, Roots};
pub use files::PemError;
pub use server::server_config;

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};

/// The implementation of everything cryptographic.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
