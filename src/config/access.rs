//! Settings of who may ask.

use std::path::PathBuf;

use super::Environment;
use crate::access::AccessConfig;

impl Environment<'_> {
    /// Where it stands who may ask; none where everybody may.
    #[must_use]
    pub fn access(&self) -> Option<AccessConfig> {
        let path = |name| self.text(name).map(PathBuf::from);
        let (claim, audience) = (self.text("DATEBIN_JWT_CLAIM"), self.text("DATEBIN_JWT_AUDIENCE"));
        path("DATEBIN_TOKENS").map(|tokens| AccessConfig { tokens, keys: path("DATEBIN_JWKS"), claim, audience })
    }

    /// Which settings of ID tokens do nothing, and for want of which other one.
    #[must_use]
    pub fn idle_access(&self) -> Option<String> {
        let is_set = |name| self.text(name).is_some();
        let (idle, missing): (&[&'static str], _) = if !is_set("DATEBIN_TOKENS") {
            (&["DATEBIN_JWKS", "DATEBIN_JWT_CLAIM", "DATEBIN_JWT_AUDIENCE"], "DATEBIN_TOKENS")
        } else if !is_set("DATEBIN_JWKS") {
            (&["DATEBIN_JWT_CLAIM", "DATEBIN_JWT_AUDIENCE"], "DATEBIN_JWKS")
        } else {
            return None;
        };
        let idle: Vec<&str> = idle.iter().copied().filter(|name| is_set(name)).collect();
        (!idle.is_empty()).then(|| format!("without effect, as {missing} is not set: {}", idle.join(", ")))
    }
}
