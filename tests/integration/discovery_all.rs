//! Every layout in one database, beside the tables that are no metrics: what discovery offers, and what it leaves out.

use std::collections::BTreeMap;

use datebin::catalog::file::CatalogFile;
use datebin::catalog::{Snapshot, Source, SourceLabel, toml_out};
use datebin::db::{DatabaseConfig, load};
use sqlx::PgPool;

use crate::support::url;

async fn read(pool: &PgPool, toml: &str) -> (Snapshot, String) {
    let config = DatabaseConfig::new(&url(pool)).unwrap();
    let (snapshot, decisions) = load(&config, &CatalogFile::parse(toml).unwrap(), None).await.unwrap();
    let written = toml_out::write(&snapshot, &decisions);
    (snapshot, written)
}

async fn fixture(pool: &PgPool) {
    sqlx::raw_sql(include_str!("discovery_all.sql")).execute(pool).await.unwrap();
}

fn labels(source: &Source) -> String {
    let one = |label: &SourceLabel| match label {
        SourceLabel::One { name, .. } => name.clone(),
        SourceLabel::Members { document } => format!("{}.*", document.column().name),
    };
    source.labels.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Each relation that is offered: its time, its labels and its metrics.
const OFFERED: &[(&str, &str, &str, &str)] = &[
    ("Outside Temp", "Time", "", "Outside Temp"),
    ("app_log", "at", "level", "app_log_rows"),
    ("audit", "at", "action actor", "audit_rows"),
    ("certs", "seen_at", "", "certs_rows"),
    ("db_stats", "time", "dbname tag_data.*", "db_stats_rows"),
    ("disk", "time", "tag_id", "disk_free disk_used_percent"),
    ("history", "clock", "itemid", "history"),
    ("history_uint", "clock", "itemid", "history_uint"),
    ("host_stats", "ts", "host region", "host_stats_bytes_recv host_stats_cpu host_stats_mem host_stats_up"),
    (
        "host_stats_1h",
        "bucket",
        "host",
        "host_stats_1h_cpu_avg host_stats_1h_cpu_max host_stats_1h_cpu_min host_stats_1h_n",
    ),
    ("kv", "ts", "entity key", "kv_dbl_v kv_long_v"),
    ("measurements", "created_at", "device_id", "measurements_pressure"),
    ("orders", "created_at", "customer_id status", "orders_amount"),
    ("points", "time", "source tags.*", "cpu.load jobs_total"),
    ("promdata", "time", "series_id", "promdata"),
    ("sensor_data", "time", "location sensor_id type", "sensor_data_co2 sensor_data_temperature"),
    ("spells", "start_date", "car_id state", "spells_rows"),
    ("states", "last_updated_ts", "entity_id metadata_id", "states_rows"),
    ("statistics", "start_ts", "metadata_id statistic_id unit", "statistics_mean statistics_sum"),
    ("trends", "clock", "itemid", "trends_num trends_value_avg trends_value_max trends_value_min"),
    ("trips", "start_date", "car_id", "trips_distance_km"),
];

#[sqlx::test(migrations = false)]
async fn no_false_metric_and_no_missed_one(pool: PgPool) {
    fixture(&pool).await;
    let (found, written) = read(&pool, "").await;
    let offered: Vec<(String, String, String, String)> = found
        .sources()
        .iter()
        .map(|source| {
            let metrics: Vec<&str> = source.metrics.iter().map(|metric| metric.name.as_str()).collect();
            let (relation, time) = (source.relation.name.to_string(), source.time.column.to_string());
            (relation, time, labels(source), metrics.join(" "))
        })
        .collect();
    let expected: Vec<_> = OFFERED
        .iter()
        .map(|(r, t, l, m)| ((*r).to_owned(), (*t).to_owned(), (*l).to_owned(), (*m).to_owned()))
        .collect();
    assert_eq!(offered, expected, "{written}");
}

/// Each relation that is left out, and words of the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("disk_tag", "no time column"),
    ("flyway_schema_history", "the own table of a migration tool"),
    ("items", "no time column"),
    ("memberships", "one row for each user_id, site_id: the latest state"),
    ("order_lines", "no time column"),
    ("products", "each has a `name` of its own and is changed later (`updated_at`)"),
    ("schema_migrations", "the own table of a migration tool"),
    ("sensors", "other tables refer to them"),
    ("settings", "one row for each key: the latest state"),
    ("site_flags", "one row for each site_id: the latest state"),
    ("sites", "they have a `name`, and other tables refer to them"),
    ("states_meta", "no time column"),
    ("statistics_meta", "no time column"),
    ("users", "`email` is about somebody"),
];

#[sqlx::test(migrations = false)]
async fn what_is_left_out_says_why(pool: PgPool) {
    fixture(&pool).await;
    let (_, written) = read(&pool, "").await;
    let (_, left_out) = written.split_once("\n# Left out:\n").unwrap();
    let said: BTreeMap<&str, &str> =
        left_out.lines().filter_map(|line| line.strip_prefix("# public.")?.split_once(": ")).collect();
    for (relation, reason) in LEFT_OUT {
        assert!(said.get(relation).is_some_and(|said| said.contains(reason)), "{relation}: {:?}", said.get(relation));
    }
    assert_eq!(said.len(), LEFT_OUT.len(), "{said:?}");
}

#[sqlx::test(migrations = false)]
async fn what_is_written_gives_the_same_catalog_and_leaves_nothing_to_statistics(pool: PgPool) {
    fixture(&pool).await;
    let (found, written) = read(&pool, "").await;
    sqlx::raw_sql("DELETE FROM pg_statistic").execute(&pool).await.unwrap();
    let (again, once_more) = read(&pool, &written).await;
    assert_eq!(found.sources(), again.sources(), "{written}");
    assert_eq!(found.zone(), again.zone());
    // The reasons are discovery's; all else is said the same way again.
    let fields = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect()
    };
    assert_eq!(fields(&written), fields(&once_more));
}

/// A table whose statistics decide all: which texts are labels, which are numbers, which number is the time.
const TOLD: &str = "
    CREATE TABLE told (ts bigint NOT NULL, host text, code text, dead text, v float8);
    INSERT INTO told SELECT 1704067200 + n * 60, 'h' || n % 3, (n % 7)::text, NULL, n FROM generate_series(1, 300) AS n;
    ANALYZE told;";

#[sqlx::test(migrations = false)]
async fn statistics_of_many_relations_say_what_those_of_few_say(pool: PgPool) {
    sqlx::raw_sql(TOLD).execute(&pool).await.unwrap();
    let said = async || {
        let (_, written) = read(&pool, "").await;
        let told = written.split("\n\n").find(|part| part.starts_with("# public.told:"));
        told.unwrap_or_else(|| panic!("{written}")).trim_end().to_owned()
    };
    let few = said().await;
    for reason in ["ts: a number of s since 1970", "host: text, 3 distinct values", "dead: left out, only NULLs"] {
        assert!(few.contains(reason), "{reason} in {few}");
    }
    let many =
        "DO $$ BEGIN FOR n IN 1..1000 LOOP EXECUTE format('CREATE VIEW v%s AS SELECT 1 AS one', n); END LOOP; END $$";
    sqlx::raw_sql(many).execute(&pool).await.unwrap();
    assert_eq!(said().await, few);
}
