//! Tables as products have them: what is a label, which time counts, and what nobody should see.

use sqlx::PgPool;

use super::{offered, read};
use crate::support::sql;

const SECRETS: &str = "
    CREATE TABLE org (id serial PRIMARY KEY, name text NOT NULL, hmac_key text, clientsecret text, first_name text,
        is_trial boolean, currency text);
    INSERT INTO org (name, hmac_key, clientsecret, first_name, is_trial, currency)
        SELECT 'o' || g, md5(g::text), md5('x' || g), 'F' || g, true, 'EUR' FROM generate_series(1, 3) AS g;
    CREATE TABLE pay (id serial PRIMARY KEY, org_id int NOT NULL REFERENCES org, amount numeric, currency text,
        created_at timestamptz NOT NULL);
    INSERT INTO pay (org_id, amount, currency, created_at)
        SELECT 1 + g % 3, g % 9 + .5, 'USD', now() - g * interval '5 min' FROM generate_series(1, 2000) AS g;
    CREATE TABLE mail (id serial PRIMARY KEY, to_address text, phone text, webhook_url text, kind text, size int,
        created_at timestamptz NOT NULL);
    INSERT INTO mail (to_address, phone, webhook_url, kind, size, created_at)
        SELECT 'a' || g % 9, '+1' || g % 7, 'u' || g % 3, 'k' || g % 2, g, now() - g * interval '5 min'
        FROM generate_series(1, 2000) AS g;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn secrets_and_people_are_no_labels_also_of_joined_rows(pool: PgPool) {
    sql(&pool, SECRETS).await;
    assert_eq!(
        offered(&read(&pool, "").await.0),
        ["mail | created_at | kind | mail_size", "pay | created_at | currency name org_currency org_id | pay_amount"]
    );
}

