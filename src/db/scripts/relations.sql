-- The relations that hold rows, with those of partitions and inheritance children folded into their parent.
-- The setting `datebin.scope` says which, as JSON: `schemas` to discover in (absent: the search path), and `declared`,
-- pairs of schema ('' where the declaration names none) and name, with a third member where statistics decide nothing about
-- the relation: the name of its time column, which must not be a number then, or ''.
WITH RECURSIVE scope AS MATERIALIZED (
    SELECT nullif(pg_catalog.current_setting('datebin.scope', true), '')::json AS said
),
schemas AS MATERIALIZED (
    SELECT ARRAY(SELECT pg_catalog.json_array_elements_text(s.said -> 'schemas')) AS names,
           s.said -> 'schemas' IS NULL AS is_path
    FROM scope AS s
),
path AS (
    SELECT s.name, s.position
    FROM pg_catalog.json_array_elements_text(pg_catalog.current_setting('datebin.path')::json)
        WITH ORDINALITY AS s(name, position)
),
declared AS (
    SELECT d.pair ->> 0 AS schema, d.pair ->> 1 AS name
    FROM scope AS s, pg_catalog.json_array_elements(s.said -> 'declared') AS d(pair)
),
chosen AS (
    SELECT n.oid, n.nspname::text AS schema, p.position,
           pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS usable,
           n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'datebin')
               AND n.nspname NOT LIKE 'pg\_temp%' AND n.nspname NOT LIKE 'pg\_toast%'
               AND n.nspname NOT LIKE '\_timescaledb\_%'
               AND (CASE WHEN s.is_path THEN p.position IS NOT NULL ELSE n.nspname = ANY (s.names) END)
               AS discovered
    FROM schemas AS s CROSS JOIN pg_catalog.pg_namespace AS n LEFT JOIN path AS p ON p.name = n.nspname
),
-- The schemas of declared relations are read whole, so that a misspelt name can be answered with the nearest ones.
wanted AS (
    SELECT c.oid, c.relname::text AS name, c.relkind, c.relfilenode, c.reltuples, c.relpages, c.relhassubclass, s.schema, s.position, s.usable,
           s.discovered AND NOT EXISTS (
               SELECT FROM pg_catalog.pg_depend AS d
               WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
           ) AS discoverable
    FROM pg_catalog.pg_class AS c JOIN chosen AS s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND (s.discovered OR s.schema IN (SELECT d.schema FROM declared AS d)
           OR (s.position IS NOT NULL AND EXISTS (SELECT FROM declared AS d WHERE d.schema = '')))
      AND (NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid)
           OR EXISTS (SELECT FROM declared AS d WHERE d.name = c.relname AND d.schema IN ('', s.schema)))
),
tree(root, member) AS (
    SELECT w.oid, w.oid FROM wanted AS w WHERE w.relhassubclass
    UNION
    SELECT t.root, i.inhrelid FROM tree AS t JOIN pg_catalog.pg_inherits AS i ON i.inhparent = t.member
),
folded AS (
    SELECT t.root, sum(greatest(c.relpages, 0))::int8 AS pages,
           sum(c.reltuples) FILTER (WHERE c.reltuples >= 0 AND c.relkind <> 'p') AS tuples,
           -- Parents are seldom analysed: their largest child stands in for them.
           (array_agg(t.member::int8 ORDER BY c.relpages DESC, t.member) FILTER (WHERE t.member <> t.root))[1] AS largest,
           count(*) FILTER (WHERE t.member <> t.root AND c.relkind <> 'p') AS children,
           sum(pg_catalog.pg_relation_size(t.member)) FILTER (WHERE c.relpages = 0 AND c.relkind IN ('r', 'm')) AS unseen
    FROM tree AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.member
    GROUP BY t.root
),
-- What views read, whatever stands between. Rules of other events than SELECT tell nothing of rows.
beneath(root, member) AS (
    SELECT w.oid, w.oid FROM wanted AS w WHERE w.relkind = 'v'
    UNION
    SELECT b.root, d.refobjid
    FROM beneath AS b
    JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = b.member AND r.ev_type = '1'
    JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
),
-- CREATE OR REPLACE VIEW writes the rule of a view anew. Another table has another oid, a table that was emptied or written anew
-- another file.
versions AS (
    SELECT b.root, sum(hashint8extended(c.oid::int8, coalesce(r.xmin::text::int8, c.relfilenode::int8))::numeric) AS version
    FROM beneath AS b
    JOIN pg_catalog.pg_class AS c ON c.oid = b.member
    LEFT JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = c.oid AND r.ev_type = '1' AND c.relkind = 'v'
    GROUP BY b.root
),
found AS MATERIALIZED (
    SELECT w.oid::int8 AS id, w.schema, w.name, w.relkind::text AS kind, w.discoverable, w.usable, w.position AS path_position,
           pg_catalog.has_table_privilege(w.oid, 'SELECT') AS readable,
           d.description AS comment,
           coalesce(coalesce(f.pages, w.relpages)::int8 * pg_catalog.current_setting('block_size')::int8
               + coalesce(f.unseen, CASE WHEN w.relpages = 0 AND w.relkind IN ('r', 'm')
                                         THEN pg_catalog.pg_relation_size(w.oid) END, 0), 0)::int8 AS bytes,
           coalesce(f.tuples, CASE WHEN w.relkind IN ('r', 'm', 'f') AND w.reltuples >= 0 THEN w.reltuples END)::float8 AS rows,
           (w.relkind = 'p' OR f.root IS NOT NULL) AS is_parent,
           coalesce(f.children, 0)::int8 AS children,
           coalesce(f.largest, w.oid::int8) AS sample,
           coalesce(ARRAY(
               SELECT a.attname::text
               FROM pg_catalog.pg_partitioned_table AS k, unnest(k.partattrs::int2[]) WITH ORDINALITY AS o(number, place)
               JOIN pg_catalog.pg_attribute AS a ON a.attnum = o.number
               WHERE k.partrelid = w.oid AND a.attrelid = w.oid
               ORDER BY o.place
           ), '{}') AS partition_key,
           -- Partitions may be divided once more.
           coalesce(ARRAY(
               SELECT DISTINCT a.attname::text COLLATE "C"
               FROM tree AS t
               JOIN pg_catalog.pg_partitioned_table AS k ON k.partrelid = t.member
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.partrelid AND a.attnum = ANY (k.partattrs::int2[])
               WHERE t.root = w.oid AND w.relkind = 'p' AND a.attnum > 0
               ORDER BY 1
           ), '{}') AS divided_by,
           coalesce(v.version, hashint8extended(w.oid::int8, w.relfilenode::int8)::numeric)::text AS version
    FROM wanted AS w
    LEFT JOIN versions AS v ON v.root = w.oid
    LEFT JOIN folded AS f ON f.root = w.oid
    LEFT JOIN pg_catalog.pg_description AS d
           ON d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objoid = w.oid AND d.objsubid = 0
),
-- Without USAGE on the schema nothing in it can be read.
kept AS MATERIALIZED (
    SELECT pg_catalog.set_config('datebin.relations', coalesce(array_agg(f.id ORDER BY f.id), '{}')::text, false) AS relations,
           pg_catalog.set_config('datebin.samples', coalesce(array_agg(f.sample ORDER BY f.id), '{}')::text, false) AS samples
    FROM found AS f WHERE f.usable
)
SELECT f.id, f.schema, f.name, f.kind, f.discoverable, f.path_position, f.readable, f.comment, f.bytes, f.rows, f.is_parent,
       f.children, f.sample, f.partition_key, f.divided_by, f.version
FROM kept AS k JOIN found AS f ON f.usable AND k.relations <> ''
ORDER BY f.schema COLLATE "C", f.name COLLATE "C"
