-- What statistics.sql says of the relations in $1 (int8[], their oids), for a role that may read pg_statistic itself: the
-- view asks for the right on every column, and with many tables that takes longer than all else. Columns are told by
-- their numbers.
SELECT s.starelid::int8 AS relation,
       array_agg(s.staattnum) AS numbers,
       array_agg(s.stadistinct::float8) AS n_distinct,
       array_agg(s.stanullfrac::float8) AS null_frac,
       -- A slot of kind 3 holds the correlation.
       array_agg((CASE 3 WHEN s.stakind1 THEN s.stanumbers1[1] WHEN s.stakind2 THEN s.stanumbers2[1]
                         WHEN s.stakind3 THEN s.stanumbers3[1] WHEN s.stakind4 THEN s.stanumbers4[1]
                         WHEN s.stakind5 THEN s.stanumbers5[1] END)::float8) AS correlation
FROM pg_catalog.pg_statistic AS s
WHERE s.starelid = ANY ($1::int8[]::oid[])
GROUP BY s.starelid, s.stainherit
ORDER BY s.stainherit DESC
