-- The foreign tables that hold rows of the relations in scope, with the options that decide how they are asked: an option of
-- the table counts before that of its server. User mappings, which hold passwords, are not read.
WITH RECURSIVE part(root, member) AS (
    SELECT f.ftrelid, f.ftrelid FROM pg_catalog.pg_foreign_table AS f
    UNION
    SELECT i.inhparent, p.member FROM part AS p JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = p.root
)
SELECT p.root::int8 AS relation, n.nspname::text AS schema, c.relname::text AS name, s.srvname::text AS server,
       w.fdwname::text AS wrapper, c.reltuples >= 0 AS analysed,
       coalesce(o.options ->> 'schema_name', n.nspname::text) AS their_schema,
       coalesce(o.options ->> 'table_name', c.relname::text) AS their_name,
       -- The default became another with PostgreSQL 17.
       coalesce(CASE WHEN w.fdwname = 'postgres_fdw' THEN (o.options ->> 'fdw_tuple_cost')::float8 END,
                CASE WHEN pg_catalog.current_setting('server_version_num')::int8 < 170000 THEN 0.01 ELSE 0.2 END) AS tuple_cost,
       coalesce(o.options, '{}'::jsonb) AS options
FROM part AS p
JOIN unnest(pg_catalog.current_setting('datebin.relations')::int8[]::oid[]) AS k(id) ON k.id = p.root
JOIN pg_catalog.pg_foreign_table AS f ON f.ftrelid = p.member
JOIN pg_catalog.pg_class AS c ON c.oid = p.member
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_foreign_server AS s ON s.oid = f.ftserver
JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(a.option_name, a.option_value ORDER BY a.place) AS options
    FROM (SELECT x.option_name, x.option_value, 1 AS place FROM pg_catalog.pg_options_to_table(s.srvoptions) AS x
          UNION ALL
          SELECT x.option_name, x.option_value, 2 FROM pg_catalog.pg_options_to_table(f.ftoptions) AS x) AS a
    WHERE a.option_name = ANY ('{async_capable,fetch_size,fdw_tuple_cost,use_remote_estimate,connect_timeout,schema_name,table_name}')
) AS o ON true
ORDER BY 1, s.srvname COLLATE "C", n.nspname COLLATE "C", c.relname COLLATE "C"
