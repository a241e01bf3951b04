//! What a session is opened for, and what it starts with.

use super::config::SessionPurpose;
use super::requirement::ServerRequirement;

/// How a session starts.
pub(super) struct SessionStart {
    pub(super) purpose: SessionPurpose,
    /// A setting that is sent besides, and that the caller itself makes sure of.
    pub(super) more: Option<(&'static str, String)>,
    /// What the server must be, where that is not for the URL to say.
    pub(super) requirement: Option<ServerRequirement>,
}

impl SessionStart {
    /// The usual start.
    pub(super) const fn of(purpose: SessionPurpose) -> Self {
        Self { purpose, more: None, requirement: None }
    }

    /// The same on a server that may be written to.
    pub(super) fn on_primary(self) -> Self {
        Self { requirement: Some(ServerRequirement::PRIMARY), ..self }
    }

    /// The same with one more setting.
    pub(super) fn with(self, more: Option<(&'static str, String)>) -> Self {
        Self { more, ..self }
    }
}
