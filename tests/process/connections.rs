//! Clients that say nothing, that do not read, and more of them than there are connections.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::cluster::Cluster;
use crate::database::{CPU, SLOW};
use crate::patience::patience;
use crate::program::{LONG, Program, eventually, question};
use crate::vitals::Watch;

fn address(program: &Program) -> SocketAddr {
    program.address().parse().expect("an address")
}

async fn send(stream: &mut TcpStream, path: &str, body: &Value) {
    let body = body.to_string();
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).await.expect("the request is sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_leave_room_for_others() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let program = Program::serve(&cluster, &[("DATEBIN_MAX_CONNECTIONS", "128")]).await;
    let watch = Watch::begin(&program);
    let mut silent = Vec::new();
    let mut slow = Vec::new();
    for number in 0..400 {
        let mut stream = TcpStream::connect(address(&program)).await.expect("a connection");
        if number % 2 == 0 {
            stream.write_all(b"POST /query HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{").await.expect("sent");
            slow.push(stream);
        } else {
            silent.push(stream);
        }
    }
    for _ in 0..3 {
        let begun = Instant::now();
        let fresh = reqwest::Client::new().get(format!("{}/livez", program.base)).send().await.expect("an answer");
        assert_eq!(fresh.status(), 200);
        assert!(begun.elapsed() < patience(Duration::from_millis(200)), "took {:?}", begun.elapsed());
    }
    assert_eq!(program.ask("cpu").await.status, 200);
    let vitals = watch.end();
    assert!(vitals.slowest < patience(Duration::from_millis(200)), "{vitals:?}");
    assert_eq!(program.complaints(), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_all_connections_are_at_work_the_process_still_tells_how_it_is() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    cluster.sql(SLOW).await;
    let program = Program::serve(&cluster, &[("DATEBIN_MAX_CONNECTIONS", "4")]).await;
    let asked = async |_| {
        let mut stream = TcpStream::connect(address(&program)).await.expect("a connection");
        send(&mut stream, "/query", &question("thirty")).await;
        stream
    };
    let busy = join_all((0..4).map(asked)).await;
    let crowded = async || {
        let answer = reqwest::Client::new().post(format!("{}/query", program.base)).body("{}").send().await;
        let answer = answer.expect("an answer");
        let closes = answer.headers().get("connection").is_some_and(|value| value == "close");
        (answer.status() == 503 && closes).then_some(())
    };
    eventually(LONG, "a fifth question is refused", crowded).await;
    for path in ["/livez", "/readyz", "/metrics"] {
        let answer = reqwest::Client::new().get(format!("{}{path}", program.base)).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
    }
    drop(busy);
    program.good(LONG, "cpu").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_do_not_read_hold_neither_memory_nor_a_session() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let settings = [("DATEBIN_WRITE_TIMEOUT", "1s"), ("DATEBIN_IDLE_TIMEOUT", "1s"), ("DATEBIN_BUFFERS", "8MiB")];
    let program = Program::serve(&cluster, &settings).await;
    // 25 × 11,000 points: 6 MB, more than the sockets' buffers take.
    let targets: Vec<Value> = (0..25).map(|n| json!({"target": format!("vector({n})"), "refId": "A"})).collect();
    let large = json!({
        "range": {"from": "2018-04-15T00:00:00Z", "to": "2018-04-15T03:03:19Z"}, "intervalMs": 1000,
        "maxDataPoints": 11_000, "targets": targets,
    });
    let whole = program.post("/query", &large).await;
    assert_eq!(whole.status, 200);
    assert!(whole.body.to_string().len() > 5 << 20, "{} bytes", whole.body.to_string().len());
    let watch = Watch::begin(&program);
    let unread = async |_| {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let mut stream = socket.connect(address(&program)).await.expect("a connection");
        send(&mut stream, "/query", &large).await;
        stream
    };
    let mut unread = join_all((0..4).map(unread)).await;
    // The session is back before the answers are sent.
    program.good(LONG, "cpu").await;
    let again = async || (program.post("/query", &large).await.status == 200).then_some(());
    eventually(patience(Duration::from_secs(5)), "a large answer is given again", again).await;
    let vitals = watch.end();
    assert!(vitals.peak < 300 << 20, "{vitals:?}");
    let mut cut_off = 0;
    for stream in &mut unread {
        let mut read = Vec::new();
        // An answer that was given up ends before its end, by an end or by a reset.
        let _ended =
            tokio::time::timeout(patience(LONG), stream.read_to_end(&mut read)).await.expect("the connection ends");
        cut_off += usize::from(!read.ends_with(b"0\r\n\r\n"));
    }
    assert!(cut_off >= 1, "no client was cut off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_may_be_idle_as_long_as_is_set() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let program = Program::serve(&cluster, &[("DATEBIN_IDLE_TIMEOUT", "1s")]).await;
    let mut stream = TcpStream::connect(address(&program)).await.expect("a connection");
    let begun = Instant::now();
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("the request is sent");
    let mut answer = String::new();
    let read = tokio::time::timeout(LONG, stream.read_to_string(&mut answer)).await.expect("the connection ends");
    assert!(read.is_ok() && answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}
