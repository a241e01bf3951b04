-- The unique keys behind relations that have none of their own, by the names of their columns.
-- Views, whose rows are those of the relations that they read, and parents, whose rows are in their children. A key that
-- a partitioned table lacks may be there on each partition: an index of ON ONLY is not valid until each has one attached.
-- kind: u a key of the only relation behind one, h of one of several, n a column that a sequence fills
WITH scope AS MATERIALIZED (
    SELECT s.id FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[]::oid[]) AS s(id)
),
front AS MATERIALIZED (
    SELECT c.oid AS id FROM scope AS s JOIN pg_catalog.pg_class AS c ON c.oid = s.id
    WHERE c.relkind IN ('v', 'm') OR c.relkind = 'r' AND c.relhassubclass
       OR c.relkind = 'p' AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_index AS i
           WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indisready
             AND i.indpred IS NULL AND i.indexprs IS NULL)
),
behind AS (
    SELECT DISTINCT r.ev_class AS relation, d.refobjid AS source
    FROM pg_catalog.pg_rewrite AS r
    JOIN pg_catalog.pg_depend AS d
      ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> r.ev_class
    JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p')
    WHERE r.ev_class = ANY (ARRAY(SELECT f.id FROM front AS f))
    UNION
    SELECT i.inhparent, i.inhrelid FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.inhparent AND c.relkind IN ('r', 'p')
    WHERE i.inhparent = ANY (ARRAY(SELECT f.id FROM front AS f))
),
counted AS (
    SELECT b.relation, b.source, count(*) OVER (PARTITION BY b.relation) AS sources FROM behind AS b
)
SELECT DISTINCT b.relation::int8 AS relation,
       CASE WHEN b.sources = 1 AND c.relkind IN ('v', 'm') THEN 'u' ELSE 'h' END AS kind,
       ARRAY(
           SELECT a.attname::text
           FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k(number, place)
           JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
           ORDER BY k.place
       ) AS names
FROM counted AS b
JOIN pg_catalog.pg_class AS c ON c.oid = b.relation
JOIN pg_catalog.pg_index AS i
  ON i.indrelid = b.source AND i.indisunique AND i.indisvalid AND i.indisready AND i.indpred IS NULL AND i.indexprs IS NULL
UNION ALL
SELECT b.relation::int8, 'n', ARRAY[a.attname::text]
FROM counted AS b
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = b.source AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_attrdef AS e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
WHERE b.sources = 1
  AND (a.attidentity <> '' OR pg_catalog.pg_get_expr(e.adbin, e.adrelid) LIKE 'nextval(%')
ORDER BY 1, 2, 3
