//! A line between the program and PostgreSQL that is slow, silent or cut.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
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

/// Round trips that had to wait for each other.
#[derive(Default)]
struct Trips {
    /// The most in a row, on whatever connections.
    most: AtomicUsize,
    /// Those until a connection ended: whatever is sent later may have waited for its end.
    ended: AtomicUsize,
}

/// Breaks the connections that there are when so many bytes have come from the server.
struct Fuse {
    /// The bytes until then; none where it is not set.
    left: Mutex<Option<usize>>,
    /// How often it broke them.
    broken: watch::Sender<usize>,
}

impl Fuse {
    /// Bytes go to the client, after those before.
    fn passes(&self, bytes: usize) {
        let mut left = self.left.lock().expect("the bytes");
        match *left {
            None => {}
            Some(0) => {
                *left = None;
                self.broken.send_modify(|broken| *broken += 1);
            }
            Some(some) => *left = Some(some.saturating_sub(bytes)),
        }
    }
}

/// The round trips of one connection.
struct Count {
    trips: Arc<Trips>,
    fuse: Arc<Fuse>,
    /// Those that stand behind the last bytes from the client.
    own: AtomicUsize,
    /// Whether the client has got anything since.
    answered: AtomicBool,
}

/// The client's goodbye, which it does not wait for.
const TERMINATE: &[u8] = b"X\0\0\0\x04";

impl Count {
    /// The connection itself is the first.
    fn new(seen: &Seen) -> Self {
        let own = AtomicUsize::new(seen.trips.ended.load(Ordering::SeqCst) + 1);
        let (trips, fuse) = (Arc::clone(&seen.trips), Arc::clone(&seen.fuse));
        Self { trips, fuse, own, answered: AtomicBool::new(true) }
    }

    /// The client sends; what it sends before an answer comes belongs to the same round trip.
    fn sent(&self, bytes: &[u8]) {
        if bytes == TERMINATE {
            self.trips.ended.fetch_max(self.own.load(Ordering::SeqCst), Ordering::SeqCst);
        } else if self.answered.swap(false, Ordering::SeqCst) {
            let own = self.own.load(Ordering::SeqCst).max(self.trips.ended.load(Ordering::SeqCst)) + 1;
            self.own.store(own, Ordering::SeqCst);
            self.trips.most.fetch_max(own, Ordering::SeqCst);
        }
    }

    fn received(&self, bytes: usize) {
        self.answered.store(true, Ordering::SeqCst);
        self.fuse.passes(bytes);
    }
}

/// A proxy in front of a cluster; it ends when it is dropped.
pub struct Proxy {
    port: u16,
    line: watch::Sender<Line>,
    accepted: Arc<AtomicUsize>,
    trips: Arc<Trips>,
    fuse: Arc<Fuse>,
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
        let trips = Arc::default();
        let fuse = Arc::new(Fuse { left: Mutex::new(None), broken: watch::Sender::new(0) });
        let seen = Seen { accepted: Arc::clone(&accepted), trips: Arc::clone(&trips), fuse: Arc::clone(&fuse) };
        tasks.spawn(accept(listener, cluster.port, line.clone(), seen));
        Self { port, line, accepted, trips, fuse, _connections: tasks }
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

    /// Ends all connections when the server has sent so many bytes more; new ones are whole.
    pub fn cut_after(&self, bytes: usize) {
        *self.fuse.left.lock().expect("the bytes") = Some(bytes);
    }

    /// Whether that has happened, or is not to happen.
    pub fn has_cut(&self) -> bool {
        self.fuse.left.lock().expect("the bytes").is_none()
    }

    /// How many connections were made so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// How many round trips had to wait for each other so far: what the distance costs. Connections count as one each,
    /// and what is sent after one ended counts as waiting for it.
    pub fn round_trips(&self) -> usize {
        self.trips.most.load(Ordering::SeqCst)
    }
}

/// What is counted.
struct Seen {
    accepted: Arc<AtomicUsize>,
    trips: Arc<Trips>,
    fuse: Arc<Fuse>,
}

async fn accept(listener: TcpListener, to: u16, line: watch::Sender<Line>, seen: Seen) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        seen.accepted.fetch_add(1, Ordering::Relaxed);
        let count = Arc::new(Count::new(&seen));
        let (pipes, mut cut, mut broken) = (line.subscribe(), line.subscribe(), seen.fuse.broken.subscribe());
        connections.spawn(async move {
            tokio::select! {
                () = connect(client, to, pipes, &count) => {}
                _ = cut.wait_for(|line| *line == Line::Cut) => {}
                _ = broken.changed() => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connect(client: TcpStream, to: u16, mut line: watch::Receiver<Line>, count: &Count) {
    // The handshake itself is the kernel's: its round trip is added before the first byte.
    let delay = delay(&mut line).await;
    tokio::time::sleep(delay * 2).await;
    let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await else { return };
    let _set = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (sent, received) = (|bytes: &[u8]| count.sent(bytes), |bytes: usize| count.received(bytes));
    let (from_client_seen, from_server_seen) =
        (Watched { read: &sent, written: &|_| {} }, Watched { read: &|_| {}, written: &received });
    let from_client = pipe(from_client, to_server, line.clone(), from_client_seen);
    let from_server = pipe(from_server, to_client, line, from_server_seen);
    tokio::join!(from_client, from_server);
}

/// Waits until the line is whole.
async fn delay(line: &mut watch::Receiver<Line>) -> Duration {
    let whole = line.wait_for(|line| matches!(line, Line::Whole(_))).await;
    match whole.map(|line| *line) {
        Ok(Line::Whole(delay)) => delay,
        _ => Duration::ZERO,
    }
}

/// Who is told of bytes that come in, and before they go out.
struct Watched<'a> {
    read: &'a (dyn Fn(&[u8]) + Sync),
    written: &'a (dyn Fn(usize) + Sync),
}

/// Passes bytes on, each after the delay: bytes that follow do not wait for those before.
async fn pipe(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, line: watch::Receiver<Line>, seen: Watched<'_>) {
    let (sender, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(1024);
    let mut reading = line.clone();
    let read = async move {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            (seen.read)(&buffer[..count]);
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
            (seen.written)(bytes.len());
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _closed = to.shutdown().await;
    };
    tokio::join!(read, write);
}
