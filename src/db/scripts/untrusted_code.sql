-- Relations that run code of an untrusted role when their rows are read or when that is planned: functions, operators and
-- domains in the query of a view, in policies, indexes, checks and extended statistics of a table, and in casts of its columns;
-- also those of relations that a view reads, and of children.
-- Trusted are superusers, our role and roles of which it is a member, the owner of the database, and the owner of the relation's
-- schema. The search begins at the code, because most databases have no code of other roles.
WITH RECURSIVE scope AS MATERIALIZED (
    SELECT s.id FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[]::oid[]) AS s(id)
),
untrusted AS MATERIALIZED (
    SELECT r.oid AS id, r.rolname
    FROM pg_catalog.pg_roles AS r JOIN pg_catalog.pg_roles AS own ON own.rolname = current_user
    WHERE NOT r.rolsuper AND r.oid <> own.oid
      -- A superuser counts as a member of every role.
      AND (own.rolsuper OR NOT pg_catalog.pg_has_role(r.oid, 'USAGE'))
      AND r.oid <> (SELECT d.datdba FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
),
own_function AS MATERIALIZED (
    SELECT array_agg(p.oid) AS ids, array_agg(p.proowner) AS owners
    FROM untrusted AS s JOIN pg_catalog.pg_proc AS p ON p.proowner = s.id
),
-- Aggregates and functions that are made of such functions run them, whoever owns these. Arrays, as below.
function(id, owner) AS (
    SELECT f.id, f.owner FROM own_function AS l CROSS JOIN LATERAL unnest(l.ids, l.owners) AS f(id, owner)
    UNION
    SELECT d.objid, f.owner
    FROM function AS f JOIN pg_catalog.pg_depend AS d
        ON d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid = f.id
        AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
),
code AS MATERIALIZED (
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::oid AS class, f.id, f.owner FROM function AS f
    UNION ALL
    SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass::oid, o.oid, f.owner
    FROM function AS f JOIN pg_catalog.pg_operator AS o ON o.oprcode = f.id
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::oid, t.oid, t.typowner
    FROM untrusted AS s JOIN pg_catalog.pg_type AS t ON t.typowner = s.id AND t.typtype = 'd'
),
used AS MATERIALIZED (
    SELECT DISTINCT d.classid, d.objid, c.owner
    FROM code AS c JOIN pg_catalog.pg_depend AS d ON d.refclassid = c.class AND d.refobjid = c.id
),
direct AS MATERIALIZED (
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
),
-- The planner expects few elements of an array. With its estimate for `direct` it allocates the hash table of the recursion
-- for 450 million rows, which takes a fifth of a second and all of hash_mem.
listed AS MATERIALIZED (
    SELECT array_agg(d.id) AS ids, array_agg(d.owner) AS owners FROM direct AS d
),
running(id, owner) AS (
    SELECT d.id, d.owner FROM listed AS l CROSS JOIN LATERAL unnest(l.ids, l.owners) AS d(id, owner)
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
JOIN untrusted AS s ON s.id = r.owner
JOIN pg_catalog.pg_class AS c ON c.oid = r.id
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspowner <> r.owner
ORDER BY r.id, s.rolname
