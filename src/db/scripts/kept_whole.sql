-- What kept.sql says, for a role that may read pg_statistic itself: the view asks for the right on every column.
-- A slot of kind 1 holds the most common values, one of kind 2 the bounds of the histogram.
SELECT DISTINCT ON (p.relation, p.name)
       p.relation, p.name,
       (coalesce((CASE 1 WHEN s.stakind1 THEN s.stavalues1 WHEN s.stakind2 THEN s.stavalues2 WHEN s.stakind3 THEN s.stavalues3
                         WHEN s.stakind4 THEN s.stavalues4 WHEN s.stakind5 THEN s.stavalues5 END)::text::text[], '{}'))[1:20]
       || (coalesce((CASE 2 WHEN s.stakind1 THEN s.stavalues1 WHEN s.stakind2 THEN s.stavalues2 WHEN s.stakind3 THEN s.stavalues3
                            WHEN s.stakind4 THEN s.stavalues4 WHEN s.stakind5 THEN s.stavalues5 END)::text::text[], '{}'))[1:20]
           AS numbers
FROM unnest($1::int8[], $2::int8[], $3::text[]) AS p(relation, member, name)
CROSS JOIN LATERAL (VALUES (p.relation, 0), (p.member, 1)) AS v(id, rank)
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = v.id::oid AND a.attname = p.name
JOIN pg_catalog.pg_statistic AS s ON s.starelid = a.attrelid AND s.staattnum = a.attnum
ORDER BY p.relation, p.name, v.rank, s.stainherit DESC
