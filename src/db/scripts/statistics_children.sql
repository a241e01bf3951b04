-- What ANALYZE found in all partitions and children of the parents in scope, put together: parents
-- are seldom analysed, and a column may be filled in the newest children only.
WITH RECURSIVE tree(root, member) AS (
    SELECT s.id, i.inhrelid
    FROM unnest(pg_catalog.current_setting('datebin.undecided')::int8[]) AS s(id)
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = s.id::oid
    UNION
    SELECT t.root, i.inhrelid FROM tree AS t JOIN pg_catalog.pg_inherits AS i ON i.inhparent = t.member
),
child AS MATERIALIZED (
    SELECT t.root, n.nspname, c.relname, greatest(c.reltuples, 1)::float8 AS rows
    FROM tree AS t
    JOIN pg_catalog.pg_class AS c ON c.oid = t.member
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
),
found AS (
    SELECT c.root, s.attname::text AS name, c.rows, s.null_frac::float8 AS null_frac, s.correlation::float8 AS correlation,
           s.n_distinct::float8 AS n_distinct,
           CASE WHEN s.n_distinct < 0 THEN -s.n_distinct * c.rows ELSE s.n_distinct END::float8 AS distinct_values
    FROM child AS c
    JOIN pg_catalog.pg_stats AS s ON s.schemaname = c.nspname AND s.tablename = c.relname AND NOT s.inherited
    WHERE EXISTS (SELECT FROM child) AND s.tablename = ANY (ARRAY(SELECT x.relname FROM child AS x))
),
merged AS (
    SELECT f.root, f.name,
           -- Values that are nearly all distinct in each child are so in all; of others the same come again.
           CASE WHEN bool_and(f.n_distinct < -0.5) FILTER (WHERE f.null_frac < 1)
                THEN -sum(f.distinct_values) / sum(f.rows) ELSE max(f.distinct_values) END AS n_distinct,
           sum(f.null_frac * f.rows) / sum(f.rows) AS null_frac,
           bool_and(f.null_frac >= 1) AS dead,
           min(f.correlation) AS correlation
    FROM found AS f
    GROUP BY f.root, f.name
)
SELECT m.root AS relation,
       array_agg(m.name) AS names,
       array_agg(coalesce(m.n_distinct, 0)) AS n_distinct,
       array_agg(CASE WHEN m.dead THEN 1 ELSE least(m.null_frac, 0.999999) END::float8) AS null_frac,
       array_agg(m.correlation) AS correlation
FROM merged AS m
GROUP BY m.root
