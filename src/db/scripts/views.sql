-- What the columns of the views in scope come from, and of those that they read: the rule of a view is kept as a tree in
-- text, in which every column of a target list names the table and the column that it is, 0 where it is anything else.
-- A row for each view: its columns in order; `sources` and `theirs`, what they come from; `grouped`, whether the rows are
-- grouped by it; `arms`, of a UNION the same of each part, one after the other, from number 1; `inner_sources` and
-- `inner_theirs`, the columns that a part within groups by.
--
-- The text is cut where a column says its number. How deep it stands there is how many braces are open: 2 in the list of
-- the view itself, 4 in those of the parts of a UNION. Names escape their braces and blanks. Each view is read by itself:
-- joined with each other, the entries of a thousand views took PostgreSQL sixteen seconds.
WITH RECURSIVE tree(id) AS (
    SELECT c.oid
    FROM unnest(pg_catalog.current_setting('datebin.relations')::int8[]::oid[]) AS s(id)
    JOIN pg_catalog.pg_class AS c ON c.oid = s.id AND c.relkind IN ('v', 'm')
    UNION
    SELECT d.refobjid
    FROM tree AS t
    JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = t.id
    JOIN pg_catalog.pg_depend AS d
      ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> t.id
    JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid AND c.relkind IN ('v', 'm')
),
rule AS MATERIALIZED (
    SELECT r.oid AS rule, r.ev_class AS id, replace(replace(r.ev_action::text, '\{', ''), '\}', '') AS tree
    FROM pg_catalog.pg_rewrite AS r
    WHERE r.ev_class = ANY (ARRAY(SELECT t.id FROM tree AS t)) AND r.ev_type = '1'
)
SELECT r.id::int8 AS relation, c.relname::text AS called, v.numbers, v.names, v.times, v.texts, v.sources, v.theirs,
       coalesce(v.grouped, '{}') AS grouped, v.hidden_sources, v.is_grouped, v.groups_within, v.arms, v.inner_groups,
       ARRAY(
           SELECT DISTINCT d.refobjid::int8
           FROM pg_catalog.pg_depend AS d
           JOIN pg_catalog.pg_class AS c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
           WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.rule
             AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> r.id
       ) AS reads
FROM rule AS r
JOIN pg_catalog.pg_class AS c ON c.oid = r.id
CROSS JOIN LATERAL (
    WITH entry AS MATERIALIZED (
        SELECT p.at, p.depth, split_part(p.head, ' ', 1)::int2 AS number,
               nullif(split_part(split_part(p.head, ' :ressortgroupref ', 2), ' ', 1), '')::int8 AS ref,
               nullif(split_part(split_part(p.head, ' :resorigtbl ', 2), ' ', 1), '')::int8 AS source,
               greatest(nullif(split_part(split_part(p.head, ' :resorigcol ', 2), ' ', 1), '')::int2, 0::int2) AS theirs,
               p.head LIKE '% :resjunk true%' AS hidden
        FROM (
            SELECT s.at, left(s.text, 300) AS head,
                   sum(length(replace(s.text, '}', '')) - length(replace(s.text, '{', ''))) OVER o AS depth
            FROM unnest(string_to_array(r.tree, ' :resno ')) WITH ORDINALITY AS s(text, at)
            WINDOW o AS (ORDER BY s.at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ) AS p WHERE p.at > 1
    ),
    grouping AS MATERIALIZED (
        SELECT g.depth, ARRAY(SELECT m[1]::int8 FROM regexp_matches(g.clause, 'tleSortGroupRef (\d+)', 'g') AS m) AS refs
        FROM (
            SELECT s.at, split_part(s.text, ' :group', 1) AS clause,
                   sum(length(replace(s.text, '}', '')) - length(replace(s.text, '{', ''))) OVER o AS depth
            FROM unnest(string_to_array(r.tree, ' :groupClause ')) WITH ORDINALITY AS s(text, at)
            WHERE r.tree LIKE '% :groupClause (%'
            WINDOW o AS (ORDER BY s.at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ) AS g
        WHERE g.at > 1 AND g.clause LIKE '(%'
    ),
    own AS MATERIALIZED (
        SELECT (SELECT g.refs FROM grouping AS g WHERE g.depth = 1) AS refs,
               EXISTS (SELECT FROM grouping AS g WHERE g.depth > 1) AS groups_within,
               r.tree LIKE '% :setOperations {%'
                   AND reverse(split_part(reverse(r.tree), reverse(' :setOperations '), 1)) LIKE '{%' AS united
    )
    SELECT array_agg(a.attnum ORDER BY a.attnum) FILTER (WHERE NOT e.hidden) AS numbers,
           array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE NOT e.hidden) AS names,
           array_agg(t.typcategory = 'D' ORDER BY a.attnum) FILTER (WHERE NOT e.hidden) AS times,
           array_agg(t.typcategory = 'S' ORDER BY a.attnum) FILTER (WHERE NOT e.hidden) AS texts,
           array_agg(e.source ORDER BY a.attnum) FILTER (WHERE NOT e.hidden) AS sources,
           array_agg(e.theirs ORDER BY a.attnum) FILTER (WHERE NOT e.hidden) AS theirs,
           array_agg(e.ref = ANY (o.refs) ORDER BY a.attnum) FILTER (WHERE NOT e.hidden) AS grouped,
           coalesce(array_agg(e.source) FILTER (WHERE e.hidden AND e.ref = ANY (o.refs)), '{}') AS hidden_sources,
           o.refs IS NOT NULL AS is_grouped, o.groups_within,
           ARRAY(SELECT json_build_array(e.number, e.source, e.theirs) FROM entry AS e
                 WHERE o.united AND e.depth = 4 AND NOT e.hidden ORDER BY e.at) AS arms,
           ARRAY(SELECT json_build_array(e.source, e.theirs) FROM entry AS e
                 WHERE e.depth > 2 AND e.source > 0 AND e.ref > 0 ORDER BY e.at) AS inner_groups
    FROM own AS o
    CROSS JOIN entry AS e
    LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.id AND a.attnum = e.number AND NOT a.attisdropped
    LEFT JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    WHERE e.depth = 2 AND (e.hidden OR a.attnum IS NOT NULL)
    GROUP BY o.refs, o.groups_within, o.united
) AS v
WHERE v.numbers IS NOT NULL