const TIMES: &str = "
    CREATE TABLE art (id bigserial PRIMARY KEY, job_id bigint NOT NULL, size bigint, created_at timestamptz NOT NULL,
        expire_at timestamptz);
    CREATE INDEX ON art (expire_at);
    INSERT INTO art (job_id, size, created_at, expire_at)
        SELECT g % 9, g, now() - g * interval '5 min', now() + interval '30 days' - g * interval '5 min'
        FROM generate_series(1, 2000) AS g;
    CREATE TABLE sqlt (tagid int NOT NULL, floatvalue float, t_stamp bigint NOT NULL, PRIMARY KEY (tagid, t_stamp));
    INSERT INTO sqlt SELECT t, g, (extract(epoch FROM date_trunc('minute', now())) * 1000)::bigint - g * 60000::bigint
        FROM generate_series(1, 8) AS t, generate_series(1, 600) AS g;
    CREATE TABLE days (\"dateTime\" int NOT NULL PRIMARY KEY, min real, mintime int, sumtime int);
    INSERT INTO days SELECT extract(epoch FROM current_date)::int - g * 86400, 1,
        extract(epoch FROM current_date)::int - g * 86400 + 20000, 86400 - g FROM generate_series(1, 200) AS g;
    CREATE TABLE topics (id serial PRIMARY KEY, title text NOT NULL, created_at timestamp NOT NULL,
        bumped_at timestamp NOT NULL, category_id int, views int NOT NULL DEFAULT 0);
    CREATE INDEX ON topics (bumped_at);
    INSERT INTO topics (title, created_at, bumped_at, category_id, views)
        SELECT 't' || g, now() - g * interval '1 h', now() - g * interval '30 min', g % 5, g FROM generate_series(1, 300) AS g;
    CREATE TABLE exec (id serial PRIMARY KEY, status text NOT NULL, workflow_id text NOT NULL, started_at timestamptz,
        stopped_at timestamptz, created_at timestamptz NOT NULL DEFAULT now());
    CREATE INDEX ON exec (workflow_id, started_at);
    CREATE INDEX ON exec (stopped_at, status);
    INSERT INTO exec (status, workflow_id, started_at, stopped_at)
        SELECT 'ok', 'w' || g % 4, now() - g * interval '5 min', now() - g * interval '5 min' + interval '20 s'
        FROM generate_series(1, 500) AS g;
    CREATE TABLE run (id serial PRIMARY KEY, dag_id text NOT NULL, execution_date timestamptz NOT NULL,
        start_date timestamptz, end_date timestamptz, UNIQUE (dag_id, execution_date));
    INSERT INTO run (dag_id, execution_date, start_date, end_date)
        SELECT 'd' || d, t, t + interval '1 h', t + interval '1 h 20 s' FROM generate_series(1, 5) AS d,
        generate_series(now() - interval '300 h', now(), '1 h') AS t;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn the_time_is_when_a_row_began_and_never_ahead(pool: PgPool) {
    sql(&pool, TIMES).await;
    assert_eq!(
        offered(&read(&pool, "").await.0),
        [
            "art | created_at | job_id | art_size",
            "days | dateTime |  | days_min days_sumtime",
            "exec | started_at | status workflow_id | exec_rows exec_seconds",
            // `end_date` is the end of `start_date`, and not of the date that it was planned for.
            "run | execution_date | dag_id | run_rows",
            "sqlt | t_stamp | tagid | sqlt_floatvalue",
            "topics | created_at | category_id | topics_views",
        ]
    );
}

const CODES: &str = "
    CREATE TABLE ti (task_id text NOT NULL, dag_id text NOT NULL, map_index int NOT NULL DEFAULT -1, run_id text NOT NULL,
        start_date timestamptz, duration float, PRIMARY KEY (dag_id, task_id, run_id, map_index));
    INSERT INTO ti SELECT 't1', 'd' || d, m, 'run' || r, now() - r * interval '1 h', m * 10
        FROM generate_series(1, 3) AS d, generate_series(1, 300) AS r, generate_series(0, 4) AS m;
    CREATE TABLE ev (id bigserial PRIMARY KEY, project_id bigint, created_by bigint NOT NULL,
        created_at timestamptz NOT NULL, action smallint NOT NULL, eventtype int, target_type varchar);
    INSERT INTO ev (project_id, created_by, created_at, action, eventtype, target_type)
        SELECT 1 + g % 20, 1 + g % 30, now() - g * interval '10 min', 1 + g % 9, g % 4, 'Issue'
        FROM generate_series(1, 3000) AS g;
    CREATE TABLE builds (id bigserial PRIMARY KEY, ref varchar, created_at timestamptz, duration int);
    INSERT INTO builds (ref, created_at, duration)
        SELECT (ARRAY['main', 'dev'])[1 + g % 2], now() - g * interval '10 min', g % 100 FROM generate_series(1, 4000) AS g;
    CREATE TABLE stats (id uuid NOT NULL, ts timestamptz NOT NULL, entity_id uuid NOT NULL, n_processed bigint NOT NULL);
    INSERT INTO stats SELECT md5('se' || g || '-' || d)::uuid, date_trunc('minute', now()) - g * interval '1 min',
        md5('rc' || d)::uuid, g FROM generate_series(1, 500) AS g, generate_series(1, 4) AS d;
    CREATE TABLE plan (id serial PRIMARY KEY, name text NOT NULL, amount_cents bigint, created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL);
    CREATE TABLE usage (plan_id int NOT NULL REFERENCES plan, at timestamptz NOT NULL);
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn codes_are_no_metrics_and_what_comes_again_is_a_label(pool: PgPool) {
    sql(&pool, CODES).await;
    assert_eq!(
        offered(&read(&pool, "").await.0),
        [
            "builds | created_at | ref | builds_duration",
            "ev | created_at | created_by project_id target_type | ev_rows",
            "stats | ts | entity_id | stats_n_processed",
            "ti | start_date | dag_id map_index run_id task_id | ti_duration",
            "usage | at | name plan_id | usage_rows",
        ]
    );
}

/// Names that only look like secrets, codes, references or times.
const LOOKALIKES: &str = "
    CREATE TABLE redis (time timestamptz, host text, expired_keys bigint, evicted_keys bigint, PRIMARY KEY (host, time));
    INSERT INTO redis SELECT t, 'h', 1, 2 FROM generate_series('2025-01-01Z'::timestamptz, '2025-01-01 02:00Z', '1 min') AS t;
    CREATE TABLE readings (ts timestamptz NOT NULL, source text, temp float8);
    INSERT INTO readings SELECT t, s::text, s FROM generate_series('2025-01-01Z'::timestamptz, '2025-01-01 02:00Z', '1 min') AS t,
        generate_series(1, 3) AS s;
    CREATE TABLE arrivals (at timestamptz, line text, delayed_by int, locked int, demux_decode int, PRIMARY KEY (line, at));
    CREATE TABLE station (station text, last_updated timestamptz, inserted_at timestamptz DEFAULT now(), bikes int,
        PRIMARY KEY (station, last_updated));
    CREATE TABLE work (id bigserial PRIMARY KEY, finished_at timestamptz NOT NULL, locked_until timestamptz, duration int);
    CREATE INDEX ON work (finished_at);
    CREATE TABLE gpio (ts timestamptz, board text, pin text, level real, PRIMARY KEY (board, pin, ts));
    CREATE TABLE visits (id bigserial PRIMARY KEY, door text, arrival_time bigint NOT NULL DEFAULT 0, weight real);
    INSERT INTO visits (door, arrival_time, weight) SELECT 'd' || n % 3, CASE n % 5 WHEN 0 THEN 0 ELSE 1735700000 + n END, n
        FROM generate_series(1, 200) AS n;
    CREATE TABLE snmp (time timestamptz, host text, sysuptime bigint, PRIMARY KEY (host, time));
    INSERT INTO snmp SELECT t, 'h', 1500000000 + extract(epoch FROM t - '2025-01-01Z')::bigint
        FROM generate_series('2025-01-01Z'::timestamptz, '2025-01-01 02:00Z', '1 min') AS t;
    CREATE TABLE trips (trip_id int, point_index int, recorded_at timestamptz, speed real, PRIMARY KEY (trip_id, point_index));
    CREATE TABLE donations (id serial PRIMARY KEY, name text NOT NULL, amount numeric, created_at timestamptz,
        updated_at timestamptz);
    INSERT INTO donations (name, amount, created_at, updated_at) SELECT 'n' || n, n, now() - n * interval '1 h', now()
        FROM generate_series(1, 300) AS n;
    CREATE TABLE items (id bigserial PRIMARY KEY, order_number text, created_at timestamptz, qty int);
    INSERT INTO items (order_number, created_at, qty) SELECT 'SO-' || n / 10, now() - n * interval '1 min', n % 7
        FROM generate_series(1, 20000) AS n;
    CREATE TABLE telemetry (id bigserial PRIMARY KEY, vin text, created_at timestamptz, speed real);
    INSERT INTO telemetry (vin, created_at, speed) SELECT 'v' || n % 3, now() - n * interval '1 min', n
        FROM generate_series(1, 300) AS n;
    CREATE TABLE reviews (day date NOT NULL, stars int, words int);
    INSERT INTO reviews SELECT '2025-01-01'::date + n / 5, 1 + n % 5, n FROM generate_series(1, 500) AS n;
    CREATE TABLE replication (ts timestamptz, slot text, lsn bigint, lag_bytes bigint, PRIMARY KEY (slot, ts));
    CREATE TABLE jobs (id bigserial PRIMARY KEY, queue text, created_at timestamptz NOT NULL, started_at timestamptz,
        finished_at timestamptz, cancelled_at timestamptz);
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn names_that_only_look_like_codes_secrets_or_times_stay_what_they_are(pool: PgPool) {
    sql(&pool, LOOKALIKES).await;
    assert_eq!(
        offered(&read(&pool, "").await.0),
        [
            "arrivals | at | line | arrivals_delayed_by arrivals_demux_decode arrivals_locked",
            "donations | created_at |  | donations_amount",
            "gpio | ts | board pin | gpio_level",
            "items | created_at |  | items_qty",
            "jobs | created_at | queue | jobs_rows jobs_seconds",
            "readings | ts | source | readings_temp",
            "redis | time | host | redis_evicted_keys redis_expired_keys",
            "replication | ts | slot | replication_lag_bytes replication_lsn",
            "reviews | day |  | reviews_stars reviews_words",
            "snmp | time | host | snmp_sysuptime",
            "station | last_updated | station | station_bikes",
            "telemetry | created_at | vin | telemetry_speed",
            "trips | recorded_at | trip_id | trips_speed",
            "visits | arrival_time | door | visits_weight",
            "work | finished_at |  | work_duration",
        ]
    );
}
