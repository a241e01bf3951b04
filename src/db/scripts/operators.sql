-- What operators, functions, types and collations mean in the queries of views, by their numbers.
-- equal, unequal, less (or equal), greater (or equal), strict: operators that compare. steady: functions of times that return
-- the same throughout a statement. rounding: functions that round a time, their second argument, down. watermarks: how far
-- continuous aggregates are materialized. folding: types that take different texts for equal, such as citext; folds: such
-- collations. is_little: whether constants are stored with their smallest byte first.
WITH RECURSIVE folding(id) AS (
    SELECT o.opcintype
    FROM pg_catalog.pg_opclass AS o
    JOIN pg_catalog.pg_am AS m ON m.oid = o.opcmethod AND m.amname = 'btree'
    JOIN pg_catalog.pg_type AS t ON t.oid = o.opcintype AND t.typcategory = 'S'
    WHERE o.opcdefault AND o.opcintype NOT IN ('text'::regtype, 'name'::regtype)
    UNION
    SELECT t.oid FROM folding AS f JOIN pg_catalog.pg_type AS t ON t.typbasetype = f.id
),
functions AS MATERIALIZED (
    SELECT p.oid::int8 AS id, p.proname, p.prorettype, p.provolatile, n.nspname
    FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE NOT p.proretset
      AND (p.prorettype = ANY ('{date,timestamp,timestamptz,interval}'::regtype[])
           OR p.proname IN ('cagg_watermark', 'time_bucket'))
)
SELECT coalesce(array_agg(o.oid::int8) FILTER (WHERE o.oprname = '=' AND (o.oprcanmerge OR o.oprcanhash)), '{}') AS equal,
       coalesce(array_agg(o.oid::int8) FILTER (WHERE o.oprname = '<>'), '{}') AS unequal,
       coalesce(array_agg(o.oid::int8) FILTER (WHERE o.oprname IN ('<', '<=')), '{}') AS less,
       coalesce(array_agg(o.oid::int8) FILTER (WHERE o.oprname IN ('>', '>=')), '{}') AS greater,
       coalesce(array_agg(o.oid::int8) FILTER (WHERE o.oprname IN ('<', '>')), '{}') AS strict,
       ARRAY(SELECT f.id FROM functions AS f
             WHERE (f.nspname = 'pg_catalog' OR f.nspname LIKE '\_timescaledb\_%') AND f.provolatile <> 'v') AS steady,
       ARRAY(SELECT f.id FROM functions AS f
             WHERE f.prorettype <> 'interval'::regtype
               AND (f.nspname = 'pg_catalog' AND f.proname IN ('date_trunc', 'date_bin')
                    OR f.proname = 'time_bucket' AND EXISTS (
                        SELECT FROM pg_catalog.pg_depend AS d
                        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = f.id AND d.deptype = 'e'
                    ))) AS rounding,
       ARRAY(SELECT f.id FROM functions AS f
             WHERE f.proname = 'cagg_watermark' AND f.nspname LIKE '\_timescaledb\_%') AS watermarks,
       ARRAY(SELECT t.oid::int8 FROM pg_catalog.pg_type AS t WHERE t.typtype = 'e') AS enums,
       ARRAY(SELECT f.id::int8 FROM folding AS f) AS folding,
       ARRAY(SELECT c.oid::int8 FROM pg_catalog.pg_collation AS c WHERE NOT c.collisdeterministic) AS folds,
       -- The kind of a view, 'v', stands in the query of this one.
       EXISTS (SELECT FROM pg_catalog.pg_rewrite AS r
               WHERE r.ev_class = 'pg_catalog.pg_views'::pg_catalog.regclass
                 AND r.ev_action::text LIKE '%:constvalue 1 [ 118 0 %') AS is_little
FROM pg_catalog.pg_operator AS o
WHERE o.oprname IN ('=', '<>', '<', '<=', '>', '>=') AND o.oprresult = 'bool'::regtype AND o.oprleft <> 0
