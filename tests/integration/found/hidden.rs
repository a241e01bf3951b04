//! Views that hide what tells the rows of a part apart: groups, times, and the rows of inheritance children.

use sqlx::PgPool;

use super::{lacking, telling};

/// Readings with and without a key, what is known of hosts now, and tables whose children have rows of the same keys.
const TABLES: &str = "
    CREATE TABLE t (ts timestamptz, host text NOT NULL, region text, v float8, PRIMARY KEY (host, region, ts));
    INSERT INTO t SELECT timestamptz '2025-06-02Z' + i * interval '1 min', h.name, r.name, h.v * r.v
        FROM generate_series(0, 59) AS i, (VALUES ('a', 1), ('b', 2)) AS h(name, v), (VALUES ('x', 10), ('y', 30)) AS r(name, v);
    CREATE TABLE l AS SELECT * FROM t;
    CREATE TABLE s1 (ts timestamptz, host text, v float8, got timestamptz, PRIMARY KEY (host, ts));
    INSERT INTO s1 SELECT ts, host, v, '2025-06-02 00:30Z' FROM t WHERE region = 'x';
    CREATE TABLE d (host text PRIMARY KEY, at timestamptz, kind text);
    INSERT INTO d VALUES ('a', '2025-06-02Z', 'k1'), ('b', '2025-06-02Z', 'k2');
    CREATE TABLE k (ts timestamptz, dev int, v float8, PRIMARY KEY (dev, ts));
    INSERT INTO k SELECT timestamptz '2025-06-02Z' + i * interval '1 min', c, c * 10 FROM generate_series(0, 59) AS i, generate_series(1, 2) AS c;
    CREATE TABLE p (id int PRIMARY KEY, name text NOT NULL UNIQUE, f float8);
    CREATE TABLE p1 () INHERITS (p);
    INSERT INTO p SELECT c, 'p' || c, 1 FROM generate_series(1, 2) AS c;
    INSERT INTO p1 SELECT c, 'p' || c, 5 FROM generate_series(1, 2) AS c;
    CREATE TABLE q (id int, f float8);
    CREATE TABLE q1 (PRIMARY KEY (id)) INHERITS (q);
    CREATE TABLE q2 (PRIMARY KEY (id)) INHERITS (q);
    INSERT INTO q1 SELECT c, 1 FROM generate_series(1, 2) AS c;
    INSERT INTO q2 SELECT c, 5 FROM generate_series(1, 2) AS c;
    CREATE TABLE n (ts timestamptz, dev int, zone text, v float8);
    CREATE TABLE n1 (PRIMARY KEY (dev, zone, ts)) INHERITS (n);
    INSERT INTO n1 SELECT ts, dev, z, v FROM k, unnest('{z1,z2}'::text[]) AS z;
    CREATE TABLE pp (id int, part text, f float8) PARTITION BY LIST (part);
    CREATE TABLE pp1 PARTITION OF pp (PRIMARY KEY (id)) FOR VALUES IN ('a');
    CREATE TABLE pp2 PARTITION OF pp (PRIMARY KEY (id)) FOR VALUES IN ('b');
    INSERT INTO pp SELECT c, x, 1 FROM generate_series(1, 2) AS c, unnest('{a,b}'::text[]) AS x;
    CREATE TABLE fkp (ts timestamptz, dev int NOT NULL REFERENCES p, v float8, PRIMARY KEY (dev, ts));
    CREATE TABLE fkc () INHERITS (fkp);
    INSERT INTO fkc SELECT ts, c, c FROM k, generate_series(8, 9) AS c WHERE dev = 1;";

