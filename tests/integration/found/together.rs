//! Columns that tell the rows of an instant apart only together, and those that do so by chance.

use sqlx::PgPool;

use super::{left_out, offered, read};
use crate::support::sql;

const TABLES: &str = "
    CREATE TABLE minutes AS SELECT n, timestamptz '2025-06-02Z' + n * interval '1 min' AS ts FROM generate_series(0, 999) AS n;
    -- Three by two rows of each host and minute.
    CREATE TABLE calls (host text, ts timestamptz, status int, action int, ms float8);
    INSERT INTO calls SELECT 'h' || h, ts, s, a, n + s / 10.0
        FROM minutes, generate_series(1, 2) AS h, generate_series(1, 3) AS s, generate_series(1, 2) AS a ORDER BY n;
    CREATE TABLE flows (id bigserial PRIMARY KEY, host text, ts timestamptz, is_upload boolean, is_v6 boolean, ms float8);
    INSERT INTO flows (host, ts, is_upload, is_v6, ms) SELECT 'h' || h, ts, u = 1, s = 1, n + u / 10.0 + s / 7.0
        FROM minutes, generate_series(1, 4) AS h, generate_series(0, 1) AS u, generate_series(0, 1) AS s ORDER BY n;
    CREATE TABLE profile (buoy text, ts timestamptz, lat numeric(4,1), depth_m real, temperature float8);
    INSERT INTO profile SELECT 'b' || b, ts, 50.5 + l, d + 0.5, n + d / 10.0
        FROM minutes, generate_series(1, 2) AS b, generate_series(1, 3) AS l, generate_series(1, 5) AS d ORDER BY n;
    CREATE TABLE runs (ts timestamptz, class int, grade int, is_night boolean, took float8);
    INSERT INTO runs SELECT ts, c, g, w = 1, n + c / 10.0
        FROM minutes, generate_series(1, 2) AS c, generate_series(1, 3) AS g, generate_series(0, 1) AS w ORDER BY n;
    -- What never moves is measured all the same.
    CREATE TABLE answers (ts timestamptz, status int, hits int, ms float8);
    INSERT INTO answers SELECT ts, s, s, n FROM minutes, unnest(ARRAY[200, 404, 500]) AS s ORDER BY n;
    -- One row of each host and minute, whatever their states are.
    CREATE TABLE states (host text, ts timestamptz, is_on boolean, grade int, watts float8);
    INSERT INTO states SELECT 'h' || h, ts, n / 50 % 2 = 0, n / 70 % 3, n FROM minutes, generate_series(1, 6) AS h ORDER BY n;
    -- An id that each row has its own of, beside a key.
    CREATE TABLE events (id serial PRIMARY KEY, kind text, eventtime timestamptz, deviceid int, positionid int);
    INSERT INTO events (kind, eventtime, deviceid, positionid)
        SELECT 'k' || i % 3, timestamptz '2025-06-02Z' + i * interval '1 s', i % 20, 100000 + i FROM generate_series(1, 20000) AS i;
    DROP TABLE minutes;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn what_tells_rows_apart_together_leaves_a_relation_out(pool: PgPool) {
    sql(&pool, TABLES).await;
    let (found, decisions) = read(&pool, "").await;
    for (relation, names) in [
        ("calls", "`status` and `action`"),
        ("flows", "`is_upload` and `is_v6`"),
        ("profile", "`lat` and `depth_m`"),
        ("runs", "`class` and `grade` and `is_night`"),
    ] {
        let why = "together have as many values as an instant has rows and no key says otherwise: declare it";
        assert_eq!(left_out(&decisions, relation), format!("{names} {why}"), "{relation}");
    }
    let offered = offered(&found);
    let line = |relation: &str| offered.iter().find(|line| line.starts_with(&format!("{relation} |"))).cloned();
    assert_eq!(line("answers").as_deref(), Some("answers | ts | status | answers_hits answers_ms"));
    assert_eq!(line("states").as_deref(), Some("states | ts | host | states_grade states_is_on states_watts"));
    assert_eq!(line("events").as_deref(), Some("events | eventtime | deviceid kind | events_rows"));
}

#[sqlx::test(migrations = false)]
async fn a_view_is_told_all_that_it_lacks(pool: PgPool) {
    let text = "
        CREATE TABLE readings (id bigserial PRIMARY KEY, ts timestamptz, site text, device text, channel text, v float8);
        INSERT INTO readings (ts, site, device, channel, v)
            SELECT timestamptz '2025-06-02Z' + n * interval '1 min', 's' || s, 'd' || d, 'c' || c, n
            FROM generate_series(0, 499) AS n, generate_series(1, 2) AS s, generate_series(1, 2) AS d, generate_series(1, 2) AS c;
        CREATE VIEW of_site AS SELECT ts, site, v FROM readings;
        CREATE VIEW of_channel AS SELECT ts, site, device, v FROM readings;
        CREATE TABLE kv (entity uuid, key int, ts bigint, dbl float8, PRIMARY KEY (entity, key, ts));
        INSERT INTO kv SELECT md5((i % 3)::text)::uuid, 1 + i % 2, 1795900000000 + i * 1000, i FROM generate_series(1, 300) AS i;
        CREATE VIEW kv_all AS SELECT entity, key, ts, dbl FROM kv;
        ANALYZE;";
    sql(&pool, text).await;
    let (_, decisions) = read(&pool, "").await;
    let both =
        "it does not carry `device` of readings and `channel` of readings, which tell its rows apart: declare it";
    assert_eq!(left_out(&decisions, "of_site"), both);
    let one = "it does not carry `channel` of readings, which tells its rows apart: declare it";
    assert_eq!(left_out(&decisions, "of_channel"), one);
    let epoch = "no time column; `ts` may be one, but a view has no statistics: declare it with `time`";
    assert_eq!(left_out(&decisions, "kv_all"), epoch);
}

#[sqlx::test(migrations = false)]
async fn hosts_of_created_rows_are_labels_before_analyze(pool: PgPool) {
    let text = "
        CREATE TABLE jobs_done (id serial PRIMARY KEY, hostname varchar NOT NULL, duration_ms int, started_at timestamptz NOT NULL)
            WITH (autovacuum_enabled = false);
        INSERT INTO jobs_done (hostname, duration_ms, started_at)
            SELECT 'app-' || h, h, timestamptz '2025-06-02Z' + n * interval '1 min' FROM generate_series(0, 59) AS n, generate_series(1, 2) AS h;";
    sql(&pool, text).await;
    for _ in 0..2 {
        let (found, _) = read(&pool, "").await;
        assert_eq!(offered(&found), ["jobs_done | started_at | hostname | jobs_done_duration_ms"]);
        sql(&pool, "ANALYZE jobs_done").await;
    }
}
