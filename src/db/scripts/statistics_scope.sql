-- Of which relations the statistics are read, and how. `datebin.undecided`: the oids of the relations in scope of which
-- statistics decide something. That is all but those of which the file says everything, a third member of their pair in
-- `datebin.scope`: '', or the name of the time column, whose numbers would need a unit. How labels are looked up that lie in
-- many children is left to statistics, whatever the file says. `datebin.whole`: they are so many that the view is
-- slower than one more round trip, and the role may read pg_statistic itself.
WITH settled AS (
    SELECT c.oid::int8 AS id
    FROM pg_catalog.json_array_elements(
        nullif(pg_catalog.current_setting('datebin.scope', true), '')::json -> 'declared') AS d(pair)
    JOIN pg_catalog.pg_namespace AS n ON n.nspname = d.pair ->> 0
    JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = d.pair ->> 1
    LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = d.pair ->> 2 AND a.attnum > 0
    LEFT JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    WHERE d.pair ->> 2 = '' OR t.typcategory <> 'N'
),
undecided AS MATERIALIZED (
    SELECT coalesce(array_agg(s.relation), '{}') AS ids
    FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[],
                pg_catalog.current_setting('datebin.samples')::int8[]) AS s(relation, member)
    WHERE s.member <> s.relation OR s.relation NOT IN (SELECT x.id FROM settled AS x)
)
SELECT pg_catalog.set_config('datebin.undecided', u.ids::text, false) AS undecided,
       pg_catalog.set_config('datebin.whole', (
           coalesce(pg_catalog.has_table_privilege('pg_catalog.pg_statistic', 'SELECT'), false)
           AND pg_catalog.cardinality(u.ids) > 1000)::text, false)::bool AS whole
FROM undecided AS u
