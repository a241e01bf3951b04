-- The numbers that ANALYZE kept of columns that may be a time, as text.
-- $1 int8[]  relations   $2 int8[]  their largest children, for parents that have no statistics   $3 text[]  the column of each
WITH member AS MATERIALIZED (
    SELECT r.relation, r.name, r.rank, n.nspname, c.relname
    FROM (
        SELECT p.relation, p.relation AS member, p.name, 0 AS rank FROM unnest($1::int8[], $3::text[]) AS p(relation, name)
        UNION ALL
        SELECT p.relation, p.member, p.name, 1 FROM unnest($1::int8[], $2::int8[], $3::text[]) AS p(relation, member, name)
    ) AS r
    JOIN pg_catalog.pg_class AS c ON c.oid = r.member::oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
)
SELECT DISTINCT ON (m.relation, m.name)
       m.relation, m.name,
       coalesce(s.histogram_bounds::text::text[], '{}') || coalesce(s.most_common_vals::text::text[], '{}') AS numbers
FROM member AS m
-- All at once: many relations have a column of the same name.
JOIN pg_catalog.pg_stats AS s ON s.schemaname = m.nspname AND s.tablename = m.relname AND s.attname = m.name
-- On the view itself, so that it does not ask for the right on every other column first.
WHERE s.attname = ANY ($3::text[]::name[]) AND s.tablename = ANY (ARRAY(SELECT x.relname FROM member AS x))
ORDER BY m.relation, m.name, m.rank, s.inherited DESC
