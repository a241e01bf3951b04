//! Views, whose rows are told apart by what they carry of the tables beneath them.

use sqlx::PgPool;

use super::{left_out, offered, read, values};
use crate::support::{Server, sql};

const VIEWS: &str = "
    CREATE TABLE m (ts timestamptz, ch int, v float8, PRIMARY KEY (ch, ts));
    INSERT INTO m SELECT timestamptz '2025-06-02Z' + i * interval '1 min', c, c * 10 FROM generate_series(0, 59) AS i, generate_series(1, 2) AS c;
    CREATE TABLE names (id int PRIMARY KEY, name text);
    INSERT INTO names VALUES (1, 'one'), (2, 'two');
    CREATE VIEW m_renamed AS SELECT ts AS time, ch AS c, v FROM m;
    CREATE VIEW m_nested AS SELECT time, c AS \"d {e\", v FROM m_renamed;
    CREATE VIEW m_within AS SELECT s.t AS ts, s.k, s.v FROM (SELECT ts AS t, ch AS k, v FROM m) AS s WHERE s.v > (SELECT min(v) - 1 FROM m);
    CREATE VIEW m_cte AS WITH x AS (SELECT ts AS t, ch AS k, v FROM m) SELECT t AS ts, k, v FROM x;
    CREATE VIEW m_grouped AS SELECT date_trunc('hour', ts) AS hour, ch AS c, avg(v) AS v FROM m GROUP BY 1, 2;
    CREATE VIEW m_all AS SELECT ts, sum(v) AS v FROM m GROUP BY ts;
    CREATE VIEW m_all_within AS SELECT ts, v FROM (SELECT ts, sum(v) AS v FROM m GROUP BY ts) AS s;
    CREATE VIEW m_moved AS SELECT ts + interval '1 h' AS at, ch AS c, v FROM m;
    CREATE VIEW m_named AS SELECT m.ts, n.name AS sensor_name, m.v FROM m JOIN names AS n ON n.id = m.ch;
    CREATE VIEW m_same AS SELECT ts, ch::text AS ch, v FROM m;
    CREATE VIEW m_both AS SELECT ts, ch AS c, v FROM m UNION ALL SELECT ts - interval '1 year', ch, v FROM m;
    CREATE MATERIALIZED VIEW m_kept AS SELECT ts AS time, ch AS c, v FROM m;
    CREATE VIEW x_dropped AS SELECT ts, v FROM m;
    CREATE VIEW x_nested AS SELECT time, v FROM m_renamed;
    CREATE VIEW x_within AS SELECT s.ts, s.v FROM (SELECT ts, ch, v FROM m) AS s;
    CREATE VIEW x_computed AS SELECT ts, ch * 100 AS c, v FROM m;
    CREATE VIEW x_grouped AS SELECT ts, avg(v) AS v FROM m GROUP BY ts, ch;
    CREATE VIEW x_of_grouped AS SELECT hour, v FROM m_grouped;
    CREATE VIEW x_both AS SELECT ts, v FROM m UNION ALL SELECT ts, v FROM m;
    CREATE MATERIALIZED VIEW x_kept AS SELECT ts, v FROM m;
    CREATE TABLE loose (ts timestamptz, part int, v float8, w float8);
    INSERT INTO loose SELECT timestamptz '2025-06-02Z' + i * interval '1 min', p, p * 10, 1 FROM generate_series(0, 59) AS i, generate_series(1, 3) AS p;
    CREATE VIEW loose_v AS SELECT ts AS at, part AS p, v FROM loose;
    CREATE VIEW loose_g AS SELECT date_trunc('hour', ts) AS ts, part, avg(v) AS v FROM loose GROUP BY 1, 2;
    CREATE TABLE cut (ts timestamptz, code int, v float8) PARTITION BY LIST (code);
    CREATE TABLE cut_1 PARTITION OF cut FOR VALUES IN (1);
    CREATE VIEW cut_v AS SELECT ts, code AS c, v FROM cut;
    CREATE VIEW x_cut AS SELECT ts, v FROM cut;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn a_view_carries_the_key_under_any_name_or_is_left_out(pool: PgPool) {
    sql(&pool, VIEWS).await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "cut | ts | code | cut_v",
            "cut_v | ts | c | cut_v_v",
            "loose | ts | part | loose_v loose_w",
            "loose_g | ts | part | loose_g_v",
            "loose_v | at | p | loose_v_v",
            "m | ts | ch | m_v",
            "m_all | ts |  | m_all_v",
            "m_all_within | ts |  | m_all_within_v",
            "m_both | ts | c | m_both_v",
            "m_cte | ts | k | m_cte_v",
            "m_grouped | hour | c | m_grouped_v",
            "m_kept | time | c | m_kept_v",
            "m_moved | at | c | m_moved_v",
            "m_named | ts | sensor_name | m_named_v",
            "m_nested | time | d {e | m_nested_v",
            "m_renamed | time | c | m_renamed_v",
            "m_same | ts | ch | m_same_v",
            "m_within | ts | k | m_within_v",
        ]
    );
    for (view, key) in [
        ("x_dropped", "`ch` of m"),
        ("x_nested", "`c` of m_renamed"),
        ("x_within", "`ch` of m"),
        ("x_computed", "`ch` of m"),
        ("x_grouped", "what its rows are grouped by"),
        ("x_of_grouped", "`c` of m_grouped"),
        ("x_both", "`ch` of m"),
        ("x_kept", "`ch` of m"),
        ("x_cut", "`code` of cut"),
    ] {
        let expected = format!("it does not carry {key}, which tells its rows apart: declare it");
        assert_eq!(left_out(&decisions, view), expected, "{view}");
    }
    let server = Server::start(&pool).await;
    let hour = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");
    for metric in ["m_renamed_v", "m_within_v", "m_grouped_v", "m_kept_v", "m_named_v"] {
        let drawn: Vec<f64> = values(&server, hour, metric).await.into_values().collect();
        assert_eq!(drawn, [10.0, 20.0], "{metric}");
    }
}
