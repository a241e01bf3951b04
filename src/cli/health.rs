//! `datebin health`: for the health check of a container, which has no curl.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::say;
use crate::config::{ConfigError, Environment};
use crate::tls::{ClientSetup, Roots};

const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where the server is; by default what `DATEBIN_LISTEN` says.
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
}

pub(super) async fn run(environment: &Environment<'_>, arguments: &Arguments) -> Result<ExitCode, ConfigError> {
    let address = match &arguments.address {
        Some(address) => address.clone(),
        None => reachable(environment.listen()?).to_string(),
    };
    let is_secured = environment.tls()?.is_some();
    Ok(match timeout(PATIENCE, answers(&address, is_secured)).await {
        Ok(Ok(true)) => ExitCode::SUCCESS,
        Ok(Ok(false)) => failed(&address, "it answered something else than 200"),
        Ok(Err(error)) => failed(&address, &error.to_string()),
        Err(_) => failed(&address, "no answer"),
    })
}

/// Who listens on every address is found on the loopback of that family.
fn reachable(mut listen: SocketAddr) -> SocketAddr {
    match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => listen.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => listen.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    listen
}

fn failed(address: &str, why: &str) -> ExitCode {
    say(&format!("datebin: no healthy server at {address}: {why}"));
    ExitCode::FAILURE
}

async fn answers(address: &str, is_secured: bool) -> io::Result<bool> {
    let stream = TcpStream::connect(address).await?;
    if !is_secured {
        return alive(address, stream).await;
    }
    // The certificate is for the name that clients know. Who listens here is not in doubt, and is told nothing.
    let setup = ClientSetup { roots: Roots::Anybody, checks_host: false, own: None };
    let config = setup.config().map_err(io::Error::other)?;
    let name = ServerName::from(stream.peer_addr()?.ip());
    alive(address, TlsConnector::from(Arc::new(config)).connect(name, stream).await?).await
}

async fn alive(address: &str, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<bool> {
    let request = format!("GET /livez HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut status = *b"HTTP/1.1 200 ";
    stream.read_exact(&mut status).await?;
    Ok(status == *b"HTTP/1.1 200 ")
}
