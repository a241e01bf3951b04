//! What was found out of a server, for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long it counts: a server may be given a certificate, and whoever is in between must not decide for ever.
const LASTS: Duration = Duration::from_secs(600);

/// When a server was last found without TLS. Clones know the same.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsRefusals(Arc<Mutex<Option<Instant>>>);

impl TlsRefusals {
    pub(super) fn note(&self, is_unoffered: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = is_unoffered.then(Instant::now);
    }

    /// Whether that is so, as far as is known.
    pub(super) fn is_known(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|found| found.elapsed() < LASTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_server_without_tls_is_asked_again_after_a_while() {
        let unoffered = TlsRefusals::default();
        assert!(!unoffered.is_known());
        unoffered.note(true);
        assert!(unoffered.clone().is_known());
        tokio::time::advance(LASTS).await;
        assert!(!unoffered.is_known());
        unoffered.note(true);
        unoffered.note(false);
        assert!(!unoffered.is_known());
    }
}
