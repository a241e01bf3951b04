//! Whole numbers and texts that tell series apart without a key that says so, and those that only look like it.

use sqlx::PgPool;

use super::{labels, left_out, make, offered, read, values};
use crate::support::{Server, sql};

const HOUR: (&str, &str) = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");

/// `t` is a minute, the parts of which are written at once, or some seconds apart.
fn parts() -> String {
    let at_once = "timestamptz '2025-06-02Z' + i * interval '1 min'";
    let apart = "timestamptz '2025-06-02Z' + i * interval '1 min' + p * interval '7 s'";
    let mut all = String::new();
    for (at, names) in [
        (at_once, "port line pump tank house probe cpu gpu disk axis addr ch"),
        (apart, "port line pump tank house probe axis addr ch channel_number"),
    ] {
        let kind = if at == apart { "mqtt" } else { "at" };
        for name in names.split(' ') {
            all.push_str(&format!(
                "CREATE TABLE {kind}_{name} (id bigserial PRIMARY KEY, ts timestamptz NOT NULL, {name} int, used float8);
                 INSERT INTO {kind}_{name} (ts, {name}, used) SELECT {at}, p, p * 10 FROM generate_series(0, 59) AS i, generate_series(1, 3) AS p;"
            ));
        }
    }
    all
}

