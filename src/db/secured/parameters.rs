//! What a URL says of TLS, and libpq's variables for what it leaves open.

use std::net::IpAddr;
use std::path::PathBuf;

use sqlx::postgres::PgConnectOptions;

use super::seen::TlsRefusals;
use super::{Security, SslMode};
use crate::db::InvalidUrl;
use crate::tls::{KeyPair, Roots};

/// libpq's variables, for what a URL does not say.
#[derive(Clone, Debug, Default)]
pub struct LibpqVariables {
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
    /// Who logs in where the URL does not say: `PGUSER`, otherwise the operating system's user, otherwise `USER`.
    pub user: Option<String>,
    /// Whether `SSL_CERT_FILE` or `SSL_CERT_DIR` says where the system's authorities are.
    pub is_system_elsewhere: bool,
    /// The parameters that variables set to more than there is.
    pub unsupported: Vec<&'static str>,
}

impl LibpqVariables {
    /// The parameters that variables set to more than there is; `read` gives the value of a variable.
    pub fn unsupported(read: impl Fn(&str) -> Option<String>) -> Vec<&'static str> {
        let asks = |one: &&Unsupported| one.variable.and_then(&read).is_some_and(|value| !one.is_fine(&value));
        UNSUPPORTED.iter().filter(asks).map(|one| one.parameter).collect()
    }
}

/// A parameter that may ask for more than there is.
struct Unsupported {
    parameter: &'static str,
    /// Why, and what helps.
    cure: &'static str,
    /// The variable that stands in for it.
    variable: Option<&'static str>,
    /// The values that do not.
    fine: &'static [&'static str],
}

impl Unsupported {
    const fn new(parameter: &'static str, variable: &'static str, cure: &'static str) -> Self {
        Self { parameter, cure, variable: Some(variable), fine: &[] }
    }

    const fn fine(self, fine: &'static [&'static str]) -> Self {
        Self { fine, ..self }
    }

    /// The error where its variable asks for more.
    fn unset(&self) -> InvalidUrl {
        let (variable, cure) = (self.variable.unwrap_or_default(), self.cure);
        let usual = self.fine.last().map(|fine| format!(", or write {}={fine} into the URL", self.parameter));
        InvalidUrl(format!("{variable} to be unset: {cure}{}", usual.unwrap_or_default()).into())
    }

    fn is_fine(&self, value: &str) -> bool {
        value.is_empty() || self.fine.contains(&value)
    }
}

const REVOKED: &str = "datebin reads no lists of revoked certificates";
const VERSIONS: &str = "datebin speaks TLS 1.2 and 1.3";

const UNSUPPORTED: &[Unsupported] = &[
    Unsupported::new("sslcrl", "PGSSLCRL", REVOKED),
    Unsupported::new("sslcrldir", "PGSSLCRLDIR", REVOKED),
    Unsupported {
        parameter: "sslpassword",
        cure: "datebin reads keys without a password: `openssl pkey` writes such a key",
        variable: None,
        fine: &[],
    },
    Unsupported::new("sslnegotiation", "PGSSLNEGOTIATION", "datebin asks the server whether it has TLS")
        .fine(&["postgres"]),
    Unsupported::new("sslcertmode", "PGSSLCERTMODE", "datebin sends its certificate where the server asks for one")
        .fine(&["allow"]),
    Unsupported::new("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", VERSIONS)
        .fine(&["TLSv1", "TLSv1.1", "TLSv1.2"]),
    Unsupported::new("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", VERSIONS).fine(&["TLSv1.3"]),
    Unsupported::new(
        "channel_binding",
        "PGCHANNELBINDING",
        "datebin does not bind logins to the TLS channel, and sslmode=verify-full proves who the server is",
    )
    .fine(&["disable", "prefer"]),
    Unsupported::new(
        "gssencmode",
        "PGGSSENCMODE",
        "datebin knows no GSSAPI, and sslmode=verify-full encrypts with TLS",
    )
    .fine(&["disable", "prefer"]),
    Unsupported::new(
        "require_auth",
        "PGREQUIREAUTH",
        "datebin logs in as the server asks, and sslmode=verify-full proves who the server is",
    ),
    Unsupported::new(
        "requirepeer",
        "PGREQUIREPEER",
        "datebin does not ask who owns a socket, and a host with sslmode=verify-full proves who the server is",
    ),
];

