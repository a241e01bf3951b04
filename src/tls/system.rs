//! The authorities that the system trusts.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls_native_certs::{CertificateResult, ErrorKind, load_native_certs};

use super::client::chains;
use super::files::PemError;

/// How long they are kept: reading some hundred certificates takes longer than a handshake.
const LASTS: Duration = Duration::from_secs(600);

/// Those that were read last, and when.
static KEPT: Mutex<Option<(Instant, Arc<WebPkiServerVerifier>)>> = Mutex::new(None);

/// What looks at chains that end at them. `is_elsewhere` says that variables name their place: then only they count.
pub(super) fn system(is_elsewhere: bool) -> Result<Arc<WebPkiServerVerifier>, PemError> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, chains)) = kept.as_ref().filter(|(read, _)| read.elapsed() < LASTS) {
        return Ok(Arc::clone(chains));
    }
    let chains = chains(store(load_native_certs(), is_elsewhere)?, Path::new(PLACE))?;
    *kept = Some((Instant::now(), Arc::clone(&chains)));
    Ok(chains)
}

const PLACE: &str = "the system's list of authorities";

/// What was read. Where the system has nothing, as in a small container, those that Mozilla trusts; not where something is
/// wrong with what it has, as an operator who names few authorities must not get many.
fn store(found: CertificateResult, is_elsewhere: bool) -> Result<RootCertStore, PemError> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if !store.is_empty() {
        for error in &found.errors {
            tracing::warn!(%error, "some of the system's authorities cannot be read");
        }
        return Ok(store);
    }
    if found.errors.is_empty() && !is_elsewhere {
        return Ok(RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()));
    }
    let path = found.errors.iter().find_map(|error| match &error.kind {
        ErrorKind::Io { path, .. } => Some(path.as_path()),
        _ => None,
    });
    Err(PemError::new(
        path.unwrap_or_else(|| Path::new(PLACE)),
        "has no certificate of an authority that can be read: correct or unset SSL_CERT_FILE and SSL_CERT_DIR, or name \
         the authority's file with sslrootcert=FILE",
    ))
}

#[cfg(test)]
mod tests {
    use rustls_native_certs::load_certs_from_paths;

    use super::*;

    #[test]
    fn a_list_that_cannot_be_read_is_not_replaced_by_another_one() {
        let said = |found, is_elsewhere| store(found, is_elsewhere).map(|store| store.len()).map_err(|e| e.to_string());
        let nothing = CertificateResult::default;
        assert_eq!(said(nothing(), false), Ok(webpki_roots::TLS_SERVER_ROOTS.len()));
        assert!(said(nothing(), true).unwrap_err().starts_with("the system's list of authorities has no certificate"));
        let mistyped = || load_certs_from_paths(Some(Path::new("/none/ca.pem")), None);
        for is_elsewhere in [true, false] {
            let said = said(mistyped(), is_elsewhere).unwrap_err();
            assert!(said.starts_with("/none/ca.pem has no certificate") && said.contains("SSL_CERT_FILE"), "{said}");
        }
    }
}
