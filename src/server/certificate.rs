//! The certificate that clients are shown, kept current with its files.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::refresh::changed;
use crate::tls::{KeyPair, PemError, server_config};

/// The certificate that clients are shown.
#[derive(Clone, Debug)]
pub struct Certificate(watch::Receiver<Arc<ServerConfig>>);

impl Certificate {
    /// Reads the files, and reads them again whenever one of them changes.
    ///
    /// # Errors
    /// One of them cannot be used, or the key is another one's.
    pub async fn kept(files: KeyPair) -> Result<Self, PemError> {
        // Before, so that a change while they are read is seen.
        let seen = Texts::of(&files).await;
        let (sender, receiver) = watch::channel(Arc::new(read(&files)?));
        tokio::spawn(keep(files, seen, sender));
        Ok(Self(receiver))
    }

    /// What meets the next client.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0.borrow()))
    }
}

fn read(files: &KeyPair) -> Result<ServerConfig, PemError> {
    server_config(&files.certificate, &files.key)
}

/// The files as they were seen last.
struct Texts {
    certificate: Option<String>,
    key: Option<String>,
}

impl Texts {
    async fn of(files: &KeyPair) -> Self {
        let text = async |path: &Path| tokio::fs::read_to_string(path).await.ok();
        Self { certificate: text(&files.certificate).await, key: text(&files.key).await }
    }
}

/// Reads the files whenever one has changed. Between the change of one and that of the other they do not fit: that is said,
/// and the certificate of before stays.
async fn keep(files: KeyPair, mut seen: Texts, sender: watch::Sender<Arc<ServerConfig>>) {
    while !sender.is_closed() {
        let Texts { certificate, key } = seen;
        tokio::select! {
            () = changed(Some(&files.certificate), certificate) => {}
            () = changed(Some(&files.key), key) => {}
        }
        seen = Texts::of(&files).await;
        match read(&files) {
            Ok(config) => {
                tracing::info!("the certificate was read again");
                sender.send_replace(Arc::new(config));
            }
            Err(error) => tracing::error!(%error, "the certificate cannot be read again; the one of before is shown"),
        }
    }
}
