//! What a URL and the environment say of TLS.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;

use super::{Mode, Security};
use crate::db::InvalidUrl;
use crate::tls::{KeyPair, Roots};

/// libpq's variables, for what a URL does not say.
#[derive(Clone, Debug, Default)]
pub struct TlsVariables {
    /// `PGSSLMODE`.
    pub mode: Option<String>,
    /// `PGSSLROOTCERT`.
    pub roots: Option<String>,
    /// `PGSSLCERT`.
    pub certificate: Option<String>,
    /// `PGSSLKEY`.
    pub key: Option<String>,
    /// The folder of libpq's files, `~/.postgresql`.
    pub folder: Option<PathBuf>,
}

/// Parameters that ask for more than there is, with the values that do not.
const UNSUPPORTED: &[(&str, &[&str])] = &[
    ("sslcrl", &[""]),
    ("sslcrldir", &[""]),
    ("sslpassword", &[""]),
    ("sslnegotiation", &["postgres"]),
    ("sslcertmode", &["allow"]),
    ("ssl_min_protocol_version", &["TLSv1", "TLSv1.1", "TLSv1.2"]),
    ("ssl_max_protocol_version", &["TLSv1.3"]),
    ("channel_binding", &["disable", "prefer"]),
    ("gssencmode", &["disable", "prefer"]),
    ("require_auth", &[""]),
];

/// The parameters of a URL that are about TLS, and the address that stands for its host.
#[derive(Debug, Default)]
pub(in crate::db) struct Parameters {
    mode: Option<String>,
    roots: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
    pub(in crate::db) address: Option<String>,
}

impl Parameters {
    /// Takes a parameter; false where it is about something else.
    pub(in crate::db) fn take(&mut self, name: &str, value: &str) -> Result<bool, InvalidUrl> {
        let place = match name {
            "sslmode" | "ssl-mode" => &mut self.mode,
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => &mut self.roots,
            "sslcert" | "ssl-cert" => &mut self.certificate,
            "sslkey" | "ssl-key" => &mut self.key,
            "hostaddr" => &mut self.address,
            _ => {
                let Some((_, fine)) = UNSUPPORTED.iter().find(|(known, _)| *known == name) else { return Ok(false) };
                return if fine.contains(&value) { Ok(true) } else { Err(InvalidUrl(NO_SUCH_PARAMETER)) };
            }
        };
        *place = Some(value.to_owned()).filter(|value| !value.is_empty());
        Ok(true)
    }

    /// How connections are secured. What the parameters leave open is the variables', and then what is usual.
    pub(in crate::db) fn security(
        self,
        options: &PgConnectOptions,
        host: String,
        variables: &TlsVariables,
    ) -> Result<Security, InvalidUrl> {
        let named = |own: Option<String>, variable: &Option<String>| {
            own.or_else(|| variable.clone().filter(|value| !value.is_empty()))
        };
        let roots = named(self.roots, &variables.roots).map(|roots| match roots.as_str() {
            "system" => Roots::System,
            _ => Roots::File(roots.into()),
        });
        let asked = named(self.mode, &variables.mode);
        let asked = asked.map(|mode| Mode::parse(&mode).ok_or(InvalidUrl(MODES))).transpose()?;
        if roots == Some(Roots::System) && asked.is_some_and(|mode| mode != Mode::VerifyFull) {
            return Err(InvalidUrl(WEAK));
        }
        let usual = if roots == Some(Roots::System) || !is_local(options) { Mode::VerifyFull } else { Mode::Prefer };
        let in_folder = |name: &str| variables.folder.as_ref().map(|folder| folder.join(name));
        let (certificate, key) = (named(self.certificate, &variables.certificate), named(self.key, &variables.key));
        if certificate.is_none() && key.is_some() {
            return Err(InvalidUrl("sslcert with sslkey"));
        }
        let usual_key = || in_folder("postgresql.key");
        let own = match certificate {
            None => None,
            Some(certificate) => {
                let key = key.map(PathBuf::from).or_else(usual_key).ok_or(InvalidUrl("sslkey with sslcert"))?;
                Some(KeyPair { certificate: certificate.into(), key })
            }
        };
        Ok(Security {
            mode: asked.unwrap_or(usual),
            is_default: asked.is_none(),
            roots,
            usual_roots: in_folder("root.crt"),
            own,
            usual_own: in_folder("postgresql.crt")
                .zip(usual_key())
                .map(|(certificate, key)| KeyPair { certificate, key }),
            host,
            is_unoffered: Arc::default(),
        })
    }
}

const MODES: &str = "sslmode to be disable, allow, prefer, require, verify-ca or verify-full";
const WEAK: &str = "sslmode=verify-full with sslrootcert=system: for less, too many authorities are the system's";
const NO_SUCH_PARAMETER: &str = "none of sslcrl, sslcrldir, sslpassword, require_auth, channel_binding=require and other parameters \
     of libpq that would make the connection safer and that datebin does not know";

impl Mode {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }
}

/// Whether nobody can stand between us and the server: a socket, `localhost`, or an address of this machine.
fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
