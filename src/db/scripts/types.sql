-- The types of the columns of the relations in scope, domains resolved to their base type; usable: the role may name it.
WITH RECURSIVE scope AS MATERIALIZED (
    SELECT s.id FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[]::oid[]) AS s(id)
),
base(oid, ty, typmod, not_null) AS (
    SELECT DISTINCT a.atttypid, a.atttypid, -1, false
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = ANY (ARRAY(SELECT r.id FROM scope AS r)) AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT b.oid, t.typbasetype, greatest(b.typmod, t.typtypmod), b.not_null OR t.typnotnull
    FROM base AS b JOIN pg_catalog.pg_type AS t ON t.oid = b.ty AND t.typtype = 'd'
)
SELECT b.oid::int8 AS oid, t.typname::text AS name, n.nspname::text AS schema,
    pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS usable, t.typtype::text AS kind,
    n.nspname = 'pg_catalog' AS built_in,
    -- Anybody may call a type of his own as an extension calls its.
    EXISTS (SELECT FROM pg_catalog.pg_depend AS d
            WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e') AS of_extension,
    b.oid <> t.oid AS is_domain, b.typmod, b.not_null
FROM base AS b
JOIN pg_catalog.pg_type AS t ON t.oid = b.ty AND t.typtype <> 'd'
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
