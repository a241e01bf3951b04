//! Why a connection could not be secured, and what to do.

use std::error::Error as _;
use std::{fmt, io};

use rustls::{AlertDescription, CertificateError};

use crate::tls::PemError;

/// Why a connection could not be secured.
#[derive(Clone, Debug)]
pub struct TlsFailure {
    host: String,
    why: HandshakeFailure,
}

#[derive(Clone, Debug)]
enum HandshakeFailure {
    /// The server has no TLS; whether nobody asked for TLS but the default.
    Unoffered(bool),
    /// A certificate authority must be named.
    NoRoots,
    File(PemError),
    /// The host's name can be in no certificate.
    NoName,
    Certificate(CertificateError),
    Alert(AlertDescription),
    Handshake(String),
}

/// What the server says of a client's certificate that it does not like, or misses.
const OF_CLIENTS: &[AlertDescription] = &[
    AlertDescription::AccessDenied,
    AlertDescription::BadCertificate,
    AlertDescription::CertificateExpired,
    AlertDescription::CertificateRequired,
    AlertDescription::CertificateRevoked,
    AlertDescription::CertificateUnknown,
    AlertDescription::UnknownCA,
    AlertDescription::UnsupportedCertificate,
];

impl TlsFailure {
    fn new(host: &str, why: HandshakeFailure) -> Box<Self> {
        Box::new(Self { host: host.to_owned(), why })
    }

    pub(super) fn unoffered(host: &str, is_default: bool) -> Box<Self> {
        Self::new(host, HandshakeFailure::Unoffered(is_default))
    }

    pub(super) fn no_roots(host: &str) -> Box<Self> {
        Self::new(host, HandshakeFailure::NoRoots)
    }

    pub(super) fn no_name(host: &str) -> Box<Self> {
        Self::new(host, HandshakeFailure::NoName)
    }

    pub(super) fn of_file(host: &str, error: PemError) -> Box<Self> {
        Self::new(host, HandshakeFailure::File(error))
    }

    /// The failure behind an error of a socket; none where the socket itself failed.
    pub(super) fn of_socket(host: &str, error: &io::Error) -> Option<Box<Self>> {
        let why = match error.get_ref()?.downcast_ref::<rustls::Error>()? {
            rustls::Error::InvalidCertificate(error) => HandshakeFailure::Certificate(error.clone()),
            rustls::Error::AlertReceived(alert) => HandshakeFailure::Alert(*alert),
            other => HandshakeFailure::Handshake(other.to_string()),
        };
        Some(Self::new(host, why))
    }

    pub(super) const fn is_unoffered(&self) -> bool {
        matches!(self.why, HandshakeFailure::Unoffered(_))
    }

    pub(in crate::db) const fn is_of_files(&self) -> bool {
        matches!(self.why, HandshakeFailure::File(_) | HandshakeFailure::NoRoots | HandshakeFailure::NoName)
    }
}

impl std::error::Error for TlsFailure {}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no TLS with {}: ", self.host)?;
        match &self.why {
            HandshakeFailure::Unoffered(true) => f.write_str(
                "the server offers none, and without sslmode a host that is not local must have it: set ssl = on there, or \
                 sslmode=disable if nobody can listen in between",
            ),
            HandshakeFailure::Unoffered(false) => {
                f.write_str("the server offers none, and sslmode asks for it: set ssl = on there, or another sslmode")
            }
            HandshakeFailure::NoRoots => f.write_str("sslmode=verify-ca needs sslrootcert, the file of the authority's certificate"),
            HandshakeFailure::File(error) => write!(f, "{error}"),
            HandshakeFailure::NoName => f.write_str("this host can stand in no certificate: connect by its name"),
            HandshakeFailure::Certificate(error) => certificate(f, error, &self.host),
            HandshakeFailure::Alert(alert) if OF_CLIENTS.contains(alert) => {
                write!(f, "the server refuses the client's certificate ({alert:?}): correct sslcert and sslkey")
            }
            HandshakeFailure::Alert(alert) => write!(f, "the server ended the handshake ({alert:?}); its log says why"),
            HandshakeFailure::Handshake(error) => f.write_str(error),
        }
    }
}

fn certificate(f: &mut fmt::Formatter<'_>, error: &CertificateError, host: &str) -> fmt::Result {
    let authority = "its certificate is signed by nobody that is trusted here: sslrootcert=FILE names the authority's \
                     certificate, sslrootcert=system those of the system";
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => f.write_str(authority),
        CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => write!(
            f,
            "its certificate is for {}, not for {host}: connect by that name, or look at the authority alone with \
             sslmode=verify-ca and sslrootcert=FILE",
            presented.iter().map(|name| plain(name)).collect::<Vec<_>>().join(", ")
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => write!(
            f,
            "its certificate has no subjectAltName for {host}: make one that has, or look at the authority alone with \
             sslmode=verify-ca and sslrootcert=FILE"
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            f.write_str("its certificate has expired: renew it")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            f.write_str("its certificate is not valid yet: is a clock wrong?")
        }
        // What the chain's own library says of a certificate that is an authority's and no server's.
        CertificateError::Other(other) => {
            write!(f, "its certificate cannot be used ({}): sslrootcert=FILE may name it itself", cause(other))
        }
        other => write!(f, "its certificate cannot be used ({other})"),
    }
}

/// A name without the words that say what kind of name it is.
fn plain(presented: &str) -> &str {
    let inside = presented.split_once('(').map_or(presented, |(_, inside)| inside);
    inside.trim_end_matches(')').trim_matches('"')
}

fn cause(error: &rustls::OtherError) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
