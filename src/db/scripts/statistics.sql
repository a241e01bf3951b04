-- What ANALYZE found in the columns of the relations of which statistics decide something, a row for each relation and kind of statistics, the best
-- first; of texts beside numbers, which may be numbers themselves, also some of the values, the most common first.
--
-- pg_stats shows what the role may read: it asks for the right on every column that the conditions on it leave, each
-- a look-up in a cold cache. The conditions on names are stated on the view itself, so that they are applied before.
-- Nothing where statistics_scope.sql says `whole`: statistics_whole.sql is faster then.
WITH sample AS MATERIALIZED (
    SELECT s.relation, n.nspname, c.relname
    FROM unnest(pg_catalog.current_setting('datebin.undecided')::int8[]) AS s(relation)
    JOIN pg_catalog.pg_class AS c ON c.oid = s.relation::oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
),
word AS MATERIALIZED (
    SELECT c.relation, c.name
    FROM (
        SELECT a.attrelid::int8 AS relation, a.attname AS name, t.typcategory = 'S' AS is_text,
               bool_or(t.typcategory = 'N') OVER (PARTITION BY a.attrelid) AS has_number
        FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
        WHERE a.attrelid = ANY (ARRAY(SELECT x.relation::oid FROM sample AS x)) AND a.attnum > 0 AND NOT a.attisdropped
    ) AS c
    WHERE c.is_text AND c.has_number
)
SELECT r.relation,
       array_agg(s.attname::text) AS names,
       array_agg(s.n_distinct::float8) AS n_distinct,
       array_agg(s.null_frac::float8) AS null_frac,
       array_agg(s.correlation::float8) AS correlation,
       json_agg(CASE WHEN w.name IS NOT NULL THEN
           (coalesce(s.most_common_vals::text::text[], '{}'))[1:20]
           || (coalesce(s.histogram_bounds::text::text[], '{}'))[1:20] END) AS kept
FROM sample AS r
JOIN pg_catalog.pg_stats AS s ON s.schemaname = r.nspname AND s.tablename = r.relname
LEFT JOIN word AS w ON w.relation = r.relation AND w.name = s.attname
WHERE NOT pg_catalog.current_setting('datebin.whole')::bool
  AND s.tablename = ANY (ARRAY(SELECT x.relname FROM sample AS x))
  AND s.attname <> ALL ('{tableoid,cmax,xmax,cmin,xmin,ctid}'::name[])
GROUP BY r.relation, s.inherited
ORDER BY s.inherited DESC
