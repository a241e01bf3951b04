-- Constraints and indexes of the relations in scope, as lists of column numbers.
-- kind: p primary key, u unique, f foreign key (with the columns it points at), h a unique index of expressions or of
-- some rows (with every column that it looks at), i an index.
--
-- `ordered` is how many leading columns of an index give the order in which PostgreSQL compares that column where a query
-- says nothing: ORDER BY and > are answered from the index only by the type's own operator class, the column's own
-- collation, and NULLs on the side where that direction has them. A nondeterministic collation calls different texts
-- equal, so that a walk from value to value would leave some out. `reason` is why the next column gives no order.
WITH scope AS MATERIALIZED (
    SELECT s.id FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[]::oid[]) AS s(id)
),
wanted AS MATERIALIZED (
    SELECT i.*, m.amname, i.indisvalid AND i.indisready AS works
    FROM pg_catalog.pg_index AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
    WHERE i.indrelid = ANY (ARRAY(SELECT r.id FROM scope AS r))
),
unordered AS MATERIALIZED (
    SELECT DISTINCT ON (w.indexrelid) w.indexrelid, k.place - 1 AS ordered,
           CASE WHEN k.number = 0 THEN 'its next column is an expression'
                WHEN NOT coalesce(o.is_own, false) THEN 'its operator class is ' || o.opcname
                WHEN l.oid IS NOT NULL AND NOT l.collisdeterministic THEN 'its collation, ' || l.collname || ', is nondeterministic'
                WHEN k.ordering <> a.attcollation THEN 'its collation is ' || l.collname || ', not that of the column'
                ELSE 'it has NULLs on the other side' END AS reason
    FROM wanted AS w
    CROSS JOIN LATERAL unnest(w.indkey::int2[], w.indclass::oid[], w.indcollation::oid[], w.indoption::int2[])
        WITH ORDINALITY AS k(number, opclass, ordering, flags, place)
    LEFT JOIN (
        SELECT o.oid, o.opcname, EXISTS (
            SELECT FROM pg_catalog.pg_opclass AS d WHERE d.opcfamily = o.opcfamily AND d.opcdefault) AS is_own
        FROM pg_catalog.pg_opclass AS o
    ) AS o ON o.oid = k.opclass
    LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = w.indrelid AND a.attnum = k.number AND k.number > 0
    LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = k.ordering
    WHERE w.amname = 'btree' AND k.place <= w.indnkeyatts
      AND (k.number = 0 OR NOT coalesce(o.is_own, false) OR k.flags NOT IN (0, 3)
           OR k.ordering <> 0 AND (k.ordering <> a.attcollation OR NOT l.collisdeterministic))
    ORDER BY w.indexrelid, k.place
)
SELECT c.conrelid::int8 AS relation, c.contype::text AS kind, c.conkey::int2[] AS numbers,
       c.confrelid::int8 AS target, coalesce(c.confkey::int2[], '{}') AS target_numbers,
       ''::text AS name, 0::int8 AS ordered, ''::text AS reason, false AS finds_ranges
FROM pg_catalog.pg_constraint AS c
WHERE c.conrelid = ANY (ARRAY(SELECT r.id FROM scope AS r)) AND c.contype IN ('p', 'f')
UNION ALL
SELECT w.indrelid::int8, 'u', ((w.indkey::int2[])[0:w.indnkeyatts - 1])::int2[], 0::int8, '{}'::int2[], '', 0, '', false
FROM wanted AS w
WHERE w.indisunique AND NOT w.indisprimary AND w.works AND w.indpred IS NULL AND w.indexprs IS NULL
UNION ALL
SELECT w.indrelid::int8, 'h', array_agg(DISTINCT d.refobjsubid::int2), 0::int8, '{}'::int2[], '', 0, '', false
FROM wanted AS w
JOIN pg_catalog.pg_depend AS d
  ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = w.indexrelid
 AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = w.indrelid AND d.refobjsubid > 0
WHERE (w.indpred IS NOT NULL OR w.indexprs IS NOT NULL) AND (w.indisunique OR w.indisexclusion) AND w.works
  -- A column that only the predicate or INCLUDE names tells no rows apart.
  AND (d.refobjsubid = ANY ((w.indkey::int2[])[0:w.indnkeyatts - 1])
       OR w.indexprs IS NOT NULL AND d.refobjsubid <> ALL (w.indkey::int2[]))
  -- Nor does one that is NULL in all rows of the index, or of which an expression says only whether it is NULL.
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_attribute AS a,
           LATERAL (SELECT regexp_replace(quote_ident(a.attname), '(\W)', '\\\1', 'g') AS name) AS n,
           LATERAL (SELECT pg_get_expr(w.indpred, w.indrelid) AS rows, pg_get_expr(w.indexprs, w.indrelid) AS made) AS e
      WHERE a.attrelid = w.indrelid AND a.attnum = d.refobjsubid
        AND (e.rows ~ ('(^|\()' || n.name || ' IS NULL') AND e.rows !~ ' OR |CASE|NOT \('
             OR d.refobjsubid <> ALL (w.indkey::int2[]) AND regexp_replace(e.made, n.name || ' IS (NOT )?NULL', '', 'g')
                !~ ('(^|[^\w"])' || n.name || '($|[^\w"])')))
  -- Rows that may not overlap are told apart by what must be equal.
  AND NOT (w.indisexclusion AND EXISTS (
      SELECT FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
      WHERE a.attrelid = w.indrelid AND a.attnum = d.refobjsubid
        AND (t.typcategory = 'R' OR t.typcategory = 'D' AND d.refobjsubid <> ALL (w.indkey::int2[]))))
GROUP BY w.indrelid, w.indexrelid
UNION ALL
SELECT w.indrelid::int8, 'i', ((w.indkey::int2[])[0:w.indnkeyatts - 1])::int2[], 0::int8, '{}'::int2[],
       c.relname::text,
       CASE WHEN w.works AND w.indpred IS NULL AND w.amname = 'btree' THEN coalesce(u.ordered, w.indnkeyatts) ELSE 0 END,
       CASE WHEN NOT w.works THEN 'it is not valid'
            WHEN w.indpred IS NOT NULL THEN 'it holds only some rows'
            WHEN w.amname <> 'btree' THEN 'it is a ' || w.amname || ' index'
            ELSE coalesce(u.reason, '') END,
       w.works AND w.indpred IS NULL AND w.amname IN ('btree', 'brin')
FROM wanted AS w
JOIN pg_catalog.pg_class AS c ON c.oid = w.indexrelid
LEFT JOIN unordered AS u ON u.indexrelid = w.indexrelid
ORDER BY 1, 2, 3
