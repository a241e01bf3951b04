//! A million rows that are read and folded, beside `COPY … TO STDOUT (FORMAT binary)` of the same rows to a client that throws
//! them away; and the memory of eight answers of 2.4 MB at once.
//!
//! Both are asked in turn; the figures are medians of `ROUNDS` (5), and the ratio of these. `make bench` runs it;
//! `BENCH_PROGRAM` names another datebin than the one just built.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench stops at the first thing that is wrong")]

mod program;

use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use futures_util::future::join_all;
use program::Server;
use sqlx::PgPool;
use sqlx::postgres::PgPoolCopyExt as _;

const LISTEN: &str = "127.0.0.1:18098";
/// 2023-11-14T22:00:00Z.
const START: i64 = 1_699_999_200;
/// Rows of each of 200 series, 15 seconds apart.
const ROWS: i64 = 5000;
const CATALOG: &str = "[[source]]
relation = \"streamed\"
time = \"ts\"
labels = [\"host\", \"region\"]
[source.metric.streamed]
column = \"total\"
kind = \"counter\"
";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL; `make bench` sets it");
    let rounds: usize = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let pool = PgPool::connect(&url).await.expect("a database");
    let rows = format!(
        "DROP TABLE IF EXISTS streamed;
        CREATE UNLOGGED TABLE streamed (ts timestamptz NOT NULL, host text NOT NULL, region text NOT NULL, total float8 NOT NULL);
        INSERT INTO streamed SELECT to_timestamp({START} + 15 * i), 'host-' || h, 'region-' || h % 5, (i * (h + 1)) % 100000
            FROM generate_series(0, {ROWS} - 1) AS i, generate_series(0, 199) AS h;
        CREATE INDEX ON streamed (ts); ANALYZE streamed"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(rows)).execute(&pool).await.expect("rows");
    let server = Server::start(LISTEN, &url, CATALOG, &[("DATEBIN_CACHE_BYTES", "0")]);
    compare(&pool, rounds).await;
    remember(&server, rounds).await;
    sqlx::raw_sql("DROP TABLE streamed").execute(&pool).await.expect("the end");
}

/// Prints how long each question over all rows takes, and how long their copy.
async fn compare(pool: &PgPool, rounds: usize) {
    let questions = ["sum(rate(streamed[5m]))", "sum by (region) (rate(streamed[5m]))", "rate(streamed[5m])"];
    let mut copies = Vec::new();
    let mut times = questions.map(|_| [Vec::new(), Vec::new()]);
    // The first round warms up.
    for round in 0..=rounds {
        let copied = copied(pool).await;
        for (question, [api, json]) in questions.iter().zip(&mut times) {
            let begun = Instant::now();
            range(question, 15 * ROWS).await;
            let asked = begun.elapsed();
            let begun = Instant::now();
            panel(question, 15 * ROWS).await;
            if round > 0 {
                api.push(asked);
                json.push(begun.elapsed());
            }
        }
        if round > 0 {
            copies.push(copied);
        }
    }
    let copy = middle(copies);
    println!("| a million rows | Prometheus API | of COPY | JSON | of COPY |\n|---|---|---|---|---|");
    for (question, [api, json]) in questions.iter().zip(times) {
        let [api, json] = [middle(api), middle(json)];
        println!("| {question} | {api:.0} ms | {:.2} | {json:.0} ms | {:.2} |", api / copy, json / copy);
    }
    println!("COPY (FORMAT binary) of the rows: {copy:.0} ms");
}

/// How long the rows take as COPY sends them.
async fn copied(pool: &PgPool) -> Duration {
    let begun = Instant::now();
    let sent = pool.copy_out_raw("COPY streamed TO STDOUT (FORMAT binary)").await.expect("a copy");
    let bytes: usize = sent.try_fold(0, |sum, bytes| async move { Ok(sum + bytes.len()) }).await.expect("all rows");
    assert!(bytes > 40_000_000, "{bytes} bytes");
    begun.elapsed()
}

/// Prints the most memory that the server has while eight clients ask for 2.4 MB each.
async fn remember(server: &Server, rounds: usize) {
    tokio::time::sleep(Duration::from_secs(3)).await;
    for question in ["streamed", "rate(streamed[5m])"] {
        let (idle, mut most, mut size) = (server.resident(), 0, 0);
        let asking = async {
            for _ in 0..rounds {
                size = join_all((0..8).map(|_| panel(question, 36_000))).await.into_iter().max().unwrap_or(0);
            }
        };
        let watching = async {
            loop {
                most = most.max(server.resident());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! { () = asking => (), () = watching => () }
        let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
        println!(
            "eight at once of {question}: {:.1} MB each, at most {:.1} MiB, {:.1} over those before",
            size as f64 / 1e6,
            mib(most),
            mib(most.saturating_sub(idle))
        );
    }
}

/// Asks the Prometheus API for a point a minute; the size of the answer.
async fn range(question: &str, seconds: i64) -> usize {
    let [start, end] = [START, START + seconds].map(|time| time.to_string());
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs([("query", question), ("start", &start), ("end", &end), ("step", "60")]);
    let typed = http().post(url("/api/v1/query_range")).header("content-type", "application/x-www-form-urlencoded");
    answered(typed.body(body.finish())).await
}

/// Asks as a panel with a point a minute does; the size of the answer.
async fn panel(question: &str, seconds: i64) -> usize {
    let body = serde_json::json!({
        "range": {"from": START * 1000, "to": (START + seconds) * 1000}, "intervalMs": 60_000, "maxDataPoints": 1500,
        "targets": [{"target": question, "refId": "A", "type": "timeserie"}],
    });
    answered(http().post(url("/query")).json(&body)).await
}

fn http() -> reqwest::Client {
    reqwest::Client::new()
}

fn url(path: &str) -> String {
    format!("http://{LISTEN}{path}")
}

async fn answered(request: reqwest::RequestBuilder) -> usize {
    let mut answer = request.send().await.expect("an answer").error_for_status().expect("200");
    let mut size = 0;
    while let Some(piece) = answer.chunk().await.expect("all of it") {
        size += piece.len();
    }
    size
}

/// The median, in milliseconds.
fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}
