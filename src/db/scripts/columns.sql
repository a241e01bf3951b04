-- The columns of the relations in $1 (int8[], their oids), domains resolved to their base type.
WITH RECURSIVE base(domain, ty, typmod, not_null) AS (
    SELECT t.oid, t.typbasetype, t.typtypmod, t.typnotnull FROM pg_catalog.pg_type AS t WHERE t.typtype = 'd'
    UNION ALL
    SELECT b.domain, t.typbasetype, greatest(b.typmod, t.typtypmod), b.not_null OR t.typnotnull
    FROM base AS b JOIN pg_catalog.pg_type AS t ON t.oid = b.ty AND t.typtype = 'd'
),
resolved AS (
    SELECT b.domain, b.ty, b.typmod, b.not_null
    FROM base AS b JOIN pg_catalog.pg_type AS t ON t.oid = b.ty AND t.typtype <> 'd'
)
SELECT a.attrelid::int8 AS relation, a.attnum AS number, a.attname::text AS name,
       t.typname::text AS type_name, t.typtype::text AS type_kind, n.nspname = 'pg_catalog' AS built_in,
       -- The digits before the point of a numeric whose precision is declared.
       CASE WHEN t.typname = 'numeric' AND coalesce(r.typmod, a.atttypmod) >= 4
            THEN (((coalesce(r.typmod, a.atttypmod) - 4) >> 16) & 65535)::int4 END AS digits,
       (a.attnotnull OR coalesce(r.not_null, false)) AS not_null,
       (a.attidentity <> '' OR coalesce(
           a.atthasdef AND t.typname IN ('int2', 'int4', 'int8')
               AND pg_catalog.pg_get_expr(e.adbin, e.adrelid) LIKE 'nextval(%', false)) AS numbered,
       d.description AS comment,
       -- The right on the table is asked first: it answers for all columns with one look-up.
       coalesce(pg_catalog.has_table_privilege(a.attrelid, 'SELECT'), false)
           OR coalesce(pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT'), false) AS readable
FROM pg_catalog.pg_attribute AS a
LEFT JOIN resolved AS r ON r.domain = a.atttypid
JOIN pg_catalog.pg_type AS t ON t.oid = coalesce(r.ty, a.atttypid)
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_attrdef AS e ON a.atthasdef AND e.adrelid = a.attrelid AND e.adnum = a.attnum
LEFT JOIN pg_catalog.pg_description AS d
       ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = a.attrelid AND d.objsubid = a.attnum
WHERE a.attrelid = ANY ($1::int8[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
