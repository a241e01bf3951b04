-- What ANALYZE found in the columns of relations. pg_stats shows what the role may read.
-- $1 int8[]  relations
-- $2 int8[]  for each the relation that stands in for it where it has no statistics of its own (its largest child)
WITH sample AS (
    SELECT r.relation, n.nspname, c.relname, r.rank
    FROM (
        SELECT s.relation, s.relation AS member, 0 AS rank FROM unnest($1::int8[]) AS s(relation)
        UNION ALL
        SELECT s.relation, s.member, 1 FROM unnest($1::int8[], $2::int8[]) AS s(relation, member) WHERE s.relation <> s.member
    ) AS r
    JOIN pg_catalog.pg_class AS c ON c.oid = r.member::oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
)
SELECT DISTINCT ON (r.relation, s.attname)
       r.relation, s.attname::text AS name, s.n_distinct::float8 AS n_distinct, s.null_frac::float8 AS null_frac
FROM sample AS r
JOIN pg_catalog.pg_stats AS s ON s.schemaname = r.nspname AND s.tablename = r.relname
ORDER BY r.relation, s.attname, r.rank, s.inherited DESC
