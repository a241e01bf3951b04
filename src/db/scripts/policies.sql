-- Relations whose rows policies may hide from our role: tables with row security that is in force for whoever reads them, and
-- views that read such tables. It is in force for everybody but roles that bypass it, the owner of the table unless it is
-- forced, and roles to whom a policy shows all rows. A view reads as its owner, unless it is one of its invoker: then it reads as
-- whoever asks, also within a view that does not. A materialized view holds what its owner saw.
WITH RECURSIVE scope AS MATERIALIZED (
    SELECT s.id FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[]::oid[]) AS s(id)
),
secured AS MATERIALIZED (
    SELECT c.oid AS id, c.relowner AS owner, c.relforcerowsecurity AS is_forced
    FROM pg_catalog.pg_class AS c WHERE c.relrowsecurity
),
-- The view that reads the table decides who reads it. The reader is NULL where it is whoever asks.
reading(id, secured, reader, is_view) AS (
    SELECT s.id, s.id, NULL::oid, false FROM secured AS s
    UNION
    SELECT v.oid, r.secured,
           CASE WHEN r.is_view THEN r.reader WHEN NOT EXISTS (
               SELECT FROM pg_catalog.pg_options_to_table(v.reloptions) AS o
               WHERE CASE WHEN o.option_name = 'security_invoker' THEN o.option_value::bool END
           ) THEN v.relowner END,
           true
    FROM reading AS r
    JOIN pg_catalog.pg_depend AS d
        ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = r.id
           AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    JOIN pg_catalog.pg_rewrite AS w ON w.oid = d.objid
    JOIN pg_catalog.pg_class AS v ON v.oid = w.ev_class AND v.relkind = 'v'
),
-- The policies for reading that are for a role.
applied AS MATERIALIZED (
    SELECT a.secured, a.reader, p.polpermissive AS is_permissive,
           coalesce(pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true', false) AS shows_all
    FROM (SELECT DISTINCT r.secured, coalesce(r.reader, own.oid) AS reader
          FROM reading AS r CROSS JOIN pg_catalog.pg_roles AS own WHERE own.rolname = current_user) AS a
    JOIN pg_catalog.pg_policy AS p ON p.polrelid = a.secured AND p.polcmd IN ('r', '*')
    WHERE 0 = ANY (p.polroles) OR EXISTS (
        SELECT FROM unnest(p.polroles) AS m(id) WHERE CASE WHEN m.id <> 0 THEN pg_catalog.pg_has_role(a.reader, m.id, 'USAGE') END
    )
),
open AS MATERIALIZED (
    SELECT a.secured, a.reader FROM applied AS a
    GROUP BY a.secured, a.reader HAVING bool_or(a.shows_all AND a.is_permissive) AND bool_and(a.is_permissive)
)
SELECT DISTINCT r.id::int8 AS relation
FROM reading AS r
JOIN scope AS o ON o.id = r.id
JOIN secured AS s ON s.id = r.secured
JOIN pg_catalog.pg_roles AS own ON own.rolname = current_user
JOIN pg_catalog.pg_roles AS reader ON reader.oid = coalesce(r.reader, own.oid)
WHERE NOT reader.rolsuper AND NOT reader.rolbypassrls
  AND (s.is_forced OR NOT pg_catalog.pg_has_role(reader.oid, s.owner, 'USAGE'))
  AND NOT EXISTS (SELECT FROM open AS f WHERE f.secured = r.secured AND f.reader = reader.oid)
ORDER BY 1
