//! Views, whose rows are told apart by what they carry of the tables beneath them.

use sqlx::PgPool;

use super::{left_out, lines, make, offered, read, values};
use crate::support::{Server, sql};

const VIEWS: &str = "
    CREATE TABLE m (ts timestamptz, ch int, v float8, PRIMARY KEY (ch, ts));
    INSERT INTO m SELECT timestamptz '2025-06-02Z' + i * interval '1 min', c, c * 10 FROM generate_series(0, 59) AS i, generate_series(1, 2) AS c;
    CREATE TABLE names (id int PRIMARY KEY, name text NOT NULL UNIQUE);
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
        ("m_both", "which of its parts a row is of"),
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

/// Readings of three devices, what they are, how they are calibrated at a time, and the same readings without a key.
const TABLES: &str = "
    CREATE TABLE rd (dev int, ts timestamptz, v float8, w float8, PRIMARY KEY (dev, ts));
    INSERT INTO rd SELECT d, timestamptz '2025-06-02Z' + i * interval '1 min', d * 10, d FROM generate_series(0, 59) AS i, generate_series(1, 3) AS d;
    CREATE TABLE dv (id serial PRIMARY KEY, label text, serial text NOT NULL UNIQUE, name text, spare text UNIQUE);
    INSERT INTO dv (label, serial, name, spare) VALUES ('a', 's1', 'Kitchen', 'd1'), ('b', 's2', 'Kitchen', NULL), ('c', 's3', 'Hall', NULL);
    CREATE TABLE rf (dev_id int NOT NULL REFERENCES dv, ts timestamptz, v float8, PRIMARY KEY (dev_id, ts));
    INSERT INTO rf SELECT dev, ts, v FROM rd;
    CREATE TABLE cal (dev int, valid_from timestamptz, valid_to timestamptz, factor float8, PRIMARY KEY (dev, valid_from));
    INSERT INTO cal SELECT d, f.t, f.t + interval '1 year', f.x FROM generate_series(1, 3) AS d,
        (VALUES (timestamptz '2024-01-01Z', 2), (timestamptz '2025-01-01Z', 1)) AS f(t, x);
    CREATE TABLE cal2 AS SELECT dev, factor FROM cal;
    CREATE TABLE loose AS SELECT ts, 'd' || dev AS device, v, w FROM rd;
    CREATE TABLE narrow AS SELECT ts, 'v' AS metric, v AS value FROM rd WHERE dev = 1;
    CREATE TABLE orders (id bigserial PRIMARY KEY, created_at timestamptz, customer_id int, total float8);
    CREATE TABLE items (order_id bigint REFERENCES orders, line_no int, qty float8, PRIMARY KEY (order_id, line_no));
    CREATE TABLE sur (id bigserial PRIMARY KEY, ts timestamptz, device text, v float8);
    INSERT INTO sur (ts, device, v) SELECT ts, device, v FROM loose;
    CREATE TABLE batch (id serial PRIMARY KEY, ts timestamptz);
    CREATE TABLE sb (id bigserial PRIMARY KEY, batch_id int, sensor text, v float8);
    CREATE TABLE bs (batch_id int, sensor text, v float8);
    CREATE SCHEMA raw;
    CREATE TABLE raw.loose3 AS SELECT * FROM loose;
    CREATE TABLE act (id int PRIMARY KEY);
    CREATE TABLE fc (issued_at timestamptz, target_time timestamptz, temp float8, PRIMARY KEY (issued_at, target_time));
    CREATE TABLE bi (dev int, ts timestamptz, recorded_at timestamptz, v float8, PRIMARY KEY (dev, ts, recorded_at));
    CREATE TABLE things (id serial PRIMARY KEY, name text, created_at timestamptz);
    INSERT INTO things (name, created_at) SELECT label, '2025-01-01Z' FROM dv;
    CREATE VIEW with_thing AS SELECT r.dev, r.ts, r.v, t.name FROM rd AS r JOIN things AS t ON t.id = r.dev;
    CREATE VIEW by_device AS SELECT l.ts, d.serial, l.v FROM loose AS l JOIN dv AS d ON d.serial = l.device;";

