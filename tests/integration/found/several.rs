//! The time of the event among several: when something was seen first, began or was asked for, and not what it was planned for.

use sqlx::PgPool;

use super::{left_out, make, offered, read, values};
use crate::support::{Server, sql};

const DAY: (&str, &str) = ("2025-06-02T00:00:00Z", "2025-06-03T00:00:00Z");

/// Tables as issue trackers, clinics, queues and dashboards have them; `many` rows of each, one a minute.
fn products(many: u32) -> String {
    let tables = "
        CREATE TABLE minutes AS SELECT n, timestamptz '2025-06-02Z' + n * interval '1 min' AS ts FROM generate_series(0, :many - 1) AS n;
        CREATE TABLE group_message (id bigserial PRIMARY KEY, level int, message text, status int, times_seen int, last_seen timestamptz NOT NULL,
            first_seen timestamptz NOT NULL, resolved_at timestamptz, active_at timestamptz, project_id bigint, platform varchar(64));
        CREATE INDEX ON group_message (last_seen); CREATE INDEX ON group_message (first_seen); CREATE INDEX ON group_message (active_at);
        INSERT INTO group_message (level, message, status, times_seen, last_seen, first_seen, active_at, project_id, platform)
            SELECT 40, 'm' || n, n % 3, 2, ts + interval '2 h', ts, ts + interval '1 h', n % 5, 'python' FROM minutes;
        CREATE TABLE visit (visit_id serial PRIMARY KEY, patient_id int NOT NULL, date_started timestamp NOT NULL, date_stopped timestamp,
            location_id int, creator int NOT NULL, date_created timestamp NOT NULL, changed_by int, date_changed timestamp, date_voided timestamp);
        INSERT INTO visit (patient_id, date_started, date_stopped, location_id, creator, date_created)
            SELECT n % 9, ts, ts + interval '20 min', n % 4, 1, ts + interval '3 h' FROM minutes;
        CREATE TABLE queue_jobs (id bigserial PRIMARY KEY, queue_name varchar NOT NULL, scheduled_at timestamp, finished_at timestamp, created_at timestamp NOT NULL,
            updated_at timestamp NOT NULL);
        CREATE INDEX ON queue_jobs (scheduled_at, finished_at);
        INSERT INTO queue_jobs (queue_name, scheduled_at, finished_at, created_at, updated_at)
            SELECT 'q' || n % 3, ts + interval '10 min', ts + interval '11 min', ts, ts FROM minutes;
        CREATE TABLE scheduled_executions (id bigserial PRIMARY KEY, job_id bigint NOT NULL UNIQUE, queue_name varchar NOT NULL, priority int NOT NULL,
            scheduled_at timestamp NOT NULL, created_at timestamp NOT NULL);
        CREATE INDEX ON scheduled_executions (scheduled_at, priority, job_id);
        INSERT INTO scheduled_executions (job_id, queue_name, priority, scheduled_at, created_at) SELECT n, 'q', 0, ts + interval '1 day', ts FROM minutes;
        CREATE TABLE recurring_executions (id bigserial PRIMARY KEY, task_key varchar NOT NULL, run_at timestamp NOT NULL, created_at timestamp NOT NULL,
            UNIQUE (task_key, run_at));
        INSERT INTO recurring_executions (task_key, run_at, created_at) SELECT 't' || n % 4, ts, ts + interval '1 s' FROM minutes;
        CREATE TABLE good_jobs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), queue_name text, priority int, scheduled_at timestamptz, performed_at timestamptz,
            finished_at timestamptz, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, active_job_id uuid, cron_key text, cron_at timestamptz,
            executions_count int, error_event smallint, job_class text);
        CREATE INDEX ON good_jobs (cron_key, created_at) WHERE cron_key IS NOT NULL;
        CREATE UNIQUE INDEX ON good_jobs (cron_key, cron_at) WHERE cron_key IS NOT NULL;
        INSERT INTO good_jobs (queue_name, priority, scheduled_at, performed_at, finished_at, created_at, updated_at, active_job_id, cron_key, cron_at, executions_count, job_class)
            SELECT 'q' || n % 3, 0, ts, ts + interval '1 s', ts + interval '9 s', ts, ts, md5(n::text)::uuid, 'c' || n % 2, ts, 1, 'C' || n % 6 FROM minutes;
        -- As it was before, with an index of all rows.
        CREATE TABLE good_jobs_then (LIKE good_jobs, PRIMARY KEY (id), UNIQUE (cron_key, cron_at));
        INSERT INTO good_jobs_then SELECT * FROM good_jobs;
        CREATE TABLE annotation (id bigserial PRIMARY KEY, org_id bigint NOT NULL, type varchar(25) NOT NULL, text text NOT NULL, new_state varchar(25) NOT NULL,
            epoch bigint NOT NULL, created bigint DEFAULT 0, updated bigint DEFAULT 0, epoch_end bigint NOT NULL DEFAULT 0);
        CREATE INDEX ON annotation (org_id, created); CREATE INDEX ON annotation (org_id, epoch_end, epoch);
        INSERT INTO annotation (org_id, type, text, new_state, epoch, created, updated, epoch_end)
            SELECT 1, 'alert', 't' || n, 'ok', e, e + 3600000, e + 3600000, CASE n % 4 WHEN 0 THEN 0 ELSE e + 60000 END
            FROM (SELECT n, extract(epoch FROM ts)::bigint * 1000 AS e FROM minutes) AS at;
        -- What was only planned has no other time; what was seen first and last is a thing.
        CREATE TABLE matches (id serial PRIMARY KEY, scheduled_at timestamptz, league text, goals int);
        INSERT INTO matches (scheduled_at, league, goals) SELECT ts, 'l', 2 FROM minutes;
        CREATE TABLE hosts_seen (id serial PRIMARY KEY, hostname text, first_seen timestamptz, last_seen timestamptz, probes int);
        INSERT INTO hosts_seen (hostname, first_seen, last_seen, probes) SELECT 'h' || n, ts, ts, n FROM minutes;
        CREATE TABLE forecast (id serial PRIMARY KEY, created_at timestamptz, site text, target timestamptz, temp real, UNIQUE (site, target));
        -- What becomes of some rows later has an index.
        CREATE TABLE conversations (id serial PRIMARY KEY, account_id int NOT NULL, display_id int NOT NULL, status int, created_at timestamp NOT NULL,
            first_reply_created_at timestamp, waiting_since timestamp, last_activity_at timestamp NOT NULL, UNIQUE (account_id, display_id));
        CREATE INDEX ON conversations (waiting_since); CREATE INDEX ON conversations (first_reply_created_at);
        INSERT INTO conversations (account_id, display_id, created_at, last_activity_at, first_reply_created_at, waiting_since)
            SELECT 1, n, ts, ts, CASE WHEN n % 2 = 0 THEN ts + interval '5 min' END, CASE WHEN n % 2 = 1 THEN ts END FROM minutes;
        CREATE TABLE parcels (id serial PRIMARY KEY, created_at timestamptz NOT NULL, shipped_at timestamptz, weight real);
        CREATE INDEX ON parcels (shipped_at);
        INSERT INTO parcels (created_at, shipped_at, weight) SELECT ts, CASE WHEN n % 2 = 0 THEN ts + interval '1 d' END, 1 FROM minutes;
        CREATE TABLE enrollment (enrollmentid bigserial PRIMARY KEY, created timestamp, lastupdated timestamp, programid bigint, enrollmentdate timestamp NOT NULL,
            status varchar(50));
        INSERT INTO enrollment (created, lastupdated, programid, enrollmentdate, status) SELECT ts + interval '2 d', ts, n % 3, ts, 'ACTIVE' FROM minutes;
        -- An index of a time that every row has, or that may be of any row, still leads to it.
        CREATE TABLE replies (id serial PRIMARY KEY, created_at timestamptz NOT NULL, fecha timestamptz, words int);
        CREATE INDEX ON replies (fecha);
        INSERT INTO replies (created_at, fecha, words) SELECT ts + interval '9 d', ts, 1 FROM minutes;
        DROP TABLE minutes;";
    tables.replace(":many", &many.to_string())
}

