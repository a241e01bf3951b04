//! `datebin health`: for the health check of a container, which has no curl.

use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::say;
use crate::config::Environment;

const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where the server listens; by default on this machine at the port of `DATEBIN_LISTEN`.
    #[arg(long, value_name = "HOST:PORT")]
    address: Option<String>,
}

pub(super) async fn run(environment: &Environment<'_>, arguments: &Arguments) -> ExitCode {
    let port = environment.http().map_or(8080, |http| http.listen.port());
    let address = arguments.address.clone().unwrap_or_else(|| format!("127.0.0.1:{port}"));
    match timeout(PATIENCE, alive(&address)).await {
        Ok(Ok(true)) => ExitCode::SUCCESS,
        Ok(Ok(false)) => failed(&address, "it answered something else than 200"),
        Ok(Err(error)) => failed(&address, &error.to_string()),
        Err(_) => failed(&address, "no answer"),
    }
}

fn failed(address: &str, why: &str) -> ExitCode {
    say(&format!("datebin: no healthy server at {address}: {why}"));
    ExitCode::FAILURE
}

async fn alive(address: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /livez HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(4096).read_to_string(&mut answer).await?;
    Ok(answer.starts_with("HTTP/1.1 200 "))
}