/// Views that give rows several times or hide what tells them apart: the name, what the view lacks, its query.
const MIXED: &str = "
several_values | which of several rows `v` is of | SELECT dev, ts, unnest(ARRAY[v, v * 10]) AS v FROM rd
within | which of several rows `v` is of | SELECT * FROM (SELECT dev, ts, unnest(ARRAY[v, w]) AS v FROM rd) AS s
lateral_values | a key of x (it has none) | SELECT dev, ts, x.v FROM rd CROSS JOIN LATERAL (VALUES (rd.v), (rd.w)) AS x(v)
series | `g` of g | SELECT dev, ts, v FROM rd, generate_series(1, 3) AS g
series_used | `g` of g | SELECT dev, ts, v * g AS v FROM rd CROSS JOIN generate_series(1, 3) AS g
elements | a key of e (it has none) | SELECT dev, ts, (e ->> 'x')::float8 AS v FROM rd, jsonb_array_elements('[{\"x\": 1}]') AS e
itself | `dev` of rd | SELECT a.dev, a.ts, b.v FROM rd AS a JOIN rd AS b ON a.ts = b.ts
calibrated | `valid_from` of cal | SELECT r.dev, r.ts, r.v * c.factor AS v FROM rd AS r JOIN cal AS c ON c.dev = r.dev
valid_or_else | `valid_from` of cal | SELECT r.dev, r.ts, r.v * c.factor AS v FROM rd AS r JOIN cal AS c ON c.dev = r.dev AND c.valid_from <= r.ts AND (c.valid_to > r.ts OR c.factor > 1)
since | `valid_from` of cal | SELECT r.dev, r.ts, r.v * c.factor AS v FROM rd AS r JOIN cal AS c ON c.dev = r.dev AND c.valid_from <= r.ts
keyless_join | a key of cal2 (it has none) | SELECT r.dev, r.ts, r.v * c.factor AS v FROM rd AS r JOIN cal2 AS c ON c.dev = r.dev
calendar | `id` of dv | SELECT g AS ts, 1.0 * d.id AS v FROM generate_series(timestamptz '2025-06-02Z', '2025-06-03Z', '1 min') AS g, dv AS d
half | `dev` of rd | SELECT dev / 2 AS dev, ts, v FROM rd
one_or_more | `dev` of rd | SELECT CASE WHEN dev = 1 THEN 'one' ELSE 'more' END AS dev, ts, v FROM rd
cte | `dev` of rd | WITH x AS (SELECT dev % 2 AS dev, ts, v FROM rd) SELECT * FROM x
shortened | `dev` of rd | SELECT left(d.serial, 1) AS serial, r.ts, r.v FROM rd AS r JOIN dv AS d ON d.id = r.dev
named | `dev` of rd | SELECT d.name, r.ts, r.v FROM rd AS r JOIN dv AS d ON d.id = r.dev
perhaps_named | `dev` of rd | SELECT d.serial, r.ts, r.v FROM rd AS r LEFT JOIN dv AS d ON d.id = r.dev
perhaps_a_key | `dev` of rd | SELECT d.id, r.ts, r.v FROM rd AS r LEFT JOIN dv AS d ON d.id = r.dev
one_side | `dev_id`, `ts` of rf | SELECT a.dev, a.ts, b.v FROM rd AS a FULL JOIN rf AS b ON a.dev = b.dev_id AND a.ts = b.ts
both_values | whether `value` is `v` or `w` | SELECT dev, ts, v AS value FROM rd UNION ALL SELECT dev, ts, w FROM rd
computed_arm | whether `v` is `v` or what is computed | SELECT dev, ts, v FROM rd UNION ALL SELECT dev, ts, v * 10 FROM rd
grouped | what its rows are grouped by | SELECT dev / 2 AS dev, ts, avg(v) AS v FROM rd GROUP BY rd.dev, ts
over | `valid_from` of cal | SELECT dev AS d, ts, v + 1 AS v FROM calibrated
kept | `dev` of rd | SELECT dev % 2 AS dev, ts, v FROM rd
of_one_each | `dev` of rd | SELECT ts, v FROM rd WHERE dev = 1 UNION ALL SELECT ts, v FROM rd WHERE dev = 2
of_one_each_alike | `dev` of rd | SELECT ts, 'a' AS k, v FROM rd WHERE dev = 1 UNION SELECT ts, 'a', v FROM rd WHERE dev = 2
of_named_parts | `dev` of rd | WITH a AS (SELECT ts, v FROM rd WHERE dev = 1), b AS (SELECT ts, v FROM rd WHERE dev = 2) SELECT * FROM a UNION ALL SELECT * FROM b
of_sums | what each of its parts counts | SELECT ts, avg(v) AS v FROM rd WHERE dev = 1 GROUP BY ts UNION ALL SELECT ts, avg(v) FROM rd WHERE dev > 1 GROUP BY ts
again | which rows `r` gives again | WITH RECURSIVE r(ts, v, n) AS (SELECT ts, v, 1 FROM rd UNION ALL SELECT ts, v, n + 1 FROM r WHERE n < 2) SELECT ts, v FROM r
no_label | `device` of loose | SELECT ts, v FROM loose
other_label | `device` of loose | SELECT upper(device) AS device, ts, v FROM loose
no_name | `metric` of narrow | SELECT ts, value FROM narrow
surrogate | `device` of sur | SELECT ts, v FROM sur
surrogate_shown | `device` of sur | SELECT id, ts, v FROM sur
surrogate_joined | `sensor` of sb | SELECT b.ts, s.v FROM sb AS s JOIN batch AS b ON b.id = s.batch_id
timeless | `sensor` of bs | SELECT b.ts, s.v FROM bs AS s JOIN batch AS b ON b.id = s.batch_id
unseen | `device` of loose3 | SELECT ts, v FROM raw.loose3
window_of | `ts` of rd | SELECT a.dev, a.ts, a.v - b.w AS v FROM rd AS a JOIN rd AS b ON b.dev = a.dev AND b.ts > a.ts - interval '1 hour' AND b.ts <= a.ts
cast_arms | whether `v` is `v` or `w` | SELECT dev, ts, v::numeric FROM rd UNION ALL SELECT dev, ts, w::numeric FROM rd
arms_within | whether `v` is `v` or `w` | SELECT * FROM (SELECT dev, ts, v FROM rd) AS a UNION ALL SELECT * FROM (SELECT dev, ts, w FROM rd) AS b
computed_arms | in which of several ways `v` is computed | SELECT dev, ts, v * 10 AS v FROM rd UNION ALL SELECT dev, ts, w * 10 FROM rd
loose_arms | which of its parts a row is of | SELECT ts, v FROM loose UNION ALL SELECT ts, v FROM loose
fixed_arms | which of its parts a row is of | SELECT ts, v FROM loose WHERE device = 'd1' UNION ALL SELECT ts, v FROM loose WHERE device = 'd2'
perhaps_null | `dev` of rd | SELECT d.spare, r.ts, r.v FROM rd AS r JOIN dv AS d ON d.id = r.dev
perhaps_joined | `dev_id` of rf | SELECT d.id AS k, r.ts, r.v FROM rf AS r LEFT JOIN (dv AS d JOIN act AS a ON a.id = d.id) ON d.id = r.dev_id
perhaps_a_child | `dev_id` of rf | SELECT d.id AS k, r.ts, r.v FROM rf AS r LEFT JOIN ONLY dv AS d ON d.id = r.dev_id
second_time | `recorded_at` of bi | SELECT dev, ts, v FROM bi
forecasts | `issued_at` of fc | SELECT target_time, temp AS v FROM fc
greatest_time | `ts` of rd | SELECT a.dev, greatest(a.ts, b.ts) AS ts, a.v - b.v AS v FROM rd AS a JOIN rd AS b ON b.dev = a.dev
with_ties | `valid_from` of cal | SELECT r.dev, r.ts, r.v * c.factor AS v FROM rd AS r CROSS JOIN LATERAL (SELECT factor FROM cal AS c WHERE c.dev = r.dev ORDER BY valid_from::date DESC FETCH FIRST 1 ROW WITH TIES) AS c
both_tables | whether a row is of rd or rf | SELECT dev, ts, v FROM rd UNION ALL SELECT dev_id, ts, v FROM rf
arms_alike | whether a row is of rd or rf | SELECT dev, ts, v * 2 AS v FROM rd UNION ALL SELECT dev_id, ts, v * 2 FROM rf
hidden_over | `device` of loose | SELECT ts, v FROM by_device
no_label_within | `device` of loose | SELECT s.v, s.ts FROM (SELECT ts, device, v FROM loose) AS s";

