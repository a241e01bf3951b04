-- Constraints and indexes of the relations in $1 (int8[], their oids), as lists of column numbers.
-- kind: p primary key, u unique, f foreign key (with the columns it points at), i an index that can be walked in the
-- order of its columns.
SELECT c.conrelid::int8 AS relation, c.contype::text AS kind, c.conkey::int2[] AS numbers,
       c.confrelid::int8 AS target, coalesce(c.confkey::int2[], '{}') AS target_numbers
FROM pg_catalog.pg_constraint AS c
WHERE c.conrelid = ANY ($1::int8[]::oid[]) AND c.contype IN ('p', 'f')
UNION ALL
SELECT i.indrelid::int8, k.kind, ((i.indkey::int2[])[0:i.indnkeyatts - 1])::int2[], 0::int8, '{}'::int2[]
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
CROSS JOIN LATERAL (VALUES ('u', i.indisunique AND NOT i.indisprimary), ('i', m.amname = 'btree')) AS k(kind, applies)
WHERE i.indrelid = ANY ($1::int8[]::oid[]) AND k.applies
  AND i.indisvalid AND i.indisready AND i.indpred IS NULL AND i.indexprs IS NULL
ORDER BY 1, 2, 3
