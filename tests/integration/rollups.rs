//! Rollups: the same questions with and without them, and which relation served.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, Setup, sql};

/// 2025-03-28, before the day of 23 hours in Berlin.
const START: i64 = 1_743_120_000_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A wide table, a narrow one of epochs with a joined label, and a wall clock with rollups by the day; all but the first
/// rollup lack the first rows, and all lack the last ones.
const TABLES: &str = "
    CREATE TABLE raw (ts timestamptz, host text, region text, cpu float8, mem int);
    INSERT INTO raw SELECT '2025-03-28Z'::timestamptz + n * interval '97 s', (ARRAY['a', 'b', 'c', NULL, ''])[1 + n % 5],
        CASE WHEN n % 5 < 2 THEN 'eu' END, CASE WHEN n % 11 = 0 THEN NULL ELSE (n * 7919 % 1000) / 8.0 END, n % 321
        FROM generate_series(0, 8000) AS n;
    CREATE INDEX ON raw (ts);
    CREATE TABLE raw_1h AS SELECT date_trunc('hour', ts, 'UTC') AS bucket, host, region, avg(cpu) AS cpu_avg, min(cpu) AS cpu_min,
        max(cpu) AS cpu_max, count(cpu) AS n, sum(mem) AS mem_sum, count(mem) AS mem_n,
        (array_agg(mem ORDER BY ts))[1] AS mem_first, (array_agg(mem ORDER BY ts DESC))[1] AS mem_last
        FROM raw WHERE ts < '2025-04-04 12:30Z' GROUP BY 1, 2, 3;
    CREATE TABLE raw_1d AS SELECT date_trunc('day', ts, 'UTC') AS bucket, host, region, avg(cpu) AS cpu_avg, count(cpu) AS n
        FROM raw WHERE ts >= '2025-03-29Z' AND ts < '2025-04-03 10:30Z' GROUP BY 1, 2, 3;
    INSERT INTO raw_1h (bucket, host, cpu_avg, n) VALUES ('2999-01-01Z', 'a', 4711, 1), ('2025-03-30 05:00Z', 'a', 4711, 0),
        ('2025-03-30 06:00Z', 'b', NULL, 5), (NULL, 'a', 4711, 1);
    CREATE TABLE items (id bigint PRIMARY KEY, key text, place text);
    INSERT INTO items VALUES (1, 'temp', 'hall'), (2, 'temp', 'yard'), (3, 'wind', 'yard');
    CREATE TABLE history (itemid bigint, clock int, value float8, PRIMARY KEY (itemid, clock));
    INSERT INTO history SELECT 1 + n % 3, 1743120000 + n * 61, n % 100 FROM generate_series(0, 12000) AS n;
    CREATE TABLE trends (itemid bigint, clock int, num int, value_min float8, value_avg float8, value_max float8, PRIMARY KEY (itemid, clock));
    INSERT INTO trends SELECT itemid, clock / 3600 * 3600, count(*), min(value), avg(value), max(value) FROM history
        WHERE clock < 1743600000 GROUP BY 1, 2;
    CREATE TABLE walls (at timestamp, host text, volts float8);
    INSERT INTO walls SELECT '2025-03-28'::timestamp + n * interval '7 min', 'h' || n % 2, n % 77 FROM generate_series(0, 1500) AS n;
    CREATE TABLE walls_1d AS SELECT at::date AS day, host, sum(volts) AS s, count(*) AS n, max(volts) AS m FROM walls
        WHERE at < '2025-04-03' GROUP BY 1, 2;";

const SOURCES: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "raw"
    time = "ts"
    labels = ["host", "region"]
    [source.metric.cpu]
    [source.metric.memory]
    column = "mem"
    ROLLUPS-OF-RAW
    [[source]]
    relation = "history"
    time = { column = "clock", type = "epoch", unit = "s" }
    value = "value"
    labels = []
    [[source.join]]
    relation = "items"
    on = { itemid = "id" }
    name = "key"
    labels = ["place"]
    ROLLUPS-OF-HISTORY
    [[source]]
    relation = "walls"
    time = { column = "at", zone = "Europe/Berlin" }
    labels = ["host"]
    [source.metric.volts]
    ROLLUPS-OF-WALLS
"#;

const OF_RAW: &str = r#"
    [[source.rollup]]
    relation = "raw_1h"
    step = "1h"
    time = "bucket"
    columns = { cpu = { avg = "cpu_avg", min = "cpu_min", max = "cpu_max", count = "n" }, mem = { sum = "mem_sum", count = "mem_n" } }
    [[source.rollup]]
    relation = "raw_1d"
    step = "1d"
    time = "bucket"
    columns = { cpu = { avg = "cpu_avg", count = "n" } }
"#;

