-- A number that is another whenever a relation was made, changed or dropped: ALTER and GRANT write its row anew,
-- ANALYZE and VACUUM do not. Temporary relations come and go and are none of ours.
SELECT coalesce(sum(hashint8extended(c.oid::bigint, c.xmin::text::bigint)::numeric), 0)::text AS stamp
FROM pg_catalog.pg_class AS c
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
