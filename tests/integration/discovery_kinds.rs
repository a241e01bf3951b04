//! Every kind of relation, and names that nobody would choose.

use datebin::catalog::classify::Decision;
use datebin::catalog::file::CatalogFile;
use datebin::catalog::{Snapshot, toml_out};
use datebin::db::{DatabaseConfig, load};
use serde_json::Value;
use sqlx::PgPool;

use crate::support::{Server, sql, url};

async fn read(pool: &PgPool, toml: &str) -> (Snapshot, Vec<Decision>) {
    let config = DatabaseConfig::new(&url(pool)).unwrap();
    load(&config, &CatalogFile::parse(toml).unwrap(), None).await.unwrap()
}

const KINDS: &str = "
    CREATE TABLE base (ts timestamptz NOT NULL, host text, a float8);
    INSERT INTO base SELECT t, 'h', 2 FROM generate_series('2025-01-01Z'::timestamptz, '2025-01-01 00:59:50Z', '10 s') AS t;
    CREATE VIEW seen AS SELECT ts, host, a * 2 AS twice FROM base;
    CREATE MATERIALIZED VIEW kept AS SELECT ts, host, a FROM base;
    CREATE MATERIALIZED VIEW empty AS SELECT ts, host, a FROM base WITH NO DATA;
    CREATE MATERIALIZED VIEW unfilled AS SELECT ts, host AS metric, a AS value FROM base WITH NO DATA;
    CREATE TABLE ranged (ts timestamptz NOT NULL, host text, a float8) PARTITION BY RANGE (ts);
    CREATE TABLE ranged_1 PARTITION OF ranged FOR VALUES FROM ('2025-01-01Z') TO ('2025-01-01 00:30Z');
    CREATE TABLE ranged_2 PARTITION OF ranged FOR VALUES FROM ('2025-01-01 00:30Z') TO ('2025-01-02Z');
    INSERT INTO ranged SELECT * FROM base;
    CREATE TABLE listed (ts timestamptz NOT NULL, host text, a float8) PARTITION BY LIST (host);
    CREATE TABLE listed_h PARTITION OF listed FOR VALUES IN ('h') PARTITION BY RANGE (ts);
    CREATE TABLE listed_h_1 PARTITION OF listed_h FOR VALUES FROM ('2025-01-01Z') TO ('2025-01-01 00:30Z');
    CREATE TABLE listed_h_2 PARTITION OF listed_h FOR VALUES FROM ('2025-01-01 00:30Z') TO ('2025-01-02Z');
    INSERT INTO listed SELECT * FROM base;
    CREATE TABLE parent (ts timestamptz NOT NULL, host text, a float8);
    CREATE SCHEMA chunks;
    CREATE TABLE chunks.c1 (CHECK (ts < '2025-01-01 00:30Z')) INHERITS (parent);
    CREATE TABLE chunks.c2 (more int) INHERITS (parent);
    INSERT INTO chunks.c1 SELECT * FROM base WHERE ts < '2025-01-01 00:30Z';
    INSERT INTO chunks.c2 SELECT *, 1 FROM base WHERE ts >= '2025-01-01 00:30Z';
    ANALYZE;";

/// The sum of the buckets of an hour, a minute each.
async fn total(server: &Server, metric: &str) -> f64 {
    let drawn = server.query("2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z", 100, metric).await;
    let points = drawn.iter().flat_map(|series| series["datapoints"].as_array().unwrap());
    points.map(|point: &Value| point[0].as_f64().unwrap()).sum()
}

#[sqlx::test(migrations = false)]
async fn every_kind_of_relation_is_one_source_and_answers(pool: PgPool) {
    sql(&pool, KINDS).await;
    let (found, decisions) = read(&pool, "").await;
    let names = ["base_a", "empty_a", "kept_a", "listed_a", "parent_a", "ranged_a", "seen_twice"];
    assert_eq!(found.names().collect::<Vec<_>>(), names);
    let (again, _) = read(&pool, &toml_out::write(&found, &decisions)).await;
    assert_eq!(found.sources(), again.sources());
    let server = Server::start(&pool).await;
    let sum = "sum_over_time(base_a[1m])";
    assert!((total(&server, sum).await - 720.0).abs() < 1e-9);
    for metric in ["kept_a", "listed_a", "parent_a", "ranged_a"] {
        let sum = format!("sum_over_time({metric}[1m])");
        assert!((total(&server, &sum).await - 720.0).abs() < 1e-9, "{metric}");
    }
    assert!((total(&server, "sum_over_time(seen_twice[1m])").await - 1440.0).abs() < 1e-9);
}

