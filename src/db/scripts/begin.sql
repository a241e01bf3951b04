-- What the statements of the same batch rely on, and what decides whether more are needed.
-- Compiling the scripts takes longer than running them. The usual 4 MB of work_mem send the columns of many tables to disk.
-- Intervals in definitions are read as PostgreSQL writes them by default. `datebin.relations` holds the oids of the relations in scope, `datebin.samples` those of
-- their largest children: relations.sql sets both.
-- The role's search path is kept as data, `datebin.path`.
SELECT pg_catalog.set_config('work_mem', '64MB', true) AS work_mem,
       pg_catalog.set_config('jit', 'off', true) AS jit,
       pg_catalog.set_config('intervalstyle', 'postgres', true) AS intervalstyle,
       pg_catalog.set_config('datebin.relations', '{}', false) AS relations,
       pg_catalog.set_config('datebin.samples', '{}', false) AS samples,
       pg_catalog.set_config('datebin.path', coalesce(nullif(pg_catalog.current_setting('datebin.path', true), ''),
           pg_catalog.current_setting('datebin.found_path')), true) AS path,
       coalesce(pg_catalog.current_setting('datebin.scope', true), '') AS scope,
       coalesce(pg_catalog.current_setting('datebin.start', true), '') AS start,
       (1000 * date_part('epoch', pg_catalog.clock_timestamp()))::int8 AS clock_ms,
       pg_catalog.current_setting('max_locks_per_transaction')::int8
           * (pg_catalog.current_setting('max_connections')::int8
              + pg_catalog.current_setting('max_prepared_transactions')::int8) AS lockable,
       -- The relations of TimescaleDB's that may be read: their shapes differ from version to version, and so do rights.
       ARRAY(
           SELECT c.relname::text FROM pg_catalog.pg_namespace AS n
           JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid
           WHERE n.nspname IN ('timescaledb_information', '_timescaledb_catalog') AND c.relkind IN ('r', 'v', 'm', 'p')
             AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
       ) AS timescale
