-- How the scripts of the statistics run. The view's estimates are far too low, and the nested loops that they lead to twice
-- as slow with many tables. Names resolve in pg_catalog alone.
SELECT pg_catalog.set_config('enable_nestloop', 'off', true) AS enable_nestloop,
       pg_catalog.set_config('search_path', 'pg_catalog', true) AS search_path
