-- What statistics.sql says of the relations in scope, for a role that may read pg_statistic itself: the view asks for the
-- right on every column, and with many tables that takes longer than all else. Columns are told by their numbers.
WITH scope AS MATERIALIZED (
    SELECT s.id FROM unnest(pg_catalog.current_setting('datebin.undecided')::int8[]::oid[]) AS s(id)
),
word AS MATERIALIZED (
    SELECT c.attrelid, c.attnum
    FROM (
        SELECT a.attrelid, a.attnum, t.typcategory = 'S' AS is_text,
               bool_or(t.typcategory = 'N') OVER (PARTITION BY a.attrelid) AS has_number
        FROM pg_catalog.pg_attribute AS a
        JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
        WHERE a.attrelid = ANY (ARRAY(SELECT r.id FROM scope AS r)) AND a.attnum > 0 AND NOT a.attisdropped
    ) AS c
    WHERE c.is_text AND c.has_number
)
SELECT s.starelid::int8 AS relation,
       array_agg(s.staattnum) AS numbers,
       array_agg(s.stadistinct::float8) AS n_distinct,
       array_agg(s.stanullfrac::float8) AS null_frac,
       -- A slot of kind 3 holds the correlation, one of kind 1 the most common values, one of kind 2 the histogram's bounds.
       array_agg((CASE 3 WHEN s.stakind1 THEN s.stanumbers1[1] WHEN s.stakind2 THEN s.stanumbers2[1]
                         WHEN s.stakind3 THEN s.stanumbers3[1] WHEN s.stakind4 THEN s.stanumbers4[1]
                         WHEN s.stakind5 THEN s.stanumbers5[1] END)::float8) AS correlation,
       json_agg(CASE WHEN w.attnum IS NOT NULL THEN
           (coalesce((CASE 1 WHEN s.stakind1 THEN s.stavalues1 WHEN s.stakind2 THEN s.stavalues2
                             WHEN s.stakind3 THEN s.stavalues3 WHEN s.stakind4 THEN s.stavalues4
                             WHEN s.stakind5 THEN s.stavalues5 END)::text::text[], '{}'))[1:20]
           || (coalesce((CASE 2 WHEN s.stakind1 THEN s.stavalues1 WHEN s.stakind2 THEN s.stavalues2
                                WHEN s.stakind3 THEN s.stavalues3 WHEN s.stakind4 THEN s.stavalues4
                                WHEN s.stakind5 THEN s.stavalues5 END)::text::text[], '{}'))[1:20] END) AS kept
FROM pg_catalog.pg_statistic AS s
LEFT JOIN word AS w ON w.attrelid = s.starelid AND w.attnum = s.staattnum
WHERE s.starelid = ANY (ARRAY(SELECT r.id FROM scope AS r))
GROUP BY s.starelid, s.stainherit
ORDER BY s.stainherit DESC
