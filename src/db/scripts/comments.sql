-- What COMMENT ON COLUMN says of the relations in $1 (int8[], their oids).
SELECT d.objoid::int8 AS relation, d.objsubid::int2 AS number, d.description AS text
FROM pg_catalog.pg_description AS d
WHERE d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid > 0
  AND d.objoid = ANY ($1::int8[]::oid[])
