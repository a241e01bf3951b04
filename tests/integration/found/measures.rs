//! Columns whose name or place in a key looks like a key or a code and that are measured, and the other way round.

use sqlx::PgPool;

use super::{offered, read, values};
use crate::support::{Server, sql};

const IN_KEYS: &str = "
    CREATE TABLE minutes AS SELECT n, timestamptz '2025-06-02Z' + n * interval '1 min' AS ts FROM generate_series(0, 599) AS n;
    CREATE TABLE metrics (key varchar, value float8, timestamp bigint, run_uuid varchar, step bigint, is_nan boolean,
        PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
    INSERT INTO metrics SELECT k, CASE k WHEN 'loss' THEN 1 ELSE 3 END, extract(epoch FROM ts) * 1000, 'r' || r, 0, false
        FROM minutes, unnest(array['loss', 'accuracy']) AS k, generate_series(1, 2) AS r;
    CREATE TABLE dedupe (sensor text, ts timestamptz, temperature float8, UNIQUE (sensor, ts, temperature));
    INSERT INTO dedupe SELECT 's' || s, ts, s FROM minutes, generate_series(1, 2) AS s;
    CREATE TABLE ticks (symbol text, ts timestamptz, price numeric(12,4), volume float8, PRIMARY KEY (symbol, ts, price, volume));
    CREATE TABLE counts (dev int, ts timestamptz, v int, PRIMARY KEY (dev, ts, v));
    CREATE TABLE whole (sensor_id int, ts timestamptz, temperature int, humidity int, UNIQUE (sensor_id, ts, temperature, humidity));
    CREATE TABLE beside (sensor_id int, ts timestamptz, temperature real, pressure real, UNIQUE (sensor_id, ts, temperature));
    -- The value is another column: these are parts of what is measured.
    CREATE TABLE market (symbol text, side text, ts timestamptz, price numeric, size numeric, PRIMARY KEY (symbol, side, ts, price));
    CREATE TABLE spectrum (ts timestamptz, freq_mhz real, level_db real, PRIMARY KEY (ts, freq_mhz));
    CREATE TABLE buckets (host text, ts timestamptz, le float8, cnt bigint, PRIMARY KEY (host, ts, le));
    CREATE TABLE depths (ts timestamptz, depth_m numeric(5,1), temp float8, PRIMARY KEY (ts, depth_m));
    CREATE TABLE waits (ts timestamptz, quantile float8, wait interval, PRIMARY KEY (ts, quantile));
    -- A second sensor may measure the same at the same time.
    CREATE TABLE unsaid (ts timestamptz, sensor text, value float8, UNIQUE (ts, value));
    INSERT INTO unsaid SELECT ts, 's' || s, s FROM minutes, generate_series(1, 30) AS s;
    DROP TABLE minutes;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn a_value_in_a_key_is_the_value(pool: PgPool) {
    sql(&pool, IN_KEYS).await;
    let (found, _) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "beside | ts | sensor_id | beside_pressure beside_temperature",
            "buckets | ts | host le | buckets_cnt",
            "counts | ts | dev | counts_v",
            "dedupe | ts | sensor | dedupe_temperature",
            "depths | ts | depth_m | depths_temp",
            "market | ts | price side symbol | market_size",
            "metrics | timestamp | is_nan run_uuid step | accuracy loss",
            "spectrum | ts | freq_mhz | spectrum_level_db",
            "ticks | ts | symbol | ticks_price ticks_volume",
            "unsaid | ts | sensor | unsaid",
            "waits | ts | quantile | waits_wait",
            "whole | ts | sensor_id | whole_humidity whole_temperature",
        ]
    );
    let server = Server::start(&pool).await;
    let hour = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");
    for (target, expected) in [("sum by (run_uuid) (loss)", [1.0, 1.0]), ("sum by (run_uuid) (accuracy)", [3.0, 3.0])] {
        assert_eq!(values(&server, hour, target).await.into_values().collect::<Vec<_>>(), expected, "{target}");
    }
}

const WEATHER: &str = "
    CREATE TABLE minutes AS SELECT n, timestamptz '2025-06-02Z' + n * interval '1 min' AS ts FROM generate_series(0, 599) AS n;
    CREATE TABLE openweather (dt bigint NOT NULL, city_id int, temp real, visibility int, sunrise bigint, sunset bigint, timezone int);
    INSERT INTO openweather SELECT extract(epoch FROM ts), c, 20, 300 + n * 7, 1748830000, 1748880000, 3600 FROM minutes, generate_series(1, 2) AS c;
    CREATE TABLE weather (time timestamptz NOT NULL, city text, temp real, visibility int, uv_index int, heat_index int, air_quality_index int,
        row_index int, sunrise timestamptz, utc_offset int, tz_offset_minutes int);
    INSERT INTO weather SELECT ts, 'c' || c, 20, 300 + n * 7, n % 11, n % 40, n % 200, n % 6, ts, 3600, 60 FROM minutes, generate_series(1, 2) AS c;
    CREATE TABLE projects (id serial PRIMARY KEY, created_at timestamptz, visibility int, stars int);
    CREATE TABLE job_run_details (jobid bigint, runid bigint PRIMARY KEY, job_pid int, status text, start_time timestamptz, end_time timestamptz);
    CREATE TABLE runs (id serial PRIMARY KEY, started_at timestamptz, finished_at timestamptz, worker_pid int, backend_pid bigint, status text);
    CREATE TABLE top (ts timestamptz, pid int, cpu real);
    INSERT INTO top SELECT ts, p * 100, p FROM minutes, generate_series(1, 3) AS p;
    CREATE TABLE log (id serial PRIMARY KEY, timestamp timestamptz, level int, message text);
    CREATE TABLE river (ts timestamptz, station text, level int);
    DROP TABLE minutes;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn measures_that_look_like_codes_are_metrics_and_zones_and_processes_are_none(pool: PgPool) {
    sql(&pool, WEATHER).await;
    let (found, _) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "job_run_details | start_time | jobid status | job_run_details_rows job_run_details_seconds",
            "log | timestamp |  | log_rows",
            "openweather | dt | city_id | openweather_temp openweather_visibility",
            "projects | created_at |  | projects_stars",
            "river | ts | station | river_level",
            "runs | started_at | status | runs_rows runs_seconds",
            "top | ts | pid | top_cpu",
            "weather | time | city | weather_air_quality_index weather_heat_index weather_temp weather_uv_index weather_visibility",
        ]
    );
}

