//! Three clients that ask for rates over a million series, and thirty that stop reading an answer of 33 MB, while `/livez` is
//! asked ten times a second.
//!
//! `make bench` runs it over 1,000,000 series; `LOAD_SERIES` sets another number, `LOAD_REST` how many seconds later the
//! memory is measured again (30), `BENCH_PROGRAM` names another datebin than the one just built. Measured on two cores that also ran PostgreSQL: see the figures it prints.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench stops at the first thing that is wrong")]

mod program;

use std::time::{Duration, Instant};

use program::Server;

use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const LISTEN: &str = "127.0.0.1:18099";
const FILE: &str = "[[source]]\nrelation = \"card\"\ntime = \"ts\"\nlabels = [\"host\"]\n";
const TARGETS: [&str; 3] = ["sum(rate(card[5m]))", "sum(delta(card[1h]))", "sum(max_over_time(card[1h]))"];
const MIB: u64 = 1 << 20;
/// What must hold on any machine that is not busy with other things.
const LIVEZ: Duration = Duration::from_millis(200);
const RESIDENT: u64 = 256 * MIB;
/// How long until freed memory is the system's again.
const SETTLED: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL; `make bench` sets it");
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (series, rest) = (number("LOAD_SERIES", 1_000_000), number("LOAD_REST", 30));
    load(&url, series).await;
    let server = Server::start(LISTEN, &url, FILE, &[]);
    let idle = server.resident();
    // A process that has answered once has touched its code and has its threads: a server that runs for a day is compared.
    assert_eq!(ask("count(card)").await.0, 200, "a warm-up");
    let (status, message, _) = ask(TARGETS[0]).await;
    assert!(status == 200 || message.contains("_BYTES"), "a warm-up: {status} {message}");
    tokio::time::sleep(SETTLED).await;
    let before = server.resident().saturating_sub(cached().await);
    println!(
        "{series} series; resident: idle {} MiB, after two questions {} MiB without the cache",
        idle / MIB,
        before / MIB
    );
    let mut worst = (Duration::ZERO, 0);
    for target in TARGETS {
        let (slowest, peak) = round(target, &server).await;
        worst = larger(worst, (slowest, peak));
    }
    worst = larger(worst, stalled(&url, &server).await);
    tokio::time::sleep(Duration::from_secs(rest)).await;
    let (after, cached) = (server.resident(), cached().await);
    println!(
        "  /livez at most {:.0} ms; resident at most {} MiB, {rest} s later {} MiB, {} MiB of them the cache",
        worst.0.as_secs_f64() * 1000.0,
        worst.1 / MIB,
        after / MIB,
        cached / MIB
    );
    assert!(worst.0 < LIVEZ, "/livez took {:?}", worst.0);
    assert!(worst.1 < RESIDENT, "{} MiB resident", worst.1 / MIB);
    let after = after.saturating_sub(cached);
    assert!(after < before + before / 5 + MIB, "{} MiB stay of {} MiB", after / MIB, before / MIB);
}

fn larger(one: (Duration, u64), other: (Duration, u64)) -> (Duration, u64) {
    (one.0.max(other.0), one.1.max(other.1))
}

/// Readers that stop, so many of them asking at once, and for how long they are watched after the last one began to read.
const STALLED: usize = 30;
const ASKING: usize = 3;
const WATCHED: Duration = Duration::from_secs(35);