const OF_HISTORY: &str = r#"
    [[source.rollup]]
    relation = "trends"
    step = "1h"
    columns = { avg = "value_avg", min = "value_min", max = "value_max", count = "num" }
"#;

const OF_WALLS: &str = r#"
    [[source.rollup]]
    relation = "walls_1d"
    step = "1d"
    time = "day"
    columns = { sum = "s", count = "n", max = "m" }
"#;

fn toml(raw: &str, history: &str, walls: &str) -> String {
    let toml = SOURCES.replace("ROLLUPS-OF-RAW", raw).replace("ROLLUPS-OF-HISTORY", history);
    toml.replace("ROLLUPS-OF-WALLS", walls)
}

async fn serve(pool: &PgPool, toml: &str) -> Server {
    Server::declared_with(pool, toml, Setup { show_sql: true, ..Setup::default() }).await
}

type Answers = BTreeMap<(String, i64), Option<f64>>;

fn answers(body: &Value) -> Answers {
    let mut answers = Answers::new();
    for element in body.as_array().unwrap() {
        for point in element["datapoints"].as_array().unwrap() {
            answers.insert((element["tags"].to_string(), point[1].as_i64().unwrap()), point[0].as_f64());
        }
    }
    answers
}

fn question(dice: &mut StdRng) -> Value {
    let metrics = ["cpu", "memory", "temp", "wind", "volts"];
    let metric = *metrics.choose(dice).unwrap();
    let matchers = match (metric, dice.random_range(0..3)) {
        ("cpu" | "memory", 0) => "{host=~\"(a|b.*)\"}",
        ("cpu" | "memory", 1) => "{region=\"\"}",
        ("temp", 0) => "{place=\"yard\"}",
        _ => "",
    };
    let window = *["$__interval", "6h", "1d", "90m"].choose(dice).unwrap();
    let offset = *["", "", " offset 1h", " offset 10m", " offset -1d"].choose(dice).unwrap();
    let functions = ["avg", "min", "max", "sum", "count", "present"];
    let inner = match dice.random_range(0..3) {
        0 => format!("{metric}{matchers}"),
        _ => format!("{}_over_time({metric}{matchers}[{window}]{offset})", functions.choose(dice).unwrap()),
    };
    let outer = ["avg", "sum", "max", "count"].choose(dice).unwrap();
    let target = match dice.random_range(0..3) {
        0 => format!("{outer} by (region, place) ({inner})"),
        _ => inner,
    };
    let from = START + dice.random_range(-DAY..6 * DAY);
    let to = from + dice.random_range(HOUR..8 * DAY);
    let step = *[20 * HOUR / 60, HOUR, 2 * HOUR, 6 * HOUR, DAY].choose(dice).unwrap();
    let zone = *["UTC", "Europe/Berlin", "Asia/Kolkata"].choose(dice).unwrap();
    json!({
        "timezone": zone, "intervalMs": step, "maxDataPoints": 11_000, "range": {"from": from, "to": to},
        "targets": [{"target": target, "refId": "A"}],
    })
}

#[sqlx::test(migrations = false)]
async fn answers_are_those_of_the_raw_rows(pool: PgPool) {
    sql(&pool, TABLES).await;
    let (bare, rolled) = (toml("", "", ""), toml(OF_RAW, OF_HISTORY, OF_WALLS));
    let (bare, rolled) = (serve(&pool, &bare).await, serve(&pool, &rolled).await);
    let mut dice = StdRng::seed_from_u64(11);
    let (mut compared, mut served) = (0, 0);
    for _ in 0..600 {
        let body = question(&mut dice);
        let (wanted, got) = (bare.post("/query", body.clone()).await, rolled.post("/query", body.clone()).await);
        assert_eq!((wanted.status, got.status), (200, 200), "{body}: {} {}", wanted.body, got.body);
        let (wanted, got) = (answers(&wanted.body), answers(&got.body));
        assert_eq!(wanted.keys().collect::<Vec<_>>(), got.keys().collect::<Vec<_>>(), "{body}");
        for ((key, wanted), got) in wanted.iter().zip(got.values()) {
            let close = wanted.zip(*got).is_some_and(|(a, b)| (a - b).abs() <= 1e-9 * a.abs().max(1.0));
            assert!(close || wanted == got, "{body} {key:?}: {got:?} is not {wanted:?}");
            compared += 1;
        }
        let executed = statements(&rolled, body).await;
        let rollups = ["raw_1h", "raw_1d", "trends", "walls_1d"];
        served +=
            usize::from(rollups.iter().any(|rollup| executed.contains(&format!("FROM \"public\".\"{rollup}\" AS t"))));
    }
    assert!(
        compared > 20_000 && served > 150,
        "{compared} points were compared, {served} questions were served by rollups"
    );
}

