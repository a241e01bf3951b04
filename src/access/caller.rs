//! The caller of a request: a token, and the person it asks for.

use std::sync::Arc;

use super::token::Token;
use crate::catalog::Snapshot;
use crate::identity::Identity;
use crate::plan::Limits;

/// The caller of a request.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    token: Option<Arc<Token>>,
    identity: Identity,
}

impl Caller {
    pub(super) const fn new(token: Arc<Token>, identity: Identity) -> Self {
        Self { token: Some(token), identity }
    }

    /// Whose the request is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The part of a catalog that it sees.
    #[must_use]
    pub fn view(&self, whole: &Arc<Snapshot>) -> Arc<Snapshot> {
        self.token.as_ref().map_or_else(|| Arc::clone(whole), |token| token.view(whole))
    }

    /// The bounds of its answers.
    #[must_use]
    pub fn limits(&self, server: Limits) -> Limits {
        self.token.as_ref().map_or(server, |token| token.limits(server))
    }

    /// What was found lately that it may know of a catalog.
    #[must_use]
    pub fn known(&self, whole: &Arc<Snapshot>) -> Option<Arc<Snapshot>> {
        self.token.as_ref()?.known.get(&self.identity, whole)
    }

    /// Keeps for a while what was found that it may know of a catalog.
    pub fn remember(&self, whole: &Arc<Snapshot>, known: &Arc<Snapshot>) {
        if let Some(token) = &self.token {
            token.known.put(&self.identity, whole, known);
        }
    }

    /// Whether it sees some rows of a relation only: then nothing may answer that knows all of them.
    #[must_use]
    pub fn hides_rows(&self) -> bool {
        self.identity.is_in_force() || self.token.as_ref().is_some_and(|token| token.sight.hides_rows())
    }
}