const MIXED: &str = "
groups | `region` of s | SELECT ts, host, v FROM (SELECT ts, host, region, avg(v) AS v FROM t GROUP BY 1, 2, 3) AS s
loose_groups | `region` of s | SELECT ts, host, v FROM (SELECT ts, host, region, avg(v) AS v FROM l GROUP BY 1, 2, 3) AS s
groups_now | `region` of s | SELECT now() AS ts, host, v FROM (SELECT host, region, avg(v) AS v FROM t GROUP BY 1, 2) AS s
groups_of_words | `r` of s | SELECT ts, host, v FROM (SELECT date_trunc('hour', ts) AS ts, host, upper(region) AS r, avg(v) AS v FROM l GROUP BY 1, 2, 3) AS s
named_groups | `region` of g | WITH g AS (SELECT ts, host, region, max(v) AS v FROM t GROUP BY 1, 2, 3) SELECT g.ts, g.host, g.v, d.kind FROM g JOIN d USING (host)
joined_groups | `region` of g | SELECT s.ts, s.host, g.v FROM s1 AS s JOIN (SELECT host, region, avg(v) AS v FROM t GROUP BY 1, 2) AS g USING (host)
distinct_rows | `region` of l | SELECT ts, host, v FROM (SELECT DISTINCT ts, host, region, v FROM l) AS s
distinct_on | `region` of l | SELECT ts, host, v FROM (SELECT DISTINCT ON (ts, host, region) ts, host, region, v FROM l) AS s
distinct_values | `ts`, `region` of t | SELECT now() AS ts, host, 1.5 AS v FROM (SELECT DISTINCT host, v FROM t) AS s
distinct_now | `region` of s | SELECT now() AS ts, host, 1.5 AS v FROM (SELECT DISTINCT host, region FROM l) AS s
joined_distinct | `region` of g | SELECT s.ts, s.host, g.v FROM s1 AS s JOIN (SELECT DISTINCT host, region, v FROM l) AS g USING (host)
grown | `region` of t | SELECT ts, host, v - lag(v) OVER (PARTITION BY host, region ORDER BY ts) AS v FROM t
ranked | `region` of t | SELECT ts, host, v FROM (SELECT ts, host, v, rank() OVER (PARTITION BY host, ts ORDER BY v) AS r FROM t) AS s WHERE r = 1
counted | what its rows are grouped by | SELECT ts, host, count(*) AS v FROM (SELECT DISTINCT ts, host, region FROM l) AS s GROUP BY ts, host, region
totals | whether a row is of all `host` or of those that are NULL | SELECT ts, host, avg(v) AS v FROM l GROUP BY GROUPING SETS ((ts, host), (ts))
now_of_all | `ts` of s1 | SELECT now() AS ts, host, v FROM s1
other_time | `ts` of s1 | SELECT got AS ts, host, v FROM s1
time_of_things | `ts` of s1 | SELECT d.at AS ts, s.host, s.v FROM s1 AS s JOIN d USING (host)
newest_of_all | `ts` of s1 | SELECT (SELECT max(at) FROM d) AS ts, host, v FROM s1
parent | a key of p (it has none) | SELECT k.ts, k.dev, k.v * p.f AS v FROM k JOIN p ON p.id = k.dev
parent_named | `dev` of k | SELECT k.ts, p.name, k.v FROM k JOIN p ON p.id = k.dev
parent_perhaps | a key of p (it has none) | SELECT k.ts, k.dev, k.v * p.f AS v FROM k LEFT JOIN p ON p.id = k.dev
parent_within | a key of s (it has none) | SELECT k.ts, k.dev, k.v * s.f AS v FROM k JOIN (SELECT id, f FROM p) AS s ON s.id = k.dev
children | a key of q (it has none) | SELECT k.ts, k.dev, k.v * q.f AS v FROM k JOIN q ON q.id = k.dev
child_hidden | `zone` of n | SELECT ts, dev, v FROM n
partitions | `part` of pp | SELECT k.ts, k.dev, pp.f * k.v AS v FROM k JOIN pp ON pp.id = k.dev
child_refers | `dev` of fkp | SELECT p.id AS dev, f.ts, f.v FROM fkp AS f LEFT JOIN ONLY p ON p.id = f.dev";

const APART: &str = "
groups | host region | SELECT ts, host, region, v FROM (SELECT ts, host, region, avg(v) AS v FROM t GROUP BY 1, 2, 3) AS s
groups_of_one | host | SELECT ts, host, v FROM (SELECT ts, host, region, avg(v) AS v FROM t WHERE region = 'x' GROUP BY 1, 2, 3) AS s
one_of_groups | host | SELECT ts, host, v FROM (SELECT ts, host, region, avg(v) AS v FROM t GROUP BY 1, 2, 3) AS s WHERE region = 'x'
joined_groups | host | SELECT s.ts, s.host, g.v FROM s1 AS s JOIN (SELECT host, avg(v) AS v FROM t GROUP BY 1) AS g USING (host)
first_of_each | host region | SELECT s.ts, s.host, g.region, s.v FROM s1 AS s JOIN (SELECT DISTINCT ON (host) host, region FROM l ORDER BY host, region) AS g USING (host)
newest_of_each | host | SELECT k.ts, n.host, n.v FROM k JOIN (SELECT DISTINCT ON (host) host, v FROM s1 ORDER BY host, ts DESC) AS n ON true WHERE k.dev = 1
each_minute | host | SELECT c.ts, h.host, s.v FROM generate_series(timestamptz '2025-06-02Z', '2025-06-02 02:00Z', '1 min') AS c(ts) CROSS JOIN (SELECT DISTINCT host FROM t) AS h LEFT JOIN s1 AS s ON s.host = h.host AND s.ts = c.ts
each_loose | host region | SELECT s.ts, s.host, g.region, s.v FROM s1 AS s CROSS JOIN (SELECT DISTINCT region FROM l) AS g
each_of_both | host | SELECT s.ts, h.host, s.v FROM (SELECT host FROM t UNION SELECT host FROM l) AS h JOIN s1 AS s ON s.host = h.host
summed | host | SELECT ts, host, sum(v) AS v FROM (SELECT ts, host, region, avg(v) AS v FROM t GROUP BY 1, 2, 3) AS s GROUP BY ts, host
counted | host | SELECT ts, host, count(*) AS v FROM (SELECT DISTINCT ts, host, region FROM l) AS s GROUP BY ts, host
totals | host | SELECT ts, host, avg(v) AS v FROM t GROUP BY GROUPING SETS ((ts, host), (ts))
later | host | SELECT ts + interval '1 min' AS ts, host, v FROM s1
only_parent | dev | SELECT k.ts, k.dev, k.v * p.f AS v FROM k JOIN ONLY p ON p.id = k.dev
one_child | dev | SELECT k.ts, k.dev, k.v * q1.f AS v FROM k JOIN q1 ON q1.id = k.dev
of_children | dev zone | SELECT ts, dev, zone, v FROM n
one_partition | dev | SELECT k.ts, k.dev, pp1.f * k.v AS v FROM k JOIN pp1 ON pp1.id = k.dev
with_parent | dev zone | SELECT n.ts, n.dev, n.zone, n.v * p.f AS v FROM n JOIN ONLY p ON p.id = n.dev";

#[sqlx::test(migrations = false)]
async fn what_a_part_hides_of_what_tells_rows_apart_leaves_a_view_out(pool: PgPool) {
    lacking(&pool, TABLES, MIXED).await;
}

#[sqlx::test(migrations = false)]
async fn a_view_that_shows_all_of_it_is_a_source(pool: PgPool) {
    telling(&pool, TABLES, APART).await;
}
