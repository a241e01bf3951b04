//! Views whose joins and conditions take different values for equal.

use sqlx::PgPool;

use super::{lacking, telling};

/// Readings of hosts called `a`, `A` and `b`, and of those that are the same whatever their case; what is known of hosts.
const TABLES: &str = "
    CREATE EXTENSION citext;
    CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE t (ts timestamptz, host text, v float8, PRIMARY KEY (host, ts));
    CREATE TABLE tc (ts timestamptz, host citext, v float8, PRIMARY KEY (host, ts));
    CREATE TABLE ti (ts timestamptz, host text COLLATE ci, v float8, PRIMARY KEY (host, ts));
    CREATE TABLE tb (ts timestamptz, host char(4), v float8, PRIMARY KEY (host, ts));
    CREATE TABLE tl (ts timestamp, host text, v float8, PRIMARY KEY (host, ts));
    INSERT INTO t SELECT timestamptz '2025-06-02Z' + i * interval '1 min', h.name, h.v FROM generate_series(0, 59) AS i, (VALUES ('a', 10), ('A', 20), ('b', 30)) AS h(name, v);
    INSERT INTO tc SELECT * FROM t WHERE host <> 'A';
    INSERT INTO ti SELECT * FROM tc;
    INSERT INTO tb SELECT * FROM tc;
    INSERT INTO tl SELECT ts AT TIME ZONE 'UTC', host, v FROM t;
    CREATE TABLE dt (name text PRIMARY KEY, site text NOT NULL UNIQUE, factor float8);
    CREATE TABLE dc (name citext PRIMARY KEY, site citext NOT NULL UNIQUE, factor float8);
    CREATE TABLE di (name text COLLATE ci PRIMARY KEY, site text, factor float8);
    CREATE TABLE dx (name text COLLATE ci NOT NULL, factor float8);
    CREATE UNIQUE INDEX ON dx (name COLLATE \"C\");
    INSERT INTO dt VALUES ('a', 's1', 1), ('A', 's2', 2), ('b', 's3', 3);
    INSERT INTO dc VALUES ('a', 's1', 1), ('b', 's3', 3);
    INSERT INTO di SELECT * FROM dc;
    INSERT INTO dx SELECT name, factor FROM dt;
    CREATE TABLE k (id int, ts timestamptz, v float8, PRIMARY KEY (id, ts));
    INSERT INTO k SELECT i, ts, v FROM t CROSS JOIN generate_series(1, 2) AS i WHERE host = 'a';
    CREATE TABLE written (txt text PRIMARY KEY, id int NOT NULL UNIQUE);
    CREATE TABLE numbered (num numeric NOT NULL, txt text NOT NULL);
    INSERT INTO written VALUES ('1.0', 1), ('1.00', 2);
    INSERT INTO numbered VALUES (1.0, 'x'), (1.00, 'y');
    CREATE TABLE measured (id int PRIMARY KEY, f8 float8 NOT NULL UNIQUE, f4 real NOT NULL UNIQUE, i8 bigint NOT NULL UNIQUE);
    INSERT INTO measured VALUES (1, 1.5, 1.5, 1), (2, 2.5, 2.5, 2);
    CREATE TABLE lo (ts timestamp PRIMARY KEY, f float8);
    CREATE TABLE ins (ts timestamptz PRIMARY KEY, f float8);
    INSERT INTO ins SELECT DISTINCT ts, 2 FROM t;";

/// Views that take rows of different hosts for those of one, or give a row for each of several.
const MIXED: &str = "
both_folded | `name` of dt | SELECT t.ts, t.host, t.v * d.factor AS v FROM t JOIN dt AS d ON d.name::citext = t.host::citext
key_folded | `name` of dt | SELECT tc.ts, tc.host, tc.v * d.factor AS v FROM tc JOIN dt AS d ON d.name::citext = tc.host
key_collated | `name` of dt | SELECT t.ts, t.host, t.v * d.factor AS v FROM t JOIN dt AS d ON d.name = t.host COLLATE ci
as_text | `name` of dt | SELECT tc.ts, tc.host, tc.v * d.factor AS v FROM tc JOIN dt AS d ON d.name = tc.host::text AND d.factor > 0
other_name | `host` of t | SELECT t.ts, d.name AS host, t.v FROM t JOIN dc AS d ON d.name = t.host::citext
other_collation | `host` of t | SELECT t.ts, d.name AS host, t.v FROM t JOIN di AS d ON d.name = t.host
other_column | `host` of t | SELECT r.ts, d.site AS host, r.v FROM (SELECT ts, host, v FROM t) AS r JOIN dc AS d ON d.name = r.host::citext
one_folded | `host` of t | SELECT ts, v FROM t WHERE host::citext = 'a'
one_collated | `host` of t | SELECT ts, v FROM t WHERE host = 'a' COLLATE ci
finer_index | a key of dx (it has none) | SELECT ti.ts, ti.host, d.factor * ti.v AS v FROM ti JOIN dx AS d ON d.name = ti.host
folded_within | `host` of s | SELECT tc.host, tc.ts, s.v FROM tc JOIN (SELECT DISTINCT host COLLATE ci AS host, ts, v FROM t) AS s ON s.host = tc.host::text AND s.ts = tc.ts
written_number | `id` of k | SELECT n.num, k.ts, k.v FROM k JOIN written AS w ON w.id = k.id JOIN numbered AS n ON n.num::text = w.txt
parts_folded | whether a row is of t or tc | SELECT ts, host, v FROM t WHERE host = 'a' COLLATE ci UNION ALL SELECT ts, host, v FROM tc WHERE host::text = 'A' COLLATE ci
clocks | `ts` of lo | SELECT i.ts, l.f AS v FROM ins AS i JOIN lo AS l ON l.ts = i.ts";

/// Views whose keys are compared as they are.
const APART: &str = "
folded | host | SELECT tc.ts, tc.host, tc.v * d.factor AS v FROM tc JOIN dc AS d ON d.name = tc.host
collated | host | SELECT ti.ts, ti.host, ti.v * d.factor AS v FROM ti JOIN di AS d ON d.name = ti.host
to_folded | host | SELECT t.ts, t.host, t.v * d.factor AS v FROM t JOIN dc AS d ON d.name = t.host::citext
to_collated | host | SELECT t.ts, t.host, t.v * d.factor AS v FROM t JOIN di AS d ON d.name = t.host
to_folded_within | host | SELECT s.host, s.ts, s.v * d.factor AS v FROM (SELECT host::citext AS host, ts, v FROM t) AS s JOIN dc AS d ON d.name = s.host
one_of_folded |  | SELECT ts, v FROM tc WHERE host = 'A'
one_of_collated |  | SELECT ts, v FROM ti WHERE host = 'A'
shown_as_text | host | SELECT ts, host::text AS host, v FROM tc
shown_folded | host | SELECT ts, host::citext AS host, v FROM t
other_key | site | SELECT tc.ts, d.site, tc.v FROM tc JOIN dc AS d ON d.name = tc.host
grouped | host | SELECT host, date_trunc('hour', ts) AS ts, avg(v) AS v FROM tc GROUP BY 1, 2
padded | host | SELECT tb.ts, tb.host, tb.v * d.factor AS v FROM tb JOIN dt AS d ON d.name = tb.host
float | i8 | SELECT m.i8, k.ts, k.v FROM k JOIN measured AS m ON m.i8 = k.id
floats | id | SELECT k.id, k.ts, k.v * m.f8 AS v FROM k JOIN measured AS o ON o.id = k.id JOIN measured AS m ON m.f8 = o.f4
clocked | host | SELECT l.ts AT TIME ZONE 'UTC' AS ts, l.host, l.v * i.f AS v FROM tl AS l JOIN ins AS i ON i.ts = l.ts";

#[sqlx::test(migrations = false)]
async fn a_key_that_is_reached_by_another_equality_fixes_no_row(pool: PgPool) {
    lacking(&pool, TABLES, MIXED).await;
}

#[sqlx::test(migrations = false)]
async fn a_key_that_is_reached_by_its_own_equality_fixes_its_row(pool: PgPool) {
    telling(&pool, TABLES, APART).await;
}
