//! When rows were, however a table says it: numbers of any unit, times of a made row, days with a time of the day.

use sqlx::PgPool;

use super::{left_out, make, offered, read, values};
use crate::support::{Server, sql};

const EPOCHS: [(&str, &str); 12] = [
    ("ts_ns", "1e9"),
    ("time_us", "1e6"),
    ("ts_us", "1e6"),
    ("timestamp_us", "1e6"),
    ("epoch_ns", "1e9"),
    ("epoch_us", "1e6"),
    ("epoch_s", "1"),
    ("ts_sec", "1"),
    ("time_unix_nano", "1e9"),
    ("start_time_unix_nano", "1e9"),
    ("recorded_ns", "1e9"),
    ("event_time_us", "1e6"),
];

#[sqlx::test(migrations = false)]
async fn numbers_of_any_unit_are_times(pool: PgPool) {
    let mut made = String::from(
        // A length of time in a unit is none.
        "CREATE TABLE jobs_done (at timestamptz, host text, wait_us bigint, time_s int, run_time_ms bigint);
         INSERT INTO jobs_done SELECT timestamptz '2025-06-02Z' + i * interval '1 min', 'h', 900000000 + i, i, 1000000000 + i FROM generate_series(0, 59) AS i;",
    );
    for (name, factor) in EPOCHS {
        made.push_str(&format!(
            "CREATE TABLE by_{name} ({name} bigint NOT NULL, host text, load float8);
             INSERT INTO by_{name} SELECT (1748822400 + i * 60) * {factor}::numeric, 'h', 7 FROM generate_series(0, 59) AS i;"
        ));
    }
    make(&pool, format!("{made} ANALYZE;")).await;
    let (found, _) = read(&pool, "").await;
    let offered = offered(&found);
    for (name, _) in EPOCHS {
        assert!(offered.contains(&format!("by_{name} | {name} | host | by_{name}_load")), "{name}: {offered:?}");
    }
    let done = "jobs_done | at | host | jobs_done_run_time_ms jobs_done_time_s jobs_done_wait_us";
    assert!(offered.contains(&done.to_owned()), "{offered:?}");
    let server = Server::start(&pool).await;
    let hour = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");
    for metric in ["by_time_unix_nano_load", "by_event_time_us_load", "by_ts_sec_load"] {
        assert_eq!(values(&server, hour, metric).await.into_values().collect::<Vec<_>>(), [7.0], "{metric}");
    }
}

const HISTORIES: &str = "
    CREATE TABLE trades (trade_id bigint, symbol text, executed_at timestamptz NOT NULL, price numeric, qty numeric, PRIMARY KEY (symbol, trade_id));
    CREATE TABLE calls (tenant_id int, id bigint, started timestamptz, seconds int, PRIMARY KEY (tenant_id, id));
    CREATE TABLE state (device_id int, sensor text, updated_at timestamptz, v float8, PRIMARY KEY (device_id, sensor));
    CREATE TABLE latest (host text, metric text, at timestamptz, v float8, PRIMARY KEY (host, metric));
    CREATE TABLE sales (id serial PRIMARY KEY, sold_at timestamptz, type text, distance float8);
    CREATE TABLE sale_notes (id serial PRIMARY KEY, sale_id int REFERENCES sales, note text);
    CREATE TABLE activities (id bigserial PRIMARY KEY, \"Activity Date\" timestamp, type text, distance float8);
    CREATE TABLE points (activity_id bigint REFERENCES activities, ts timestamptz, pulse int, PRIMARY KEY (activity_id, ts));
    CREATE TABLE rides (id serial PRIMARY KEY, pickup_time timestamptz, fare numeric);
    CREATE TABLE ride_events (ride_id int REFERENCES rides, kind text);
    CREATE TABLE gauges (id serial PRIMARY KEY, installed_at timestamptz, height float8);
    CREATE TABLE gauge_log (gauge_id int REFERENCES gauges, ts timestamptz, v float8, PRIMARY KEY (gauge_id, ts));
    CREATE TABLE solar (datum date, uhrzeit time, wr smallint, watts int, PRIMARY KEY (datum, uhrzeit, wr));
    CREATE TABLE shops (day date, shop text, opens time, takings numeric, PRIMARY KEY (day, shop));
    CREATE TABLE queries (ts timestamptz, host text, query_hash bigint, crc int, hash bigint, hour int, week int, topological_ordering bigint, ms float8);";

#[sqlx::test(migrations = false)]
async fn what_was_made_at_a_time_is_a_history_and_what_is_changed_is_none(pool: PgPool) {
    sql(&pool, HISTORIES).await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "activities | Activity Date | type | activities_distance",
            "calls | started | tenant_id | calls_seconds",
            "gauge_log | ts | gauge_id | gauge_log_v",
            "points | ts | activity_id type | points_pulse",
            "queries | ts | host | queries_ms",
            "rides | pickup_time |  | rides_fare",
            "sales | sold_at | type | sales_distance",
            "shops | day | shop | shops_takings",
            "trades | executed_at | symbol | trades_price trades_qty",
        ]
    );
    assert_eq!(left_out(&decisions, "state"), "one row for each device_id, sensor: the latest state, no history");
    assert_eq!(left_out(&decisions, "latest"), "one row for each host, metric: the latest state, no history");
    assert!(left_out(&decisions, "gauges").contains("other tables refer to them"));
    assert!(left_out(&decisions, "solar").starts_with("`uhrzeit` is the time of the day in `datum`"));
}

#[sqlx::test(migrations = false)]
async fn clear_texts_of_secrets_are_no_labels_and_what_looks_like_them_is(pool: PgPool) {
    let secret = "pass user_pass passwort senha motdepasse psk privkey wpa_key wifi_key authkey auth authorization bearer pin pincode salt \
        pw_hash pwhash reset_code verification_code connection_string database_url dsn snmp_community emailaddress mailaddress";
    let harmless = "authority author pinned passes compass bypass";
    let columns: Vec<String> =
        secret.split_whitespace().chain(harmless.split(' ')).map(|name| format!("\"{name}\" text")).collect();
    let made = format!(
        "CREATE TABLE log_in (id bigserial PRIMARY KEY, host text, authdate timestamptz, ms int, {});",
        columns.join(", ")
    );
    make(&pool, made).await;
    let (found, _) = read(&pool, "").await;
    assert_eq!(offered(&found), ["log_in | authdate | author authority bypass compass host passes pinned | log_in_ms"]);
}