/// The parameters of a URL that are about TLS, and the address that stands for its host.
#[derive(Debug, Default)]
pub(in crate::db) struct TlsParameters {
    mode: Option<String>,
    /// `ssl=true`, as JDBC writes it: TLS, and more where that is usual.
    encrypts: bool,
    roots: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
    pub(in crate::db) address: Option<String>,
    /// Those that could ask for more than there is, and do not: here their variables do not count.
    settled: Vec<&'static str>,
}

impl TlsParameters {
    /// Takes a parameter; false where it is about something else.
    pub(in crate::db) fn take(&mut self, name: &str, value: &str) -> Result<bool, InvalidUrl> {
        let place = match name {
            "ssl" => {
                self.encrypts = true;
                return Ok(true);
            }
            "sslmode" | "ssl-mode" => &mut self.mode,
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => &mut self.roots,
            "sslcert" | "ssl-cert" => &mut self.certificate,
            "sslkey" | "ssl-key" => &mut self.key,
            "hostaddr" => &mut self.address,
            _ => {
                let Some(known) = UNSUPPORTED.iter().find(|known| known.parameter == name) else { return Ok(false) };
                if !known.is_fine(value) {
                    return Err(InvalidUrl::refused(name, known.cure));
                }
                self.settled.extend((!value.is_empty()).then_some(known.parameter));
                return Ok(true);
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
        variables: &LibpqVariables,
    ) -> Result<Security, InvalidUrl> {
        let unsettled = |one: &&Unsupported| {
            variables.unsupported.contains(&one.parameter) && !self.settled.contains(&one.parameter)
        };
        if let Some(one) = UNSUPPORTED.iter().find(unsettled) {
            return Err(one.unset());
        }
        let named = |own: Option<String>, variable: &Option<String>| {
            own.or_else(|| variable.clone().filter(|value| !value.is_empty()))
        };
        let roots = named(self.roots, &variables.roots).map(|roots| match roots.as_str() {
            "system" => Roots::System,
            _ => Roots::File(roots.into()),
        });
        let asked = named(self.mode, &variables.mode);
        let asked = asked.map(|mode| SslMode::parse(&mode).ok_or(InvalidUrl::expected(MODES))).transpose()?;
        if roots == Some(Roots::System) && asked.is_some_and(|mode| mode != SslMode::VerifyFull) {
            return Err(InvalidUrl::expected(WEAK));
        }
        let usual = match roots == Some(Roots::System) || !is_local(options) {
            true => SslMode::VerifyFull,
            false if self.encrypts => SslMode::Require,
            false => SslMode::Prefer,
        };
        let in_folder = |name: &str| variables.folder.as_ref().map(|folder| folder.join(name));
        let (certificate, key) = (named(self.certificate, &variables.certificate), named(self.key, &variables.key));
        if certificate.is_none() && key.is_some() {
            return Err(InvalidUrl::expected("sslcert with sslkey"));
        }
        let usual_key = || in_folder("postgresql.key");
        let own = match certificate {
            None => None,
            Some(certificate) => {
                let key =
                    key.map(PathBuf::from).or_else(usual_key).ok_or(InvalidUrl::expected("sslkey with sslcert"))?;
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
            is_system_elsewhere: variables.is_system_elsewhere,
            unoffered: TlsRefusals::default(),
        })
    }
}

const MODES: &str = "sslmode to be disable, allow, prefer, require, verify-ca or verify-full";
const WEAK: &str = "sslmode=verify-full with sslrootcert=system: for less, too many authorities are the system's";

impl SslMode {
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
