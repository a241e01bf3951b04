//! Connections that are secured as libpq's `sslmode` and its kin ask for.
//!
//! The driver's own TLS believes every public authority besides the one that the operator names, and knows neither `allow`
//! nor the way back of `prefer`. So the handshake is ours: the driver talks to a socket that only this process may use, and
//! what arrives there travels inside TLS.

mod failure;
mod line;
mod parameters;
mod pipe;
mod seen;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use sqlx::postgres::PgConnectOptions;

use super::error::DbError;
use crate::tls::{ClientSetup, KeyPair, Roots};
pub use failure::TlsFailure;
pub use parameters::LibpqVariables;
pub(super) use parameters::TlsParameters;
use seen::TlsRefusals;

/// What a connection asks of TLS, from nothing to everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// How connections are secured.
#[derive(Clone, Debug)]
pub(super) struct Security {
    mode: SslMode,
    /// Whether nobody asked for the mode.
    is_default: bool,
    /// Who signs the server's certificate; none where that was left open.
    roots: Option<Roots>,
    /// The file of authorities that counts where it exists and no other one is named.
    usual_roots: Option<PathBuf>,
    own: Option<KeyPair>,
    /// The same of the client's certificate.
    usual_own: Option<KeyPair>,
    /// The host whose certificate it must be.
    host: String,
    /// Whether variables say where the system's authorities are.
    is_system_elsewhere: bool,
    /// Whether the server was found without TLS, where that does not matter.
    unoffered: TlsRefusals,
}

impl Security {
    /// The same, with what another one has found out of the server.
    pub(super) fn remembering(self, other: &Self) -> Self {
        Self { unoffered: other.unoffered.clone(), ..self }
    }

    /// What is read from files for a connection.
    fn setup(&self) -> Result<ClientSetup, Box<TlsFailure>> {
        let usual = || self.usual_roots.clone().filter(|file| file.is_file()).map(Roots::File);
        let named = || self.roots.clone().or_else(usual);
        let roots = match self.mode {
            // An attacker in between would take the way without TLS.
            SslMode::Disable | SslMode::Allow | SslMode::Prefer => Roots::Anybody,
            SslMode::Require => named().unwrap_or(Roots::Anybody),
            SslMode::VerifyCa => named().ok_or_else(|| TlsFailure::no_roots(&self.host))?,
            SslMode::VerifyFull => named().unwrap_or(Roots::System),
        };
        let roots = if roots == Roots::System && self.is_system_elsewhere { Roots::Elsewhere } else { roots };
        let own = self.own.clone().or_else(|| self.usual_own.clone().filter(|own| own.certificate.is_file()));
        Ok(ClientSetup { roots, checks_host: self.mode == SslMode::VerifyFull, own })
    }
}

/// Opens something over a connection: `connector` is given the options that lead to the server.
pub(super) async fn open<T, F>(
    options: &PgConnectOptions,
    security: &Security,
    connector: impl Fn(PgConnectOptions) -> F,
) -> Result<T, DbError>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    let plain = async || connector(options.clone()).await.map_err(DbError::from);
    let is_socket = options.get_socket().is_some() || options.get_host().starts_with('/');
    match security.mode {
        _ if is_socket => plain().await,
        SslMode::Disable => plain().await,
        SslMode::Prefer if !security.unoffered.is_known() => match secured(options, security, &connector).await {
            Err(error) if may_go_back(&error) => plain().await,
            done => done,
        },
        SslMode::Allow | SslMode::Prefer => match plain().await {
            Err(first) if is_turned_away(&first) => match secured(options, security, &connector).await {
                Err(DbError::Tls(failure)) if failure.is_unoffered() => Err(first),
                done => done,
            },
            done => done,
        },
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => secured(options, security, &connector).await,
    }
}

async fn secured<T, F>(
    options: &PgConnectOptions,
    security: &Security,
    connector: &impl Fn(PgConnectOptions) -> F,
) -> Result<T, DbError>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    let dialed = line::dial(options, security).await?;
    security.unoffered.note(dialed.is_none());
    match dialed {
        Some(socket) => pipe::through(options, socket, &security.host, connector).await,
        // The driver's own way, which passes bytes on once.
        None => connector(options.clone()).await.map_err(DbError::from),
    }
}

/// Whether the server, or a pooler, may let in whoever comes another way: pg_hba.conf tells the two apart.
fn is_turned_away(error: &DbError) -> bool {
    matches!(error.code(), Some("28000" | "08P01"))
}

/// Whether `prefer` tries without TLS: the handshake failed, or the server does not want it so.
fn may_go_back(error: &DbError) -> bool {
    matches!(error, DbError::Tls(failure) if !failure.is_of_files()) || error.code() == Some("28000")
}
