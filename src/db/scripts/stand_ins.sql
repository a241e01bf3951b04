-- Some of the texts that ANALYZE kept in the largest child of each parent in scope, as in statistics.sql: parents are
-- seldom analysed.
WITH parent AS MATERIALIZED (
    SELECT m.relation, n.nspname, c.relname
    FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[],
                pg_catalog.current_setting('datebin.samples')::int8[]) AS m(relation, member)
    JOIN pg_catalog.pg_class AS c ON c.oid = m.member::oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE m.member <> m.relation
),
word AS MATERIALIZED (
    SELECT p.relation, p.nspname, p.relname, a.attname AS name
    FROM parent AS p
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.relation::oid
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid AND t.typcategory = 'S'
    WHERE EXISTS (
        SELECT FROM pg_catalog.pg_attribute AS o JOIN pg_catalog.pg_type AS y ON y.oid = o.atttypid AND y.typcategory = 'N'
        WHERE o.attrelid = a.attrelid AND o.attnum > 0 AND NOT o.attisdropped)
      AND a.attrelid = ANY (ARRAY(SELECT x.relation::oid FROM parent AS x)) AND a.attnum > 0 AND NOT a.attisdropped
)
SELECT w.relation, w.name::text AS name,
       (coalesce(s.most_common_vals::text::text[], '{}'))[1:20] || (coalesce(s.histogram_bounds::text::text[], '{}'))[1:20]
           AS numbers
FROM word AS w
JOIN pg_catalog.pg_stats AS s ON s.schemaname = w.nspname AND s.tablename = w.relname AND s.attname = w.name
WHERE EXISTS (SELECT FROM word)
  -- On the view itself, so that it does not ask for the right on every other column first.
  AND s.tablename = ANY (ARRAY(SELECT x.relname FROM word AS x)) AND s.attname = ANY (ARRAY(SELECT DISTINCT x.name FROM word AS x))
ORDER BY 1, 2, s.inherited DESC
