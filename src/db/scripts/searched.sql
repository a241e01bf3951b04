-- Where discovery looks, and what it passes by: one row, whose `schemas` has an entry for each schema. It counts the relations
-- that could be sources (no partitions and no children, nothing of extensions), and those of them that the role may read.
-- Nothing is counted in the schemas of the system, which are never searched. Names for statements are quoted here.
WITH scope AS MATERIALIZED (
    SELECT nullif(pg_catalog.current_setting('datebin.scope', true), '')::json AS said
),
schemas AS MATERIALIZED (
    SELECT ARRAY(SELECT pg_catalog.json_array_elements_text(s.said -> 'schemas')) AS names,
           s.said -> 'schemas' IS NULL AS is_path
    FROM scope AS s
),
path AS (
    SELECT s.name FROM pg_catalog.json_array_elements_text(pg_catalog.current_setting('datebin.path')::json) AS s(name)
),
every AS MATERIALIZED (
    SELECT n.oid, n.nspname::text AS name,
           pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS is_usable,
           n.nspname IN ('pg_catalog', 'information_schema', 'datebin') OR n.nspname LIKE '\_timescaledb\_%' AS is_system,
           CASE WHEN s.is_path THEN n.nspname::text IN (SELECT p.name FROM path AS p) ELSE n.nspname = ANY (s.names) END AS is_named
    FROM schemas AS s CROSS JOIN pg_catalog.pg_namespace AS n
    WHERE n.nspname NOT LIKE 'pg\_temp%' AND n.nspname NOT LIKE 'pg\_toast%'
),
counted AS (
    SELECT e.oid, count(*) AS relations,
           count(*) FILTER (WHERE pg_catalog.has_table_privilege(c.oid, 'SELECT')
                                OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT')) AS readable
    FROM every AS e JOIN pg_catalog.pg_class AS c ON c.relnamespace = e.oid
    WHERE NOT e.is_system AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid)
      AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_depend AS d
          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
      )
    GROUP BY e.oid
)
SELECT s.is_path,
       pg_catalog.quote_ident(pg_catalog.current_database()::text) AS database,
       pg_catalog.quote_ident(CURRENT_USER::text) AS role,
       EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
               WHERE n.nspname = 'datebin' AND c.relname = 'annotations') AS has_own_annotations,
       coalesce((
           SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
               'name', e.name, 'quoted', pg_catalog.quote_ident(e.name), 'is_system', e.is_system,
               'is_searched', e.is_named AND e.is_usable AND NOT e.is_system, 'is_usable', e.is_usable,
               'relations', coalesce(c.relations, 0),
               -- Without USAGE on the schema nothing in it can be read.
               'readable', CASE WHEN e.is_usable THEN coalesce(c.readable, 0) ELSE 0 END
           ) ORDER BY e.name COLLATE "C")
           FROM every AS e LEFT JOIN counted AS c ON c.oid = e.oid
       ), '[]'::json) AS schemas
FROM schemas AS s
