//! Tables whose series could be mixed, or split, with the values that they come to.

use sqlx::PgPool;

use super::{labels, left_out, offered, read, values};
use crate::support::{Server, sql};

const HOUR: (&str, &str) = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");

fn by_name(values: &[(&str, f64)]) -> std::collections::BTreeMap<String, f64> {
    values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

const READINGS: &str = r#"
    CREATE TABLE readings_num (id int NOT NULL, "time" timestamptz NOT NULL, num float8, PRIMARY KEY (id, "time"));
    INSERT INTO readings_num SELECT s, timestamptz '2025-06-02 00:00Z' + i * interval '1 min', s * 10
        FROM generate_series(0, 1439) AS i, generate_series(1, 2) AS s;
    CREATE VIEW readings_seen AS SELECT id, "time", num FROM readings_num WHERE num > 0;
    CREATE TABLE boiler (ts timestamptz, house text, watts float8, pump_on boolean);
    INSERT INTO boiler SELECT timestamptz '2025-06-02 00:00Z' + i * interval '1 min', h, 100, i % 2 = 0
        FROM generate_series(0, 59) AS i, unnest('{a,b}'::text[]) AS h;
    CREATE TABLE sensor_log (sensor_id int, ts timestamptz, value float8, shown text, PRIMARY KEY (sensor_id, ts));
    INSERT INTO sensor_log SELECT s, timestamptz '2025-06-02 00:00Z' + i * interval '1 min', s * 100 + i / 10.0, 'R' || (s * 100 + i / 10.0)
        FROM generate_series(0, 59) AS i, generate_series(1, 2) AS s;
    CREATE TABLE state_log (ts timestamptz, sensor_id int, value float8, state text);
    INSERT INTO state_log SELECT timestamptz '2025-06-02 00:00Z' + i * interval '1 min', s, s * 100, (s * 100 + i / 10.0)::text
        FROM generate_series(0, 59) AS i, generate_series(1, 2) AS s;
    CREATE TABLE twin_log (ts timestamptz, sensor_id int, value float8, shown text);
    INSERT INTO twin_log SELECT timestamptz '2025-06-02 00:00Z' + i * interval '1 min', s, s * 100 + i / 10.0, 'R' || (s * 100 + i / 10.0)
        FROM generate_series(0, 59) AS i, generate_series(1, 2) AS s;
    CREATE TABLE volts (ts timestamptz, channel int, volts float8);
    INSERT INTO volts SELECT timestamptz '2025-06-02 00:00Z' + i * interval '1 min', c, c * 10
        FROM generate_series(0, 59) AS i, generate_series(1, 2) AS c;
    CREATE TABLE job (jobid bigint PRIMARY KEY, schedule text);
    CREATE TABLE job_stats (ts timestamptz, jobid bigint, ms float8);
    INSERT INTO job_stats SELECT timestamptz '2025-06-02 00:00Z' + i * interval '1 min', j, j * 10
        FROM generate_series(0, 59) AS i, generate_series(1, 2) AS j;
    ANALYZE;"#;

#[sqlx::test(migrations = false)]
async fn what_tells_series_apart_is_a_label_and_what_does_not_is_none(pool: PgPool) {
    sql(&pool, READINGS).await;
    let (found, _) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "boiler | ts | house | boiler_pump_on boiler_watts",
            "job_stats | ts | jobid | job_stats_ms",
            "readings_num | time | id | readings_num_num",
            "readings_seen | time | id | readings_seen_num",
            "sensor_log | ts | sensor_id | sensor_log",
            "state_log | ts | sensor_id | state_log",
            "twin_log | ts | sensor_id | twin_log",
            "volts | ts | channel | volts_volts",
        ]
    );
    let server = Server::start(&pool).await;
    let two = |name: &str, label: &str| {
        by_name(&[(&*format!("{name}{{{label}=\"1\"}}"), 10.0), (&*format!("{name}{{{label}=\"2\"}}"), 20.0)])
    };
    for (metric, label) in
        [("readings_num_num", "id"), ("readings_seen_num", "id"), ("volts_volts", "channel"), ("job_stats_ms", "jobid")]
    {
        let drawn = values(&server, HOUR, metric).await;
        assert_eq!(drawn.values().collect::<Vec<_>>(), two(metric, label).values().collect::<Vec<_>>(), "{metric}");
        assert!(drawn.keys().all(|name| name.contains(label)), "{drawn:?}");
    }
    assert_eq!(values(&server, HOUR, "sum(boiler_watts)").await.into_values().collect::<Vec<_>>(), [200.0]);
    assert_eq!(values(&server, HOUR, "sum(boiler_pump_on)").await.into_values().collect::<Vec<_>>(), [1.0]);
    let logged = values(&server, HOUR, "avg by (sensor_id) (sensor_log)").await;
    assert_eq!(logged.into_values().map(|value| (value * 100.0).round()).collect::<Vec<_>>(), [10_295.0, 20_295.0]);
}