#[sqlx::test(migrations = false)]
async fn a_whole_number_that_names_the_part_is_a_label(pool: PgPool) {
    make(&pool, parts()).await;
    sql(
        &pool,
        "CREATE TABLE state_log (ts timestamptz, pump int, fan int, temp float8);
         INSERT INTO state_log SELECT timestamptz '2025-06-02Z' + i * interval '1 min', i % 2, i / 7 % 2, 20 FROM generate_series(0, 599) AS i;
         CREATE TABLE hosts (ts timestamptz, host text, cpu int, disk int, load float8, PRIMARY KEY (host, ts));
         INSERT INTO hosts SELECT timestamptz '2025-06-02Z' + i * interval '1 min', 'h', i % 9, i % 7, 1 FROM generate_series(0, 599) AS i;
         CREATE TABLE flows (stamp_inserted timestamptz NOT NULL, ip_src inet, ip_dst inet, port_src int, port_dst int, ip_proto smallint,
             packets bigint, bytes bigint);
         CREATE TABLE steps (run text, ts timestamptz, revision int, \"offset\" int, v float8, PRIMARY KEY (run, ts, revision, \"offset\"));
         CREATE TABLE numbered (run text, ts timestamptz, seq int, v float8, PRIMARY KEY (run, ts, seq));
         ANALYZE;",
    )
    .await;
    let (found, _) = read(&pool, "").await;
    let offered = offered(&found);
    for source in found.sources().iter() {
        let name = source.relation.name.as_str();
        if let Some(part) = name.strip_prefix("mqtt_").or_else(|| name.strip_prefix("at_")) {
            assert_eq!(labels(source), part, "{name}");
        }
    }
    for line in [
        "flows | stamp_inserted | ip_dst ip_proto ip_src port_dst port_src | flows_bytes flows_packets",
        "hosts | ts | host | hosts_cpu hosts_disk hosts_load",
        "numbered | ts | run | numbered_v",
        "state_log | ts |  | state_log_fan state_log_pump state_log_temp",
        "steps | ts | offset revision run | steps_v",
    ] {
        assert!(offered.iter().any(|own| own == line), "{line}: {offered:?}");
    }
    assert_eq!(offered.len(), 12 + 10 + 5);
    let server = Server::start(&pool).await;
    for metric in ["at_cpu_used", "mqtt_pump_used"] {
        assert_eq!(
            values(&server, HOUR, metric).await.into_values().collect::<Vec<_>>(),
            [10.0, 20.0, 30.0],
            "{metric}"
        );
    }
}

const DIVIDED: &str = "
    CREATE TABLE by_hash (ts timestamptz, code int, v float8) PARTITION BY HASH (code);
    CREATE TABLE by_hash_0 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE by_hash_1 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE by_list (ts timestamptz, quality int, v float8) PARTITION BY LIST (quality);
    CREATE TABLE by_list_1 PARTITION OF by_list FOR VALUES IN (1);
    CREATE TABLE by_list_2 PARTITION OF by_list FOR VALUES IN (2);
    CREATE TABLE by_both (ts timestamptz, num int, v float8) PARTITION BY RANGE (ts);
    CREATE TABLE by_both_1 PARTITION OF by_both FOR VALUES FROM ('2025-01-01Z') TO ('2026-01-01Z') PARTITION BY RANGE (num);
    CREATE TABLE by_both_1_1 PARTITION OF by_both_1 FOR VALUES FROM (0) TO (100);
    INSERT INTO by_hash SELECT timestamptz '2025-06-02Z' + i * interval '1 min', c, c * 10 FROM generate_series(0, 59) AS i, generate_series(1, 2) AS c;
    INSERT INTO by_list SELECT ts, code, v FROM by_hash;
    INSERT INTO by_both SELECT ts, code, v FROM by_hash;
    ANALYZE by_hash_0; ANALYZE by_hash_1; ANALYZE by_list_1; ANALYZE by_list_2; ANALYZE by_both_1_1;";

#[sqlx::test(migrations = false)]
async fn what_rows_are_partitioned_by_is_a_label(pool: PgPool) {
    sql(&pool, DIVIDED).await;
    let (found, _) = read(&pool, "").await;
    let expected =
        ["by_both | ts | num | by_both_v", "by_hash | ts | code | by_hash_v", "by_list | ts | quality | by_list_v"];
    assert_eq!(offered(&found), expected);
    let server = Server::start(&pool).await;
    for metric in ["by_hash_v", "by_list_v", "by_both_v"] {
        assert_eq!(values(&server, HOUR, metric).await.into_values().collect::<Vec<_>>(), [10.0, 20.0], "{metric}");
    }
}

#[sqlx::test(migrations = false)]
async fn free_texts_by_name_have_one_role_before_and_after_analyze(pool: PgPool) {
    let names = ["title", "query", "subject", "message", "content", "details", "user_agent", "data", "body"];
    let mut made = String::new();
    for name in names {
        made.push_str(&format!(
            "CREATE TABLE by_{name} (captured_at timestamptz NOT NULL, {name} text, units int);
             INSERT INTO by_{name} SELECT timestamptz '2025-06-02Z' + i * interval '1 min', 'x' || c, c * 10
                 FROM generate_series(0, 3) AS i, generate_series(1, 150) AS c;"
        ));
    }
    made.push_str(
        "CREATE TABLE topics (id serial PRIMARY KEY, created_at timestamptz, title text, views int);
         INSERT INTO topics (created_at, title, views) SELECT timestamptz '2025-06-02Z' + i * interval '1 min', 't' || i, i FROM generate_series(0, 199) AS i;",
    );
    make(&pool, made).await;
    let before = offered(&read(&pool, "").await.0);
    sql(&pool, "ANALYZE").await;
    assert_eq!(before, offered(&read(&pool, "").await.0));
    for name in names {
        assert!(before.contains(&format!("by_{name} | captured_at | {name} | by_{name}_units")), "{before:?}");
    }
    // Rows that are made one by one are no series of their titles.
    assert!(before.contains(&"topics | created_at |  | topics_views".to_owned()), "{before:?}");
}

const CROWDS: &str = "
    CREATE TABLE positions (id serial PRIMARY KEY, deviceid int NOT NULL, fixtime timestamptz NOT NULL, speed float8, attributes varchar);
    INSERT INTO positions (deviceid, fixtime, speed, attributes)
        SELECT d, timestamptz '2025-06-02Z' + i * interval '1 min', d * 10, format('{\"odometer\": %s, \"sat\": %s}', i * 7, i) FROM generate_series(0, 59) AS i, generate_series(1, 2) AS d;
    CREATE TABLE young_positions (deviceid int NOT NULL, fixtime timestamptz NOT NULL, speed float8, attributes varchar);
    CREATE TABLE tagged (ts timestamptz, tags text, v float8);
    CREATE TABLE beats (id bigserial PRIMARY KEY, ts timestamptz NOT NULL, device text, v float8);
    INSERT INTO beats (ts, device, v) SELECT timestamptz '2025-06-02Z' + n * interval '10 ms', 'd' || n % 10500, n % 2 FROM generate_series(1, 12000) AS n;
    CREATE TABLE notes (ts timestamptz NOT NULL, message text, v float8);
    INSERT INTO notes SELECT timestamptz '2025-06-02Z' + n / 100 * interval '1 s', md5(n::text), n % 2 FROM generate_series(1, 12000) AS n;
    ANALYZE positions; ANALYZE beats; ANALYZE notes;";

#[sqlx::test(migrations = false)]
async fn many_texts_are_labels_only_where_nothing_else_tells_series_apart(pool: PgPool) {
    sql(&pool, CROWDS).await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "beats | ts | device | beats_v",
            "positions | fixtime | deviceid | positions_speed",
            // Without another label the document is what tells series apart.
            "tagged | ts | tags | tagged_v",
            "young_positions | fixtime | deviceid | young_positions_speed",
        ]
    );
    assert!(left_out(&decisions, "notes").contains("`message` (free text) tells its rows apart"));
}
