//! Views that put the rows of several tables below each other.

use sqlx::PgPool;

use super::{lacking, make, offered, read, telling};

/// Readings of two hosts: new ones, old ones, older ones, and new and old ones without a key.
const TABLES: &str = "
    CREATE TABLE a (ts timestamptz, host text, v float8, w float8, PRIMARY KEY (host, ts));
    CREATE TABLE b (LIKE a INCLUDING ALL);
    CREATE TABLE c (LIKE a INCLUDING ALL);
    INSERT INTO a SELECT timestamptz '2025-06-02Z' + i * interval '1 min', 'h' || h, h * 10, h FROM generate_series(0, 59) AS i, generate_series(1, 2) AS h;
    INSERT INTO b SELECT ts, host, v * 2, w FROM a;
    INSERT INTO c SELECT ts, host, v * 3, w FROM a;
    CREATE TABLE la AS SELECT ts, host, v FROM a;
    CREATE TABLE lb AS SELECT ts, host, v FROM b;
    CREATE TABLE moved (at timestamptz);
    INSERT INTO moved VALUES ('2025-06-02 00:20Z');
    CREATE SCHEMA _timescaledb_functions;
    CREATE FUNCTION _timescaledb_functions.cagg_watermark(int) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 1748824200000000';
    CREATE FUNCTION _timescaledb_functions.to_timestamp(bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS 'SELECT to_timestamp($1 / 1000000.0)';
    CREATE VIEW b_new AS SELECT * FROM b WHERE ts >= '2025-06-02 00:30Z';";

/// Parts that may have rows of one series and instant.
const MIXED: &str = "
all_rows | whether a row is of a or b | SELECT ts, host, v FROM a UNION ALL SELECT ts, host, v FROM b
distinct_rows | whether a row is of a or b | SELECT ts, host, v FROM a UNION SELECT ts, host, v FROM b
keyless | whether a row is of la or lb | SELECT ts, host, v FROM la UNION ALL SELECT ts, host, v FROM lb
within | whether a row is of a or b | SELECT * FROM (SELECT ts, host, v FROM a UNION ALL SELECT ts, host, v FROM b) AS s
three | whether a row is of a, b or c | WITH u AS (SELECT ts, host, v FROM a UNION ALL SELECT ts, host, v FROM b UNION ALL SELECT ts, host, v FROM c) SELECT * FROM u
later | which of its parts a row is of | SELECT ts, host, v FROM a UNION ALL SELECT ts + interval '1 day', host, v FROM a
both_ends | whether a row is of a or b | SELECT ts, host, v FROM a WHERE ts <= '2025-06-02 00:30Z' UNION ALL SELECT ts, host, v FROM b WHERE ts >= '2025-06-02 00:30Z'
overlapping | whether a row is of a or b | SELECT ts, host, v FROM a WHERE ts < '2025-06-02 00:31Z' UNION ALL SELECT ts, host, v FROM b WHERE ts >= '2025-06-02 00:30Z'
overlapping_now | whether a row is of a or b | SELECT ts, host, v FROM a WHERE ts < now() - interval '1 day' UNION ALL SELECT ts, host, v FROM b WHERE ts >= now() - interval '2 days'
by_clock | whether a row is of a or b | SELECT ts, host, v FROM a WHERE ts < clock_timestamp() UNION ALL SELECT ts, host, v FROM b WHERE ts >= clock_timestamp()
by_value | whether a row is of a or b | SELECT ts, host, v FROM a WHERE v < 15 UNION ALL SELECT ts, host, v FROM b WHERE v >= 15
by_half_hours | whether a row is of a or b | SELECT date_trunc('hour', ts) AS ts, host, avg(v) AS v FROM a WHERE ts < '2025-06-02 00:30Z' GROUP BY 1, 2 UNION ALL SELECT date_trunc('hour', ts), host, avg(v) FROM b WHERE ts >= '2025-06-02 00:30Z' GROUP BY 1, 2
by_any_row | which of its parts a row is of | SELECT ts, host, v FROM a WHERE ts < (SELECT at FROM moved LIMIT 1) UNION ALL SELECT ts, host, v FROM b WHERE ts >= (SELECT at FROM moved LIMIT 1)
rounded_parts | whether a row is of a or b | SELECT 1.2::int AS part, ts, host, v FROM a UNION ALL SELECT 1.4::int, ts, host, v FROM b
shortened_parts | whether a row is of a or b | SELECT 'ab'::varchar(1) AS part, ts, host, v FROM a UNION ALL SELECT 'ac'::varchar(1), ts, host, v FROM b
padded_parts | whether a row is of a or b | SELECT 'ab'::char(1) AS part, ts, host, v FROM a UNION ALL SELECT 'ac'::char(1), ts, host, v FROM b
equal_parts | whether a row is of a or b | SELECT 1.0 AS part, ts, host, v FROM a UNION ALL SELECT 1.00, ts, host, v FROM b
valued_parts | whether a row is of a or b | SELECT ts, host, 1 AS value FROM a UNION ALL SELECT ts, host, 0 FROM b
other_texts | whether a row is of a or b | SELECT ts, host || '' AS host, v FROM a WHERE host = 'h1' UNION ALL SELECT ts, 'h' || host, v FROM b WHERE host = '1'
other_order | whether a row is of a or b | SELECT ts, host, v FROM a WHERE host COLLATE \"C\" < 'm' UNION ALL SELECT ts, host, v FROM b WHERE host COLLATE \"en-x-icu\" >= 'm'
other_hosts | `host` of a | SELECT ts, v FROM a WHERE host = 'h1' AND ts < '2025-06-02 00:30Z' UNION ALL SELECT ts, v FROM b WHERE host = 'h2' AND ts >= '2025-06-02 00:30Z'
perhaps_null | which of its parts a row is of | SELECT a.ts, a.host, b.host AS k, a.v FROM a LEFT JOIN b ON b.ts = a.ts AND b.host = a.host AND b.host = 'h1' UNION ALL SELECT ts, host, host, v FROM c WHERE host <> 'h1'
without | whether a row is of a or b | SELECT ts, host, v FROM a EXCEPT SELECT ts, host, v FROM c UNION ALL SELECT ts, host, v FROM b";

/// Parts that have no row of one series and instant.
const APART: &str = "
named | host part | SELECT 'a' AS part, ts, host, v FROM a UNION ALL SELECT 'b', ts, host, v FROM b
short | host part | SELECT 'a'::varchar(9) AS part, ts, host, v FROM a UNION ALL SELECT 'b'::varchar(9), ts, host, v FROM b
share | host quantile | SELECT 0.5 AS quantile, ts, host, v FROM a UNION ALL SELECT 0.9, ts, host, w FROM a
halves | host | SELECT ts, host, v FROM a WHERE ts < '2025-06-02 00:30Z' UNION ALL SELECT ts, host, v FROM b WHERE ts >= '2025-06-02 00:30Z'
thirds | host | SELECT ts, host, v FROM a WHERE ts < '2025-06-02 00:20Z' UNION ALL SELECT ts, host, v FROM b WHERE ts >= '2025-06-02 00:20Z' AND ts < '2025-06-02 00:40Z' UNION ALL SELECT ts, host, v FROM c WHERE ts >= '2025-06-02 00:40Z'
with_a_gap | host | SELECT ts, host, v FROM a WHERE ts BETWEEN '2025-06-01Z' AND '2025-06-02 00:10Z' UNION ALL SELECT ts, host, v FROM b WHERE ts > '2025-06-02 00:40Z'
of_a_week | host | SELECT ts, host, v FROM a WHERE ts < now() - interval '7 days' UNION ALL SELECT ts, host, v FROM b WHERE now() - interval '7 days' <= ts
until_moved | host | SELECT ts, host, v FROM a WHERE ts < (SELECT max(at) FROM moved) UNION ALL SELECT ts, host, v FROM b WHERE ts >= (SELECT max(at) FROM moved)
loose_halves | host | SELECT ts, host, v FROM la WHERE ts < '2025-06-02 00:30Z' UNION ALL SELECT ts, host, v FROM lb WHERE ts >= '2025-06-02 00:30Z'
one_each | host | SELECT ts, host, v FROM a WHERE host = 'h1' UNION ALL SELECT ts, host, v FROM b WHERE host = 'h2'
some_each | host | SELECT ts, host, v FROM a WHERE host IN ('h1', 'h3') UNION ALL SELECT ts, host, v FROM b WHERE host IN ('h2', 'h4')
all_others | host | SELECT ts, host, v FROM a WHERE host = 'h1' UNION ALL SELECT ts, host, v FROM b WHERE host <> 'h1'
halves_within | host | SELECT ts, host, v FROM (SELECT * FROM a WHERE ts < '2025-06-02 00:30Z') AS s UNION ALL SELECT ts, host, v FROM b_new
hours | host | SELECT date_trunc('hour', ts) AS ts, host, avg(v) AS v FROM a WHERE ts < date_trunc('hour', now() - interval '1 day') GROUP BY 1, 2 UNION ALL SELECT date_trunc('hour', ts), host, avg(v) FROM b WHERE ts >= date_trunc('hour', now() - interval '1 day') GROUP BY 1, 2
aggregated | host | SELECT ts, host, v FROM b WHERE ts < COALESCE(_timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(2)), '-infinity') UNION ALL SELECT date_trunc('minute', ts), host, avg(v) FROM a WHERE ts >= COALESCE(_timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(2)), '-infinity') GROUP BY 1, 2
summed | host | SELECT date_trunc('hour', ts) AS ts, host, avg(v) AS v FROM (SELECT * FROM a UNION ALL SELECT * FROM b) AS u GROUP BY 1, 2
turned | host k | SELECT a.ts, a.host, x.k, x.v FROM a CROSS JOIN LATERAL (SELECT 'v' AS k, a.v AS v UNION ALL SELECT 'w', a.w) AS x";