#[sqlx::test(migrations = false)]
async fn the_same_before_and_after_analyze_and_as_rows_arrive(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE stats (ts timestamptz NOT NULL, host text, cpu float8);
         INSERT INTO stats SELECT timestamptz '2025-06-02 00:00Z' + i * interval '1 min', 'h' || h, 1
             FROM generate_series(1, 4) AS i, generate_series(1, 150) AS h;",
    )
    .await;
    let expected = ["stats | ts | host | stats_cpu"];
    assert_eq!(offered(&read(&pool, "").await.0), expected);
    sql(&pool, "ANALYZE stats").await;
    assert_eq!(offered(&read(&pool, "").await.0), expected);
    sql(
        &pool,
        "INSERT INTO stats SELECT timestamptz '2025-06-02 00:00Z' + i * interval '1 min', 'h' || h, 1
             FROM generate_series(5, 120) AS i, generate_series(1, 150) AS h; ANALYZE stats",
    )
    .await;
    assert_eq!(offered(&read(&pool, "").await.0), expected);
    let server = Server::start(&pool).await;
    assert_eq!(values(&server, HOUR, "sum(stats_cpu)").await.into_values().collect::<Vec<_>>(), [150.0]);
}

/// Keys of every form, with the labels that they make.
const KEYS: &str = "
    CREATE TABLE by_serial (id bigserial, ts timestamptz NOT NULL, host text, v float8, PRIMARY KEY (id, ts)) PARTITION BY RANGE (ts);
    CREATE TABLE by_serial_1 PARTITION OF by_serial FOR VALUES FROM ('2025-01-01Z') TO ('2026-01-01Z');
    CREATE TABLE by_uuid (id uuid DEFAULT gen_random_uuid(), ts timestamptz, host text, v float8, PRIMARY KEY (id, ts));
    CREATE TABLE by_expression (host text, clientid int, ts timestamptz, v float8);
    CREATE UNIQUE INDEX ON by_expression (lower(host), ts, clientid);
    CREATE TABLE by_some_rows (serial_number int, ts timestamptz, deleted boolean, v float8);
    CREATE UNIQUE INDEX ON by_some_rows (serial_number, ts) WHERE NOT deleted;
    CREATE TABLE by_types (ts timestamptz, width numeric, born date, share float8, is_old boolean, raw bytea, v float8,
        PRIMARY KEY (ts, width, born, share, is_old, raw));
    CREATE TABLE by_order (device int, ts timestamptz, seq int, v float8, PRIMARY KEY (device, ts, seq));
    CREATE TABLE by_number (device int, reading_no bigint, ts timestamptz, v float8, PRIMARY KEY (device, reading_no));
    CREATE TABLE by_document (ts timestamptz, dims jsonb, v float8, UNIQUE (ts, dims));
    CREATE TABLE heir (code int, ts timestamptz, v float8);
    CREATE TABLE heir_1 (PRIMARY KEY (code, ts)) INHERITS (heir);
    CREATE TABLE parts (code int, ts timestamptz, v float8) PARTITION BY RANGE (ts);
    CREATE TABLE parts_1 PARTITION OF parts (PRIMARY KEY (code, ts)) FOR VALUES FROM ('2025-01-01Z') TO ('2026-01-01Z');
    CREATE TABLE pieces (code int, ts timestamptz, v float8) PARTITION BY RANGE (ts);
    CREATE TABLE pieces_1 PARTITION OF pieces (PRIMARY KEY (code, ts)) FOR VALUES FROM ('2025-01-01Z') TO ('2026-01-01Z');
    CREATE UNIQUE INDEX ON ONLY pieces (code, ts);
    CREATE TABLE by_two_times (station int, issued_at timestamptz, valid_at timestamptz, v float8, PRIMARY KEY (station, issued_at, valid_at));
    CREATE TABLE by_spot (spot point, ts timestamptz, v float8, EXCLUDE USING gist (spot WITH ~=));
    CREATE TABLE by_range (during tstzrange, host text, ts timestamptz, v float8, UNIQUE (during, host));
    CREATE TABLE by_person (email text, ts timestamptz, steps int, PRIMARY KEY (email, ts));
    CREATE TABLE no_key_spot (ts timestamptz, spot point, v float8);
    CREATE TABLE no_key_list (ts timestamptz, parts text[], v float8);
    CREATE TABLE no_key_person (ts timestamptz, email text, steps int);
    CREATE TABLE latest (host text, metric text, at timestamptz, v float8, PRIMARY KEY (host, metric));
