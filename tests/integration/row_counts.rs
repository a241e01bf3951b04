//! Metrics that are the rows themselves: how many there are in a window, and how many per second.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, Setup, sql};

/// Four orders an hour in eu and two in us, and an hourly rollup with their number.
const ORDERS: &str = "
    CREATE TABLE orders (ts timestamptz NOT NULL, region text NOT NULL, customer text);
    INSERT INTO orders SELECT '2025-06-01Z'::timestamptz + i * interval '15 min', 'eu', 'c' || i FROM generate_series(0, 95) i;
    INSERT INTO orders SELECT '2025-06-01Z'::timestamptz + i * interval '30 min', 'us', 'c' || i FROM generate_series(0, 47) i;
    CREATE TABLE orders_1h AS SELECT date_trunc('hour', ts) AS ts, region, count(*) AS n FROM orders GROUP BY 1, 2;";

const FILE: &str =
    "[[source]]\nrelation = \"orders\"\ntime = \"ts\"\nlabels = [\"region\"]\n[source.metric.orders]\nrows = true\n";
const ROLLUP: &str =
    "[[source.rollup]]\nrelation = \"orders_1h\"\nstep = \"1h\"\ncolumns = { orders = { count = \"n\" } }\n";

async fn start(pool: &PgPool, file: &str) -> Server {
    let name = pool.connect_options().get_database().expect("a database").to_owned();
    let path = std::env::temp_dir().join(format!("datebin-{name}-{}.toml", file.len()));
    std::fs::write(&path, file).expect("a file");
    Server::with(pool, Setup { file: Some(path), show_sql: true, ..Setup::default() }).await
}

async fn asked(server: &Server, target: &str, step: &str) -> Value {
    let range = json!({"from": "2025-06-01T04:00:00Z", "to": "2025-06-01T06:00:00Z"});
    let body = json!({"range": range, "targets": [{"target": target, "payload": {"step": step}}]});
    server.post("/query", body).await.body
}

fn values(body: &Value) -> Vec<Vec<f64>> {
    let points = |element: &Value| -> Vec<f64> {
        element["datapoints"].as_array().unwrap().iter().map(|point| point[0].as_f64().unwrap()).collect()
    };
    body.as_array().unwrap_or_else(|| panic!("{body}")).iter().map(points).collect()
}

#[sqlx::test(migrations = false)]
async fn rates_and_increases_count_rows(pool: PgPool) {
    sql(&pool, ORDERS).await;
    let hour = 3600.0;
    for file in [FILE.to_owned(), format!("{FILE}{ROLLUP}")] {
        let server = start(&pool, &file).await;
        for (target, step, expected) in [
            ("sum(rate(orders[1h]))", "1h", vec![vec![6.0 / hour, 6.0 / hour]]),
            ("sum(increase(orders[1h]))", "1h", vec![vec![6.0, 6.0]]),
            ("sum(increase(orders[2h]))", "1h", vec![vec![12.0, 12.0]]),
            ("rate(orders[2h])", "1h", vec![vec![4.0 / hour; 2], vec![2.0 / hour; 2]]),
            ("increase(orders[$__interval])", "30m", vec![vec![2.0; 4], vec![1.0; 4]]),
            ("rate(orders[$__interval])", "2h", vec![vec![4.0 / hour], vec![2.0 / hour]]),
            ("sum(rate(orders[1h] offset 23h))", "1h", vec![]),
            ("sum(increase(orders[1h] offset 4h))", "1h", vec![vec![6.0, 6.0]]),
            ("count(rate(orders[1h]))", "1h", vec![vec![2.0, 2.0]]),
            ("max(rate(orders[1h])) * 3600", "1h", vec![vec![4.0, 4.0]]),
            ("topk(1, increase(orders[1h]))", "1h", vec![vec![4.0, 4.0]]),
            ("orders", "1h", vec![vec![4.0, 4.0], vec![2.0, 2.0]]),
            ("sum_over_time(orders[1h])", "1h", vec![vec![4.0, 4.0], vec![2.0, 2.0]]),
            ("count_over_time(orders[2h])", "1h", vec![vec![8.0, 8.0], vec![4.0, 4.0]]),
        ] {
            let body = asked(&server, target, step).await;
            let drawn = values(&body).into_iter().filter(|points| !points.is_empty()).collect::<Vec<_>>();
            assert_eq!(drawn, expected, "{target} {step}");
        }
        for word in ["delta", "idelta", "irate", "changes", "resets"] {
            let body = asked(&server, &format!("{word}(orders[1h])"), "1h").await;
            assert_eq!(body["error"]["code"], "not_supported", "{body}");
            assert!(body["message"].as_str().unwrap().contains("`increase` is the number of rows"), "{body}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn a_rollup_counts_them(pool: PgPool) {
    sql(&pool, ORDERS).await;
    let server = start(&pool, &format!("{FILE}{ROLLUP}")).await;
    let body = asked(&server, "sum(rate(orders[1h]))", "1h").await;
    let read = body[0]["meta"]["executedQueryString"].as_str().unwrap_or_default();
    assert!(read.contains("orders_1h"), "{body}");
}

#[sqlx::test(migrations = false)]
async fn rows_of_one_millisecond_add_up_in_the_prometheus_api(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE orders (id serial PRIMARY KEY, ts timestamptz NOT NULL, region text NOT NULL);
         INSERT INTO orders (ts, region) SELECT '2025-06-01Z'::timestamptz + i / 10 * interval '1 s', 'eu' FROM generate_series(0, 2999) i",
    )
    .await;
    let server = start(&pool, FILE).await;
    // A window excludes its first instant, 10 rows of 300 seconds; the last one is not there.
    for (query, expected) in [
        ("sum_over_time(orders[5m])", "2990"),
        ("count_over_time(orders[5m])", "299"),
        ("sum_over_time(orders[10s:1s])", "100"),
        ("orders", "10"),
    ] {
        let query = query.replace('[', "%5B").replace(']', "%5D");
        let time = if query.starts_with("sum_over_time(orders%5B10s") { 1_748_736_100 } else { 1_748_736_299 + 1 };
        let body = server.get(&format!("/api/v1/query?query={query}&time={time}")).await.body;
        assert_eq!(body["data"]["result"][0]["value"][1], expected, "{query}: {body}");
    }
}
