-- The columns of the relations in scope, a row for each relation: a row for each column would cost
-- more to send and to read than all else together.
WITH scope AS MATERIALIZED (
    SELECT s.id FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[]::oid[]) AS s(id)
)
SELECT a.attrelid::int8 AS relation,
       array_agg(a.attnum) AS numbers,
       array_agg(a.attname::text) AS names,
       array_agg(a.atttypid::int8) AS types,
       array_agg(a.atttypmod) AS typmods,
       array_agg(a.attnotnull) AS not_null,
       array_agg(CASE
           WHEN a.attidentity <> '' THEN true
           WHEN a.atthasdef AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN EXISTS (
               SELECT FROM pg_catalog.pg_attrdef AS e
               WHERE e.adrelid = a.attrelid AND e.adnum = a.attnum
                 AND pg_catalog.pg_get_expr(e.adbin, e.adrelid) LIKE 'nextval(%')
           WHEN a.atthasdef AND a.atttypid = 'uuid'::regtype THEN EXISTS (
               SELECT FROM pg_catalog.pg_attrdef AS e
               WHERE e.adrelid = a.attrelid AND e.adnum = a.attnum
                 AND pg_catalog.pg_get_expr(e.adbin, e.adrelid) ~ '(^|[._])uuid[a-z0-9_]*\(')
           ELSE false END) AS numbered,
       -- Rights on the column alone; those on the whole table are with the table. NULL where the column is going or coming.
       array_agg(CASE
           WHEN a.attacl IS NULL THEN false
           ELSE pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT') END) AS granted
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = ANY (ARRAY(SELECT r.id FROM scope AS r)) AND a.attnum > 0 AND NOT a.attisdropped
GROUP BY a.attrelid
