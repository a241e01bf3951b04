-- Whose code runs as our role when rows are read: the owners of functions, operators and domains that a view uses, or the
-- policies of a table, also through other views. Left out are superusers, roles of which ours is a member, the owner of the
-- database and the owner of the relation's schema: they decide anyway what is read here.
WITH RECURSIVE scope AS MATERIALIZED (
    SELECT s.id FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[]::oid[]) AS s(id)
),
member(root, id) AS (
    SELECT s.id, s.id FROM scope AS s
    UNION
    SELECT m.root, d.refobjid
    FROM member AS m
    JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = m.id
    JOIN pg_catalog.pg_depend AS d
      ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid AND (c.relkind = 'v' OR c.relrowsecurity)
),
reading AS (
    SELECT m.root, 'pg_catalog.pg_rewrite'::pg_catalog.regclass AS class, r.oid AS id
    FROM member AS m JOIN pg_catalog.pg_class AS c ON c.oid = m.id AND c.relkind = 'v'
    JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid
    UNION ALL
    SELECT m.root, 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid
    FROM member AS m JOIN pg_catalog.pg_class AS c ON c.oid = m.id AND c.relrowsecurity
    JOIN pg_catalog.pg_policy AS p ON p.polrelid = c.oid
),
used AS (
    SELECT DISTINCT r.root, d.refclassid, d.refobjid
    FROM reading AS r JOIN pg_catalog.pg_depend AS d ON d.classid = r.class AND d.objid = r.id
),
owned AS (
    SELECT u.root, p.proowner AS owner
    FROM used AS u
    LEFT JOIN pg_catalog.pg_operator AS o
           ON u.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND o.oid = u.refobjid
    JOIN pg_catalog.pg_proc AS p
      ON p.oid = CASE WHEN u.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass THEN u.refobjid ELSE o.oprcode END
    UNION
    SELECT u.root, t.typowner
    FROM used AS u
    JOIN pg_catalog.pg_type AS t ON t.oid = u.refobjid AND t.typtype = 'd'
    WHERE u.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
)
SELECT DISTINCT ON (o.root) o.root::int8 AS relation, r.rolname::text AS role
FROM owned AS o
JOIN pg_catalog.pg_roles AS r ON r.oid = o.owner
JOIN pg_catalog.pg_class AS c ON c.oid = o.root
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_roles AS own ON own.rolname = current_user
WHERE NOT r.rolsuper AND r.oid <> own.oid AND r.oid <> n.nspowner
  -- A superuser counts as a member of every role.
  AND (own.rolsuper OR NOT pg_catalog.pg_has_role(r.oid, 'USAGE'))
  AND r.oid <> (SELECT d.datdba FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
ORDER BY o.root, r.rolname
