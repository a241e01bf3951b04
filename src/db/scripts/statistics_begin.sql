-- How the scripts of the statistics run. The view's estimates are far too low, and the nested loops that they lead to twice
-- as slow with many tables. `datebin.whole`: the relations in scope are so many that the view is slower than one more round
-- trip, and the role may read pg_statistic itself.
SELECT pg_catalog.set_config('enable_nestloop', 'off', true) AS enable_nestloop,
       pg_catalog.set_config('datebin.whole', (
           coalesce(pg_catalog.has_table_privilege('pg_catalog.pg_statistic', 'SELECT'), false)
           AND pg_catalog.cardinality(pg_catalog.current_setting('datebin.relations')::int8[]) > 1000)::text, false)::bool AS whole
