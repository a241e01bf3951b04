-- The views in scope and those that they read: their columns in order, what they read, and the query of each as PostgreSQL
-- keeps it, a tree in text. What nobody asks of the tree is left out: it is most of the text.
WITH RECURSIVE tree(id) AS (
    SELECT c.oid
    FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[]::oid[]) AS s(id)
    JOIN pg_catalog.pg_class AS c ON c.oid = s.id AND c.relkind IN ('v', 'm')
    UNION
    SELECT d.refobjid
    FROM tree AS t
    JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = t.id
    JOIN pg_catalog.pg_depend AS d
      ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> t.id
    JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid AND c.relkind IN ('v', 'm')
)
SELECT r.ev_class::int8 AS relation, c.relname::text AS called, v.names, v.times, v.counts,
       coalesce(d.reads, '{}') AS reads,
       replace(replace(replace(replace(replace(replace(r.ev_action::text,
           ' :location -1', ''), ' :vartypmod -1', ''), ' :varcollid 0', ''), ' :inFromCl true', ''),
           ' :insertedCols (b) :updatedCols (b)', ''), ' :extraUpdatedCols (b) :securityQuals <>', '') AS tree
FROM pg_catalog.pg_rewrite AS r
JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
CROSS JOIN LATERAL (
    SELECT array_agg(a.attname::text ORDER BY a.attnum) AS names,
           array_agg(t.typcategory = 'D' ORDER BY a.attnum) AS times,
           array_agg(t.typcategory = 'N' ORDER BY a.attnum) AS counts
    FROM pg_catalog.pg_attribute AS a
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = r.ev_class AND a.attnum > 0
) AS v
CROSS JOIN LATERAL (
    SELECT array_agg(d.refobjid::int8 ORDER BY d.refobjid) AS reads
    FROM (SELECT DISTINCT d.refobjid FROM pg_catalog.pg_depend AS d
          WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
            AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> r.ev_class) AS d
    JOIN pg_catalog.pg_class AS o ON o.oid = d.refobjid AND o.relkind IN ('r', 'p', 'v', 'm', 'f')
) AS d
WHERE r.ev_class = ANY (ARRAY(SELECT t.id FROM tree AS t)) AND r.ev_type = '1' AND v.names IS NOT NULL
