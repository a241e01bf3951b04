//! What was asked for, in words.

use super::{Security, SslMode};
use crate::tls::Roots;

impl Security {
    /// All that connections are asked for.
    pub(in crate::db) fn shown(&self) -> String {
        let mode = match self.mode {
            SslMode::Disable => "disable",
            SslMode::Allow => "allow",
            SslMode::Prefer => "prefer",
            SslMode::Require => "require",
            SslMode::VerifyCa => "verify-ca",
            SslMode::VerifyFull => "verify-full",
        };
        let roots = match &self.roots {
            None | Some(Roots::Anybody) => String::new(),
            Some(Roots::System | Roots::Elsewhere) => ", the system's".to_owned(),
            Some(Roots::File(file)) => format!(", {}", file.display()),
        };
        let own = self.own.as_ref();
        let own = own.map(|own| format!(", as {} with {}", own.certificate.display(), own.key.display()));
        format!("{mode} of {}{roots}{}", self.host, own.unwrap_or_default())
    }
}
