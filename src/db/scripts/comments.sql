-- What COMMENT ON COLUMN says of the relations in scope.
WITH scope AS MATERIALIZED (
    SELECT s.id FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[]::oid[]) AS s(id)
)
SELECT d.objoid::int8 AS relation, d.objsubid::int2 AS number, d.description AS text
FROM pg_catalog.pg_description AS d
WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid > 0
  AND d.objoid = ANY (ARRAY(SELECT r.id FROM scope AS r))
