//! Tables of jobs, deliveries, statistics and forums, as schedulers, automations and communities keep them: numbers of
//! tries and ranks are no metrics, ids of single rows are no labels, and the latest state is no history.

use sqlx::PgPool;

use super::{left_out, offered, read, values};
use crate::support::{Server, sql};

const TRIED: &str = "
    CREATE TABLE jobs (id bigserial PRIMARY KEY, state text, queue text, args jsonb, attempt int NOT NULL, max_attempts int NOT NULL,
        priority int, inserted_at timestamp, completed_at timestamp);
    CREATE TABLE deliveries (id bigserial PRIMARY KEY, created_at timestamptz, url text, retries int, retry_count int, num_retries int,
        tries int, attempts int, delivery_attempts int, attempts_left int, failures int, duration_ms int, cook_method int);
    CREATE TABLE task_run (dag_id text, task_id text, run_id text, start_date timestamptz, duration float8, try_number int,
        max_tries int, PRIMARY KEY (dag_id, task_id, run_id));
    CREATE TABLE playlist_items (id bigserial PRIMARY KEY, playlist_id int, position int, rank int, added_at timestamptz, plays int);
    CREATE TABLE uplinks (host text, ts timestamptz, retries int, tries int, position int, max_retries int, PRIMARY KEY (host, ts));
    CREATE TABLE rankings (id bigserial PRIMARY KEY, created_at timestamptz, keyword text, position int);
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn how_often_a_row_was_tried_and_where_it_stands_is_no_metric(pool: PgPool) {
    sql(&pool, TRIED).await;
    let (found, _) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "deliveries | created_at | url | deliveries_duration_ms deliveries_failures",
            "jobs | inserted_at | queue state | jobs_rows jobs_seconds",
            "playlist_items | added_at | playlist_id | playlist_items_plays",
            // The only number is what is measured.
            "rankings | created_at | keyword | rankings_position",
            "task_run | start_date | dag_id run_id task_id | task_run_duration",
            // Where rows are measured, tries and positions are.
            "uplinks | ts | host | uplinks_position uplinks_retries uplinks_tries",
        ]
    );
}

const KINDS: &str = "
    CREATE TABLE insights_raw (id serial PRIMARY KEY, meta_id int, type int, value bigint, timestamp timestamptz);
    INSERT INTO insights_raw (meta_id, type, value, timestamp)
        SELECT 1, n % 3, (ARRAY[5, 7000, 1])[n % 3 + 1], timestamptz '2025-06-02Z' + n / 3 * interval '1 min' FROM generate_series(0, 179) AS n;
    CREATE TABLE graded (sensor text, at timestamptz, type int, value float8, PRIMARY KEY (sensor, at));
    INSERT INTO graded SELECT 's', timestamptz '2025-06-02Z' + n * interval '1 min', n % 2, n FROM generate_series(0, 59) AS n;
    CREATE TABLE coded (at timestamptz, sensor text, category int, value float8);
    INSERT INTO coded SELECT timestamptz '2025-06-02Z' + n * interval '1 min', 's', n % 300, n FROM generate_series(0, 1199) AS n;
    CREATE TABLE unknown_kinds (at timestamptz, sensor text, kind int, value float8);
    CREATE TABLE stats_event (id uuid, ts bigint, service text, processed bigint);
    INSERT INTO stats_event SELECT md5(n::text)::uuid, 1748822400000 + n * 3000, 's' || n % 2, 1 FROM generate_series(0, 1199) AS n;
    CREATE TABLE emails (id serial PRIMARY KEY, recipient_email text, email_type text, bounce_key uuid, created_at timestamptz);
    INSERT INTO emails (recipient_email, email_type, bounce_key, created_at)
        SELECT 'u' || n || '@x', 'digest', md5(n::text)::uuid, timestamptz '2025-06-02Z' + n * interval '3 s' FROM generate_series(0, 1199) AS n;
    CREATE TABLE fleet (id uuid, at timestamptz, load float8);
    INSERT INTO fleet SELECT md5(n::text)::uuid, '2025-06-02Z', n FROM generate_series(0, 1199) AS n;
    CREATE TABLE runlog (id serial PRIMARY KEY, dttm timestamptz, execution_date timestamptz, event text);
    INSERT INTO runlog (dttm, execution_date, event)
        SELECT timestamptz '2025-06-02Z' + n * interval '1 min', timestamptz '2025-06-01Z' + n / 20 * interval '1 h', 'ok' FROM generate_series(0, 59) AS n;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn kinds_of_values_are_labels_and_ids_of_rows_are_none(pool: PgPool) {
    sql(&pool, KINDS).await;
    let (found, _) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            // So many are codes, not kinds.
            "coded | at | sensor | coded",
            "emails | created_at | email_type | emails_rows",
            // So many of one instant are so many things.
            "fleet | at | id | fleet_load",
            // A key tells the series apart without it.
            "graded | at | sensor | graded",
            "insights_raw | timestamp | meta_id type | insights_raw",
            "runlog | dttm | event | runlog_rows",
            "stats_event | ts | service | stats_event_processed",
            "unknown_kinds | at | kind sensor | unknown_kinds",
        ]
    );
    let server = Server::start(&pool).await;
    let hour = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");
    let drawn = values(&server, hour, "max by (type) (insights_raw)").await;
    assert_eq!(drawn.into_values().collect::<Vec<_>>(), [5.0, 7000.0, 1.0]);
    assert_eq!(values(&server, hour, "sum_over_time(stats_event_processed[1h])").await.len(), 2);
}