";

#[sqlx::test(migrations = false)]
async fn every_column_of_a_key_is_the_time_a_label_or_an_order(pool: PgPool) {
    sql(&pool, KEYS).await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "by_document | ts | dims.* | by_document_v",
            "by_expression | ts | clientid host | by_expression_v",
            "by_number | ts | device | by_number_v",
            "by_order | ts | device | by_order_v",
            "by_serial | ts | host | by_serial_v",
            "by_some_rows | ts | serial_number | by_some_rows_deleted by_some_rows_v",
            "by_types | ts | born is_old raw share width | by_types_v",
            "by_uuid | ts | host | by_uuid_v",
            "heir | ts | code | heir_v",
            "parts | ts | code | parts_v",
            "pieces | ts | code | pieces_v",
        ]
    );
    for (relation, reason) in [
        ("by_two_times", "whose type (timestamptz) cannot be a label: series cannot be told apart without it"),
        ("by_spot", "`spot`"),
        ("by_range", "one row for each during, host: the latest state"),
        ("by_person", "its key has `email`, which is personal or secret by its name"),
        ("no_key_spot", "`spot` (point) may tell its rows apart and cannot be a label"),
        ("no_key_list", "`parts` (text[]) may tell its rows apart"),
        ("no_key_person", "`email` (personal or secret) may tell its rows apart"),
        ("latest", "one row for each host, metric: the latest state"),
    ] {
        assert!(left_out(&decisions, relation).contains(reason), "{relation}: {}", left_out(&decisions, relation));
    }
}