const IDS: &str = "
    CREATE TABLE changegroup (id numeric(18,0) PRIMARY KEY, issueid numeric(18,0), author varchar, created timestamptz);
    CREATE TABLE jiraissue (id numeric(18,0) PRIMARY KEY, issuenum numeric(18,0), project numeric(18,0), created timestamptz, votes numeric(18,0));
    CREATE TABLE account_move (id serial PRIMARY KEY, create_uid int, write_uid int, create_date timestamp, amount_total numeric);
    CREATE TABLE log_visit (idvisit bigserial PRIMARY KEY, idsite int, visit_entry_idaction_url int, id_client int, server_time timestamp, idle_ms int);
    CREATE TABLE wp_comments (comment_id bigserial PRIMARY KEY, comment_parent bigint, comment_date timestamp, comment_karma int);
    CREATE TABLE obs (obs_id serial PRIMARY KEY, obs_datetime timestamp, value_coded int, value_numeric float8);
    CREATE TABLE state_history (id serial PRIMARY KEY, event_time timestamptz, check_attempt int, max_check_attempts int, hard_state text);
    CREATE TABLE llx_facture (rowid serial PRIMARY KEY, fk_soc int, datec timestamp, total_ht numeric, customer_ref int);
    CREATE TABLE teller (tid int PRIMARY KEY, balance int);
    CREATE TABLE history (tid int, delta int, mtime timestamp);";

#[sqlx::test(migrations = false)]
async fn ids_of_any_spelling_are_no_metrics(pool: PgPool) {
    sql(&pool, IDS).await;
    let (found, _) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "account_move | create_date | create_uid write_uid | account_move_amount_total",
            "changegroup | created | author issueid | changegroup_rows",
            "history | mtime | tid | history_delta",
            "jiraissue | created | project | jiraissue_votes",
            "llx_facture | datec | customer_ref fk_soc | llx_facture_total_ht",
            "log_visit | server_time | id_client idsite visit_entry_idaction_url | log_visit_idle_ms",
            "obs | obs_datetime |  | obs_value_numeric",
            "state_history | event_time | hard_state | state_history_rows",
            "wp_comments | comment_date | comment_parent | wp_comments_comment_karma",
        ]
    );
}

const WORDS: &str = "
    CREATE TABLE events (id serial PRIMARY KEY, created_at timestamptz, session_id uuid, dag_hash text, user_agent text, state text, n_items int, pid int);
    INSERT INTO events (created_at, session_id, dag_hash, user_agent, state, n_items)
        SELECT timestamptz '2025-06-02Z' + n * interval '1 min', gen_random_uuid(), md5(n::text), 'ua ' || n, 'ok', n FROM generate_series(0, 599) AS n;
    CREATE TABLE updates (id serial PRIMARY KEY, start_date timestamp, version text, car_id int);
    INSERT INTO updates (start_date, version, car_id) SELECT timestamp '2025-06-02' + n * interval '1 min', '2025.' || n % 5, 1 FROM generate_series(0, 599) AS n;
    CREATE TABLE local (ts timestamp, tz text, v float8);
    CREATE TABLE dag_run (id serial PRIMARY KEY, started timestamptz, state text);
    INSERT INTO dag_run (started, state) SELECT timestamptz '2025-06-02Z' + n * interval '1 min', 'success' FROM generate_series(0, 599) AS n;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn reasons_say_what_a_column_is(pool: PgPool) {
    sql(&pool, WORDS).await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "dag_run | started | state | dag_run_rows",
            "events | created_at | state | events_n_items",
            "local | ts | tz | local_v",
            "updates | start_date | car_id version | updates_rows",
        ]
    );
    let why = |relation: &str, column: Option<&str>| {
        let is_it = |name: Option<&datebin::ident::Ident>| name.map(datebin::ident::Ident::as_str) == column;
        let of = decisions.iter().find(|one| one.relation.name.as_str() == relation && is_it(one.column.as_ref()));
        of.unwrap_or_else(|| panic!("{relation} {column:?}")).reason.clone()
    };
    for (column, reason) in [
        ("session_id", "an id of single rows or visits, by its name"),
        ("dag_hash", "a hash, by its name"),
        ("user_agent", "free text, by its name"),
    ] {
        assert_eq!(why("events", Some(column)), reason);
    }
    let local = "timestamp, read as the wall clock of UTC; if `tz` says another zone, declare a view that converts it";
    assert_eq!(why("local", Some("ts")), local);
    let counted = "a table of events: no column of numbers that is neither a key nor a code, so its rows are counted";
    assert_eq!(why("dag_run", None), counted);
}
