//! `datebin check` and `datebin discover | datebin check --config -`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::cluster::Cluster;
use crate::database::CPU;
use crate::program::{command, ran};

/// Runs a check of a file that is given on standard input.
fn piped(directory: &PathBuf, url: &str, file: &[u8], more: &[&str]) -> Output {
    let mut command = command(directory, &[("DATABASE_URL", url)]);
    command.args(["check", "--config", "-"]).args(more);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the program");
    child.stdin.take().expect("a pipe").write_all(file).expect("the file is read");
    child.wait_with_output().expect("the program")
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

const LARGE: &str = "
    CREATE TABLE heap (ts timestamptz NOT NULL, host text NOT NULL, value float8);
    INSERT INTO heap SELECT now() - n * interval '1 s', 'h' || n % 9, n FROM generate_series(1, 700000) AS n;
    ANALYZE heap;
    CREATE TABLE parted (ts timestamptz NOT NULL, host text, volts float8) PARTITION BY RANGE (ts);
    CREATE TABLE parted_2025 PARTITION OF parted FOR VALUES FROM ('2025-01-01Z') TO ('2026-01-01Z');
    CREATE TABLE closed (ts timestamptz NOT NULL, host text, open float8, shut float8);";

#[tokio::test(flavor = "multi_thread")]
async fn what_discover_writes_is_checked_and_good() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let url = cluster.url();
    let found = ran(&cluster.directory, &[("DATABASE_URL", &url)], &["discover"]);
    let checked = piped(&cluster.directory, &url, &found.stdout, &["--strict"]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
    let said = text(&checked);
    assert!(said.contains("public.cpu (table") && said.contains("label host: a walk along an index"), "{said}");
    assert!(said.ends_with("1 sources, 1 metrics: 0 broken, 0 slow\n"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_with_a_file_is_said_at_once() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let file = b"
        [discovery]
        enabled = false
        [[source]]
        relation = \"public.cpus\"
        [[source]]
        relation = \"cpu\"
        labels = [\"hots\"]
        [[source]]
        relation = \"cpu\"
        [[annotations]]
        name = \"deploys\"
        relation = \"deploys\"
        time = \"at\"
    ";
    let checked = piped(&cluster.directory, &cluster.url(), file, &[]);
    let said = text(&checked);
    assert_eq!(checked.status.code(), Some(1), "{said}");
    for line in [
        "broken: there is no relation public.cpus; did you mean `public.cpu`?",
        "broken: public.cpu has no column `hots`; did you mean `host`?",
        "broken: there is no relation deploys",
        "public.cpu (table",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let broken = piped(&cluster.directory, &cluster.url(), b"[[source", &[]);
    assert_eq!(broken.status.code(), Some(2), "{}", text(&broken));
    cluster.down();
    let away = piped(&cluster.directory, &cluster.url(), b"", &[]);
    assert!(away.status.code() == Some(2) && !away.stderr.is_empty(), "{}", text(&away));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_index_is_named_with_its_price() {
    let cluster = Cluster::start();
    cluster.sql(LARGE).await;
    let url = cluster.url();
    let check = |more: &[&str]| {
        let arguments: Vec<&str> = ["check"].iter().chain(more).copied().collect();
        ran(&cluster.directory, &[("DATABASE_URL", &url)], &arguments)
    };
    assert_eq!(check(&[]).status.code(), Some(0));
    let strict = check(&["--strict", "--format", "json"]);
    assert_eq!(strict.status.code(), Some(3), "{}", text(&strict));
    let report: Value = serde_json::from_slice(&strict.stdout).expect("JSON");
    let source = |name: &str| {
        let sources = report["sources"].as_array().expect("sources");
        sources.iter().find(|source| source["relation"] == name).expect("the source")
    };
    let heap = source("public.heap");
    assert_eq!(heap["findings"][0]["level"], "slow", "{heap}");
    assert_eq!(heap["findings"][0]["fix"], "CREATE INDEX CONCURRENTLY ON \"public\".\"heap\" (\"ts\");");
    let cost = heap["findings"][0]["cost"].as_str().expect("a cost");
    assert!(cost.starts_with("about 26 MB and "), "{cost}");
    assert_eq!(heap["plan"]["whole"], serde_json::json!(["heap"]));
    // A partitioned table takes no index CONCURRENTLY.
    let parted = source("public.parted");
    assert!(parted["findings"].as_array().expect("findings").is_empty(), "{parted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_the_role_may_not_read_is_named_and_the_rest_works() {
    let cluster = Cluster::start();
    cluster.sql(LARGE).await;
    cluster.sql("CREATE ROLE least LOGIN PASSWORD 'least'; GRANT SELECT ON heap, parted TO least; GRANT SELECT (ts, host, open) ON closed TO least").await;
    let url = cluster.url().replace("datebin:hunter2-of-the-tests@", "least:least@");
    let checked = ran(&cluster.directory, &[("DATABASE_URL", &url)], &["check"]);
    let said = text(&checked);
    assert_eq!(checked.status.code(), Some(0), "{said}");
    assert!(said.contains("the role may not SELECT shut of public.closed; the rest works without"), "{said}");
    assert!(said.contains("GRANT SELECT (\"shut\") ON \"public\".\"closed\" TO \"least\";"), "{said}");
    let found = ran(&cluster.directory, &[("DATABASE_URL", &url)], &["discover"]);
    assert!(text(&found).contains("shut: left out, the role may not SELECT it"), "{}", text(&found));
    let declared = b"[[source]]\nrelation = \"closed\"\n[source.metric.shut]\n";
    let checked = piped(&cluster.directory, &url, declared, &[]);
    assert_eq!(checked.status.code(), Some(1), "{}", text(&checked));
    assert!(text(&checked).contains("may not SELECT public.closed, column `shut`"), "{}", text(&checked));
}

/// A measurement as Telegraf stores it, one that the file declares itself, and no table of Zabbix.
const MEASUREMENTS: &str = "
    CREATE TABLE mem (time timestamp, host text, used bigint, low boolean);
    CREATE TABLE swap (time timestamp, host text, used bigint);";

#[tokio::test(flavor = "multi_thread")]
async fn presets_declare_what_is_there_and_say_what_is_not() {
    let cluster = Cluster::start();
    cluster.sql(MEASUREMENTS).await;
    let url = cluster.url();
    let file = b"presets = [\"telegraf\", \"zabbix\"]
        [discovery]
        enabled = false
        [[source]]
        relation = \"swap\"
        labels = []
        [source.metric.swapped]
        column = \"used\"";
    let checked = piped(&cluster.directory, &url, file, &[]);
    let said = text(&checked);
    assert!(said.contains("preset zabbix: nothing of it found"), "{said}");
    assert!(said.contains("2 sources, 3 metrics: 0 broken"), "{said}");
    let arguments = ["discover", "--preset", "telegraf", "--preset", "zabbix"];
    let found = ran(&cluster.directory, &[("DATABASE_URL", &url)], &arguments);
    let written = text(&found);
    for line in [
        "# public.mem: as preset telegraf knows it",
        "time = { column = \"time\", zone = \"UTC\" }",
        "[source.metric.\"mem_low\"]",
        "[source.metric.\"swap_used\"]",
        "# preset zabbix: nothing of it found",
    ] {
        assert!(written.lines().any(|written| written == line), "{line}: {written}");
    }
    let checked = piped(&cluster.directory, &url, &found.stdout, &[]);
    assert!(text(&checked).contains("2 sources, 3 metrics: 0 broken"), "{}", text(&checked));
    let wrong = ran(&cluster.directory, &[("DATABASE_URL", &url)], &["discover", "--preset", "telegraph"]);
    assert!(text(&wrong).contains("did you mean `telegraf`?"), "{}", text(&wrong));
}

/// A rollup with a hole; a hypertable as TimescaleDB describes it, most of it compressed; an index that gives no order.
const TOLD: &str = "
    CREATE TABLE d (ts timestamptz NOT NULL, host text NOT NULL, value float8);
    INSERT INTO d SELECT '2025-06-01Z'::timestamptz + n * interval '1 min', 'h', n FROM generate_series(0, 599) AS n;
    CREATE INDEX ON d (ts);
    CREATE INDEX d_host_like ON d (host text_pattern_ops);
    CREATE TABLE d_7d AS SELECT '2025-06-02Z'::timestamptz AS ts, 'h' AS host, 1::float8 AS top
        UNION ALL SELECT '2025-06-16Z', 'h', 1 UNION ALL SELECT '2025-06-23Z', 'h', 1;
    INSERT INTO d VALUES ('2025-06-10Z', 'h', 1);
    CREATE TABLE chunked (moment timestamptz NOT NULL, host text NOT NULL, value float8);
    INSERT INTO chunked SELECT now() - n * interval '1 s', 'h' || n % 9, n FROM generate_series(1, 1000) AS n;
    CREATE SCHEMA timescaledb_information;
    CREATE SCHEMA _timescaledb_catalog;
    CREATE VIEW timescaledb_information.hypertables AS
        SELECT 'public'::name AS hypertable_schema, 'chunked'::name AS hypertable_name, 40::bigint AS num_chunks;
    CREATE VIEW timescaledb_information.dimensions AS SELECT 'public'::name AS hypertable_schema,
        'chunked'::name AS hypertable_name, 1::bigint AS dimension_number, 'moment'::name AS column_name;
    CREATE TABLE _timescaledb_catalog.hypertable AS SELECT 1 AS id, 'public'::name AS schema_name, 'chunked'::name AS table_name;
    CREATE TABLE _timescaledb_catalog.chunk AS SELECT n AS id, 1 AS hypertable_id FROM generate_series(1, 40) AS n;
    CREATE TABLE _timescaledb_catalog.compression_chunk_size AS SELECT n AS chunk_id, 2000000::bigint AS compressed_heap_size,
        0::bigint AS compressed_toast_size, 1000000::bigint AS numrows_pre_compression FROM generate_series(1, 30) AS n;
    ANALYZE;";

#[tokio::test(flavor = "multi_thread")]
async fn holes_hypertables_and_indexes_without_order_are_named() {
    let cluster = Cluster::start();
    cluster.sql(TOLD).await;
    let file = b"
        [[source]]
        relation = \"d\"
        labels = [\"host\"]
        [source.metric.d]
        column = \"value\"
        [[source.rollup]]
        relation = \"d_7d\"
        step = \"7d\"
        columns = { max = \"top\" }
    ";
    let checked = piped(&cluster.directory, &cluster.url(), file, &[]);
    let said = text(&checked);
    assert_eq!(checked.status.code(), Some(0), "{said}");
    for line in [
        "rollup public.d_7d by 7d, from 2025-06-02T00:00:00Z up to 2025-06-23T00:00:00Z, without 2025-06-09T00:00:00Z to 2025-06-16T00:00:00Z: d (max)",
        "the rollup public.d_7d holds nothing for 2025-06-09T00:00:00Z to 2025-06-16T00:00:00Z: public.d is read there",
        "the index d_host_like gives no order: its operator class is text_pattern_ops",
        "public.chunked (hypertable, about 30001000 rows, 57 MB, 40 chunks, 30 of them compressed (75 %))",
        "time moment: timestamptz",
        "CREATE INDEX ON \"public\".\"chunked\" (\"moment\") WITH (timescaledb.transaction_per_chunk);",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

/// Rows that have their time in another, and rows whose samples have the time of their end: without indexes and with.
const ELSEWHERE: &str = "
    CREATE TABLE jobs (started timestamptz NOT NULL, ended timestamptz, queue text);
    CREATE INDEX ON jobs (started);
    CREATE TABLE runs (started timestamptz NOT NULL, ended timestamptz, queue text);
    CREATE INDEX ON runs (started); CREATE INDEX ON runs (ended);
    CREATE TABLE orders (id int NOT NULL, placed_at timestamptz);
    INSERT INTO orders SELECT n, now() - n * interval '1 min' FROM generate_series(1, 1000) AS n;
    CREATE TABLE lines (order_id int, qty int);
    INSERT INTO lines SELECT n % 1000, n FROM generate_series(1, 1200000) AS n;
    CREATE TABLE bills (id int PRIMARY KEY, placed_at timestamptz);
    CREATE INDEX ON bills (placed_at);
    CREATE TABLE items (bill_id int, qty int);
    CREATE INDEX ON items (bill_id);
    ANALYZE;";

#[tokio::test(flavor = "multi_thread")]
async fn indexes_for_ends_and_for_times_in_joined_rows_are_named() {
    let cluster = Cluster::start();
    cluster.sql(ELSEWHERE).await;
    let took = |table: &str| {
        format!(
            "[[source]]\nrelation = \"{table}\"\ntime = \"started\"\ntime_end = \"ended\"\nlabels = [\"queue\"]\n\
             [source.metric.{table}_took]\nlasts = \"s\"\nat = \"end\"\n"
        )
    };
    let joined = |table: &str, key: &str, other: &str| {
        format!(
            "[[source]]\nrelation = \"{table}\"\ntime = \"placed_at\"\nlabels = []\n[source.metric.{table}_qty]\n\
             column = \"qty\"\n[[source.join]]\nrelation = \"{other}\"\non = {{ {key} = \"id\" }}\n"
        )
    };
    let sources =
        [took("jobs"), took("runs"), joined("lines", "order_id", "orders"), joined("items", "bill_id", "bills")];
    let file = format!("[discovery]\nenabled = false\n{}", sources.concat());
    let checked = piped(&cluster.directory, &cluster.url(), file.as_bytes(), &["--format", "json"]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
    let report: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    let findings = |name: &str| -> Vec<(String, String)> {
        let sources = report["sources"].as_array().expect("sources");
        let source = sources.iter().find(|source| source["relation"] == name).expect("the source");
        let said = |finding: &Value, part: &str| finding[part].as_str().unwrap_or_default().to_owned();
        let found = source["findings"].as_array().expect("findings");
        found.iter().map(|finding| (said(finding, "message"), said(finding, "fix"))).collect()
    };
    let whole = |column: &str| format!("no index holds the time column {column}: every question reads the whole table");
    let index = |on: &str| format!("CREATE INDEX CONCURRENTLY ON {on};");
    assert_eq!(findings("public.jobs"), [(whole("ended"), index("\"public\".\"jobs\" (\"ended\")"))]);
    let lines = findings("public.lines");
    let elsewhere = |rest: &str| format!("the time is in public.orders, and {rest}");
    for finding in [
        (whole("placed_at"), index("\"public\".\"orders\" (\"placed_at\")")),
        (
            elsewhere("no constraint keeps public.orders to one row per key: every question reads all of it"),
            String::new(),
        ),
        (
            elsewhere("no index finds the rows of public.lines by their key: every question reads all of them"),
            index("\"public\".\"lines\" (\"order_id\")"),
        ),
    ] {
        assert!(lines.contains(&finding), "{finding:?}: {lines:?}");
    }
    for good in ["public.runs", "public.items"] {
        assert_eq!(findings(good), [], "{good}");
    }
}

/// Indexes that give no order, on what holds the names of metrics and on a rollup.
const UNORDERED: &str = "
    CREATE TABLE narrow (ts timestamptz NOT NULL, metric text NOT NULL, host text NOT NULL, value float8);
    INSERT INTO narrow SELECT '2025-06-01Z'::timestamptz + n * interval '1 min', 'm' || n % 3, 'h', n FROM generate_series(0, 599) AS n;
    CREATE INDEX ON narrow (ts);
    CREATE INDEX narrow_metric_like ON narrow (metric text_pattern_ops);
    CREATE TABLE fine AS SELECT ts, 'f_' || metric AS metric, host, value FROM narrow;
    CREATE INDEX ON fine (metric, ts);
    CREATE INDEX fine_metric_like ON fine (metric text_pattern_ops);
    CREATE TABLE d (ts timestamptz NOT NULL, host text NOT NULL, value float8);
    INSERT INTO d SELECT ts, host, value FROM narrow;
    CREATE INDEX ON d (host, ts);
    CREATE TABLE d_1h AS SELECT date_trunc('hour', ts) AS ts, host, max(value) AS top FROM d GROUP BY 1, 2;
    CREATE INDEX d_1h_posix ON d_1h (host COLLATE \"POSIX\", ts);
    ANALYZE;";

#[tokio::test(flavor = "multi_thread")]
async fn indexes_without_order_on_names_and_rollups_are_named() {
    let cluster = Cluster::start();
    cluster.sql(UNORDERED).await;
    let file = b"
        [[source]]
        relation = \"d\"
        labels = [\"host\"]
        [source.metric.d]
        column = \"value\"
        [[source.rollup]]
        relation = \"d_1h\"
        step = \"1h\"
        columns = { max = \"top\" }
    ";
    let checked = piped(&cluster.directory, &cluster.url(), file, &["--format", "json"]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
    let report: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    let findings = |name: &str| -> Vec<String> {
        let sources = report["sources"].as_array().expect("sources");
        let source = sources.iter().find(|source| source["relation"] == name).expect("the source");
        let found = source["findings"].as_array().expect("findings");
        found.iter().filter_map(|finding| finding["message"].as_str().map(str::to_owned)).collect()
    };
    let names = "the index narrow_metric_like gives no order: its operator class is text_pattern_ops, so the names of metrics \
                 are not found along it";
    let rollup = "the index d_1h_posix gives no order: its collation is POSIX, not that of the column, so what the rollup \
                  public.d_1h holds is not found along it";
    assert!(findings("public.narrow").iter().any(|said| said == names), "{:?}", findings("public.narrow"));
    assert!(findings("public.d").iter().any(|said| said == rollup), "{:?}", findings("public.d"));
    assert!(!findings("public.fine").iter().any(|said| said.contains("order")), "{:?}", findings("public.fine"));
}