#[sqlx::test(migrations = false)]
async fn parts_that_may_have_rows_of_one_series_and_instant_are_left_out(pool: PgPool) {
    lacking(&pool, TABLES, MIXED).await;
}

#[sqlx::test(migrations = false)]
async fn parts_that_constants_or_conditions_tell_apart_are_sources(pool: PgPool) {
    telling(&pool, TABLES, APART).await;
}

#[sqlx::test(migrations = false)]
async fn a_view_of_many_parts_and_columns_is_read_in_time(pool: PgPool) {
    let all = |one: &dyn Fn(usize) -> String, count: usize, between: &str| {
        (0..count).map(one).collect::<Vec<_>>().join(between)
    };
    let columns = all(&|at| format!("c{at}"), 60, ", ");
    let text = format!(
        "CREATE TABLE wide (ts timestamptz, host text, {}, PRIMARY KEY (host, ts));
         CREATE VIEW many AS {}; ANALYZE",
        all(&|at| format!("c{at} float8"), 60, ", "),
        all(&|at| format!("SELECT ts, host, 'p{at}' AS part, {columns} FROM wide"), 300, " UNION ALL "),
    );
    make(&pool, text).await;
    let (found, _) = read(&pool, "").await;
    assert!(offered(&found).iter().any(|line| line.starts_with("many | ts | host part | ")), "{:?}", offered(&found));
}
