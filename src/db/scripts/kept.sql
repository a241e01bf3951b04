-- Some of the texts that ANALYZE kept of columns of text, the most common first.
-- $1 int8[]  relations   $2 int8[]  their largest children, for parents that have no statistics   $3 text[]  the column of each
SELECT DISTINCT ON (r.relation, r.name)
       r.relation, r.name,
       (coalesce(s.most_common_vals::text::text[], '{}'))[1:20] || (coalesce(s.histogram_bounds::text::text[], '{}'))[1:20]
           AS numbers
FROM (
    SELECT p.relation, p.relation AS member, p.name, 0 AS rank FROM unnest($1::int8[], $3::text[]) AS p(relation, name)
    UNION ALL
    SELECT p.relation, p.member, p.name, 1 FROM unnest($1::int8[], $2::int8[], $3::text[]) AS p(relation, member, name)
) AS r
JOIN pg_catalog.pg_class AS c ON c.oid = r.member::oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_stats AS s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = r.name
-- On the view itself, so that it does not ask for the right on every other column first.
WHERE s.attname = ANY ($3::text[]::name[])
ORDER BY r.relation, r.name, r.rank, s.inherited DESC