/// The statements of a question.
async fn statements(server: &Server, body: Value) -> String {
    let (engine, question) = (server.engine.clone(), server.question(&body));
    let answer = server.run(async move { engine.scope().unwrap().answer(&question).await.unwrap() }).await;
    answer.answered.into_iter().filter_map(|target| target.executed).collect::<Vec<_>>().join("\n")
}

/// The relations that a question reads, in order.
async fn relations(server: &Server, target: &str, zone: &str, step: i64) -> Vec<String> {
    let body = json!({
        "timezone": zone, "intervalMs": step, "maxDataPoints": 11_000,
        "range": {"from": START, "to": START + 9 * DAY}, "targets": [{"target": target, "refId": "A"}],
    });
    let text = statements(server, body).await;
    let named = text.split("FROM \"public\".\"").skip(1).filter_map(|rest| rest.split_once("\" AS t"));
    named.map(|(name, _)| name.to_owned()).filter(|name| !name.contains('"')).collect()
}

#[sqlx::test(migrations = false)]
async fn the_coarsest_that_fits_serves(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = serve(&pool, &toml(OF_RAW, OF_HISTORY, OF_WALLS)).await;
    for (target, zone, step, wanted) in [
        ("cpu", "UTC", DAY, vec!["raw_1h", "raw"]),
        ("cpu", "UTC", 6 * HOUR, vec!["raw_1h", "raw"]),
        ("cpu", "Europe/Berlin", DAY, vec!["raw", "raw_1h", "raw"]),
        ("cpu", "Asia/Kolkata", HOUR, vec!["raw"]),
        ("cpu", "UTC", HOUR / 3, vec!["raw"]),
        ("max_over_time(cpu[1d])", "UTC", DAY, vec!["raw_1h", "raw"]),
        ("min_over_time(memory[1d])", "UTC", DAY, vec!["raw"]),
        ("stddev_over_time(cpu[1d])", "UTC", DAY, vec!["raw"]),
        ("last_over_time(cpu[1d])", "UTC", DAY, vec!["raw"]),
        ("volts", "UTC", DAY, vec!["walls"]),
        ("volts", "Europe/Berlin", DAY, vec!["walls_1d", "walls"]),
        ("temp", "UTC", HOUR, vec!["trends", "history"]),
    ] {
        assert_eq!(relations(&server, target, zone, step).await, wanted, "{target} by {step} in {zone}");
    }
    let daily = "DELETE FROM raw_1h WHERE bucket < '2025-04-01Z'; DELETE FROM raw WHERE ts < '2025-04-01Z'";
    sql(&pool, daily).await;
    let server = serve(&pool, &toml(OF_RAW, OF_HISTORY, OF_WALLS)).await;
    assert_eq!(relations(&server, "cpu", "UTC", DAY).await, ["raw", "raw_1d", "raw"]);
    let body = json!({
        "intervalMs": DAY, "maxDataPoints": 100, "range": {"from": START, "to": START + 9 * DAY},
        "targets": [{"target": "cpu{host=~\"[ab]\"}", "refId": "A"}],
    });
    // What only the rollup still knows is found by a pattern, too.
    let points = answers(&server.post("/query", body).await.body);
    assert!(points.contains_key(&("{\"host\":\"a\",\"region\":\"eu\"}".to_owned(), START + DAY)), "{points:?}");
}

#[sqlx::test(migrations = false)]
async fn a_planted_value_shows_who_served(pool: PgPool) {
    sql(&pool, TABLES).await;
    sql(&pool, "UPDATE raw_1h SET cpu_avg = 1e6; UPDATE trends SET value_avg = 1e6").await;
    let server = serve(&pool, &toml(OF_RAW, OF_HISTORY, "")).await;
    for target in ["avg(cpu)", "avg(temp)"] {
        let series = server.query("2025-03-28T00:00:00Z", "2025-04-04T00:00:00Z", 30, target).await;
        let values: Vec<f64> =
            series[0]["datapoints"].as_array().unwrap().iter().filter_map(|p| p[0].as_f64()).collect();
        assert!((values[0] - 1e6).abs() < 1e-3, "{target}: {values:?}");
    }
    let tail = server.query("2025-04-04T12:00:00Z", "2025-04-04T16:00:00Z", 4, "avg(cpu)").await;
    assert!(tail[0]["datapoints"][0][0].as_f64().unwrap() < 1e3, "the newest stretch may still grow");
}

#[sqlx::test(migrations = false)]
async fn the_written_file_has_the_rollups(pool: PgPool) {
    sql(&pool, TABLES).await;
    let first = serve(&pool, &toml(OF_RAW, OF_HISTORY, OF_WALLS)).await;
    let first = first.catalog.current().unwrap();
    let written = datebin::catalog::toml_out::write(&first, &[]);
    let again = serve(&pool, &written).await;
    assert_eq!(again.catalog.current().unwrap().sources(), first.sources(), "{written}");
}