const OFFERED: [&str; 14] = [
    "annotation | epoch | new_state org_id type | annotation_rows annotation_seconds",
    "conversations | created_at | account_id | conversations_rows",
    "enrollment | enrollmentdate | programid status | enrollment_rows",
    // Of each target there is one.
    "forecast | target | site | forecast_temp",
    "good_jobs | created_at | cron_key job_class queue_name | good_jobs_rows good_jobs_seconds",
    "good_jobs_then | created_at | cron_key job_class queue_name | good_jobs_then_rows good_jobs_then_seconds",
    "group_message | first_seen | platform project_id | group_message_times_seen",
    "matches | scheduled_at | league | matches_goals",
    "parcels | created_at |  | parcels_weight",
    "queue_jobs | created_at | queue_name | queue_jobs_rows queue_jobs_seconds",
    "recurring_executions | run_at | task_key | recurring_executions_rows",
    "replies | fecha |  | replies_words",
    "scheduled_executions | created_at | queue_name | scheduled_executions_rows",
    "visit | date_started | creator location_id patient_id | visit_rows visit_seconds",
];

#[sqlx::test(migrations = false)]
async fn the_event_is_the_time_and_its_plan_and_its_change_are_none(pool: PgPool) {
    make(&pool, products(60)).await;
    let (found, decisions) = read(&pool, "").await;
    let epoch =
        "no time column; `epoch` may be one, but there are no statistics before ANALYZE: run ANALYZE, or declare it";
    assert_eq!(left_out(&decisions, "annotation"), epoch);
    let of_table = |line: &str| line.split(" | ").take(2).collect::<Vec<_>>().join(" | ");
    let times = |lines: &[String]| lines.iter().map(|line| of_table(line)).collect::<Vec<_>>();
    assert_eq!(times(&offered(&found)), OFFERED[1..].iter().map(|line| of_table(line)).collect::<Vec<_>>());
    sql(&pool, "ANALYZE").await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(offered(&found), OFFERED);
    assert!(left_out(&decisions, "hosts_seen").contains("each has a `hostname` of its own"));
    let annotation = &found.sources()[0];
    let end = annotation.end.as_ref().expect("an end");
    assert_eq!((end.time.column.as_str(), end.open.as_slice()), ("epoch_end", &["0".to_owned()][..]));
    let server = Server::start(&pool).await;
    for (target, expected) in [
        ("sum(sum_over_time(annotation_rows[1d]))", 60.0),
        ("min(visit_seconds)", 1200.0),
        ("max(good_jobs_seconds)", 9.0),
        ("sum(sum_over_time(good_jobs_then_rows[1d]))", 60.0),
        ("max(queue_jobs_seconds)", 660.0),
        ("sum(sum_over_time(conversations_rows[1d]))", 60.0),
        ("sum(sum_over_time(parcels_weight[1d]))", 60.0),
    ] {
        assert_eq!(values(&server, DAY, target).await.into_values().collect::<Vec<_>>(), [expected], "{target}");
    }
}

