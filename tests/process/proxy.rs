//! A line between the program and PostgreSQL that is slow, silent or cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::cluster::Cluster;

/// What the line does with connections and bytes.
#[derive(Clone, Copy, PartialEq)]
enum Line {
    /// Every byte arrives this much later; a handshake takes one round trip.
    Whole(Duration),
    /// Connections stay open, nothing passes.
    Silent,
    /// Connections end, and new ones end at once.
    Cut,
}

/// A proxy in front of a cluster; it ends when it is dropped.
pub struct Proxy {
    port: u16,
    line: watch::Sender<Line>,
    accepted: Arc<AtomicUsize>,
    _connections: JoinSet<()>,
}

impl Proxy {
    /// Listens in front of a cluster and passes everything at once.
    pub async fn before(cluster: &Cluster) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let line = watch::Sender::new(Line::Whole(Duration::ZERO));
        let accepted = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, cluster.port, line.clone(), Arc::clone(&accepted)));
        Self { port, line, accepted, _connections: tasks }
    }

    /// The URL of the cluster's database through the proxy.
    pub fn url(&self, cluster: &Cluster) -> String {
        cluster.url().replace(&format!(":{}/", cluster.port), &format!(":{}/", self.port))
    }

    /// From now on a round trip takes this long. Mends a line that was silent or cut.
    pub fn round_trip(&self, length: Duration) {
        self.line.send_replace(Line::Whole(length / 2));
    }

    /// Nothing passes any more; connections stay open.
    pub fn silence(&self) {
        self.line.send_replace(Line::Silent);
    }

    /// Ends all connections, and new ones as soon as they are made.
    pub fn cut(&self) {
        self.line.send_replace(Line::Cut);
    }

    /// How many connections were made so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

async fn accept(listener: TcpListener, to: u16, line: watch::Sender<Line>, accepted: Arc<AtomicUsize>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        accepted.fetch_add(1, Ordering::Relaxed);
        let (pipes, mut cut) = (line.subscribe(), line.subscribe());
        connections.spawn(async move {
            tokio::select! {
                () = connect(client, to, pipes) => {}
                _ = cut.wait_for(|line| *line == Line::Cut) => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connect(client: TcpStream, to: u16, mut line: watch::Receiver<Line>) {
    // The handshake itself is the kernel's: its round trip is added before the first byte.
    let delay = delay(&mut line).await;
    tokio::time::sleep(delay * 2).await;
    let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await else { return };
    let _set = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(pipe(from_client, to_server, line.clone()), pipe(from_server, to_client, line));
}

/// Waits until the line is whole.
async fn delay(line: &mut watch::Receiver<Line>) -> Duration {
    let whole = line.wait_for(|line| matches!(line, Line::Whole(_))).await;
    match whole.map(|line| *line) {
        Ok(Line::Whole(delay)) => delay,
        _ => Duration::ZERO,
    }
}

/// Passes bytes on, each after the delay: bytes that follow do not wait for those before.
async fn pipe(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, line: watch::Receiver<Line>) {
    let (sender, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(1024);
    let mut reading = line.clone();
    let read = async move {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            let at = Instant::now() + delay(&mut reading).await;
            if sender.send((at, buffer[..count].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let mut writing = line;
    let write = async move {
        while let Some((at, bytes)) = due.recv().await {
            sleep_until(at).await;
            let _whole = delay(&mut writing).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _closed = to.shutdown().await;
    };
    tokio::join!(read, write);
}
