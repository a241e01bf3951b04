//! The way to the server: a socket, PostgreSQL's question for TLS, and the handshake.

use rustls::pki_types::ServerName;
use sqlx::postgres::PgConnectOptions;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::failure::TlsFailure;
use super::{Security, SslMode};
use crate::db::error::DbError;

/// `SSLRequest`: its length, and the number that is no version of the protocol.
const REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Connects, and secures the connection; none where the server has no TLS, and the mode does not mind.
pub(super) async fn dial(
    options: &PgConnectOptions,
    security: &Security,
) -> Result<Option<TlsStream<TcpStream>>, DbError> {
    let host = security.host.as_str();
    let name = ServerName::try_from(security.host.clone()).map_err(|_| TlsFailure::no_name(host))?;
    // Files first: what is wrong with them shows without a server.
    let setup = security.setup()?;
    let config = tokio::task::spawn_blocking(move || setup.config()).await.map_err(io::Error::other)?;
    let config = config.map_err(|error| TlsFailure::of_file(host, error))?;
    let mut socket = TcpStream::connect((options.get_host(), options.get_port())).await?;
    socket.set_nodelay(true)?;
    socket.write_all(&REQUEST).await?;
    match socket.read_u8().await? {
        b'S' => {}
        b'N' if security.mode == SslMode::Prefer => return Ok(None),
        b'N' => return Err(TlsFailure::unoffered(host, security.is_default).into()),
        // Its words are nobody's: whoever stands in between may have written them.
        b'E' => return Err(DbError::Connection("the server refused to begin; its log says why".into())),
        _ => return Err(DbError::Connection("what answers there is not PostgreSQL".into())),
    }
    let secured = TlsConnector::from(Arc::new(config)).connect(name, socket).await;
    secured.map(Some).map_err(|error| failed(host, error))
}

/// An error of a secured socket as what it is.
pub(super) fn failed(host: &str, error: io::Error) -> DbError {
    TlsFailure::of_socket(host, &error).map_or_else(|| error.into(), DbError::from)
}