const LATEST: &str = "
    CREATE TABLE dag (dag_id text PRIMARY KEY, is_paused boolean, last_parsed_time timestamptz, next_dagrun timestamptz, max_active_runs int);
    CREATE TABLE workflow_statistics (id serial PRIMARY KEY, count int, \"latestEvent\" timestamptz, name text, \"workflowId\" text,
        UNIQUE (\"workflowId\", name));
    CREATE TABLE topics (id serial PRIMARY KEY, title text, slug text, created_at timestamp, updated_at timestamp, last_posted_at timestamp,
        views int, user_id int);
    CREATE TABLE shelves (id serial PRIMARY KEY, name text UNIQUE, slug text, created_at timestamp, updated_at timestamp, books int);
    CREATE TABLE people (at timestamptz, last_name text, steps int);
    INSERT INTO topics (title, slug, created_at, updated_at, last_posted_at, views)
        SELECT 't' || n, 's' || n, timestamp '2025-06-02' + n * interval '1 min', now(), now(), n FROM generate_series(0, 499) AS n;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn the_latest_of_many_times_is_no_history_and_what_has_a_title_is(pool: PgPool) {
    sql(&pool, LATEST).await;
    let (found, decisions) = read(&pool, "").await;
    let offered = offered(&found);
    assert_eq!(offered[0], "people | at | last_name | people_steps");
    assert!(offered[1].starts_with("topics | created_at | ") && offered[1].ends_with(" | topics_views"), "{offered:?}");
    assert_eq!(offered.len(), 2);
    assert!(left_out(&decisions, "dag").starts_with("`last_parsed_time` is when a row was changed"));
    let latest = "one row for each workflowId, name: the latest state, no history";
    assert_eq!(left_out(&decisions, "workflow_statistics"), latest);
    assert!(left_out(&decisions, "shelves").contains("each has a `name` of its own"));
}

const FRESH: &str = "
    CREATE TABLE devices (id serial PRIMARY KEY, name text, uniqueid text UNIQUE);
    CREATE TABLE fixes (id serial PRIMARY KEY, deviceid int NOT NULL REFERENCES devices, servertime timestamp NOT NULL, fixtime timestamp NOT NULL,
        speed float8 NOT NULL);
    CREATE INDEX ON fixes (deviceid, fixtime);
    CREATE TABLE alarms (id serial PRIMARY KEY, eventtime timestamp, type text, deviceid int REFERENCES devices, positionid int, geofenceid int);
    CREATE TABLE payouts (id serial PRIMARY KEY, created_at timestamptz, userid int, paid int, best_bid int);
    CREATE TABLE posts (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, visibility int, words int);
    CREATE TABLE post_stats (id bigserial PRIMARY KEY, post_id bigint NOT NULL UNIQUE REFERENCES posts, replies_count bigint, likes_count bigint,
        created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
    CREATE TABLE receipts (id bigserial PRIMARY KEY, post_id bigint NOT NULL UNIQUE REFERENCES posts, amount numeric, items_count int,
        created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
    CREATE TABLE stays (stay_id int PRIMARY KEY, ward text, stay_start_date date NOT NULL, stay_start_datetime timestamp NOT NULL,
        stay_end_date date, stay_end_datetime timestamp);
    CREATE TABLE lab (lab_id int PRIMARY KEY, test text, lab_date date NOT NULL, lab_datetime timestamp, result float8);
    CREATE TABLE mails (node int, rid int, id serial UNIQUE, time int NOT NULL, bytes int, PRIMARY KEY (node, rid));
    CREATE TABLE tries (id bigserial PRIMARY KEY, quiz bigint NOT NULL, userid bigint NOT NULL, attempt int NOT NULL, state text, timestart bigint NOT NULL,
        timefinish bigint NOT NULL, timemodified bigint NOT NULL, sumgrades numeric, UNIQUE (quiz, userid, attempt));
    CREATE TABLE grades_history (id bigserial PRIMARY KEY, itemid bigint NOT NULL, userid bigint NOT NULL, timemodified bigint, finalgrade numeric);
    CREATE TABLE visits (id bigserial PRIMARY KEY, userid bigint NOT NULL, courseid bigint NOT NULL, timeaccess bigint NOT NULL, UNIQUE (userid, courseid));
    INSERT INTO tries (quiz, userid, attempt, state, timestart, timefinish, timemodified, sumgrades)
        SELECT n % 20, n % 7, n, 'finished', 1748822400 + n * 60, 1748822400 + n * 60 + 900, 1748822400 + n * 60 + 900, n % 10 FROM generate_series(1, 300) AS n;
    INSERT INTO grades_history (itemid, userid, timemodified, finalgrade) SELECT n % 20, n % 7, 1748822400 + n * 60, n % 10 FROM generate_series(1, 300) AS n;
    INSERT INTO visits (userid, courseid, timeaccess) SELECT n, n % 7, 1748822400 + n FROM generate_series(1, 300) AS n;
    INSERT INTO lab SELECT n, 't' || n % 3, '2025-06-02'::date + n % 9, CASE WHEN n % 2 = 0 THEN '2025-06-02'::timestamp + n * interval '1 min' END, n
        FROM generate_series(1, 100) AS n;
    INSERT INTO mails SELECT n % 2, n, n, 1748822400 + n, n * 7919 % 10007 FROM generate_series(1, 12000) AS n;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn ids_in_one_word_days_with_a_time_and_counts_of_single_things(pool: PgPool) {
    sql(&pool, FRESH).await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "alarms | eventtime | deviceid geofenceid name positionid type uniqueid | alarms_rows",
            "fixes | fixtime | deviceid name uniqueid | fixes_speed",
            "grades_history | timemodified | itemid userid | grades_history_finalgrade",
            // Not every row has a time of day.
            "lab | lab_date | test | lab_result",
            "mails | time | node | mails_bytes",
            "payouts | created_at | userid | payouts_best_bid payouts_paid",
            "posts | created_at |  | posts_words",
            "receipts | created_at |  | receipts_amount receipts_items_count",
            "stays | stay_start_datetime | ward | stays_rows stays_seconds",
            "tries | timestart | attempt quiz state userid | tries_sumgrades",
        ]
    );
    let latest = "one row for each post_id, whose counts are changed later: the latest state, no history";
    assert_eq!(left_out(&decisions, "post_stats"), latest);
    assert_eq!(left_out(&decisions, "visits"), "one row for each userid, courseid: the latest state, no history");
    let stays = found.sources().iter().find(|source| source.relation.name.as_str() == "stays").unwrap();
    assert_eq!(stays.end.as_ref().unwrap().time.column.as_str(), "stay_end_datetime");
}
