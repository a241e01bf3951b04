-- The operators that compare, by what they say: equal, less (or equal), greater (or equal).
SELECT coalesce(array_agg(o.oid::int8) FILTER (WHERE o.oprname = '=' AND (o.oprcanmerge OR o.oprcanhash)), '{}') AS equal,
       coalesce(array_agg(o.oid::int8) FILTER (WHERE o.oprname IN ('<', '<=')), '{}') AS less,
       coalesce(array_agg(o.oid::int8) FILTER (WHERE o.oprname IN ('>', '>=')), '{}') AS greater
FROM pg_catalog.pg_operator AS o
WHERE o.oprname IN ('=', '<', '<=', '>', '>=') AND o.oprresult = 'bool'::regtype AND o.oprleft <> 0
