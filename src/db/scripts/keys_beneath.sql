-- What tells the rows of the tables apart that the views in scope read, through other views too.
-- kind: u a unique key, p the columns that rows are partitioned by, n a column that a sequence fills, f a foreign key of
-- one column that is never NULL, to a table of which no policy hides rows, c all columns.
-- is_whole: whether it holds for all rows of the table, is_own: for those that are not in its children. A key of one child,
-- or of a parent alone, holds for none of the others.
WITH RECURSIVE tree(id, kind) AS (
    SELECT c.oid, c.relkind
    FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[]::oid[]) AS s(id)
    JOIN pg_catalog.pg_class AS c ON c.oid = s.id AND c.relkind IN ('v', 'm')
    UNION
    SELECT c.oid, c.relkind
    FROM tree AS t
    JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = t.id AND t.kind IN ('v', 'm')
    JOIN pg_catalog.pg_depend AS d
      ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> t.id
    JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
),
-- A key that a partitioned table lacks may be there on each partition. A key of a hypertable holds for all of its chunks.
holder AS MATERIALIZED (
    SELECT t.id, t.id AS member, true AS is_own, t.kind <> 'r' OR NOT EXISTS (
               SELECT FROM pg_catalog.pg_inherits AS i
               JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
               JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname NOT LIKE '\_timescaledb\_%'
               WHERE i.inhparent = t.id
           ) AS is_whole
    FROM tree AS t WHERE t.kind IN ('r', 'p', 'm')
    UNION ALL
    SELECT i.inhparent, i.inhrelid, false, false FROM pg_catalog.pg_inherits AS i
    WHERE i.inhparent = ANY (ARRAY(SELECT t.id FROM tree AS t WHERE t.kind IN ('r', 'p')))
),
kept AS (
    -- An index may tell texts apart that are equal by the collation of their column.
    SELECT h.id, 'u' AS kind, h.is_own AND k.is_equal AS is_own, h.is_whole AND k.is_equal AS is_whole, ARRAY(
               SELECT a.attname FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k(number, place)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
               ORDER BY k.place) AS names, 0::oid AS target, '{}'::int2[] AS theirs
    FROM holder AS h
    JOIN pg_catalog.pg_index AS i
      ON i.indrelid = h.member AND i.indisunique AND i.indisvalid AND i.indisready AND i.indpred IS NULL AND i.indexprs IS NULL
    CROSS JOIN LATERAL (
        SELECT NOT EXISTS (
            SELECT FROM unnest(i.indkey::int2[], i.indcollation::oid[]) AS k(number, ordering)
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number
            JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation AND NOT l.collisdeterministic
            WHERE k.ordering <> a.attcollation AND k.ordering <> 0
        ) AS is_equal
    ) AS k
    UNION ALL
    SELECT h.id, 'p', true, true, ARRAY(
               SELECT a.attname FROM unnest(k.partattrs::int2[]) AS p(number)
               JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.partrelid AND a.attnum = p.number), 0, '{}'
    FROM holder AS h JOIN pg_catalog.pg_partitioned_table AS k ON k.partrelid = h.member
    UNION ALL
    SELECT c.conrelid, 'f', true, h.is_whole, ARRAY[a.attname], c.confrelid, c.confkey::int2[]
    FROM tree AS t
    JOIN holder AS h ON h.id = t.id AND h.member = t.id
    JOIN pg_catalog.pg_constraint AS c ON c.conrelid = t.id AND c.contype = 'f' AND c.convalidated
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.id AND ARRAY[a.attnum] = c.conkey::int2[] AND a.attnotnull
    JOIN pg_catalog.pg_class AS o ON o.oid = c.confrelid AND NOT o.relrowsecurity
    UNION ALL
    SELECT t.id, 'c', true, true, ARRAY(
               SELECT a.attname FROM pg_catalog.pg_attribute AS a
               WHERE a.attrelid = t.id AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum), 0, '{}'
    FROM tree AS t WHERE t.kind IN ('r', 'p', 'f')
    UNION ALL
    SELECT t.id, 'n', true, true, ARRAY[a.attname], 0, '{}'
    FROM tree AS t
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.id AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_attrdef AS e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
    WHERE t.kind IN ('r', 'p')
      AND (a.attidentity <> '' OR pg_catalog.pg_get_expr(e.adbin, e.adrelid) LIKE 'nextval(%')
)
SELECT k.id::int8 AS relation, c.relname::text AS called, k.kind,
       array_agg(a.attnum ORDER BY o.place) AS numbers,
       array_agg(a.attname::text ORDER BY o.place) AS names,
       array_agg(t.typcategory = 'D' ORDER BY o.place) AS times,
       array_agg(t.typcategory = 'N' OR k.kind = 'c' AND t.typcategory = 'B' ORDER BY o.place) AS counts,
       array_agg(a.attnotnull ORDER BY o.place) AS filled, k.is_own, k.is_whole, k.target::int8 AS target, k.theirs
FROM (SELECT k.id, k.kind, k.names, k.target, k.theirs, bool_or(k.is_own) AS is_own, bool_or(k.is_whole) AS is_whole
      FROM kept AS k GROUP BY k.id, k.kind, k.names, k.target, k.theirs) AS k
JOIN pg_catalog.pg_class AS c ON c.oid = k.id
CROSS JOIN unnest(k.names) WITH ORDINALITY AS o(name, place)
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.id AND a.attname = o.name
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
GROUP BY k.id, c.relname, k.kind, k.names, k.is_own, k.is_whole, k.target, k.theirs
ORDER BY 1, 3, 4
