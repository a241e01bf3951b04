//! Every type and unit that a time is stored in: an index condition, or pruned partitions, on the raw column.

use sqlx::PgPool;

use crate::explain::{explained, statement};
use crate::support::{Server, sql};

/// For each form of a time a table with an index on it, and one that is partitioned by it, for March and for April 2025.
const TABLES: &str = "
    DO $$ DECLARE form record; BEGIN
    FOR form IN SELECT * FROM (VALUES
        ('instant', 'timestamptz', '2025-03-01Z', '2025-04-01Z', '2025-05-01Z'),
        ('clock', 'timestamp', '2025-03-01', '2025-04-01', '2025-05-01'),
        ('zoned', 'timestamp', '2025-03-01', '2025-04-01', '2025-05-01'),
        ('day', 'date', '2025-03-01', '2025-04-01', '2025-05-01')
        ) AS plain
    UNION ALL
    SELECT ty || '_' || unit, ty, (1740787200 * factor)::text, (1743465600 * factor)::text, (1746057600 * factor)::text
    FROM (VALUES ('int4', ARRAY['s']), ('int8', ARRAY['s', 'ms', 'us', 'ns']), ('numeric', ARRAY['s', 'ms', 'us', 'ns']),
                 ('float8', ARRAY['s', 'ms', 'us', 'ns'])) AS types(ty, units), unnest(units) AS unit,
         LATERAL (SELECT CASE unit WHEN 's' THEN 1 WHEN 'ms' THEN 1000 WHEN 'us' THEN 1000000 ELSE 1000000000 END::numeric) AS f(factor)
    LOOP
        EXECUTE format('CREATE TABLE %I (ts %s NOT NULL, value float8)', form.column1, form.column2);
        EXECUTE format('CREATE INDEX ON %I (ts)', form.column1);
        EXECUTE format('CREATE TABLE %I (ts %s NOT NULL, value float8) PARTITION BY RANGE (ts)', form.column1 || '_parts', form.column2);
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
            form.column1 || '_march', form.column1 || '_parts', form.column3, form.column4);
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
            form.column1 || '_april', form.column1 || '_parts', form.column4, form.column5);
    END LOOP; END $$";

const FORMS: [(&str, &str); 17] = [
    ("instant", "\"ts\""),
    ("clock", "\"ts\""),
    ("zoned", "{ column = \"ts\", zone = \"Europe/Berlin\" }"),
    ("day", "\"ts\""),
    ("int4_s", "s"),
    ("int8_s", "s"),
    ("int8_ms", "ms"),
    ("int8_us", "us"),
    ("int8_ns", "ns"),
    ("numeric_s", "s"),
    ("numeric_ms", "ms"),
    ("numeric_us", "us"),
    ("numeric_ns", "ns"),
    ("float8_s", "s"),
    ("float8_ms", "ms"),
    ("float8_us", "us"),
    ("float8_ns", "ns"),
];

fn file() -> String {
    let mut file = "[discovery]\nenabled = false\n".to_owned();
    for (name, time) in FORMS {
        let time = if time.len() > 2 {
            time.to_owned()
        } else {
            format!("{{ column = \"ts\", type = \"epoch\", unit = \"{time}\" }}")
        };
        for relation in [name.to_owned(), format!("{name}_parts")] {
            file.push_str(&format!("[[source]]\nrelation = \"public.{relation}\"\ntime = {time}\n"));
            file.push_str(&format!("[source.metric.{relation}]\ncolumn = \"value\"\n"));
        }
    }
    file
}

#[sqlx::test(migrations = false)]
async fn every_form_of_a_time_is_bounded_by_its_index_and_prunes_partitions(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::declared(&pool, &file()).await;
    for (name, _) in FORMS {
        let plan = explained(&pool, &statement(&server, name)).await;
        let condition = plan.lines().find(|line| line.trim_start().starts_with("Index Cond: "));
        let condition = condition.unwrap_or_else(|| panic!("{name} has no index condition:\n{plan}"));
        // The column as it is, on the left of both bounds.
        assert!(condition.contains("(ts >= ") && condition.contains("(ts < "), "{name}: {condition}");
        let pruned = explained(&pool, &statement(&server, &format!("{name}_parts"))).await;
        let (march, april) = (format!("{name}_march"), format!("{name}_april"));
        assert!(pruned.contains(&march) && !pruned.contains(&april), "{name}:\n{pruned}");
    }
}
