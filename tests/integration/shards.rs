//! A table whose partitions lie on four other servers: each aggregates its own rows, and all of them at the same time.

use std::io::Write as _;
use std::time::{Duration, Instant};

use datebin::catalog::file::CatalogFile;
use datebin::check::check;
use datebin::db::DatabaseConfig;
use datebin::language::{Dialect, parse};
use datebin::lower;
use datebin::pattern::Patterns;
use datebin::plan::{self, Context, Limits, NameResolution, SetsAsk};
use datebin::sql::{self, Param, Statement};
use datebin::time::{TimeRange, Zone};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, Row as _};

use crate::patience::patience;
use crate::support::{Answer, Server, Setup, url};

const SHARDS: usize = 4;
/// 2025-01-01T00:00:00Z.
const FROM: i64 = 1_735_689_600_000;
const TO: i64 = FROM + 6 * 3_600_000;
const STEP: i64 = 600_000;
const BUCKETS: f64 = 36.0;

/// Eight hosts, a sample each quarter of a minute. The region of one is unknown, and written as NULL and as nothing; the
/// values of another are counted; another is NaN at times.
const ROWS: &str = "
    INSERT INTO measurements SELECT '2025-01-01Z'::timestamptz + n * interval '15 s', 'host-' || h,
            CASE WHEN h <> 5 THEN 'region-' || h % 3 WHEN n % 2 = 0 THEN '' END,
            CASE WHEN h = 2 THEN n % 700 WHEN h = 3 AND n % 7 = 0 THEN 'NaN'::float8 ELSE h * 1000 + n % 97 END
        FROM generate_series(0, 1439) AS n, generate_series(1, 8) AS h;
    CREATE TABLE plain AS SELECT * FROM measurements;";

/// The databases that stand for other servers.
struct Shards {
    names: Vec<String>,
    server: PgConnectOptions,
}

impl Shards {
    /// Makes them as docs/scale.md says, with rows; none where `postgres_fdw` is not installed.
    async fn make(pool: &PgPool) -> Option<Self> {
        let known = "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgres_fdw')";
        if !sqlx::query_scalar::<_, bool>(known).fetch_one(pool).await.unwrap() {
            // Past the harness, which keeps what a passing test prints.
            let line = b"\nSKIPPED: this server has no postgres_fdw, which is one of PostgreSQL's contrib modules\n";
            std::io::stderr().write_all(line).unwrap();
            return None;
        }
        let server = (*pool.connect_options()).clone();
        // PostgreSQL cuts names after 63 bytes.
        let own = server.get_database().unwrap().to_lowercase();
        let own = own.trim_start_matches("_sqlx_test_").get(..40).unwrap();
        let names = (0..SHARDS).map(|number| format!("shard_{number}_{own}")).collect();
        let shards = Self { names, server };
        shards.drop().await;
        for name in &shards.names {
            run(pool, format!("CREATE DATABASE {name}")).await;
            let mut shard = shards.connect(name).await;
            sqlx::raw_sql(AssertSqlSafe(block("sql shard"))).execute(&mut shard).await.unwrap();
            shard.close().await.unwrap();
        }
        run(pool, block("sql front")).await;
        for number in 0..SHARDS {
            run(pool, shards.placed(number)).await;
        }
        run(pool, ROWS.to_owned()).await;
        for number in 0..SHARDS {
            run(pool, format!("ANALYZE measurements_{number}")).await;
        }
        Some(shards)
    }

    /// The page's statements for one shard, with the place of its database here.
    fn placed(&self, number: usize) -> String {
        let url = reqwest::Url::parse(&std::env::var("DATABASE_URL").unwrap()).unwrap();
        let mut text = block("sql front each");
        for (said, own) in [
            ("_0".to_owned(), format!("_{number}")),
            ("REMAINDER 0".to_owned(), format!("REMAINDER {number}")),
            ("'shard-0.example.com'".to_owned(), format!("'{}'", self.server.get_host())),
            ("'5432'".to_owned(), format!("'{}'", self.server.get_port())),
            ("'metrics'".to_owned(), format!("'{}'", self.names[number])),
            ("FOR datebin".to_owned(), "FOR CURRENT_USER".to_owned()),
            ("'datebin'".to_owned(), format!("'{}'", self.server.get_username())),
            ("'secret'".to_owned(), format!("'{}'", url.password().unwrap_or_default())),
        ] {
            assert!(text.contains(&said), "docs/scale.md says nothing of {said}");
            text = text.replace(&said, &own);
        }
        text
    }

