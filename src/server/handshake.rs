//! The beginning of a secured connection.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::certificate::Certificate;
use super::refusal::{LingeringClose, RefusalResponse};
use super::socket::Socket;

/// The first byte of every handshake.
const HANDSHAKE: u8 = 22;

/// Secures a connection. Who speaks plain HTTP is told so.
pub(super) async fn secured(mut stream: TcpStream, certificate: &Certificate) -> Option<Socket> {
    let mut first = [0];
    if stream.peek(&mut first).await.ok()? == 0 {
        return None;
    }
    if first[0].is_ascii_uppercase() {
        let _told = stream.write_all(RefusalResponse::of_plain_http().rest()).await;
        let _ended = stream.shutdown().await;
        let (mut socket, mut linger) = (Socket::Plain(stream), LingeringClose::begin());
        let _left = std::future::poll_fn(|cx| linger.poll(&mut socket, cx)).await;
        return None;
    }
    match certificate.acceptor().accept(stream).await {
        Ok(stream) => Some(Socket::Secured(Box::new(stream))),
        Err(error) => {
            tracing::debug!(%error, is_tls = first[0] == HANDSHAKE, "a connection could not be secured");
            None
        }
    }
}
