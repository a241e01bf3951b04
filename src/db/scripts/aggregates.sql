-- TimescaleDB's continuous aggregates. Real-time ones show what is not materialised yet as well.
SELECT view_schema::text, view_name::text, hypertable_schema::text, hypertable_name::text, view_definition::text
FROM timescaledb_information.continuous_aggregates
ORDER BY 1, 2