#[sqlx::test(migrations = false)]
async fn a_narrow_table_stays_narrow_however_many_names_it_has(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE samples (ts timestamptz NOT NULL, metric text, value float8);
         INSERT INTO samples SELECT timestamptz '2025-06-02 00:00Z' + i * interval '1 min', 'm' || n, n
             FROM generate_series(0, 1) AS i, generate_series(1, 10500) AS n; ANALYZE samples",
    )
    .await;
    let (found, _) = read(&pool, "").await;
    assert_eq!(found.names().count(), 10_500);
    let server = Server::start(&pool).await;
    assert_eq!(values(&server, HOUR, "m10500").await.into_values().collect::<Vec<_>>(), [10_500.0]);
    let config = datebin::db::DatabaseConfig::new(&crate::support::url(&pool)).unwrap();
    for toml in ["", "[[source]]\nrelation = \"samples\"\nname = \"metric\"\nvalue = \"value\"\n"] {
        let file = format!("[discovery]\nmax_names = 100\n{toml}");
        let file = datebin::catalog::file::CatalogFile::parse(&file).unwrap();
        let (found, decisions) = datebin::db::load(&config, &file, None).await.unwrap();
        assert_eq!(found.names().count(), 100);
        assert!(found.notes().iter().any(|note| note.contains("raise `max_names`")), "{:?}", found.notes());
        assert!(decisions.iter().any(|d| d.reason.contains("100 names, the most that `max_names`")));
    }
}

#[sqlx::test(migrations = false)]
async fn a_column_that_only_the_newest_partition_fills_lives(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE late (ts timestamptz NOT NULL, host text, a float8) PARTITION BY RANGE (ts);
         CREATE TABLE late_1 PARTITION OF late FOR VALUES FROM ('2025-06-01Z') TO ('2025-06-02Z');
         CREATE TABLE late_2 PARTITION OF late FOR VALUES FROM ('2025-06-02Z') TO ('2025-06-03Z');
         INSERT INTO late SELECT timestamptz '2025-06-01Z' + i * interval '20 s', 'h', i FROM generate_series(0, 4000) AS i;
         ANALYZE late;
         ALTER TABLE late ADD COLUMN b float8; ALTER TABLE late ADD COLUMN zone text; ALTER TABLE late ADD COLUMN never float8;
         INSERT INTO late SELECT timestamptz '2025-06-02Z' + i * interval '1 min', 'h', i, 7, 'z' || i % 2 FROM generate_series(0, 59) AS i;
         CREATE TABLE old (ts timestamptz NOT NULL, host text, c float8);
         CREATE TABLE old_1 (CHECK (ts < '2025-06-02Z')) INHERITS (old);
         CREATE TABLE old_2 (CHECK (ts >= '2025-06-02Z')) INHERITS (old);
         INSERT INTO old_1 SELECT timestamptz '2025-06-01Z' + i * interval '20 s', 'h' FROM generate_series(0, 4000) AS i;
         INSERT INTO old_2 SELECT timestamptz '2025-06-02Z' + i * interval '1 min', 'h', 7 FROM generate_series(0, 59) AS i;
         ANALYZE late_1; ANALYZE late_2; ANALYZE old_1; ANALYZE old_2;",
    )
    .await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(offered(&found), ["late | ts | host zone | late_a late_b", "old | ts | host | old_c"]);
    let never = decisions.iter().find(|d| d.column.as_ref().is_some_and(|column| column.as_str() == "never")).unwrap();
    assert!(never.reason.contains("only NULLs"), "{never:?}");
    let server = Server::start(&pool).await;
    assert_eq!(values(&server, HOUR, "sum(late_b)").await.into_values().collect::<Vec<_>>(), [14.0]);
    assert_eq!(values(&server, HOUR, "old_c").await.into_values().collect::<Vec<_>>(), [7.0]);
}

#[sqlx::test(migrations = false)]
async fn flags_ports_and_numbers_in_a_row_are_no_metrics(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE flows (ts timestamptz, host text, flags int, tcp_flag int, srcport int, dst_port int, seq bigint, seq_no int,
             category int, priority smallint, protocol int, bytes bigint, prompt_tokens int, emails_sent int, num int, ms float8);",
    )
    .await;
    let (found, _) = read(&pool, "").await;
    let metrics = "flows_bytes flows_emails_sent flows_ms flows_num flows_prompt_tokens";
    assert_eq!(offered(&found), [format!("flows | ts | host | {metrics}")]);
    assert_eq!(labels(&found.sources()[0]), "host");
}