#[sqlx::test(migrations = false)]
async fn a_foreign_table_is_a_source(pool: PgPool) {
    sql(&pool, KINDS).await;
    let installed = "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgres_fdw')";
    if !sqlx::query_scalar::<_, bool>(installed).fetch_one(&pool).await.unwrap() {
        println!("skipped: postgres_fdw is not installed");
        return;
    }
    let options = pool.connect_options();
    let (host, port) = (options.get_host(), options.get_port());
    let (database, user) = (options.get_database().unwrap(), options.get_username());
    let url = url(&pool);
    let password =
        url.split_once("://").and_then(|(_, rest)| rest.split_once('@')?.0.split_once(':')).map_or("", |p| p.1);
    let text = format!(
        "CREATE EXTENSION postgres_fdw;
         CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{host}', port '{port}', dbname '{database}');
         CREATE USER MAPPING FOR CURRENT_USER SERVER loop OPTIONS (user '{user}', password '{password}');
         CREATE FOREIGN TABLE far (ts timestamptz NOT NULL, host text, a float8) SERVER loop OPTIONS (schema_name 'public', table_name 'base')"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&pool).await.unwrap();
    let server = Server::start(&pool).await;
    assert!((total(&server, "sum_over_time(far_a[1m])").await - 720.0).abs() < 1e-9);
}

#[sqlx::test(migrations = false)]
async fn a_table_and_a_view_of_one_name_both_get_the_longer_one(pool: PgPool) {
    sql(
        &pool,
        "CREATE SCHEMA telegraf;
         CREATE TABLE telegraf.cpu (time timestamp NOT NULL, tag_id bigint, usage float8);
         CREATE TABLE telegraf.cpu_tag (tag_id bigint PRIMARY KEY, host text);
         CREATE VIEW public.cpu AS SELECT c.time, t.host, c.usage FROM telegraf.cpu AS c JOIN telegraf.cpu_tag AS t USING (tag_id);
         CREATE TABLE telegraf.mem (time timestamp NOT NULL, tag_id bigint, used float8);
         CREATE TABLE public.mem (time timestamptz NOT NULL, host text, used float8);
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, telegraf', current_database()); END $$",
    )
    .await;
    let (found, decisions) = read(&pool, "").await;
    let names = ["public_cpu_usage", "public_mem_used", "telegraf_cpu_usage", "telegraf_mem_used"];
    assert_eq!(found.names().collect::<Vec<_>>(), names);
    let relation = |name: &str| found.metric(name).unwrap().0.relation.to_string();
    assert_eq!((relation(names[0]), relation(names[2])), ("public.cpu".into(), "telegraf.cpu".into()));
    let (again, _) = read(&pool, &toml_out::write(&found, &decisions)).await;
    assert_eq!(found.sources(), again.sources());
    // A declaration by the bare name means the first on the path.
    let (declared, _) = read(&pool, "[discovery]\nenabled = false\n[[source]]\nrelation = \"cpu\"").await;
    assert_eq!(declared.sources()[0].relation.to_string(), "public.cpu");
}

#[sqlx::test(migrations = false)]
async fn names_that_nobody_would_choose_are_found_and_answer(pool: PgPool) {
    sql(
        &pool,
        r#"CREATE TABLE "Select" ("Time" timestamptz NOT NULL, "group" text, "a.b ""c"" d" float8);
           CREATE TABLE "žluťoučký kůň úpěl ďábelské ódy na poušti čtyři" (ts timestamptz NOT NULL, "ßß" text, "ж" float8);
           INSERT INTO "Select" VALUES ('2025-01-01 00:00:10Z', 'it''s', 3);
           INSERT INTO "žluťoučký kůň úpěl ďábelské ódy na poušti čtyři" VALUES ('2025-01-01 00:00:10Z', 'x', 4);"#,
    )
    .await;
    let (found, decisions) = read(&pool, "").await;
    let names: Vec<String> = found.names().map(str::to_owned).collect();
    assert_eq!(names[0], "Select_a.b \"c\" d");
    assert!(names[1].ends_with("_ж") && names.len() == 2, "{names:?}");
    let (again, _) = read(&pool, &toml_out::write(&found, &decisions)).await;
    assert_eq!(found.sources(), again.sources());
    let server = Server::start(&pool).await;
    assert!((total(&server, &names[0]).await - 3.0).abs() < 1e-9);
    assert!((total(&server, &names[1]).await - 4.0).abs() < 1e-9);
}

/// Without a key the statistics say which whole number tells the rows of an instant apart, and which does not.
const UNTOLD: &str = "
    CREATE TABLE rooms (ts timestamptz NOT NULL, probe int, temp float8);
    INSERT INTO rooms SELECT t, p, 10 * p FROM generate_series('2025-01-01Z'::timestamptz, '2025-01-01 00:59Z', '1 min') AS t,
        generate_series(1, 3) AS p;
    CREATE TABLE logged (id bigserial PRIMARY KEY, ts timestamptz NOT NULL, house text, unit int, value float8);
    INSERT INTO logged (ts, house, unit, value) SELECT ts, house, probe, temp FROM rooms, unnest('{a,b}'::text[]) AS house;
    CREATE TABLE sold (day date NOT NULL, amount int, price float8);
    INSERT INTO sold SELECT '2025-01-01'::date + n / 50, n * 7 % 11, n FROM generate_series(1, 1500) AS n;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn a_whole_number_that_tells_the_rows_of_an_instant_apart_is_a_label(pool: PgPool) {
    sql(&pool, UNTOLD).await;
    let (found, _) = read(&pool, "").await;
    let names = ["logged", "rooms_temp", "sold_amount", "sold_price"];
    assert_eq!(found.names().collect::<Vec<_>>(), names);
    let server = Server::start(&pool).await;
    for (metric, expected) in [("rooms_temp", 3), ("logged", 6)] {
        let drawn = server.query("2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z", 100, metric).await;
        assert_eq!(drawn.len(), expected, "{metric}");
        for series in &drawn {
            let values: Vec<_> = series["datapoints"].as_array().unwrap().iter().map(|point| &point[0]).collect();
            assert!(values.iter().all(|value| *value == values[0]), "{series}");
        }
    }
}