/// Views whose rows are told apart by what they show: the name, its time and its labels, the values of its series, its query.
const APART: &str = "
numbered | ts, dev n | 1 2 3 10 20 30 | SELECT dev, ts, n, x.v FROM rd CROSS JOIN LATERAL unnest(ARRAY[v, w]) WITH ORDINALITY AS x(v, n)
parts | ts, dev part | 10 20 20 30 40 60 | SELECT dev, ts, g AS part, v * g AS v FROM rd CROSS JOIN generate_series(1, 2) AS g
side_by_side | ts, dev n | 1 2 3 10 20 30 | SELECT dev, ts, unnest(ARRAY[1, 2]) AS n, unnest(ARRAY[v, w]) AS v FROM rd
arms | ts, dev which | 1 2 3 10 20 30 | SELECT 1 AS which, dev, ts, v FROM rd UNION ALL SELECT 2, dev, ts, w FROM rd
growth | ts, dev | 9 18 27 | SELECT a.dev, a.ts, a.v - b.w AS v FROM rd AS a JOIN rd AS b ON a.dev = b.dev AND b.ts = a.ts - interval '1 min'
valid | ts, dev | 10 20 30 | SELECT r.dev, r.ts, r.v * c.factor AS v FROM rd AS r JOIN cal AS c ON c.dev = r.dev AND r.ts >= c.valid_from AND r.ts < c.valid_to
valid_still | ts, dev | 10 20 30 | SELECT r.dev, r.ts, r.v * c.factor AS v FROM rd AS r JOIN cal AS c ON c.dev = r.dev AND c.valid_from <= r.ts AND (c.valid_to IS NULL OR c.valid_to > r.ts)
newest | ts, dev | 10 20 30 | SELECT r.dev, r.ts, r.v * c.factor AS v FROM rd AS r LEFT JOIN LATERAL (SELECT factor FROM cal AS c WHERE c.dev = r.dev AND c.valid_from <= r.ts ORDER BY valid_from DESC LIMIT 1) AS c ON true
first_of | ts, dev | 10 20 30 | SELECT DISTINCT ON (r.dev, r.ts) r.dev, r.ts, r.v FROM rd AS r
each_minute | ts, dev_no | 10 20 30 | SELECT g AS ts, d.id AS dev_no, 10.0 * d.id AS v FROM generate_series(timestamptz '2025-06-02Z', '2025-06-03Z', '1 min') AS g, dv AS d
each_number | ts, n | 10 20 30 | SELECT g AS ts, d.id AS n, 10.0 * d.id AS v FROM generate_series(timestamptz '2025-06-02Z', '2025-06-03Z', '1 min') AS g, dv AS d
recursive | ts, k | 10 20 30 | WITH RECURSIVE c(ts) AS (SELECT timestamptz '2025-06-02Z' UNION ALL SELECT ts + interval '1 min' FROM c WHERE ts < '2025-06-02 01:00Z') SELECT c.ts, d.id AS k, r.v FROM c CROSS JOIN dv AS d LEFT JOIN rd AS r ON r.dev = d.id AND r.ts = c.ts
by_serial | ts, serial | 10 20 30 | SELECT d.serial, r.ts, r.v FROM rd AS r JOIN dv AS d ON d.id = r.dev
by_key | ts, id label | 10 20 30 | SELECT d.id, d.label, r.ts, r.v FROM rd AS r JOIN dv AS d ON d.id = r.dev
by_other_key | ts, device | 10 20 30 | SELECT d.id AS device, r.ts, r.v FROM rf AS r JOIN dv AS d ON r.dev_id = d.id
by_key_surely | ts, k | 10 20 30 | SELECT d.id AS k, r.ts, r.v FROM rf AS r LEFT JOIN dv AS d ON d.id = r.dev_id
by_key_over | ts, k | 10 20 30 | SELECT id AS k, ts, v FROM by_key
wider | ts, n | 10 20 30 | SELECT dev::bigint AS n, ts, v FROM rd
in_words | ts, n | 10 20 30 | SELECT 'dev-' || dev AS n, ts, v FROM rd
filled | ts, n | 10 20 30 | SELECT COALESCE(dev, 0) AS n, ts, v FROM rd
merged | ts, n | 10 20 30 | SELECT COALESCE(a.dev, b.dev_id) AS n, COALESCE(a.ts, b.ts) AS ts, a.v AS v FROM rd AS a FULL JOIN rf AS b ON a.dev = b.dev_id AND a.ts = b.ts
using_both | ts, dev | 10 20 30 | SELECT dev, ts, a.v FROM rd AS a FULL JOIN (SELECT dev_id AS dev, ts FROM rf) AS b USING (dev, ts)
only_one | ts,  | 10 | SELECT ts, v FROM rd WHERE dev = 1
halves | ts, half | 10 25 | SELECT dev / 2 AS half, date_trunc('hour', ts) AS ts, avg(v) AS v FROM rd GROUP BY 1, 2
grouped_by_key | ts, serial | 10 20 30 | SELECT d.serial, date_trunc('hour', r.ts) AS ts, avg(r.v) AS v FROM rd AS r JOIN dv AS d ON d.id = r.dev GROUP BY d.id, d.serial, 2
finer | ts, dev | 10 20 30 | SELECT dev, ts + s * interval '20 s' AS ts, v FROM rd, generate_series(0, 2) AS s
loose_one | ts,  | 10 | SELECT ts, v FROM loose WHERE device = 'd1'
loose_fixed | ts,  | 10 | SELECT s.v, s.ts FROM (SELECT ts, device, v FROM loose WHERE device = 'd1') AS s
fixed | ts,  | 20 | SELECT s.v, s.ts FROM (SELECT * FROM rd WHERE dev = 2) AS s
loose_words | ts, dev | 10 20 30 | SELECT ts, 'x' || device AS dev, v FROM loose
loose_all | ts,  | 60 | SELECT ts, sum(v) AS v FROM loose GROUP BY ts
loose_named | ts, device label | 10 20 30 | SELECT l.ts, l.device, d.label, l.v FROM loose AS l JOIN dv AS d ON d.serial = replace(l.device, 'd', 's')
surrogate_labelled | ts, device | 10 20 30 | SELECT ts, device, v FROM sur
arms_of_loose | ts, device which | 1 2 3 10 20 30 | SELECT 1 AS which, ts, device, v FROM loose UNION ALL SELECT 2, ts, device, w FROM loose
looked_up | ts, device | 10 | SELECT l.ts, l.device, l.v + 0 * d.id AS v FROM loose AS l JOIN dv AS d ON d.spare = l.device
thing_over | ts, dev | 10 20 30 | SELECT dev, ts, v FROM with_thing
of_orders | created_at, customer_id |  | SELECT o.created_at, o.customer_id, i.qty AS v FROM orders AS o JOIN items AS i ON i.order_id = o.id";

