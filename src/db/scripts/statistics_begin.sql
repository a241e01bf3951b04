-- How the scripts of the statistics run. The view's estimates are far too low, and the nested loops that they lead to twice
-- as slow with many tables.
SELECT pg_catalog.set_config('enable_nestloop', 'off', true) AS enable_nestloop