/// Thirty clients ask for 1,000,000 cells and read no more than the first byte; the slowest answer of `/livez` and the largest resident memory
/// until they are cut off.
async fn stalled(url: &str, server: &Server) -> (Duration, u64) {
    let mut connection = PgConnection::connect(url).await.expect("a database");
    let rows = "DROP TABLE IF EXISTS card; CREATE UNLOGGED TABLE card (ts timestamptz NOT NULL, host text NOT NULL, value float8);
        INSERT INTO card SELECT '2024-01-01Z'::timestamptz + n * interval '1 min', 'host-' || h, random() * 1e6
        FROM generate_series(0, 999) AS n, generate_series(1, 1000) AS h; ANALYZE card";
    sqlx::raw_sql(rows).execute(&mut connection).await.expect("rows");
    let body = json!({
        "range": {"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T16:40:00Z"}, "intervalMs": 60_000,
        "maxDataPoints": 1100, "targets": [{"target": "card"}],
    });
    let body = body.to_string();
    let request = format!("POST /query HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let clients = (0..ASKING).map(|_| tokio::spawn(stall(request.clone(), STALLED / ASKING)));
    let clients: Vec<_> = clients.collect();
    let (mut worst, mut until) = ((Duration::ZERO, 0), Instant::now() + WATCHED);
    while Instant::now() < until {
        worst = larger(worst, (alive().await, server.resident()));
        if !clients.iter().all(tokio::task::JoinHandle::is_finished) {
            until = Instant::now() + WATCHED;
        }
    }
    let mut begun = 0;
    for client in clients {
        begun += client.await.expect("a client").len();
    }
    println!(
        "  {begun} of {STALLED} stalled readers of 33 MB began to read: /livez at most {:.0} ms, {} MiB",
        worst.0.as_secs_f64() * 1000.0,
        worst.1 / MIB
    );
    worst
}

/// Asks one question after the other and leaves each answer at its first byte. The sockets of those that came.
async fn stall(request: String, many: usize) -> Vec<tokio::net::TcpStream> {
    let mut clients = Vec::new();
    for _ in 0..many {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let mut client = socket.connect(LISTEN.parse().expect("an address")).await.expect("a connection");
        client.write_all(request.as_bytes()).await.expect("a question");
        let mut status = [0; 12];
        if client.read_exact(&mut status).await.is_ok() && status.ends_with(b"200") {
            clients.push(client);
        }
    }
    clients
}

async fn load(url: &str, series: u64) {
    let mut connection = PgConnection::connect(url).await.expect("a database");
    sqlx::raw_sql("DROP TABLE IF EXISTS card; CREATE UNLOGGED TABLE card (ts timestamptz NOT NULL, host text NOT NULL, value float8)")
        .execute(&mut connection)
        .await
        .expect("a table");
    let rows = "INSERT INTO card SELECT '2024-01-01Z'::timestamptz + g % 86400 * interval '1 s', 'host-' || g, g
        FROM generate_series(1, $1::int8) AS g";
    sqlx::query(rows).bind(i64::try_from(series).expect("a number")).execute(&mut connection).await.expect("rows");
    sqlx::raw_sql("ANALYZE card").execute(&mut connection).await.expect("statistics");
}

async fn ask(target: &str) -> (u16, String, Duration) {
    let body = json!({
        "range": {"from": "2024-01-01T00:00:00Z", "to": "2024-01-02T00:00:00Z"}, "maxDataPoints": 500,
        "targets": [{"target": target}],
    });
    let begun = Instant::now();
    let request = reqwest::Client::new().post(format!("http://{LISTEN}/query")).body(body.to_string());
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let body: Value = serde_json::from_str(&response.text().await.expect("a body")).expect("JSON");
    let message = body["error"]["message"].as_str().unwrap_or_default().to_owned();
    (status, message, begun.elapsed())
}

/// Three clients at once; the slowest answer of `/livez` and the largest resident memory meanwhile.
async fn round(target: &str, server: &Server) -> (Duration, u64) {
    let clients = tokio::spawn({
        let target = target.to_owned();
        async move { tokio::join!(ask(&target), ask(&target), ask(&target)) }
    });
    let (mut slowest, mut peak) = (Duration::ZERO, 0);
    while !clients.is_finished() {
        slowest = slowest.max(alive().await);
        peak = peak.max(server.resident());
    }
    let (one, two, three) = clients.await.expect("three answers");
    for (status, message, took) in [one, two, three] {
        assert!(status == 200 || message.contains("_BYTES"), "{target}: {status} {message}");
        println!("  {target}: {status} in {:.1} s {message}", took.as_secs_f64());
    }
    println!("  {target}: /livez at most {:.0} ms, {} MiB", slowest.as_secs_f64() * 1000.0, peak / MIB);
    (slowest, peak)
}

/// How long `/livez` takes; a tenth of a second passes at least.
async fn alive() -> Duration {
    let begun = Instant::now();
    // A new connection each time, as a probe makes it.
    let alive = reqwest::Client::new().get(format!("http://{LISTEN}/livez")).send().await.expect("an answer");
    assert_eq!(alive.status(), 200);
    let took = begun.elapsed();
    tokio::time::sleep(Duration::from_millis(100).saturating_sub(took)).await;
    took
}

/// The bytes of the cache, which stay on purpose.
async fn cached() -> u64 {
    let numbers =
        reqwest::get(format!("http://{LISTEN}/metrics")).await.expect("an answer").text().await.expect("a body");
    let bytes = numbers.lines().find_map(|line| line.strip_prefix("datebin_cache_bytes "));
    bytes.and_then(|bytes| bytes.parse().ok()).expect("the bytes of the cache")
}
