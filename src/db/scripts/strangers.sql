-- Whose code runs as our role when rows are read, or when that is planned: the owners of functions, operators and domains that
-- a view uses, the policies of a table, its indexes, checks or statistics, and the casts of its columns; also of what a view
-- reads, and of children. Left out are superusers, roles of which ours is a member, the owner of the database and the owner of
-- the relation's schema: they decide anyway what is read here.
-- From the code to the relations: of most databases nobody has code who is not left out.
WITH RECURSIVE scope AS MATERIALIZED (
    SELECT s.id FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[]::oid[]) AS s(id)
),
stranger AS MATERIALIZED (
    SELECT r.oid AS id, r.rolname
    FROM pg_catalog.pg_roles AS r JOIN pg_catalog.pg_roles AS own ON own.rolname = current_user
    WHERE NOT r.rolsuper AND r.oid <> own.oid
      -- A superuser counts as a member of every role.
      AND (own.rolsuper OR NOT pg_catalog.pg_has_role(r.oid, 'USAGE'))
      AND r.oid <> (SELECT d.datdba FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
),
function AS MATERIALIZED (
    SELECT p.oid AS id, p.proowner AS owner FROM stranger AS s JOIN pg_catalog.pg_proc AS p ON p.proowner = s.id
),
code AS MATERIALIZED (
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::oid AS class, f.id, f.owner FROM function AS f
    UNION ALL
    SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass::oid, o.oid, f.owner
    FROM function AS f JOIN pg_catalog.pg_operator AS o ON o.oprcode = f.id
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::oid, t.oid, t.typowner
    FROM stranger AS s JOIN pg_catalog.pg_type AS t ON t.typowner = s.id AND t.typtype = 'd'
),
used AS MATERIALIZED (
    SELECT DISTINCT d.classid, d.objid, c.owner
    FROM code AS c JOIN pg_catalog.pg_depend AS d ON d.refclassid = c.class AND d.refobjid = c.id
),
running(id, owner) AS (
    SELECT f.id, f.owner
    FROM (
        SELECT r.ev_class AS id, u.owner
        FROM used AS u JOIN pg_catalog.pg_rewrite AS r ON r.oid = u.objid
        WHERE u.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        UNION ALL
        SELECT p.polrelid, u.owner
        FROM used AS u JOIN pg_catalog.pg_policy AS p ON p.oid = u.objid
        WHERE u.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
        UNION ALL
        SELECT i.indrelid, u.owner
        FROM used AS u JOIN pg_catalog.pg_index AS i ON i.indexrelid = u.objid
        WHERE u.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        UNION ALL
        SELECT c.conrelid, u.owner
        FROM used AS u JOIN pg_catalog.pg_constraint AS c ON c.oid = u.objid
        WHERE u.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
        UNION ALL
        SELECT e.stxrelid, u.owner
        FROM used AS u JOIN pg_catalog.pg_statistic_ext AS e ON e.oid = u.objid
        WHERE u.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
        UNION ALL
        SELECT a.attrelid, f.owner
        FROM function AS f JOIN pg_catalog.pg_cast AS k ON k.castfunc = f.id
        JOIN pg_catalog.pg_attribute AS a ON a.atttypid = k.castsource
    ) AS f
    UNION
    SELECT n.id, r.owner
    FROM running AS r
    CROSS JOIN LATERAL (
        SELECT w.ev_class AS id
        FROM pg_catalog.pg_depend AS d
        JOIN pg_catalog.pg_rewrite AS w ON w.oid = d.objid
        WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = r.id
          AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        UNION ALL
        SELECT i.inhparent FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = r.id
    ) AS n
)
SELECT DISTINCT ON (r.id) r.id::int8 AS relation, s.rolname::text AS role
FROM running AS r
JOIN scope AS o ON o.id = r.id
JOIN stranger AS s ON s.id = r.owner
JOIN pg_catalog.pg_class AS c ON c.oid = r.id
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspowner <> r.owner
ORDER BY r.id, s.rolname