    async fn connect(&self, name: &str) -> PgConnection {
        PgConnection::connect_with(&self.server.clone().database(name)).await.unwrap()
    }

    /// Drops the databases.
    async fn drop(&self) {
        let mut connection = self.connect("postgres").await;
        for name in &self.names {
            let text = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    }
}

async fn run(pool: &PgPool, text: String) {
    sqlx::raw_sql(AssertSqlSafe(text.clone())).execute(pool).await.unwrap_or_else(|error| panic!("{text}: {error}"));
}

/// The block of docs/scale.md behind that fence.
fn block(kind: &str) -> String {
    let page = include_str!("../../docs/scale.md");
    let begun = page.split_once(&format!("\n```{kind}\n")).unwrap_or_else(|| panic!("no block {kind}")).1;
    begun.split_once("\n```").unwrap().0.to_owned()
}

fn body(target: &str) -> Value {
    json!({
        "range": {"from": FROM, "to": TO}, "maxDataPoints": 1000,
        "targets": [{"target": target, "refId": "A", "payload": {"step": "10m"}}],
    })
}

async fn ask(server: &Server, target: &str) -> Answer {
    server.post("/query", body(target)).await
}

/// The statement of a target, its parameters written out.
fn statement(server: &Server, target: &str) -> String {
    let snapshot = server.catalog.current().unwrap();
    let patterns = Patterns::default();
    let lowered = lower::lower(&parse(target, Dialect::Json).unwrap(), &patterns).unwrap();
    let context = Context {
        snapshot: &snapshot,
        range: TimeRange::new(FROM, TO).unwrap(),
        interval_ms: Some(STEP),
        max_points: 1000,
        step: None,
        zone: &Zone::UTC,
        limits: Limits::default(),
        now: TO,
        ad_hoc: &[],
        pushes: true,
        patterns: &patterns,
    };
    let planned = plan::fetches(&context, &lowered.fetches).unwrap();
    let statement = sql::fetch(&planned.groups[0].fetches[0]);
    assert!(statement.is_remote, "{target}");
    literal(&statement)
}

fn literal(statement: &Statement) -> String {
    let mut text = sql::qualified(&statement.text);
    for (at, param) in statement.params.iter().enumerate().rev() {
        let value = match param {
            Param::Int(value) => format!("{value}::int8"),
            Param::Interval(ms) => format!("interval '{ms} milliseconds'"),
            Param::Instant(ms) => format!("to_timestamp({ms} / 1000.0)"),
            Param::Texts(values) => format!("ARRAY['{}']", values.join("', '")),
            other => panic!("{other:?} is in no statement of this test"),
        };
        text = text.replace(&format!("${}", at + 1), &value);
    }
    text
}

/// The foreign scans of a plan.
fn scans(node: &Value) -> Vec<&Value> {
    let below = node["Plans"].as_array().into_iter().flatten().flat_map(scans);
    let own = (node["Node Type"] == "Foreign Scan").then_some(node);
    own.into_iter().chain(below).collect()
}

/// The plan that a session of datebin's own has for a question.
async fn planned(server: &Server, target: &str) -> Value {
    let (engine, question) = (server.engine.clone(), server.question(&body(target)));
    let plans = server.run(async move { engine.scope().unwrap().explained(&question).await.unwrap() }).await;
    serde_json::from_str::<Value>(&plans[0]).unwrap()[0]["Plan"].clone()
}

/// The plan of a statement that was run.
async fn ran(pool: &PgPool, statement: &str) -> Value {
    let mut connection = pool.acquire().await.unwrap();
    let by_partition = "SET enable_partitionwise_aggregate = on; SET jit = off";
    sqlx::raw_sql(by_partition).execute(&mut *connection).await.unwrap();
    let text = format!("EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) {statement}");
    let row = sqlx::query(AssertSqlSafe(text)).fetch_one(&mut *connection).await.unwrap();
    let plan: Value = serde_json::from_str(&row.get_unchecked::<String, _>(0)).unwrap();
    plan[0]["Plan"].clone()
}

/// The series of an answer by their labels, each the values of its points.
fn series(answer: &Answer) -> Vec<(String, Vec<(i64, f64)>)> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let point = |point: &Value| (point[1].as_i64().unwrap(), point[0].as_f64().unwrap_or(f64::NAN));
    let one = |element: &&Value| {
        let points = element["datapoints"].as_array().unwrap().iter().map(point).collect();
        (element["tags"].to_string(), points)
    };
    let mut all: Vec<_> = answer.drawn().iter().map(one).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// The answer over the shards is that over an ordinary table with the same rows.
async fn assert_equal(server: &Server, target: &str) {
    let plain = target.replace("measurements", "plain");
    let (got, wanted) = (series(&ask(server, target).await), series(&ask(server, &plain).await));
    let names = |all: &[(String, Vec<_>)]| all.iter().map(|(tags, _)| tags.clone()).collect::<Vec<_>>();
    assert_eq!(names(&got), names(&wanted), "{target}");
    assert!(!got.is_empty(), "{target}");
    for ((tags, got), (_, wanted)) in got.iter().zip(&wanted) {
        assert_eq!(got.len(), wanted.len(), "{target} {tags}");
        for ((at, got), (other, wanted)) in got.iter().zip(wanted) {
            let is_close = (got - wanted).abs() <= 1e-9 * wanted.abs().max(1.0) || got.is_nan() && wanted.is_nan();
            assert!(at == other && is_close, "{target} {tags} {at}: {got} is not {wanted}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn each_aggregates_its_own_rows_at_the_same_time(pool: PgPool) {
    let Some(shards) = Shards::make(&pool).await else { return };
    let server = Server::start(&pool).await;
    // The series that the rows of shards have: the region of one host is NULL and the empty text.
    for (target, count, series) in [
        ("measurements", SHARDS, 9.0),
        ("max_over_time(measurements[10m])", SHARDS, 9.0),
        ("stddev_over_time(measurements[10m])", SHARDS, 9.0),
        ("avg by (host) (measurements)", SHARDS, 9.0),
        ("max by (region) (max_over_time(measurements[10m]))", SHARDS, 9.0),
        ("sum(avg_over_time(measurements[10m]))", SHARDS, 9.0),
        ("count(measurements)", SHARDS, 9.0),
        ("sum by (host) (measurements{region!=\"region-1\"})", SHARDS, 6.0),
        ("count(measurements{region=\"\"})", SHARDS, 2.0),
        // The value says which shard has it.
        ("avg by (region) (measurements{host=\"host-1\"})", 1, 1.0),
    ] {
        assert_equal(&server, target).await;
        let own = planned(&server, target).await;
        let own = scans(&own);
        assert_eq!(own.len(), count, "{target}: {own:#?}");
        for scan in own {
            assert!(
                scan["Relations"].as_str().is_some_and(|on| on.starts_with("Aggregate on (")),
                "{target}: {scan:#}"
            );
            assert_eq!(scan["Async Capable"], json!(count > 1), "{target}: {scan:#}");
        }
        let ran = ran(&pool, &statement(&server, target)).await;
        let mut rows = 0.0;
        for scan in scans(&ran) {
            let remote = scan["Remote SQL"].as_str().unwrap();
            let is_whole = remote.contains("date_bin(") && remote.contains(" GROUP BY 1, 2, 3");
            assert!(is_whole, "{target}: {remote}");
            rows += scan["Actual Rows"].as_f64().unwrap();
        }
        assert_eq!(rows, BUCKETS * series, "{target}: {ran:#}");
    }
    assert_asked_at_once(&server, &pool, &shards).await;
    drop(server);
    shards.drop().await;
}

/// Makes the rows of a shard wait for a lock, which the session that is returned has. It is no lock of the table: with that a shard
/// would wait before it is asked for rows.
async fn held(shards: &Shards, number: usize) -> PgConnection {
    let mut shard = shards.connect(&shards.names[number]).await;
    let text = "SELECT pg_advisory_lock(7); ALTER TABLE measurements RENAME TO own;
        CREATE FUNCTION released() RETURNS boolean LANGUAGE plpgsql
            AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN true; END';
        CREATE VIEW measurements AS SELECT * FROM own WHERE (SELECT released());";
    sqlx::raw_sql(text).execute(&mut shard).await.unwrap();
    shard
}

/// Two shards wait at the same time for what the answer needs: both were asked before one of them had answered.
async fn assert_asked_at_once(server: &Server, pool: &PgPool, shards: &Shards) {
    let names = [shards.names[1].clone(), shards.names[3].clone()];
    let (one, other) = (held(shards, 1).await, held(shards, 3).await);
    let released = async {
        let waiting =
            "SELECT count(DISTINCT datname) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = ANY($1)";
        let begun = Instant::now();
        while sqlx::query_scalar::<_, i64>(waiting).bind(&names).fetch_one(pool).await.unwrap() < 2 {
            assert!(begun.elapsed() < patience(Duration::from_secs(2)), "one is asked after the other");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        one.close().await.unwrap();
        other.close().await.unwrap();
    };
    tokio::join!(assert_equal(server, "sum(measurements)"), released);
}

#[sqlx::test(migrations = false)]
async fn what_needs_samples_or_lists_is_right_too(pool: PgPool) {
    let Some(shards) = Shards::make(&pool).await else { return };
    let server = Server::start(&pool).await;
    for target in [
        "rate(measurements{host=\"host-2\"}[10m])",
        "sum(increase(measurements[30m]))",
        "quantile_over_time(0.9, measurements[10m])",
        "topk(2, measurements)",
        "last_over_time(measurements[10m])",
        "avg(first_over_time(measurements[10m]))",
        "sum(count_over_time(measurements[10m])) by (region)",
    ] {
        assert_equal(&server, target).await;
    }
    for label in ["host", "region"] {
        let values = async |metric: &str| {
            let range = format!("start={}&end={}", FROM / 1000, TO / 1000);
            let answer = server.get(&format!("/api/v1/label/{label}/values?match[]={metric}&{range}")).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.body["data"].clone()
        };
        let found = values("measurements").await;
        assert_eq!(found, values("plain").await);
        assert!(found.as_array().is_some_and(|found| found.len() >= 3), "{found}");
    }
    // The values of a label come once for each series.
    let snapshot = server.catalog.current().unwrap();
    let source = snapshot.sources().iter().find(|source| source.remote.is_some()).unwrap();
    let range = TimeRange::new(FROM, TO).unwrap();
    let list = sql::label_values(source, &source.label_value("region").unwrap(), &[], Some(range), 100);
    let ran = ran(&pool, &literal(&list)).await;
    let rows: f64 = scans(&ran).iter().map(|scan| scan["Actual Rows"].as_f64().unwrap()).sum();
    assert_eq!((list.is_remote, rows), (true, 7.0), "{ran:#}");
    assert_series_come_once(&server, &pool, range).await;
    drop(server);
    shards.drop().await;
}

/// A list of series is a row of each, and two of one whose region is NULL and the empty text.
async fn assert_series_come_once(server: &Server, pool: &PgPool, range: TimeRange) {
    let listed = async |metric: &str| {
        let range = format!("start={}&end={}", FROM / 1000, TO / 1000);
        let answer = server.get(&format!("/api/v1/series?match[]={metric}&{range}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["data"].to_string().replace("plain", "measurements")
    };
    assert_eq!(listed("measurements").await, listed("plain").await);
    let snapshot = server.catalog.current().unwrap();
    let (patterns, limits) = (Patterns::default(), Limits::default());
    let naming = NameResolution { snapshot: &snapshot, patterns: &patterns, limits };
    let all = plan::found(naming, &[]).unwrap();
    let rows = all.iter().find(|rows| rows.source.remote.is_some()).unwrap();
    let ask = SetsAsk { range, zone: &Zone::UTC, now: TO, limits };
    let list = sql::label_sets(&ask.fetches(rows)[0], None, 1000);
    let ran = ran(pool, &literal(&list)).await;
    let sent: f64 = scans(&ran).iter().map(|scan| scan["Actual Rows"].as_f64().unwrap()).sum();
    assert_eq!((list.is_remote, sent), (true, 9.0), "{ran:#}");
}

#[sqlx::test(migrations = false)]
async fn one_that_is_away_or_slow_is_an_error_in_time(pool: PgPool) {
    let Some(shards) = Shards::make(&pool).await else { return };
    let limit = Duration::from_secs(2);
    let server = Server::with(&pool, Setup { statement_timeout: limit, ..Setup::default() }).await;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    run(&pool, format!("ALTER SERVER shard_2 OPTIONS (SET port '{port}', SET host '127.0.0.1')")).await;
    let away = ask(&server, "measurements").await;
    let error = &away.body["error"];
    assert_eq!((away.status, error["code"].as_str()), (503, Some("database_unavailable")), "{}", away.body);
    let said = error["message"].as_str().unwrap();
    assert!(said.contains("reads another database, which cannot be reached"), "{said}");
    // What the log says names it.
    let statement = statement(&server, "measurements");
    let own = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&pool).await.unwrap_err();
    let own = own.as_database_error().unwrap();
    assert_eq!(own.code().as_deref(), Some("08001"));
    assert!(own.message().contains("\"shard_2\""), "{own}");
    // The other shards answer where the question needs no more.
    let host = "measurements{host=\"host-1\"}";
    let port = shards.server.get_port();
    let place = format!("SET port '{port}', SET host '{}'", shards.server.get_host());
    run(&pool, format!("ALTER SERVER shard_2 OPTIONS ({place})")).await;
    assert_eq!(ask(&server, host).await.status, 200);
    // One is slow: its table is locked.
    let mut slow = shards.connect(&shards.names[2]).await;
    let mut transaction = slow.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE measurements").execute(&mut *transaction).await.unwrap();
    let begun = Instant::now();
    let late = ask(&server, "sum(measurements)").await;
    assert_eq!((late.status, late.body["error"]["code"].as_str()), (504, Some("timeout")), "{}", late.body);
    assert!(begun.elapsed() < patience(limit), "{:?}", begun.elapsed());
    transaction.rollback().await.unwrap();
    slow.close().await.unwrap();
    assert_equal(&server, "sum(measurements)").await;
    drop(server);
    shards.drop().await;
}

#[sqlx::test(migrations = false)]
async fn check_names_the_settings_that_are_missing(pool: PgPool) {
    let Some(shards) = Shards::make(&pool).await else { return };
    let config = DatabaseConfig::new(&url(&pool)).unwrap();
    let server = Server::start(&pool).await;
    let text = async || {
        let engine = server.engine.clone();
        let file = CatalogFile::default();
        let report =
            check(&config, None, &file, |catalog| datebin::engine::Engine { catalog, ..engine }).await.unwrap();
        report.text()
    };
    let said = text().await;
    assert!(said.contains("public.measurements (partitioned table"), "{said}");
    assert!(said.contains("the last hour: other servers aggregate their rows of 4 foreign tables"), "{said}");
    assert!(said.ends_with(": 0 broken, 0 slow\n"), "{said}");
    assert!(!said.contains("ON \"public\".\"measurements_"), "{said}");
    let index =
        "CREATE INDEX CONCURRENTLY ON \"public\".\"measurements\" (\"time\"); -- on shard_0, shard_1, shard_2, shard_3";
    assert!(said.contains(index), "{said}");
    // A plan asks no shard; one that is away, or has another table, is found by asking.
    let port = shards.server.get_port();
    run(&pool, "ALTER SERVER shard_2 OPTIONS (SET port '1')".to_owned()).await;
    let away = text().await;
    let words =
        "the last minute of measurements cannot be read: SQLSTATE 08001: could not connect to server \"shard_2\"";
    assert!(away.contains(words) && away.ends_with(": 1 broken, 0 slow\n"), "{away}");
    run(&pool, format!("ALTER SERVER shard_2 OPTIONS (SET port '{port}')")).await;
    let mut shard = shards.connect(&shards.names[2]).await;
    sqlx::raw_sql("ALTER TABLE measurements RENAME region TO place").execute(&mut shard).await.unwrap();
    let other = text().await;
    assert!(other.contains("cannot be read: SQLSTATE 42703: column \"region\" does not exist"), "{other}");
    sqlx::raw_sql("ALTER TABLE measurements RENAME place TO region").execute(&mut shard).await.unwrap();
    shard.close().await.unwrap();
    run(
        &pool,
        "ALTER SERVER shard_1 OPTIONS (SET async_capable 'false', DROP fdw_tuple_cost, DROP fetch_size);
         ALTER SERVER shard_2 OPTIONS (DROP connect_timeout, DROP async_capable, ADD use_remote_estimate 'true');
         DROP FOREIGN TABLE measurements_3;
         CREATE FOREIGN TABLE measurements_3 PARTITION OF measurements
            FOR VALUES WITH (MODULUS 4, REMAINDER 3) SERVER shard_3 OPTIONS (table_name 'measurements');"
            .to_owned(),
    )
    .await;
    let said = text().await;
    for fix in [
        "ALTER SERVER \"shard_1\" OPTIONS (SET async_capable 'true'); ALTER SERVER \"shard_2\" OPTIONS (ADD async_capable 'true');",
        "ALTER SERVER \"shard_1\" OPTIONS (ADD fetch_size '10000');",
        "ALTER SERVER \"shard_2\" OPTIONS (ADD connect_timeout '3');",
        "ALTER SERVER \"shard_2\" OPTIONS (SET use_remote_estimate 'false');",
        "ANALYZE \"public\".\"measurements_3\";",
    ] {
        assert!(said.contains(fix), "{fix} is not in {said}");
    }
    let version: i32 =
        sqlx::query_scalar("SELECT current_setting('server_version_num')::int").fetch_one(&pool).await.unwrap();
    let cost = "ALTER SERVER \"shard_1\" OPTIONS (ADD fdw_tuple_cost '0.2');";
    assert_eq!(said.contains(cost), version < 170_000, "{said}");
    drop(server);
    shards.drop().await;
}
