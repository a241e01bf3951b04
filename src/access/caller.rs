//! The caller of a request: a token, and the person it asks for.

use std::sync::Arc;

use super::known::SnapshotCell;
use super::place::AccessTarget;
use super::token::AccessToken;
use crate::catalog::{Snapshot, Source};
use crate::identity::Identity;
use crate::plan::Limits;

/// The caller of a request.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    token: Option<Arc<AccessToken>>,
    /// The database that it asks; empty for the one without a name.
    database: Arc<str>,
    identity: Identity,
}

impl Caller {
    pub(super) const fn new(token: Arc<AccessToken>, identity: Identity, database: Arc<str>) -> Self {
        Self { token: Some(token), database, identity }
    }

    /// Whose the request is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether it may ask the database of a name.
    #[must_use]
    pub fn may_ask(&self, database: Option<&str>) -> bool {
        let place = AccessTarget::of(database.map(Arc::from));
        self.token.as_ref().is_none_or(|token| token.may_ask(&place))
    }

    /// Whether it may add annotations: a token must say so, and without tokens nobody may.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.token.as_ref().is_some_and(|token| token.writes)
    }

    /// The part of a catalog that it sees.
    #[must_use]
    pub fn view(&self, whole: &Arc<Snapshot>) -> Arc<Snapshot> {
        self.token.as_ref().map_or_else(|| Arc::clone(whole), |token| token.view(&self.database, whole))
    }

    /// Whether it may know how much a token of that name asks. Of others only who sees everything, everywhere: nothing is
    /// hidden from it in a catalog that is known.
    #[must_use]
    pub fn counts(&self, name: &str, whole: Option<&Snapshot>) -> bool {
        let Some(own) = &self.token else { return true };
        let tells_none_apart = |whole: &Snapshot| !whole.sources().iter().any(Source::tells_tokens_apart);
        let sees_all = own.sight.is_all() && own.databases.is_none() && whole.is_some_and(tells_none_apart);
        sees_all || *own.name == *name
    }

    /// The bounds of its answers.
    #[must_use]
    pub fn limits(&self, server: Limits) -> Limits {
        self.token.as_ref().map_or(server, |token| token.limits(server))
    }

    /// The part of a catalog that its rows make known. Requests at the same time share one look-up, and the result is kept
    /// for a while. `None` without a token.
    #[must_use]
    pub fn known(&self, whole: &Arc<Snapshot>) -> Option<SnapshotCell> {
        self.token.as_ref().map(|token| token.seen(&self.database).known.of(&self.identity, whole))
    }

    /// Whether rows of a source tell which of its metrics it may know: the patterns of a token alone do that without them.
    #[must_use]
    pub fn is_told_by_rows_of(&self, source: &Source) -> bool {
        let is_told = |token: &AccessToken| source.tells_tokens_apart() || token.sight.is_told_by_rows();
        self.identity.is_in_force() || self.token.as_deref().is_some_and(is_told)
    }

    /// Whether it sees some rows of a source only: then nothing may answer that knows all of them.
    #[must_use]
    pub fn hides_rows_of(&self, source: &Source) -> bool {
        self.hides_rows() || source.has_policies || source.by_token && self.token.is_some()
    }

    /// Whether that is so of every source.
    #[must_use]
    pub fn hides_rows(&self) -> bool {
        self.identity.is_in_force() || self.token.as_ref().is_some_and(|token| token.sight.hides_rows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::tokens;
    use crate::time::Zone;

    #[test]
    fn only_who_sees_everything_is_told_of_other_tokens() {
        let digits = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let known = Snapshot::new(Vec::new(), Vec::new(), Zone::parse("UTC").unwrap()).unwrap();
        for (lines, expected) in [
            ("", true),
            ("metrics = [\"host_*\"]", false),
            ("user = \"header\"", false),
            ("databases = [\"sales\"]", false),
        ] {
            let text = format!("[[token]]\nname = \"own\"\nsha256 = \"{digits}\"\n{lines}\n");
            let token = tokens(&text, false).unwrap().remove(0);
            let caller = Caller::new(token, Identity::NOBODY, "sales".into());
            assert_eq!(caller.counts("other", Some(&known)), expected, "{lines}");
            // Before the catalog is known nobody knows whether its rows tell tokens apart.
            assert!(!caller.counts("other", None) && caller.counts("own", None), "{lines}");
        }
        assert!(Caller::default().counts("other", None));
    }
}
