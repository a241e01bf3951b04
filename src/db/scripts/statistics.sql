-- What ANALYZE found in the columns of the relations in $1 (int8[], their oids), a row for each relation and kind of
-- statistics, the best first.
--
-- pg_stats shows what the role may read: it asks for the right on every column that the conditions on it leave, each
-- a look-up in a cold cache. The conditions on names are stated on the view itself, so that they are applied before.
WITH sample AS MATERIALIZED (
    SELECT s.relation, n.nspname, c.relname
    FROM unnest($1::int8[]) AS s(relation)
    JOIN pg_catalog.pg_class AS c ON c.oid = s.relation::oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
)
SELECT r.relation,
       array_agg(s.attname::text) AS names,
       array_agg(s.n_distinct::float8) AS n_distinct,
       array_agg(s.null_frac::float8) AS null_frac,
       array_agg(s.correlation::float8) AS correlation
FROM sample AS r
JOIN pg_catalog.pg_stats AS s ON s.schemaname = r.nspname AND s.tablename = r.relname
WHERE s.tablename = ANY (ARRAY(SELECT x.relname FROM sample AS x))
  AND s.attname <> ALL ('{tableoid,cmax,xmax,cmin,xmin,ctid}'::name[])
GROUP BY r.relation, s.inherited
ORDER BY s.inherited DESC
