-- The types in $1 (int8[], their oids), domains resolved to their base type.
WITH RECURSIVE base(oid, ty, typmod, not_null) AS (
    SELECT o.oid, o.oid::oid, -1, false FROM unnest($1::int8[]) AS o(oid)
    UNION ALL
    SELECT b.oid, t.typbasetype, greatest(b.typmod, t.typtypmod), b.not_null OR t.typnotnull
    FROM base AS b JOIN pg_catalog.pg_type AS t ON t.oid = b.ty AND t.typtype = 'd'
)
SELECT b.oid, t.typname::text AS name, t.typtype::text AS kind, n.nspname = 'pg_catalog' AS built_in, b.typmod, b.not_null
FROM base AS b
JOIN pg_catalog.pg_type AS t ON t.oid = b.ty AND t.typtype <> 'd'
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
