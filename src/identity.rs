//! Who asks: the caller of a request as the database and the cache tell callers apart.

use std::sync::Arc;

/// The caller of a request. Two requests may share what was read only if their identities are equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The name of the token that the request carries.
    pub token: Option<Arc<str>>,
    /// The person for whom Grafana asks, if the token is trusted to say.
    pub person: Option<Arc<str>>,
    /// The role of the database that the statements take on.
    pub role: Option<Arc<str>>,
}

impl Identity {
    /// The caller of a request without a token.
    pub const NOBODY: Self = Self { token: None, person: None, role: None };

    /// Whether rows may differ from what the session's own role sees: no answer from statistics, from lists that the
    /// catalog keeps, or from a rollup that is not declared safe.
    #[must_use]
    pub const fn is_in_force(&self) -> bool {
        self.person.is_some() || self.role.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_alone_is_no_identity() {
        let token = Identity { token: Some("a".into()), ..Identity::NOBODY };
        assert_ne!(token, Identity::NOBODY);
        assert!(!token.is_in_force());
        assert!(Identity { person: Some("alice".into()), ..token.clone() }.is_in_force());
        assert!(Identity { role: Some("viewer".into()), ..token }.is_in_force());
    }
}
