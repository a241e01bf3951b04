//! How clients reach the server: addresses as people write them, and the certificate.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::{ConfigError, Environment, HttpConfig};
use crate::tls::KeyPair;

impl Environment<'_> {
    /// Where the server listens.
    ///
    /// # Errors
    /// It is no address with a port.
    pub fn listen(&self) -> Result<SocketAddr, ConfigError> {
        let default = HttpConfig::default().listen;
        let expected = "an address and port such as 127.0.0.1:8080, localhost:8080, or :8080 for all addresses";
        self.read("DATEBIN_LISTEN", default, expected, address)
    }

    /// The files of the certificate that clients are shown.
    ///
    /// # Errors
    /// One of the two is missing.
    pub fn tls(&self) -> Result<Option<KeyPair>, ConfigError> {
        let file = |name| self.text(name).map(PathBuf::from);
        match (file("DATEBIN_TLS_CERT"), file("DATEBIN_TLS_KEY")) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(KeyPair { certificate, key })),
            (Some(_), None) => {
                Err(ConfigError::Missing("DATEBIN_TLS_KEY", "DATEBIN_TLS_CERT needs the file of its key"))
            }
            (None, Some(_)) => Err(ConfigError::Missing("DATEBIN_TLS_CERT", "DATEBIN_TLS_KEY is of no use without it")),
        }
    }
}

/// Reads an address and a port: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, and `:8080` or `*:8080` for all
/// addresses.
fn address(text: &str) -> Option<SocketAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let (host, port) = text.rsplit_once(':')?;
    let host = match host {
        "" | "*" => Ipv4Addr::UNSPECIFIED,
        host if host.eq_ignore_ascii_case("localhost") => Ipv4Addr::LOCALHOST,
        _ => return None,
    };
    Some(SocketAddr::new(IpAddr::V4(host), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, read) in [
            ("127.0.0.1:8080", Some("127.0.0.1:8080")),
            ("[::1]:8080", Some("[::1]:8080")),
            ("localhost:8080", Some("127.0.0.1:8080")),
            (":8080", Some("0.0.0.0:8080")),
            ("*:8080", Some("0.0.0.0:8080")),
            ("8080", None),
            ("localhost", None),
            ("localhost:http", None),
            (":99999", None),
        ] {
            assert_eq!(address(text).map(|address| address.to_string()).as_deref(), read, "{text}");
        }
    }
}