#[sqlx::test(migrations = false)]
async fn a_view_that_would_mix_series_is_left_out_and_says_what_it_lacks(pool: PgPool) {
    let mixed = lines::<3>(MIXED);
    let view = |[name, _, query]: &[&str; 3]| {
        format!("CREATE {} VIEW {name} AS {query};\n", if *name == "kept" { "MATERIALIZED" } else { "" })
    };
    make(&pool, TABLES.to_owned() + &mixed.iter().map(view).collect::<String>() + "ANALYZE").await;
    let (_, decisions) = read(&pool, "").await;
    for [name, lacks, _] in mixed {
        let expected = format!("it does not carry {lacks}, which tells its rows apart: declare it");
        assert_eq!(left_out(&decisions, name), expected, "{name}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_view_that_shows_what_tells_its_rows_apart_is_a_source(pool: PgPool) {
    let apart = lines::<4>(APART);
    let view = |[name, _, _, query]: &[&str; 4]| format!("CREATE VIEW {name} AS {query};\n");
    make(&pool, TABLES.to_owned() + &apart.iter().map(view).collect::<String>() + "ANALYZE").await;
    let (found, decisions) = read(&pool, "").await;
    let all = offered(&found);
    let server = Server::start(&pool).await;
    for [name, expected, drawn, _] in apart {
        let own = all.iter().find(|line| line.split(" | ").next() == Some(name));
        let own = own.unwrap_or_else(|| panic!("{name}: {}", left_out(&decisions, name)));
        let (time, labels) = expected.split_once(',').expect("a time");
        assert_eq!(own, &format!("{name} | {time} | {} | {name}_v", labels.trim()));
        let hour = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");
        let mut values: Vec<f64> = values(&server, hour, &format!("{name}_v")).await.into_values().collect();
        values.sort_by(f64::total_cmp);
        assert_eq!(values.iter().map(f64::to_string).collect::<Vec<_>>().join(" "), drawn, "{name}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_view_of_a_table_that_may_be_mixed_is_left_out_with_it(pool: PgPool) {
    let tables = "
        CREATE TABLE eui (ts timestamptz, dev bytea, rssi float8);
        INSERT INTO eui SELECT ts, decode('0' || d, 'hex'), d FROM generate_series(timestamptz '2025-06-02Z', '2025-06-03Z', '1 min') AS ts, generate_series(1, 3) AS d;
        CREATE TABLE depths (ts timestamptz, depth_m float8, temp float8);
        INSERT INTO depths SELECT ts, d + 0.5, d * 10 FROM generate_series(timestamptz '2025-06-02Z', '2025-06-03Z', '1 min') AS ts, generate_series(1, 3) AS d;
        CREATE VIEW eui_all AS SELECT * FROM eui;
        CREATE VIEW eui_one AS SELECT ts, rssi FROM eui;
        CREATE VIEW depths_all AS SELECT * FROM depths;
        ANALYZE";
    sql(&pool, tables).await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(offered(&found), [""; 0]);
    for (view, table) in [("eui_all", "eui"), ("eui_one", "eui"), ("depths_all", "depths")] {
        let expected = format!("it reads {table}, where {}", left_out(&decisions, table));
        assert_eq!(left_out(&decisions, view), expected, "{view}");
    }
}

#[sqlx::test(migrations = false)]
async fn views_of_views_are_followed_to_any_depth(pool: PgPool) {
    let view = |at: usize, query: &str| format!("CREATE OR REPLACE VIEW x{at:02} AS {query};\n");
    let first = (0..60).map(|at| view(at, "SELECT 0 AS dev, now() AS ts, 0::float8 AS v"));
    let last = (0..59).map(|at| view(at, &format!("SELECT dev, ts, v FROM x{:02}", at + 1)));
    let views: String = first.chain(last).chain([view(59, "SELECT dev / 2 AS dev, ts, v FROM rd")]).collect();
    make(&pool, TABLES.to_owned() + &views + "ANALYZE").await;
    let (_, decisions) = read(&pool, "").await;
    for at in 0..60 {
        let expected = "it does not carry `dev` of rd, which tells its rows apart: declare it";
        assert_eq!(left_out(&decisions, &format!("x{at:02}")), expected, "{at}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_view_of_many_joins_and_columns_is_read_in_time(pool: PgPool) {
    let all = |one: &dyn Fn(usize) -> String, count: usize| (0..count).map(one).collect::<String>();
    let text = format!(
        "CREATE TABLE fa (dev int, ts timestamptz{}{}, PRIMARY KEY (dev, ts)); {}
         CREATE VIEW wide AS SELECT fa.dev, fa.ts{}{} FROM fa {}; ANALYZE",
        all(&|at| format!(", c{at} float8"), 400),
        all(&|at| format!(", r{at} int"), 40),
        all(&|at| format!("CREATE TABLE d{at} (id int PRIMARY KEY, name text);"), 40),
        all(&|at| format!(", c{at}"), 400),
        all(&|at| format!(", d{at}.name AS n{at}"), 40),
        all(&|at| format!(" JOIN d{at} ON d{at}.id = fa.r{at}"), 40),
    );
    make(&pool, text).await;
    let (found, _) = read(&pool, "").await;
    assert!(offered(&found).iter().any(|line| line.starts_with("wide | ts | dev n0 ")), "{:?}", offered(&found));
}
