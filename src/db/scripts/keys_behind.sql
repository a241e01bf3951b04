-- The unique keys of the children of inheritance parents, and of partitions where the partitioned table has none: rows of a
-- parent are in its children. An index of ON ONLY is not valid until each partition has one attached.
-- kind: h a key of a child, n a column that a sequence fills in the only child. By the names of their columns.
WITH scope AS MATERIALIZED (
    SELECT s.id FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[]::oid[]) AS s(id)
),
front AS MATERIALIZED (
    SELECT c.oid AS id FROM scope AS s JOIN pg_catalog.pg_class AS c ON c.oid = s.id
    WHERE c.relkind = 'r' AND c.relhassubclass
       OR c.relkind = 'p' AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_index AS i
           WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indisready
             AND i.indpred IS NULL AND i.indexprs IS NULL)
),
behind AS (
    SELECT i.inhparent AS relation, i.inhrelid AS source FROM pg_catalog.pg_inherits AS i
    WHERE i.inhparent = ANY (ARRAY(SELECT f.id FROM front AS f))
),
counted AS (
    SELECT b.relation, b.source, count(*) OVER (PARTITION BY b.relation) AS sources FROM behind AS b
)
SELECT DISTINCT b.relation::int8 AS relation, 'h' AS kind,
       ARRAY(
           SELECT a.attname::text
           FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k(number, place)
           JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
           ORDER BY k.place
       ) AS names
FROM counted AS b
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