const TRACKED: &str = "
    CREATE TABLE points (id bigserial PRIMARY KEY, battery int, altitude int, tracker_id varchar, timestamp int, user_id bigint, created_at timestamp NOT NULL)
        WITH (autovacuum_enabled = off);
    CREATE INDEX ON points (timestamp);
    INSERT INTO points (battery, altitude, tracker_id, timestamp, user_id, created_at)
        SELECT 80, 200, 't', 1748822400 + n * 60, 1, timestamp '2025-07-01' FROM generate_series(0, 59) AS n;
    CREATE TABLE flips (id serial PRIMARY KEY, created timestamptz NOT NULL, processed timestamptz, owner_id int, new_status text)
        WITH (autovacuum_enabled = off);
    CREATE INDEX ON flips (processed);
    INSERT INTO flips (created, owner_id, new_status) SELECT timestamptz '2025-06-02Z' + n * interval '1 min', 1, 'up' FROM generate_series(0, 59) AS n;";

#[sqlx::test(migrations = false)]
async fn a_number_that_is_perhaps_the_time_waits_for_the_first_analyze(pool: PgPool) {
    sql(&pool, TRACKED).await;
    let flips = "flips | created | new_status owner_id | flips_rows";
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(offered(&found), [flips]);
    let why = "`timestamp` may be the time; only ANALYZE can tell: run it, or declare the time";
    assert_eq!(left_out(&decisions, "points"), why);
    sql(&pool, "ANALYZE").await;
    let points = "points | timestamp | tracker_id user_id | points_altitude points_battery";
    assert_eq!(offered(&read(&pool, "").await.0), [flips, points]);
    let server = Server::start(&pool).await;
    let battery = values(&server, DAY, "max(points_battery)").await;
    assert_eq!(battery.into_values().collect::<Vec<_>>(), [80.0]);
}

#[sqlx::test(migrations = false)]
async fn grown_tables_have_the_same_times(pool: PgPool) {
    make(&pool, products(3000)).await;
    sql(&pool, "ANALYZE").await;
    assert_eq!(offered(&read(&pool, "").await.0), OFFERED);
}
