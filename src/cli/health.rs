//! `datebin health`: for the health check of a container, which has no curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::say;
use crate::config::{ConfigError, Environment};

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
    Ok(match timeout(PATIENCE, alive(&address)).await {
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

async fn alive(address: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /livez HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut status = *b"HTTP/1.1 200 ";
    stream.read_exact(&mut status).await?;
    Ok(status == *b"HTTP/1.1 200 ")
}
